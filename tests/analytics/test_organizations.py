"""Organizations in several currencies: their order, their totals, and their table."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copy
from typing import Any

import msgspec
import pytest

from tests.analytics.ledgers import platform_on
from tests.builders import Platform, event
from tollbook.analytics.filtered_organizations import BY_ORGANIZATION
from tollbook.analytics.filters import Filters, Sort
from tollbook.analytics.organizations import (
    ORGANIZATION_ROW,
    add_currency_column,
    name_currencies,
    write_organization_totals,
)
from tollbook.analytics.result_set import ReportedRows, ResultSet, RowsQuestion
from tollbook.analytics.row_details import Wanted
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.periods import Period

JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
FEBRUARY = Period(date(2024, 2, 1), date(2024, 2, 29))
UNIT = 10**9
ORGANIZATIONS = {
    "eur-1": ("EUR", 9),
    "usd-1": ("USD", 2),
    "usd-2": ("USD", 5),
    "gbp-1": ("GBP", 100),
    "usd-3": ("USD", 5),
    "eur-2": ("EUR", 1),
    "idle": ("CHF", 0),
}


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    path = Path(copy(migrated_file, tmp_path_factory.mktemp("several") / "tollbook.db"))
    with platform_on(path) as platform:
        for identity, (currency, cost) in ORGANIZATIONS.items():
            platform.organization(identity, currency=currency)
            if cost:
                platform.send(event(organization_id=identity, cost=cost))
        yield platform


def asked(
    platform: Platform, currency: str | None = None, period: Period = JANUARY, **given: Any
) -> ResultSet:
    scope = QuestionScope(platform.tenant, currency=currency)
    with platform.database.reading() as snapshot:
        return BY_ORGANIZATION.read(snapshot, RowsQuestion(scope, period, **given))


def ids(found: ResultSet) -> list[str]:
    return [row[0] for row in found.rows]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        # Amounts are compared within a currency, and that of the tenant comes first.
        (Sort(), ["usd-2", "usd-3", "usd-1", "idle", "eur-1", "eur-2", "gbp-1"]),
        (Sort(order="asc"), ["usd-1", "usd-2", "usd-3", "idle", "eur-2", "eur-1", "gbp-1"]),
        # Other fields are compared with each other.
        (Sort("organization_id"), sorted(ORGANIZATIONS)),
        (Sort("organization_id", "desc"), sorted(ORGANIZATIONS, reverse=True)),
        (Sort("total_voice_calls"), [*sorted(set(ORGANIZATIONS) - {"idle"}), "idle"]),
    ],
)
def test_amounts_of_different_currencies_are_not_compared(
    platform: Platform, sort: Sort, expected: list[str]
) -> None:
    assert ids(asked(platform, sort=sort)) == expected


@pytest.mark.parametrize("order", [None, "asc"])
def test_margins_of_different_currencies_are_not_compared(
    platform: Platform, order: str | None
) -> None:
    found = asked(platform, sort=Sort("margin", order), wanted=Wanted(margin=True))
    currencies = [ORGANIZATIONS[it][0] for it in ids(found)]
    assert list(dict.fromkeys(currencies)) == ["USD", "CHF", "EUR", "GBP"]


@pytest.mark.parametrize(
    ("currency", "total", "summed"),
    [(None, 12, "USD"), ("EUR", 10, None), ("USD", 12, None), ("CHF", 0, None), ("JPY", 0, None)],
)
def test_only_amounts_of_one_currency_are_added_up(
    platform: Platform, currency: str | None, total: int, summed: str | None
) -> None:
    found = asked(platform, currency)
    assert found.total is not None
    assert found.total[ORGANIZATION_ROW.place["total_cost"]] == total * UNIT
    assert found.summed_currency == summed
    wanted = [it for it, (of, _) in ORGANIZATIONS.items() if currency in (None, of)]
    assert sorted(ids(found)) == sorted(wanted)


def test_a_period_without_usage_lists_every_organization(platform: Platform) -> None:
    found = asked(platform, period=FEBRUARY)
    assert ids(found) == ["usd-1", "usd-2", "usd-3", "idle", "eur-1", "eur-2", "gbp-1"]
    assert ids(asked(platform, period=FEBRUARY, filters=Filters(active=True))) == []
    assert ids(asked(platform, filters=Filters(active=False))) == ["idle"]


def test_each_row_of_a_table_has_its_currency(platform: Platform) -> None:
    result = asked(platform)
    question = RowsQuestion(QuestionScope(platform.tenant), JANUARY)
    table = BY_ORGANIZATION.table(question, result, ReportedRows(result.rows, with_totals=True))
    assert table.columns[-1] == Column("currency", ColumnKind.TEXT)
    assert {row[0]: row[-1] for row in table.rows} == {
        identity: currency for identity, (currency, _) in ORGANIZATIONS.items()
    }
    assert table.totals is not None
    assert table.totals[-1] == "USD"


def test_the_currency_column_of_a_table_without_totals() -> None:
    table = Table((Column("organization_id", ColumnKind.TEXT),), [("a",), ("b",)])
    found = add_currency_column(table, {"a": "USD", "b": "EUR"}, "USD")
    assert list(found.rows) == [("a", "USD"), ("b", "EUR")]
    assert found.totals is None


def test_totals_name_their_currency_only_if_others_are_left_out() -> None:
    total = ("", "", *range(ORGANIZATION_ROW.width - 2))
    found = (msgspec.json.encode(write_organization_totals(total, it)) for it in ("USD", None))
    assert [b'"currency":"USD"' in it for it in found] == [True, False]


def test_the_rows_of_an_answer_are_named_with_their_currencies(platform: Platform) -> None:
    result = asked(platform, "EUR")
    question = RowsQuestion(QuestionScope(platform.tenant, currency="EUR"), JANUARY)
    report = BY_ORGANIZATION.report(question, result, result.rows)
    shown: Any = msgspec.json.decode(
        msgspec.json.encode(name_currencies(report, result.currencies))
    )
    assert [(it["organization_id"], it["currency"]) for it in shown["organizations"]] == [
        ("eur-1", "EUR"),
        ("eur-2", "EUR"),
    ]
    plain: Any = msgspec.json.decode(msgspec.json.encode(report))
    assert all("currency" not in it for it in plain["organizations"])
