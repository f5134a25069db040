"""The answer and the table of changes, from rows that are given."""

from datetime import date
from typing import Any

import msgspec
import pytest

from tollbook.analytics.changes import ChangeRow, Changes
from tollbook.analytics.changes_report import changes_report, changes_table
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import ORGANIZATION_LEVEL, TOTAL_LABEL
from tollbook.domain.margin import Purchases
from tollbook.domain.periods import Period
from tollbook.store.directory import OrganizationRow

UNIT = 10**9
ACME = OrganizationRow(1, "org_1", "Acme", "UTC", "USD", "active")
OF_ACME, OF_ALL = QuestionScope("demo", ACME, currency="USD"), QuestionScope("demo", currency="USD")
NOW = Period(date(2024, 2, 1), date(2024, 2, 29))
BEFORE = Period(date(2024, 1, 1), date(2024, 1, 31))
NOTHING = ChangeRow("", "", 0, 0, 0)


def row(identity: str, events: int, cost: int, before: int) -> ChangeRow:
    return ChangeRow(identity, f"Name {identity[::-1]}", events, cost * UNIT, before * UNIT)


ROWS = [
    row("dan", 0, 0, 4),
    row("bob", 2, 6, 2),
    row("ann", 1, 5, 1),
    row("cat", 1, 3, 3),
    row("eve", 0, 0, 0),
    row("flo", 3, 1, 2),
]
OWN = row("", 1, 10, 4)._replace(name="")


def answer(found: Changes, scope: QuestionScope = OF_ACME, limit: int = 10) -> Any:
    return msgspec.json.decode(
        msgspec.json.encode(changes_report(found, scope, NOW, BEFORE, limit))
    )


def ids(listed: list[dict[str, str]], whose: str = "user") -> list[str]:
    return [it[f"{whose}_id"] for it in listed]


def test_each_list_has_its_rows_with_equal_ones_in_the_order_of_ids() -> None:
    found = answer(Changes(ROWS, OWN))
    assert ids(found["grew"]) == ["ann", "bob"]
    assert ids(found["shrank"]) == ["dan", "flo"]
    assert ids(found["top"]) == ["bob", "ann", "cat", "flo"]
    assert ids(found["without_usage_users"]) == ["dan", "eve"]


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_lists_end_at_the_limit_and_counts_do_not(limit: int) -> None:
    found = answer(Changes(ROWS, OWN), limit=limit)
    lists = ("grew", "shrank", "top", "without_usage_users")
    assert [len(found[it]) for it in lists] == [limit] * 4
    assert (found["without_usage"], found["active_users"]) == (2, 4)


def test_totals_include_what_is_attributed_to_nobody() -> None:
    found = answer(Changes(ROWS, OWN))
    assert (found["total_cost"], found["previous_cost"]) == (25, 16)
    assert found["change"] == 0.5625
    assert found["organization_level"] == {"cost": 10, "previous_cost": 4}
    assert found["cost_per_active_user"] == 3.75


def test_a_share_is_of_the_whole_and_a_change_of_the_earlier_cost() -> None:
    bob = answer(Changes(ROWS, OWN))["top"][0]
    assert (bob["share"], bob["change"], bob["difference"]) == (0.24, 2, 4)
    (dan, _) = answer(Changes(ROWS, OWN))["shrank"]
    assert (dan["change"], dan["share"]) == (-1, 0)


def test_a_tenant_has_organizations_and_no_level_of_its_own() -> None:
    found = answer(Changes(ROWS, NOTHING), OF_ALL)
    assert ids(found["grew"], "organization") == ["ann", "bob"]
    assert ids(found["without_usage_organizations"], "organization") == ["dan", "eve"]
    assert (found["active_organizations"], found["cost_per_active_organization"]) == (4, 3.75)
    assert {"organization_id", "organization_level", "active_users"}.isdisjoint(found)


