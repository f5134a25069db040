"""Corrections as they are stored: chains of events, and what was corrected in quarantine."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.store.directories import AT, organization
from tests.store.staged import quarantined, record, reversal_of, staged
from tollbook.store import corrections, events, quarantine
from tollbook.store.corrections import Accepted, IdsTaken, Waiting
from tollbook.store.database import Transaction
from tollbook.store.events import Corrected, Reversed
from tollbook.store.staging import Staged


@pytest.fixture
def number(transaction: Transaction) -> int:
    return organization(transaction)


def made(old: Staged, new: Staged, reversal: str | None) -> Corrected:
    users = old.user_id, new.user_id
    return Corrected(old.organization_id, old.id, new.id, reversal, "r", *users, "tb_1", 0)


def accept(
    transaction: Transaction, replaced: Sequence[tuple[Staged, Staged]], now: int = AT + 5
) -> int:
    """Replace charged events and events in quarantine by others; return the instant."""
    rows = [new for _, new in replaced]
    charged = [(old, new) for old, new in replaced if not old.code]
    back = [reversal_of(old) for old, _ in charged]
    waits = [
        (made(old, new, None), Waiting(AT, old.code, old.reason, old.attributes))
        for old, new in replaced
        if old.code
    ]
    accepted = Accepted(
        rows=rows,
        reversal_rows=back,
        reversals=[
            Reversed(it.organization_id, it.reverses or "", it.id, "r", None, 0) for it in back
        ],
        corrections=[
            *((made(old, new, f"back {old.id}"), None) for old, new in charged),
            *waits,
        ],
        moved={
            it: [old.id for old, _ in replaced if old.code and old.organization_id == it]
            for it in {old.organization_id for old, _ in replaced if old.code}
        },
        left=[(old.organization_id, old.code) for old, _ in replaced if old.code],
    )
    try:
        return corrections.record(transaction, accepted, now, lambda _: True).as_of
    finally:
        transaction.execute("DELETE FROM staging")


def chain(transaction: Transaction, number: int, *ids: str) -> None:
    """Store an event, and correct it to one id after the other."""
    rows = [staged(number, it) for it in ids]
    record(transaction, rows[0])
    for at, (old, new) in enumerate(pairwise(rows), 1):
        accept(transaction, [(old, new)], AT + at)


def test_a_charged_event_is_reversed_and_replaced(transaction: Transaction, number: int) -> None:
    old, new = staged(number, "a"), staged(number, "b", cost=5, user_id="ben", day=20240120)
    record(transaction, old)
    as_of = accept(transaction, [(old, new)])
    found = events.corrections_of(transaction, number, ["a", "b"])
    assert found == {"a": made(old, new, "back a")._replace(received_at=as_of)}
    assert events.corrections_by(transaction, number, ["a", "b"]) == {"b": found["a"]}
    stored = events.events(transaction, number, {"a": 20240115, "b": 20240120, "back a": 20240115})
    assert {it.id: it.cost for it in stored.values()} == {
        "a": old.cost,
        "b": 5,
        "back a": -old.cost,
    }
    assert list(events.reversals_of(transaction, number, ["a"])) == ["a"]
    assert corrections.find(transaction, number, "a") is None


def test_an_event_in_quarantine_is_replaced_and_kept_as_it_was(
    transaction: Transaction, number: int
) -> None:
    old, new = quarantined(number, "a"), staged(number, "b")
    record(transaction, old)
    waiting = corrections.waiting(transaction, number, ["a", "x", "a"])
    assert waiting == [("a", Waiting(AT, "no_price", "a test: no_price", '{"id":"x"}'))]
    accept(transaction, [(old, new)])
    assert quarantine.find(transaction, number, "a") is None
    assert quarantine.count(transaction, "default") == 0
    found = corrections.find(transaction, number, "a")
    assert found is not None
    assert found.id == "a"
    assert '{"id":"x"}' in found
    (record_of,) = events.corrections_of(transaction, number, ["a"]).values()
    assert record_of.reversal_id is None


def test_both_kinds_may_come_together(transaction: Transaction, number: int) -> None:
    other = organization(transaction, "org_2")
    charged, waits = staged(number, "a"), quarantined(number, "b")
    elsewhere = quarantined(other, "a", code="no_price_book")
    record(transaction, charged, waits, elsewhere)
    pairs = [
        (elsewhere, staged(other, "new a")),
        (waits, staged(number, "new b")),
        (charged, staged(number, "new a")),
    ]
    accept(transaction, pairs)
    assert sorted(events.corrections_of(transaction, number, ["a", "b"])) == ["a", "b"]
    assert sorted(events.corrections_of(transaction, other, ["a", "b"])) == ["a"]
    assert corrections.find(transaction, number, "a") is None
    assert corrections.find(transaction, number, "b") is not None
    assert corrections.find(transaction, other, "a") is not None
    assert quarantine.count(transaction, "default") == 0


def test_a_correction_to_an_event_without_a_price_waits(
    transaction: Transaction, number: int
) -> None:
    old, new = staged(number, "a"), quarantined(number, "b")
    record(transaction, old)
    accept(transaction, [(old, new)])
    assert quarantine.find(transaction, number, "b") is not None
    assert list(events.corrections_of(transaction, number, ["a"])) == ["a"]


def test_a_taken_id_ends_the_transaction(transaction: Transaction, number: int) -> None:
    old, taken = staged(number, "a"), staged(number, "b")
    record(transaction, old, taken)
    with pytest.raises(IdsTaken):
        accept(transaction, [(old, taken)])


@pytest.mark.parametrize("identity", "abcd")
def test_the_ends_of_a_chain_are_found_from_each_of_its_events(
    transaction: Transaction, number: int, identity: str
) -> None:
    chain(transaction, number, *"abcd")
    chain(transaction, number, "y", "z")
    chain(transaction, organization(transaction, "org_2"), "a", "d", "e")
    assert corrections.ends_of_chain(transaction, number, identity) == ("a", "d")


def test_an_event_that_was_not_corrected_is_a_chain_of_its_own(
    transaction: Transaction, number: int
) -> None:
    assert not corrections.has_any(transaction, number)
    assert corrections.ends_of_chain(transaction, number, "a") == ("a", "a")
    chain(transaction, number, "a", "b")
    assert corrections.has_any(transaction, number)
    assert not corrections.has_any(transaction, number + 1)


def test_what_an_event_has_replaced_in_quarantine_is_forgotten_with_it(
    transaction: Transaction, number: int
) -> None:
    rows = [quarantined(number, it) for it in ("a", "b", "c")]
    record(transaction, rows[0], quarantined(number, "x"))
    for at, (old, new) in enumerate(pairwise(rows), 1):
        accept(transaction, [(old, new)], AT + at)
    accept(transaction, [(quarantined(number, "x"), quarantined(number, "y"))], AT + 9)
    corrections.forget_replaced(transaction, number, ["c"])
    found = events.corrections_of(transaction, number, ["a", "b", "x"])
    assert list(found) == ["x"]
    keys = events.keys(transaction, number, ["a", "b", "c", "x", "y"])
    assert sorted(keys) == ["c", "x", "y"]


def test_many_corrections_are_stored_in_any_order(transaction: Transaction, number: int) -> None:
    other = organization(transaction, "org_2")
    old = [staged(it, f"{n}") for it in (other, number) for n in (2, 0, 1)]
    record(transaction, *old)
    accept(transaction, [(it, it._replace(id=f"new {it.id}")) for it in old])
    for it in (number, other):
        assert sorted(events.corrections_of(transaction, it, "012")) == ["0", "1", "2"]
