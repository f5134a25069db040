"""The forecast of a month and the status of budgets, as they are answered and as tables."""

from datetime import date

import msgspec
import pytest

from tests.builders import Json, Platform, event
from tollbook.analytics.budgets import (
    BudgetStatus,
    budget_report,
    budgets_report,
    budgets_table,
    days_of,
    standings,
)
from tollbook.analytics.forecast import (
    DESCRIPTIONS,
    forecast_report,
    forecast_table,
    month_outlook,
)
from tollbook.analytics.outlook import Outlook, first_needed
from tollbook.analytics.pace import Method
from tollbook.analytics.scope import QuestionScope
from tollbook.domain.budgets import Budget
from tollbook.store.budgets import Budgeted
from tollbook.store.database import Database
from tollbook.store.directory import OrganizationRow

ACME = OrganizationRow(1, "org_1", "Acme", "Asia/Tokyo", "JPY", "active")
TODAY = date(2024, 1, 2)
BY_DAY = (4e9, 3e9, *[1e9] * 29)
FOUND = Outlook(7 * 10**9, 36 * 10**9, 30 * 10**9, None, Method.DAILY_MEAN, 29, 5, BY_DAY)


def shown(value: object) -> Json:
    found: Json = msgspec.json.decode(msgspec.json.encode(value))
    return found


def test_a_forecast_names_whose_it_is() -> None:
    scope = QuestionScope("default", ACME, "ann", "JPY")
    answer = shown(forecast_report(FOUND, scope, "Ann", TODAY, 0))
    assert answer.pop("method_description") == DESCRIPTIONS[Method.DAILY_MEAN]
    assert answer == {
        "success": True,
        "tenant_id": "default",
        "organization_id": "org_1",
        "organization_name": "Acme",
        "user_id": "ann",
        "user_name": "Ann",
        "currency": "JPY",
        "month": "2024-01",
        "as_of": "1970-01-01T00:00:00.000000Z",
        "spent": 7.0,
        "forecast": 36.0,
        "low": 30.0,
        "high": None,
        "method": "daily_mean",
        "days_left": 29,
        "based_on_days": 5,
    }


def test_the_forecast_of_a_tenant_names_no_organization_and_no_user() -> None:
    answer = shown(forecast_report(FOUND, QuestionScope("default"), "", TODAY, 0))
    assert not {"organization_id", "organization_name", "user_id", "user_name"} & set(answer)


def test_every_method_has_a_description() -> None:
    assert set(DESCRIPTIONS) == set(Method)


def test_a_forecast_is_a_table_of_one_row() -> None:
    table = forecast_table(FOUND, QuestionScope("default", currency="JPY"), "", TODAY, 1_234_567)
    (row,) = table.rows
    assert len(row) == len(table.columns)
    figures = (7 * 10**9, 36 * 10**9, 30 * 10**9, None)
    method = ("daily_mean", DESCRIPTIONS[Method.DAILY_MEAN])
    assert row == ("2024-01", *figures, *method, 29, 5)
    constants = {column.name: value for column, value in table.constants}
    assert constants["as_of"] == 1_234_000
    assert (constants["tenant_id"], constants["currency"]) == ("default", "JPY")
    assert (constants["organization_id"], constants["user_id"]) == (None, None)


@pytest.mark.parametrize(
    ("today", "days", "first"),
    [
        (date(2024, 3, 31), 10, date(2024, 2, 1)),
        (date(2024, 3, 31), 90, date(2024, 1, 1)),
        (date(1, 1, 5), 140, date(1, 1, 1)),
        (date(1, 2, 5), 7, date(1, 1, 1)),
    ],
)
def test_an_outlook_needs_its_history_and_all_of_last_month(
    today: date, days: int, first: date
) -> None:
    assert first_needed(today, days) == first


def test_a_month_that_is_over_is_what_it_cost(database: Database) -> None:
    platform = Platform(database)
    platform.organization()
    platform.send(event(cost="2"), event(id="later", time="2024-02-01T00:00:00Z", cost="1"))
    scope = QuestionScope(platform.tenant, None, None, "USD")
    with database.reading() as snapshot:
        over = month_outlook(snapshot, scope, TODAY, date(2024, 2, 1))
        running = month_outlook(snapshot, scope, TODAY, date(2024, 1, 31))
    assert (over.method, over.spent, over.forecast) == (Method.CLOSED, 2 * 10**9, 2 * 10**9)
    assert running.method is not Method.CLOSED
    assert running.spent == 2 * 10**9


def status(user: str, monthly: int) -> BudgetStatus:
    budget = Budget(user, monthly * 10**9, (0.5, 1.0), 0, 0)
    return BudgetStatus(Budgeted(ACME, "Ann" if user else "", budget), TODAY, FOUND.spent, FOUND)


@pytest.mark.parametrize(
    ("monthly", "passed_on", "state", "used", "reached"),
    [
        (6, "2024-01-02", "over", 1.1667, 1.0),
        (7, "2024-01-03", "near", 1.0, 1.0),
        (14, "2024-01-10", "near", 0.5, 0.5),
        (36, None, "within", 0.1944, None),
    ],
)
def test_a_budget_is_exceeded_on_the_day_that_passes_it(
    monthly: int, passed_on: str | None, state: str, used: float, reached: float | None
) -> None:
    answer = shown(budget_report(status("", monthly)))
    assert (answer["passed_on"], answer["state"]) == (passed_on, state)
    assert (answer["used"], answer["alert_reached"]) == (used, reached)
    assert (answer["monthly"], answer["spent"], answer["forecast"]) == (monthly, 7, 36)
    assert (answer["currency"], answer["month"]) == ("JPY", "2024-01")


def test_only_the_budget_of_a_user_names_one() -> None:
    scope = QuestionScope("default")
    answer = shown(budgets_report([status("", 7), status("ann", 7)], scope))
    whole, ann = answer["budgets"]
    assert (answer["tenant_id"], answer["success"]) == ("default", True)
    assert "user_id" not in whole
    assert "user_name" not in whole
    assert (ann["user_id"], ann["user_name"]) == ("ann", "Ann")


def test_budgets_are_a_table_with_a_row_each() -> None:
    table = budgets_table([status("", 7), status("ann", 36)], QuestionScope("default"))
    rows = list(table.rows)
    assert [len(row) for row in rows] == [len(table.columns)] * 2
    names = [column.name for column in table.columns]
    first, second = (dict(zip(names, row, strict=True)) for row in rows)
    assert (first["user_id"], first["passed_on"], first["state"]) == ("", 20240103, "near")
    assert (second["user_id"], second["passed_on"], second["used"]) == ("ann", None, 0.1944)
    assert (first["user_name"], second["user_name"]) == ("", "Ann")
    assert first["alert_at"] == second["alert_at"] == "[0.5,1.0]"


def test_today_is_that_of_each_time_zone() -> None:
    in_utc = Budgeted(ACME._replace(timezone="UTC"), "", Budget("", 1, (), 0, 0))
    listed = [in_utc, Budgeted(ACME, "", Budget("", 1, (), 0, 0))]
    evening = 20 * 3_600_000_000
    assert days_of(listed, evening) == {
        "Asia/Tokyo": date(1970, 1, 2),
        "UTC": date(1970, 1, 1),
    }


def test_without_budgets_nothing_is_read(database: Database) -> None:
    platform = Platform(database)
    with database.reading() as snapshot:
        assert standings(snapshot, QuestionScope(platform.tenant), [], 0) == []
