"""Removing users, organizations and tenants that no event has named, with all that is theirs."""

from typing import Any

import pytest

from tests.store.directories import AT, number_of, organization, reserved
from tests.store.outbox import Outbox
from tests.store.staged import quarantined, record, staged
from tests.store.test_reports import report
from tests.store.test_triggers import trigger
from tollbook.administration.price_books import example_book
from tollbook.domain.budgets import Budget, BudgetPeriod
from tollbook.domain.directory import User
from tollbook.domain.keys import KeyScope, Permission
from tollbook.store import budgets, directory, keys, prices, removal, reports, silences, triggers
from tollbook.store.database import Transaction
from tollbook.store.silences import LastReceipts, SilenceSubject
from tollbook.store.tables.schema import metadata
from tollbook.store.trigger_states import Baseline, ReachedThreshold, claim, freeze

NOT_OF_TENANTS = {"organizations", "ledger_versions", "audit_log", "directory_state"}
"""Tables that keep rows: numbers are never given away again, and acts are never erased."""


def fill(transaction: Transaction, tenant: str, identity: str = "org_1") -> int:
    """Make an organization with one of everything that it can own without events."""
    number = organization(transaction, identity, tenant, email="a@x.example")
    outbox = Outbox(transaction, tenant)
    for user in ("ann", "ben"):
        directory.add_user(transaction, number, User(user, user), AT)
        budget = Budget(user, 100, (1.0,), AT, AT, BudgetPeriod.MONTH)
        budgets.set_budget(transaction, number, budget)
        made = trigger(f"trg {identity} {user}", organization=number, user_id=user)
        triggers.put_trigger(transaction, tenant, made)
        scope = KeyScope(tenant, identity, user)
        keys.issue_key(transaction, user, scope, (Permission.ADMIN,), AT, number)
        reports.add_report(
            transaction,
            report(f"rep {identity} {user}", tenant=tenant, organization=number, user_id=user),
        )
    outbox.endpoint(f"end {identity}", organization=number)
    outbox.attempt(outbox.deliver(1, f"end {identity}"))
    claim(transaction, ReachedThreshold(number, f"trg {identity} ann", 0, "1", 9, 1, AT))
    freeze(transaction, Baseline(number, f"trg {identity} ann", 0, 9, 1, 1))
    prices.add_price_book(transaction, tenant, example_book(), AT, organization=number)
    subject = SilenceSubject(tenant, number)
    silences.add_hours(transaction, [(subject, 1)])
    silences.add_silences(transaction, [LastReceipts(subject, identity, AT)])
    return number


def counts(transaction: Transaction) -> dict[str, int]:
    """Count the rows of each table that has some."""
    found = {it: transaction.integer(f"SELECT COUNT(*) FROM {it}") for it in metadata.tables}
    return {it: count for it, count in found.items() if count and it not in NOT_OF_TENANTS}


def users(transaction: Transaction, number: int) -> list[str]:
    return [it.id for it in directory.users(transaction, number)]


def of_user(transaction: Transaction, tenant: str, user: str) -> list[Any]:
    return [
        *(it for it in triggers.triggers(transaction, tenant) if it.user_id == user),
        *(it for it in reports.list_reports(transaction, tenant) if it.user_id == user),
        *(it for it in keys.keys(transaction, tenant) if it.key.scope.user_id == user),
        *(it for it in budgets.budgets(transaction, tenant) if it.budget.user_id == user),
    ]


def test_a_user_is_removed_with_what_is_theirs(transaction: Transaction) -> None:
    number = fill(transaction, "a")
    other = fill(transaction, "a", "org_2")
    token = transaction.directory_token
    assert len(of_user(transaction, "a", "ann")) == len(of_user(transaction, "a", "ben")) == 8
    removal.remove_user(transaction, "a", number, "ann")
    assert users(transaction, number) == ["ben"]
    assert users(transaction, other) == ["ann", "ben"]
    assert len(of_user(transaction, "a", "ann")) == 4
    assert len(of_user(transaction, "a", "ben")) == 8
    assert transaction.directory_token != token


