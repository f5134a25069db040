"""Budgets as they are stored: one for each organization and user, with the names to show."""

import pytest

from tests.builders import Platform
from tollbook.domain.budgets import Budget
from tollbook.domain.directory import User
from tollbook.store import directory, versions
from tollbook.store.budgets import (
    Budgeted,
    budgets,
    find_budget,
    remove_budget,
    set_budget,
)
from tollbook.store.database import Database

AT = 1_700_000_000_000_000


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1", name="Acme", timezone="Asia/Tokyo", currency="JPY")
    platform.organization("org_2")
    with database.writing() as transaction:
        directory.add_user(transaction, platform.number("org_1"), User("ann", "Ann"), AT)
    return platform


def put(platform: Platform, budget: Budget, organization: str = "org_1") -> Budget | None:
    with platform.database.writing() as transaction:
        return set_budget(transaction, platform.number(organization), budget)


def find(platform: Platform, user: str, organization: str = "org_1") -> Budget | None:
    with platform.database.reading() as snapshot:
        return find_budget(snapshot, platform.number(organization), user)


def listed(
    platform: Platform, organization: str | None = None, user: str | None = None
) -> list[Budgeted]:
    number = platform.number(organization) if organization else None
    with platform.database.reading() as snapshot:
        return budgets(snapshot, platform.tenant, number, user)


def budget(user: str = "", monthly: int = 100, at: int = AT) -> Budget:
    return Budget(user, monthly, (0.5, 1.0), at, at)


def token(platform: Platform) -> int:
    with platform.database.reading() as snapshot:
        return versions.ledger_version(snapshot, platform.number("org_1")).token


def test_without_budgets_the_list_is_empty(platform: Platform) -> None:
    assert listed(platform) == []
    assert find(platform, "") is None


@pytest.mark.parametrize("monthly", [1, 2**63, 10**24])
def test_a_budget_comes_back_however_large(platform: Platform, monthly: int) -> None:
    assert put(platform, budget("ann", monthly)) is None
    assert find(platform, "ann") == budget("ann", monthly)
    assert find(platform, "") is None
    assert find(platform, "ann", "org_2") is None


@pytest.mark.parametrize("alerts", [(), (1.0,), (0.3333, 10.0)])
def test_alerts_come_back_as_fractions(platform: Platform, alerts: tuple[float, ...]) -> None:
    put(platform, Budget("", 5, alerts, AT, AT))
    found = find(platform, "")
    assert found is not None
    assert found.alert_at == alerts
    assert all(type(it) is float for it in found.alert_at)


def test_a_replaced_budget_keeps_its_first_instant(platform: Platform) -> None:
    put(platform, budget())
    assert put(platform, Budget("", 7, (1.0,), AT + 9, AT + 9)) == budget()
    assert find(platform, "") == Budget("", 7, (1.0,), AT, AT + 9)
    assert len(listed(platform)) == 1


def test_budgets_are_listed_by_organization_then_by_user(platform: Platform) -> None:
    put(platform, budget(), "org_2")
    for user in ("bob", "ann", ""):
        put(platform, budget(user))
    keys = [("org_1", ""), ("org_1", "ann"), ("org_1", "bob"), ("org_2", "")]
    assert [(it.organization.id, it.budget.user_id) for it in listed(platform)] == keys
    assert [it.budget.user_id for it in listed(platform, "org_1")] == ["", "ann", "bob"]
    assert [it.budget.user_id for it in listed(platform, "org_1", "ann")] == ["ann"]
    assert [it.organization.id for it in listed(platform, None, "")] == ["org_1", "org_2"]


def test_a_budget_is_listed_with_the_names_to_show(platform: Platform) -> None:
    put(platform, budget("ann"))
    put(platform, budget("nobody"))
    ann, nobody = listed(platform)
    assert (ann.organization.name, ann.user_name) == ("Acme", "Ann")
    assert (ann.organization.timezone, ann.organization.currency) == ("Asia/Tokyo", "JPY")
    assert nobody.user_name == ""


def test_another_tenant_has_its_own_budgets(platform: Platform) -> None:
    put(platform, budget())
    other = Platform(platform.database, "other")
    other.organization("org_1")
    assert listed(other) == []


def test_a_removed_budget_is_returned(platform: Platform) -> None:
    put(platform, budget())
    put(platform, budget("ann"))
    with platform.database.writing() as transaction:
        number = platform.number("org_1")
        assert remove_budget(transaction, number, "ann", AT + 1) == budget("ann")
        assert remove_budget(transaction, number, "ann", AT + 1) is None
    assert [it.budget.user_id for it in listed(platform)] == [""]


def test_every_change_is_a_new_version_of_the_ledger(platform: Platform) -> None:
    tokens = [token(platform)]
    put(platform, budget())
    tokens.append(token(platform))
    with platform.database.writing() as transaction:
        remove_budget(transaction, platform.number("org_1"), "", AT)
    tokens.append(token(platform))
    assert len(set(tokens)) == 3
    with platform.database.writing() as transaction:
        remove_budget(transaction, platform.number("org_1"), "", AT)
    assert token(platform) == tokens[-1]
