"""Budgets of days and weeks: what counts as spent, and how they are answered."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copy
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analytics.ledgers import platform_on
from tests.builders import Platform, event
from tests.properties.profile import examples
from tollbook.analytics.budgets import (
    BudgetStatus,
    budget_report,
    budgets_table,
    standings,
    week_of,
)
from tollbook.analytics.scope import QuestionScope
from tollbook.domain.budgets import Budget, BudgetPeriod
from tollbook.domain.events import microseconds
from tollbook.store import directory
from tollbook.store.budgets import Budgeted
from tollbook.store.directory import OrganizationRow

UNIT = 10**9
ACME = OrganizationRow(1, "org_1", "Acme", "UTC", "USD", "active")
SUNDAY = date(2024, 3, 3)


def status(period: BudgetPeriod, spent: int = 0, amount: int = 10) -> BudgetStatus:
    budget = Budget("", amount * UNIT, (0.5, 1.0), 0, 0, period)
    return BudgetStatus(Budgeted(ACME, "", budget), SUNDAY, spent * UNIT, None)


@examples(100)
@given(day=st.dates())
@example(day=date.min)
@example(day=date.max)
@example(day=date(2024, 2, 29))
def test_a_week_is_the_days_from_monday_to_sunday(day: date) -> None:
    week = week_of(day)
    assert week.start <= day <= week.end
    weeks = {it.isocalendar()[:2] for it in (week.start, day, week.end)}
    assert len(weeks) == 1
    assert week.start == date.min or week.start.weekday() == 0
    assert week.end == date.max or week.end.weekday() == 6


@pytest.mark.parametrize(
    ("period", "amount", "name", "value"),
    [
        (BudgetPeriod.DAY, "daily", "day", "2024-03-03"),
        (BudgetPeriod.WEEK, "weekly", "week", "2024-02-26"),
    ],
)
def test_a_budget_has_the_fields_of_its_period_only(
    period: BudgetPeriod, amount: str, name: str, value: str
) -> None:
    found: Any = msgspec.json.decode(msgspec.json.encode(budget_report(status(period, 5))))
    assert (found[amount], found[name]) == (10, value)
    others = {"daily", "day", "weekly", "week", "monthly", "month"} - {amount, name}
    assert others.isdisjoint(found)
    assert (found["forecast"], found["passed_on"]) == (None, None)
    assert (found["used"], found["alert_reached"], found["state"]) == (0.5, 0.5, "near")


@pytest.mark.parametrize(
    ("spent", "state", "used"),
    [
        (0, "within", 0),
        (4, "within", 0.4),
        (10, "near", 1),
        (11, "over", 1.1),
        (-3, "within", -0.3),
    ],
)
def test_a_budget_may_be_spent_and_no_more(spent: int, state: str, used: float) -> None:
    found = budget_report(status(BudgetPeriod.DAY, spent))
    assert (found.state.value, found.used) == (state, used)


@pytest.mark.parametrize("period", [BudgetPeriod.DAY, BudgetPeriod.WEEK])
def test_the_cells_of_other_periods_are_empty(period: BudgetPeriod) -> None:
    table = budgets_table([status(period, 4)], QuestionScope("demo"))
    (cells,) = table.rows
    found = dict(zip([it.name for it in table.columns], cells, strict=True))
    for other in BudgetPeriod:
        is_own = other is period
        assert found[other.adverb] == (10 * UNIT if is_own else None)
        assert bool(found[other.value]) is is_own
    assert (found["forecast"], found["passed_on"], found["spent"]) == (None, None, 4 * UNIT)


NOW = microseconds(datetime(2024, 3, 3, 20, tzinfo=UTC))
"""Sunday in UTC, and Monday in Tokyo."""
COSTS = {
    "2024-02-25T12:00:00Z": 1,
    "2024-02-26T12:00:00Z": 2,
    "2024-02-29T12:00:00Z": 4,
    "2024-03-01T12:00:00Z": 8,
    "2024-03-03T12:00:00Z": 16,
    "2024-03-03T16:00:00Z": 32,
    "2024-03-12T12:00:00Z": 64,
}
"""Costs by instant. In Tokyo, the last one but one is on Monday the 4th."""


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    path = Path(copy(migrated_file, tmp_path_factory.mktemp("budgets") / "tollbook.db"))
    with platform_on(path) as platform:
        for organization, timezone in (("utc", "UTC"), ("tokyo", "Asia/Tokyo")):
            platform.organization(organization, timezone=timezone)
            platform.send(
                *(
                    event(id=at, organization_id=organization, time=at, cost=cost)
                    for at, cost in COSTS.items()
                )
            )
        yield platform


@pytest.mark.parametrize(
    ("organization", "period", "spent"),
    [
        ("utc", BudgetPeriod.DAY, 16 + 32),
        ("utc", BudgetPeriod.WEEK, 2 + 4 + 8 + 16 + 32),
        ("utc", BudgetPeriod.MONTH, 8 + 16 + 32 + 64),
        ("tokyo", BudgetPeriod.DAY, 32),
        ("tokyo", BudgetPeriod.WEEK, 32),
        ("tokyo", BudgetPeriod.MONTH, 8 + 16 + 32 + 64),
    ],
)
@pytest.mark.parametrize("user", [None, "user_1"])
def test_what_is_spent_is_of_the_running_period_of_the_zone(
    platform: Platform, organization: str, period: BudgetPeriod, spent: int, user: str | None
) -> None:
    with platform.database.reading() as snapshot:
        row = platform_row(platform, organization)
        budget = Budget(user or "", UNIT, (), 0, 0, period)
        scope = QuestionScope(platform.tenant, row, user)
        (found,) = standings(snapshot, scope, [Budgeted(row, "", budget)], NOW)
    assert found.spent == spent * UNIT
    assert (found.outlook is None) is (period is not BudgetPeriod.MONTH)


def platform_row(platform: Platform, organization: str) -> OrganizationRow:
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, organization)
    assert row is not None
    return row