def test_an_organization_leaves_its_number_only(transaction: Transaction) -> None:
    organization(transaction, "kept", "a")
    Outbox(transaction, "a").notify("x")
    before = counts(transaction)
    number = fill(transaction, "a")
    removal.remove_organization(transaction, "a", number)
    found = counts(transaction)
    assert found.pop("notifications") == 2
    assert found == {it: count for it, count in before.items() if it != "notifications"}
    assert number_of(transaction, "org_1", "a") == number
    row = directory.find_organization(transaction, "a", "org_1")
    assert row is not None
    assert (row.name, row.currency, row.timezone, row.email) == ("", "", "UTC", None)
    assert [it.id for it in directory.organizations(transaction, "a")] == ["kept"]


def test_a_removed_organization_may_be_made_again_with_its_number(
    transaction: Transaction,
) -> None:
    number = fill(transaction, "a")
    removal.remove_organization(transaction, "a", number)
    assert organization(transaction, "org_1", "a") == number
    assert users(transaction, number) == []


def test_another_organization_keeps_everything(transaction: Transaction) -> None:
    fill(transaction, "a", "org_1")
    before = counts(transaction)
    number = fill(transaction, "a", "org_2")
    removal.remove_organization(transaction, "a", number)
    found = counts(transaction)
    assert found.pop("notifications") == before.pop("notifications") * 2
    assert found == before


def test_a_tenant_leaves_nothing_but_numbers(transaction: Transaction) -> None:
    empty = counts(transaction)
    for identity in ("org_1", "org_2"):
        fill(transaction, "a", identity)
    reserved(transaction, "named by events", "a")
    state = ReachedThreshold(0, "of all", 0, "1", 9, 1, AT)
    triggers.put_trigger(transaction, "a", trigger("of all"))
    claim(transaction, state)
    freeze(transaction, Baseline(0, "of all", 0, 9, 1, 1))
    prices.add_price_book(transaction, "a", example_book(), AT)
    rows = removal.hold_organizations(transaction, "a", AT)
    assert [it.number for it in rows] == sorted(it.number for it in rows)
    assert len(rows) == 3
    removal.remove_tenant(transaction, "a", rows)
    assert counts(transaction) == empty


def test_another_tenant_keeps_everything(transaction: Transaction) -> None:
    fill(transaction, "b")
    prices.add_price_book(transaction, "b", example_book(), AT)
    before = counts(transaction)
    fill(transaction, "a")
    rows = removal.hold_organizations(transaction, "a", AT)
    removal.remove_tenant(transaction, "a", rows)
    assert counts(transaction) == before


@pytest.mark.parametrize("waits", [True, False])
def test_an_organization_with_an_event_has_events(transaction: Transaction, waits: bool) -> None:
    number, other = (organization(transaction, it) for it in ("org_1", "org_2"))
    assert not removal.has_events(transaction, number)
    record(transaction, quarantined(number) if waits else staged(number))
    assert removal.has_events(transaction, number)
    assert not removal.has_events(transaction, other)


@pytest.mark.parametrize("waits", [True, False])
def test_a_user_of_an_event_has_events(transaction: Transaction, waits: bool) -> None:
    number, other = (organization(transaction, it) for it in ("org_1", "org_2"))
    assert not removal.user_has_events(transaction, number, "ann")
    record(transaction, quarantined(number) if waits else staged(number))
    assert removal.user_has_events(transaction, number, "ann")
    assert not removal.user_has_events(transaction, number, "ben")
    assert not removal.user_has_events(transaction, other, "ann")


def test_archived_events_are_events_of_their_user(transaction: Transaction) -> None:
    number = organization(transaction)
    transaction.execute(
        "INSERT INTO archived_sums (organization_id, month, user_id, meter, day, hour, country, "
        "tier_key, resource_id, events, count, quantity, billed, cost) "
        "VALUES (:number, 202401, 'ann', 5, 20240115, 1, '', '', '', 1, 1, 1, 1, 1)",
        number=number,
    )
    assert removal.user_has_events(transaction, number, "ann")
    assert not removal.user_has_events(transaction, number, "ben")
    assert not removal.user_has_events(transaction, number + 1, "ann")
