"""The version of a ledger: its token, and instants that never go back."""

import pytest

from tests.store.directories import AT, organization
from tests.store.staged import quarantined, record, staged
from tollbook.domain.errors import DirectoryChanged
from tollbook.store import ledger, versions
from tollbook.store.database import Transaction
from tollbook.store.ledger import Touched
from tollbook.store.versions import LedgerVersion


@pytest.fixture
def number(transaction: Transaction) -> int:
    return organization(transaction, "org_1", "a")


def version(transaction: Transaction, number: int) -> LedgerVersion:
    return versions.ledger_version(transaction, number)


def touched(transaction: Transaction, *numbers: int, now: int, identity: str) -> Touched:
    found = record(transaction, *(staged(it, identity) for it in numbers), now=now).touched
    assert found is not None
    return found


def test_a_ledger_without_writes_has_no_version(transaction: Transaction, number: int) -> None:
    assert version(transaction, number) == LedgerVersion(0, 0, 0, 0, 0)


def test_the_first_events_replace_no_token(transaction: Transaction, number: int) -> None:
    found = touched(transaction, number, now=AT, identity="a")
    assert (found.as_of, found.replaced) == (AT, {number: 0})
    time = staged(number).time
    assert version(transaction, number) == LedgerVersion(found.token, AT, time, AT, AT)


def test_later_events_replace_the_token_of_the_earlier_ones(
    transaction: Transaction, number: int
) -> None:
    first = touched(transaction, number, now=AT, identity="a")
    second = touched(transaction, number, now=AT + 5, identity="b")
    assert second.replaced == {number: first.token}
    assert second.token != first.token


def test_a_touch_alone_is_not_an_event(transaction: Transaction, number: int) -> None:
    versions.touch(transaction, number, AT)
    found = version(transaction, number)
    assert found[1:5] == (AT, 0, 0, 0)
    versions.touch(transaction, number, AT - 9)
    later = version(transaction, number)
    assert later.as_of == AT
    assert later.token != found.token
    assert touched(transaction, number, now=AT + 1, identity="a").replaced == {number: 0}


@pytest.mark.parametrize(
    ("now", "expected"), [(AT + 9, AT + 9), (AT + 1, AT + 1), (AT, AT + 1), (AT - 9, AT + 1)]
)
def test_each_commit_is_received_after_the_one_before(
    transaction: Transaction, number: int, now: int, expected: int
) -> None:
    touched(transaction, number, now=AT, identity="a")
    assert touched(transaction, number, now=now, identity="b").as_of == expected
    found = version(transaction, number)
    assert (found.as_of, found.received_at) == (expected, expected)


def test_the_ledgers_of_a_batch_agree_on_the_latest_instant(
    transaction: Transaction, number: int
) -> None:
    other = organization(transaction, "org_2", "a")
    touched(transaction, number, now=AT + 50, identity="a")
    found = touched(transaction, number, other, now=AT, identity="b")
    assert found.as_of == AT + 51
    for it in (number, other):
        assert version(transaction, it).received_at == AT + 51
        assert version(transaction, it).as_of == AT + 51


def test_only_a_newer_event_moves_the_newest(transaction: Transaction, number: int) -> None:
    for at, day in enumerate((20240115, 20240110, 20240120)):
        record(transaction, staged(number, f"{at}", day=day), now=AT + at)
    newest = staged(number, day=20240120).time
    assert version(transaction, number)[2:5] == (newest, AT + 2, AT + 2)
    record(transaction, staged(number, "old", day=20240101), now=AT + 9)
    assert version(transaction, number)[2:5] == (newest, AT + 9, AT + 2)
    record(transaction, staged(number, "same", day=20240120), now=AT + 10)
    assert version(transaction, number).newest_received_at == AT + 2


def test_an_event_in_quarantine_is_received_too(transaction: Transaction, number: int) -> None:
    record(transaction, quarantined(number))
    assert version(transaction, number).received_at == AT