def test_without_usage_nothing_is_divided() -> None:
    found = answer(Changes([], NOTHING))
    assert (found["change"], found["cost_per_active_user"]) == (None, None)
    assert (found["total_cost"], found["without_usage"]) == (0, 0)


def test_the_cost_of_each_active_user_is_rounded_half_to_even() -> None:
    rows = [ChangeRow("a", "a", 1, 3, 0), ChangeRow("b", "b", 1, 2, 0)]
    assert answer(Changes(rows, NOTHING))["cost_per_active_user"] == 2e-9
    rows = [ChangeRow("a", "a", 1, 3, 0), ChangeRow("b", "b", 1, 0, 0)]
    assert answer(Changes(rows, NOTHING))["cost_per_active_user"] == 2e-9


KNOWN = Purchases(2, 6 * UNIT, 2 * UNIT, 2, 6 * UNIT)
WITH_MARGINS = Changes(ROWS, OWN, {"bob": KNOWN}, {"ann": Purchases(1, UNIT)})


def test_margins_are_of_both_periods() -> None:
    found = answer(WITH_MARGINS)
    bob, ann = found["top"][:2]
    assert (bob["margin"], bob["previous_margin"]) == (4, 0)
    assert (ann["margin"], ann["previous_margin"]) == (0, None)
    assert (found["margin"], found["previous_buy_known_share"]) == (4, 0)
    assert found["organization_level"]["buy_cost"] == 0
    assert "margin" not in answer(Changes(ROWS, OWN))["top"][0]


def cells(found: Changes, scope: QuestionScope = OF_ACME, *, totals: bool = False) -> Any:
    return changes_table(found, scope, NOW, BEFORE, with_totals=totals)


def test_a_table_has_every_row_those_that_grew_most_first() -> None:
    found = cells(Changes(ROWS, OWN))
    rows = list(found.rows)
    assert [it[0] for it in rows] == ["ann", "bob", "cat", "eve", "flo", "dan", ""]
    assert rows[-1][1] == ORGANIZATION_LEVEL
    assert {len(it) for it in rows} == {len(found.columns)}
    assert found.totals is None


def test_a_table_has_no_row_for_a_level_without_usage() -> None:
    assert [it[0] for it in cells(Changes(ROWS[:1], NOTHING)).rows] == ["dan"]
    (_, own) = cells(Changes(ROWS[:1], NOTHING._replace(previous_cost=1))).rows
    assert own[1] == ORGANIZATION_LEVEL


def test_the_totals_of_a_table_are_those_of_the_answer() -> None:
    found = cells(Changes(ROWS, OWN), totals=True)
    assert found.totals == ("", TOTAL_LABEL, 8, 25 * UNIT, 16 * UNIT, 9 * UNIT, 0.5625, 1.0)


def test_the_margins_of_a_table_are_its_last_columns() -> None:
    found = cells(WITH_MARGINS, totals=True)
    by_id = {it[0]: it[8:] for it in found.rows}
    assert by_id["bob"] == (2 * UNIT, 4 * UNIT, 1.0, 0, 0, None)
    assert by_id["ann"] == (0, 0, None, None, None, 0.0)
    assert found.totals[8:] == (2 * UNIT, 4 * UNIT, 1.0, None, None, 0.0)
    assert len(found.marks) == 6


@pytest.mark.parametrize(("scope", "names"), [(OF_ACME, 3), (OF_ALL, 1)])
def test_files_name_the_subject_the_periods_and_the_currency(
    scope: QuestionScope, names: int
) -> None:
    constants = {column.name: it for column, it in cells(Changes(ROWS, OWN), scope).constants}
    assert list(constants)[names:] == [
        *("period_start", "period_end", "previous_period_start", "previous_period_end"),
        "currency",
    ]
    assert (constants["tenant_id"], constants["currency"]) == ("demo", "USD")
    assert constants["previous_period_end"] == 20240131
