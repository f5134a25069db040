"""A page of events as it is answered, and events as a table, from rows that are given."""

from datetime import date
from typing import Any

import msgspec
import pytest

from tollbook.analytics.event_statements import Whose
from tollbook.analytics.events import EventsQuestion, Page, table_of
from tollbook.analytics.events_report import events_report
from tollbook.analytics.tables import ColumnKind
from tollbook.domain.catalog import Catalog
from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms, own_meter
from tollbook.domain.periods import Period
from tollbook.store.directory import OrganizationRow

ACME = OrganizationRow(1, "org_1", "Acme", "UTC", "JPY", "active")
JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
NOON = 1_705_320_000_000_000
FAX = own_meter(MeterTerms("fax.outbound", "page", Category.MESSAGING), 1000)

CALL: dict[str, Any] = {
    "id": "call-1",
    "type": 5,
    "user_id": "ann",
    "resource_id": None,
    "time": NOON,
    "day": 20240115,
    "quantity": 61_000_000,
    "billed_quantity": 120_000_000,
    "unit": 5,
    "cost": 1_200_000_000,
    "country": "GB",
    "attributes": '{"to":"+442071838750"}',
    "received_at": NOON + 1_500_000,
    "reverses": None,
    "corrects": None,
    "corrected_by": None,
}


def row(**given: Any) -> tuple[Any, ...]:
    return tuple({**CALL, **given}.values())


def asked(**given: Any) -> EventsQuestion:
    return EventsQuestion(ACME, JANUARY, 2**62, **given)


def shown(*rows: tuple[Any, ...], **given: Any) -> Any:
    report = events_report(asked(**given), Page(list(rows), None), None)
    return msgspec.json.decode(msgspec.json.encode(report))


def test_an_empty_page_names_the_organization_and_the_days() -> None:
    assert shown() == {
        "success": True,
        "organization_id": "org_1",
        "period": {"start": "2024-01-01", "end": "2024-01-31"},
        "events": [],
        "next_cursor": None,
    }


def test_an_event_is_answered_field_by_field() -> None:
    assert shown(row())["events"] == [
        {
            "id": "call-1",
            "type": "voice.call",
            "user_id": "ann",
            "resource_id": None,
            "time": "2024-01-15T12:00:00Z",
            "day": "2024-01-15",
            "quantity": 61,
            "billed_quantity": 120,
            "unit": "second",
            "cost": 1.2,
            "country": "GB",
            "attributes": {"to": "+442071838750"},
            "received_at": "2024-01-15T12:00:01.500000Z",
            "reverses": None,
            "corrects": None,
            "corrected_by": None,
        }
    ]


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"attributes": ""}, "attributes", {}),
        ({"cost": -1}, "cost", -1e-9),
        ({"quantity": -500_000}, "quantity", -0.5),
        ({"reverses": "call-0"}, "reverses", "call-0"),
        ({"corrects": "call-0"}, "corrects", "call-0"),
        ({"corrected_by": "call-2"}, "corrected_by", "call-2"),
        ({"time": NOON + 1}, "time", "2024-01-15T12:00:00.000001Z"),
        ({"day": 20240229}, "day", "2024-02-29"),
        ({"type": 2007}, "type", "unknown.code_2007"),
    ],
)
def test_other_values_are_answered(given: dict[str, Any], field: str, expected: object) -> None:
    (found,) = shown(row(**given))["events"]
    assert found[field] == expected


@pytest.mark.parametrize(
    ("buy", "margin", "expected"),
    [(10**9, 200_000_000, (1, 0.2)), (None, None, (None, None)), (0, 10**9, (0, 1))],
)
def test_a_margin_is_there_if_it_was_read(buy: Any, margin: Any, expected: Any) -> None:
    (found,) = shown((*row(), buy, margin), with_margin=True)["events"]
    assert (found["buy_cost"], found["margin"]) == expected
    assert {"buy_cost", "margin"}.isdisjoint(shown(row())["events"][0])


@pytest.mark.parametrize(
    ("start", "end", "period"),
    [
        (NOON, None, {"start": "2024-01-15T12:00:00Z", "end": "2024-01-31"}),
        (None, NOON + 1, {"start": "2024-01-01", "end": "2024-01-15T12:00:00.000001Z"}),
    ],
)
def test_bounds_are_answered_as_they_were_asked(
    start: int | None, end: int | None, period: dict[str, str]
) -> None:
    assert shown(start=start, end=end)["period"] == period


@pytest.mark.parametrize(
    ("given", "whose"),
    [
        ({}, Whose.ALL),
        ({"user_id": "ann"}, Whose.USER),
        ({"user_id": ""}, Whose.USER),
        ({"nobody": True}, Whose.NOBODY),
    ],
)
def test_a_question_is_of_all_of_one_user_or_of_nobody(given: Any, whose: Whose) -> None:
    assert asked(**given).whose is whose


def test_a_table_names_the_organization_and_its_currency_before_corrections() -> None:
    table = table_of(asked(), [row(corrects="call-0")])
    names = [it.name for it in table.columns]
    (cells,) = table.rows
    found = dict(zip(names, cells, strict=True))
    assert names == [*[*CALL][:14], "organization_id", "currency", "corrects", "corrected_by"]
    assert (found["organization_id"], found["currency"]) == ("org_1", "JPY")
    assert (found["type"], found["unit"], found["corrects"]) == (5, 5, "call-0")


def test_a_table_with_margins_has_them_last() -> None:
    table = table_of(asked(with_margin=True), [(*row(), 7, 8)])
    assert [it.name for it in table.columns][-2:] == ["buy_cost", "margin"]
    assert [cells[-2:] for cells in table.rows] == [(7, 8)]


def test_a_table_of_a_tenant_with_own_meters_names_them() -> None:
    table = table_of(asked(catalog=Catalog([FAX])), [row(type=1000, unit=1000), row()])
    kinds = {it.name: it.kind for it in table.columns}
    assert kinds["type"] is kinds["unit"] is ColumnKind.TEXT
    places = [it.name for it in table.columns].index("type"), 8
    assert [tuple(cells[it] for it in places) for cells in table.rows] == [
        ("fax.outbound", "page"),
        ("voice.call", "second"),
    ]