def test_the_versions_of_a_tenant_are_read_as_one(transaction: Transaction, number: int) -> None:
    second, other = organization(transaction, "org_2", "a"), organization(transaction, "x", "b")
    record(transaction, staged(number, day=20240120), now=AT)
    record(transaction, staged(second, day=20240110), now=AT + 5)
    record(transaction, staged(other, day=20240131), now=AT + 9)
    tokens = [version(transaction, it).token for it in (number, second)]
    token = sum(tokens) + versions.tenant_token(transaction, "a")
    newest = staged(number, day=20240120).time
    found = versions.ledger_version_of_all(transaction, "a")
    assert found == LedgerVersion(token, AT + 5, newest, AT + 5, AT)


def test_of_equal_newest_events_the_first_received_counts(
    transaction: Transaction, number: int
) -> None:
    second = organization(transaction, "org_2", "a")
    for at, it in ((AT + 7, number), (AT + 3, second)):
        record(transaction, staged(it), now=at)
    assert versions.ledger_version_of_all(transaction, "a").newest_received_at == AT + 3


def test_a_tenant_that_does_not_exist_has_no_version(transaction: Transaction) -> None:
    assert versions.ledger_version_of_all(transaction, "c") == LedgerVersion(0, 0, 0, 0, 0)
    assert versions.tenant_token(transaction, "c") == 0
    assert versions.tenant_tokens(transaction, ["c"]) == {}
    assert versions.tenant_tokens(transaction, []) == {}


def test_instants_of_ledgers_without_events_are_0(transaction: Transaction, number: int) -> None:
    second = organization(transaction, "org_2", "a")
    record(transaction, staged(second), now=AT)
    assert versions.received_at(transaction, [number, second]) == {number: 0, second: AT}
    assert versions.received_at(transaction, []) == {}


def test_first_events_need_the_directory_as_it_was(transaction: Transaction, number: int) -> None:
    transaction.directory_token -= 1
    with pytest.raises(DirectoryChanged):
        record(transaction, staged(number))


def test_later_events_do_not_need_it(transaction: Transaction, number: int) -> None:
    record(transaction, staged(number))
    transaction.directory_token -= 1
    assert record(transaction, staged(number, "b"), now=AT + 1).as_of == AT + 1


def test_another_token_of_one_tenant_leaves_the_others(transaction: Transaction) -> None:
    for tenant in ("a", "b"):
        organization(transaction, tenant=tenant)
    before = versions.tenant_tokens(transaction, ["a", "b", "c"])
    versions.change_token(transaction, "a")
    after = versions.tenant_tokens(transaction, ["a", "b"])
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert {it: versions.tenant_token(transaction, it) for it in ("a", "b")} == after
    for it in ("a", "b"):
        assert versions.ledger_version_of_all(transaction, it).token == after[it]
    assert transaction.directory_token == after["a"]
    versions.require_same_directory(transaction)


def test_renewed_tokens_are_all_others(transaction: Transaction, number: int) -> None:
    other = organization(transaction, "x", "b")
    record(transaction, staged(number), staged(other))
    before = [version(transaction, number).token, versions.tenant_token(transaction, "b")]
    state = transaction.directory_token
    versions.renew_tokens(transaction)
    after = [version(transaction, number).token, versions.tenant_token(transaction, "b")]
    assert not set(before) & set(after)
    assert transaction.directory_token != state


def test_positions_are_of_one_key_and_month(transaction: Transaction, number: int) -> None:
    assert ledger.position(transaction, number, 202401, "k") == 0
    rows = [staged(number, "1", tier_key="k"), staged(number, "2", tier_key="l", billed=5)]
    ledger.record_in_order(transaction, rows, AT, lambda found: found)
    transaction.execute("DELETE FROM staging")
    more = [staged(number, "3", tier_key="k", billed=2), staged(number, "4", day=20240201)]
    ledger.record_in_order(transaction, more, AT + 1, lambda found: found)
    assert ledger.position(transaction, number, 202401, "k") == 61_000_002
    assert ledger.position(transaction, number, 202401, "l") == 5
    assert ledger.position(transaction, number, 202402, "k") == 0
