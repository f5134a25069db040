"""Organizations that only events named are forgotten when none of their events is left."""

import pytest

from tests.store.directories import AT, number_of, organization, reserved
from tests.store.staged import quarantined, record
from tollbook.store import directory, placeholders, quarantine
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction


def close_off(transaction: Transaction) -> int:
    """Add the organization with the highest number, which is never forgotten."""
    return organization(transaction, "the last one", "the last tenant")


def forget(transaction: Transaction, tenant: str = "a", number: int | None = None) -> int:
    return placeholders.forget(transaction, tenant, number, AT)


def test_only_those_without_events_are_forgotten(transaction: Transaction) -> None:
    with_event = reserved(transaction, "with event", "a")
    reserved(transaction, "empty", "a")
    organization(transaction, "made", "a")
    close_off(transaction)
    record(transaction, quarantined(with_event, code="unknown_organization"))
    assert placeholders.count_unknown(transaction, "a") == 2
    assert forget(transaction) == 1
    assert placeholders.count_unknown(transaction, "a") == 1
    assert number_of(transaction, "with event", "a") == with_event
    assert directory.find_organization(transaction, "a", "empty") is None
    assert directory.find_organization(transaction, "a", "made") is not None


@pytest.mark.parametrize("keep_identity", [True, False])
def test_a_discarded_event_still_has_its_identity(
    transaction: Transaction, keep_identity: bool
) -> None:
    number = reserved(transaction, "x", "a")
    close_off(transaction)
    record(transaction, quarantined(number, code="unknown_organization"))
    found = quarantine.find(transaction, number, "a")
    assert found is not None
    leave = quarantine.discard if keep_identity else quarantine.forget
    leave(transaction, [found], {(number, "a"): "unknown_organization"})
    assert forget(transaction) == (0 if keep_identity else 1)


def test_the_highest_number_stays_because_another_tenant_might_get_it(
    transaction: Transaction,
) -> None:
    reserved(transaction, "x", "a")
    assert forget(transaction) == 0
    reserved(transaction, "y", "b")
    assert forget(transaction) == 1
    assert forget(transaction, "b") == 0


def test_an_organization_of_the_audit_log_stays(transaction: Transaction) -> None:
    number = reserved(transaction, "x", "a")
    close_off(transaction)
    write_act(transaction, Actor("a", COMMAND_LINE, AT), "quarantine.discard", "x", {}, number)
    assert forget(transaction) == 0


def test_acts_on_others_and_of_other_tenants_keep_nothing(transaction: Transaction) -> None:
    number, kept = (reserved(transaction, it, "a") for it in ("x", "y"))
    close_off(transaction)
    write_act(transaction, Actor("a", COMMAND_LINE, AT), "quarantine.discard", "y", {}, kept)
    write_act(transaction, Actor("b", COMMAND_LINE, AT), "quarantine.discard", "x", {}, number)
    assert forget(transaction) == 1
    assert number_of(transaction, "y", "a") == kept


def test_one_organization_may_be_forgotten_alone(transaction: Transaction) -> None:
    first, _ = (reserved(transaction, it, "a") for it in ("x", "y"))
    close_off(transaction)
    assert forget(transaction, number=first) == 1
    assert forget(transaction, number=first) == 0
    assert placeholders.count_unknown(transaction, "a") == 1


def test_those_of_another_tenant_stay(transaction: Transaction) -> None:
    number = reserved(transaction, "x", "b")
    close_off(transaction)
    assert forget(transaction) == 0
    assert forget(transaction, number=number) == 0
    assert placeholders.count_unknown(transaction, "b") == 1


def test_what_was_kept_of_an_organization_goes_with_it(transaction: Transaction) -> None:
    number, other = (reserved(transaction, it, "a") for it in ("x", "y"))
    close_off(transaction)
    for it in (number, other):
        record(transaction, quarantined(it, code="no_price"))
    found = quarantine.find(transaction, number, "a")
    assert found is not None
    quarantine.forget(transaction, [found], {(number, "a"): "no_price"})
    assert forget(transaction) == 1
    for table in ("ledger_versions", "quarantine_counts", "unpriced_groups"):
        rows = transaction.rows(
            f"SELECT organization_id FROM {table} WHERE organization_id IN :numbers",
            numbers=[number, other],
        )
        assert [tuple(it) for it in rows] == [(other,)]


def test_many_are_forgotten_a_few_at_a_time(
    transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placeholders, "_AT_ONCE", 2)
    numbers = [reserved(transaction, f"{it}", "a") for it in range(6)]
    close_off(transaction)
    for number in numbers[:3]:
        record(transaction, quarantined(number, code="unknown_organization"))
    assert [forget(transaction) for _ in range(3)] == [2, 1, 0]
    assert placeholders.count_unknown(transaction, "a") == 3


def test_the_directory_changes_only_when_one_is_forgotten(transaction: Transaction) -> None:
    reserved(transaction, "x", "a")
    close_off(transaction)
    before = transaction.directory_token
    forget(transaction, "b")
    assert transaction.directory_token == before
    forget(transaction)
    assert transaction.directory_token != before
