"""Monthly budgets become triggers, which notify of nothing that is reached already."""

from collections.abc import Iterator

import pytest

from tollbook.domain.budgets import Budget, BudgetPeriod
from tollbook.domain.events import instant_of
from tollbook.domain.triggers import TriggerSource, budget_trigger_id
from tollbook.store import budgets, triggers
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate
from tollbook.wiring import now

AT = 1_700_000_000_000_000


@pytest.fixture
def earlier(empty_url: str) -> Iterator[Database]:
    database = open_database(empty_url, schema_version=None)
    yield database
    database.close()


def fill(database: Database) -> None:
    """Have a budget of 100, of which 80 are spent this month, and one of a user who spent 1."""
    month = now_month()
    migrate(database, "0017")
    with database.writing() as transaction:
        for sql in (
            "INSERT INTO tenants (tenant_id, name, created_at) VALUES ('t', 't', 1), ('u', 'u', 1)",
            "INSERT INTO organizations (organization_id, tenant_id, id, name, timezone, currency, "
            "status, created_at) VALUES (7, 't', 'org', 'Org', 'UTC', 'USD', 'active', 1)",
            f"INSERT INTO budgets VALUES (7, '', '100', '[0.5,0.8,1.0]', {AT}, {AT + 5}), "
            f"(7, 'ann', '{10**24}', '[0.001]', {AT}, {AT})",
            "INSERT INTO organization_monthly (organization_id, month, meter, count, quantity, "
            f"billed, cost) VALUES (7, {month}, 1, 1, 1, 1, 30), (7, {month}, 5, 1, 1, 1, 50), "
            f"(7, {month - 100}, 5, 1, 1, 1, 900)",
            "INSERT INTO usage_monthly (organization_id, month, user_id, meter, count, quantity, "
            f"billed, cost) VALUES (7, {month}, 'ann', 1, 1, 1, 1, 1)",
        ):
            transaction.execute(sql)
    migrate(database)


def now_month() -> int:
    today = instant_of(now())
    return today.year * 100 + today.month


def test_budgets_stay_and_are_monthly(earlier: Database) -> None:
    fill(earlier)
    with earlier.reading() as snapshot:
        assert budgets.find_budget(snapshot, 7, "") == Budget(
            "", 100, (0.5, 0.8, 1.0), AT, AT + 5, BudgetPeriod.MONTH
        )
        found = triggers.triggers(snapshot, "t")
    ids = {budget_trigger_id(7, user, BudgetPeriod.MONTH) for user in ("", "ann")}
    assert {it.id for it in found} == ids
    assert {it.source for it in found} == {TriggerSource.BUDGET}
    of_user = next(it for it in found if it.user_id)
    assert [it.at for it in of_user.thresholds] == ["0.001"]


def test_what_is_reached_already_is_marked(earlier: Database) -> None:
    fill(earlier)
    with earlier.reading() as snapshot:
        states = snapshot.rows(
            "SELECT trigger_id, threshold, value, notified, period_end - period_start "
            "FROM trigger_states ORDER BY threshold"
        )
        tenants = triggers.tenants_with_triggers(snapshot)
    of_org = budget_trigger_id(7, "", BudgetPeriod.MONTH)
    assert [row[:4] for row in states] == [(of_org, "50", "80", 0), (of_org, "80", "80", 0)]
    days = {row[4] / 86_400_000_000 for row in states}
    assert len(days) == 1
    assert days <= {28, 29, 30, 31}
    assert set(tenants) == {"t"}
