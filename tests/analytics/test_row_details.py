"""Margins and meters of rows: in JSON, in files, sorted, and added up."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tollbook.analytics.filters import Sort
from tollbook.analytics.plain_sums import PlainSums
from tollbook.analytics.row_details import (
    NO_ID,
    RowDetails,
    Wanted,
    add_details,
    is_sorted_by_margin,
    sort_by_margin,
    with_total,
)
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.catalog import Catalog
from tollbook.domain.meters import BY_TYPE, Category
from tollbook.domain.own_meters import MeterTerms, own_meter

CALL, SMS = BY_TYPE["voice.call"], BY_TYPE["sms.outbound"]
FAX = own_meter(MeterTerms("fax.outbound", "page", Category.MESSAGING), 1000)
UNIT = 10**9
"""One unit of the currency, in nanos."""

CALLS = PlainSums(2, 61_500_000, 120_000_000, 5 * UNIT, 3 * UNIT, 2, 5 * UNIT)
UNKNOWN = PlainSums(1, 1_000_000, 1_000_000, UNIT, 0, 0, 0)
LOSS = PlainSums(1, 1_000_000, 1_000_000, UNIT, 4 * UNIT, 1, UNIT)


def details(
    rows: Mapping[Any, Any], *, margin: bool = True, meters: bool = True, **given: Any
) -> RowDetails:
    usual: dict[str, Any] = {"groups": {}, "total": {}, "shown": (SMS, CALL) if meters else ()}
    return RowDetails(Wanted(margin, meters), rows, **{**usual, **given})


def plain(value: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@pytest.mark.parametrize(
    ("include", "wanted"),
    [
        ((), Wanted(False, False)),
        (("margin",), Wanted(True, False)),
        (("meta", "meters"), Wanted(False, True)),
        (("meters", "margin"), Wanted(True, True)),
        (("margins", "meter"), Wanted(False, False)),
    ],
)
def test_only_what_is_included_is_wanted(include: tuple[str, ...], wanted: Wanted) -> None:
    assert Wanted.of(include) == wanted


def test_a_row_has_its_margin_and_each_meter_used_or_not() -> None:
    found = plain(details({"ann": {CALL.code: CALLS}}).fields("ann"))
    meters = {it.pop("meter"): it for it in found.pop("meters")}
    assert found == {"buy_cost": 3, "margin": 2, "buy_known_share": 1}
    assert list(meters) == ["sms.outbound", "voice.call"]
    assert meters["voice.call"] == {
        "unit": "second",
        "category": "voice",
        "count": 2,
        "quantity": 61.5,
        "billed_quantity": 120,
        "cost": 5,
        "buy_cost": 3,
        "margin": 2,
        "buy_known_share": 1,
    }
    assert meters["sms.outbound"]["count"] == meters["sms.outbound"]["margin"] == 0
    assert meters["sms.outbound"]["buy_known_share"] is None


def test_a_row_without_usage_has_bought_nothing() -> None:
    found = details({}, meters=False).fields("nobody")
    assert plain(found) == {"buy_cost": 0, "margin": 0, "buy_known_share": None}


def test_meters_without_margins_do_not_name_them() -> None:
    (sms, call) = details({"ann": {CALL.code: CALLS}}, margin=False).fields("ann")["meters"]
    assert plain(call).keys() == plain(sms).keys()
    assert {"margin", "buy_cost", "buy_known_share"}.isdisjoint(plain(call))


def test_the_margin_of_a_row_is_of_all_its_meters_not_only_of_those_shown() -> None:
    found = details({"ann": {CALL.code: CALLS, FAX.code: LOSS}}, shown=(CALL,)).fields("ann")
    assert plain(found["buy_cost"]) == 7
    assert plain(found["margin"]) == -1
    assert len(found["meters"]) == 1


def test_a_group_has_its_own_margin_if_margins_are_wanted() -> None:
    groups = {"ann": {"GB": CALLS, "": UNKNOWN}}
    found = details({}, meters=False, groups=groups)
    assert plain(found.group_fields("ann", "GB"))["margin"] == 2
    assert plain(found.group_fields("ann", "")) == {
        "buy_cost": None,
        "margin": None,
        "buy_known_share": 0,
    }
    assert plain(found.group_fields("ann", "FR"))["margin"] == 0
    assert details({}, margin=False, groups=groups).group_fields("ann", "GB") == {}


@pytest.mark.parametrize("margin", [False, True])
@pytest.mark.parametrize("meters", [False, True])
def test_each_column_has_a_cell(margin: bool, meters: bool) -> None:
    found = details({}, margin=margin, meters=meters)
    columns = list(found.columns())
    assert (
        len(found.cells({CALL.code: CALLS}))
        == len(columns)
        == 3 * margin + (2 * (4 + 3 * margin) if meters else 0)
    )
    assert len({it.name for it in columns}) == len(columns)


def test_the_cells_of_a_file_are_stored_values_in_the_order_of_the_columns() -> None:
    found = details({})
    names = [it.name for it in found.columns()]
    cells = dict(zip(names, found.cells({CALL.code: CALLS, FAX.code: UNKNOWN}), strict=True))
    assert cells["buy_cost"] == 3 * UNIT
    assert cells["buy_known_share"] == round(5 / 6, 6)
    assert cells["voice.call.quantity"] == 61_500_000
    assert cells["voice.call.billed_quantity"] == 120_000_000
    assert cells["voice.call.margin"] == 2 * UNIT
    assert cells["sms.outbound.count"] == cells["sms.outbound.cost"] == 0
    assert names[3:7] == [
        f"sms.outbound.{it}" for it in ("count", "quantity", "billed_quantity", "cost")
    ]


def test_the_total_adds_up_the_rows_it_is_of_meter_by_meter() -> None:
    rows = {"ann": {CALL.code: CALLS}, "bob": {CALL.code: LOSS, SMS.code: UNKNOWN}, "cat": {}}
    found = with_total(details(rows), ["bob", "ann", "nobody"])
    assert found is not None
    assert found.total == {CALL.code: CALLS.plus(LOSS), SMS.code: UNKNOWN}
    assert plain(found.total_fields["margin"]) == -1
    part = with_total(details(rows), ["ann"])
    assert part is not None
    assert part.total == {CALL.code: CALLS}
    assert with_total(None, ["ann"]) is None


def test_sums_are_added_field_by_field() -> None:
    assert PlainSums(1, 2, 3, 4, 5, 6, 7).plus(PlainSums(10, 20, 30, 40, 50, 60, 70)) == (
        PlainSums(11, 22, 33, 44, 55, 66, 77)
    )
    assert PlainSums(1, 2, 3, 4, 5, 6, 7).purchases == (1, 4, 5, 6, 7)


ROWS = [("cat",), ("dan",), ("bob",), ("ann",), ("eve",)]
MARGINS = {
    "ann": {CALL.code: CALLS},
    "bob": {CALL.code: LOSS},
    "cat": {CALL.code: UNKNOWN},
    "dan": {CALL.code: CALLS},
}


@pytest.mark.parametrize(
    ("field", "order", "expected"),
    [
        ("margin", None, ["ann", "dan", "eve", "bob", "cat"]),
        ("margin", "desc", ["ann", "dan", "eve", "bob", "cat"]),
        ("margin", "asc", ["bob", "eve", "ann", "dan", "cat"]),
        ("buy_cost", None, ["bob", "ann", "dan", "eve", "cat"]),
        ("buy_cost", "asc", ["eve", "ann", "dan", "bob", "cat"]),
        ("buy_known_share", "desc", ["ann", "bob", "dan", "cat", "eve"]),
        ("buy_known_share", "asc", ["cat", "ann", "bob", "dan", "eve"]),
    ],
)
def test_rows_without_a_value_are_last_and_equal_ones_in_the_order_of_ids(
    field: str, order: str | None, expected: list[str]
) -> None:
    sort = Sort(field, order)
    assert is_sorted_by_margin(sort)
    rows: list[tuple[Any, ...]] = list(ROWS)
    sort_by_margin(rows, details(MARGINS, meters=False), sort)
    assert [it[0] for it in rows] == expected


def test_other_fields_are_not_those_of_a_margin() -> None:
    assert not is_sorted_by_margin(Sort())
    assert not is_sorted_by_margin(Sort("user_name"))


NAMES = (Column("user_id", ColumnKind.TEXT), Column("cost", ColumnKind.AMOUNT))


def test_a_table_gets_the_details_as_its_last_columns() -> None:
    rows = {"ann": {CALL.code: CALLS}, NO_ID: {CALL.code: LOSS}}
    table = Table(NAMES, [("ann", 5), ("bob", 0)], ("", 5), ("", 1))
    found = add_details(table, details(rows, meters=False, total=rows["ann"]), None)
    assert list(found.rows) == [("ann", 5, 3 * UNIT, 2 * UNIT, 1.0), ("bob", 0, 0, 0, None)]
    assert found.totals == ("", 5, 3 * UNIT, 2 * UNIT, 1.0)
    assert found.organization_level == ("", 1, 4 * UNIT, -3 * UNIT, 1.0)
    assert [it.name for it in found.file_columns] == [
        *("user_id", "cost"),
        *("buy_cost", "margin", "buy_known_share"),
    ]


def test_a_table_without_totals_gets_none() -> None:
    table = Table(NAMES, [("ann", 5)])
    found = add_details(table, details({}), None)
    assert (found.totals, found.organization_level) == (None, None)
    assert add_details(table, None, None) is table


@pytest.mark.parametrize("meter", [FAX.code, FAX.type])
def test_a_table_of_groups_has_the_margin_of_each_group(meter: object) -> None:
    groups = {"ann": {FAX.code: LOSS, CALL.code: CALLS}}
    rows = {"ann": {FAX.code: LOSS, CALL.code: CALLS}}
    table = Table(NAMES, [("ann", "Ann", meter, 1), ("bob", "Bob", meter, 0)], ("", "Total"))
    found = add_details(
        table,
        details(rows, groups=groups, total=rows["ann"], catalog=Catalog([FAX])),
        "meter",
    )
    assert list(found.rows) == [
        ("ann", "Ann", meter, 1, 4 * UNIT, -3 * UNIT, 1.0),
        ("bob", "Bob", meter, 0, 0, 0, None),
    ]
    assert found.totals == ("", "Total", 7 * UNIT, -UNIT, 1.0)


def test_a_group_of_a_country_is_found_by_the_country() -> None:
    table = Table(NAMES, [("ann", "Ann", "GB", 1)])
    found = add_details(table, details({}, groups={"ann": {"GB": CALLS}}), "country")
    assert list(found.rows) == [("ann", "Ann", "GB", 1, 3 * UNIT, 2 * UNIT, 1.0)]


def test_a_table_of_groups_without_margins_stays_as_it_is() -> None:
    table = Table(NAMES, [("ann", "Ann", 5, 1)])
    assert add_details(table, details({}, margin=False), "meter") is table
