"""Erasures that are not finished, by tenant, organization and user."""

import pytest

from tests.store.directories import AT, organization
from tollbook.store import pending_erasures
from tollbook.store.database import Database, Transaction
from tollbook.store.pending_erasures import PendingErasure


@pytest.fixture
def erasure(transaction: Transaction) -> PendingErasure:
    number = organization(transaction, "org_1", "a")
    made = PendingErasure("a", number, "org_1", "ann", "tb_1", AT)
    pending_erasures.add(transaction, made)
    return made


def test_a_pending_erasure_comes_back_with_its_organization(
    transaction: Transaction, erasure: PendingErasure
) -> None:
    assert pending_erasures.of_tenant(transaction, "a") == [erasure]
    assert pending_erasures.every(transaction) == [erasure]
    assert pending_erasures.of_tenant(transaction, "b") == []


def test_erasing_again_replaces_the_record(
    transaction: Transaction, erasure: PendingErasure
) -> None:
    again = erasure._replace(key_prefix="tb_2", erased_at=AT + 1)
    pending_erasures.add(transaction, again)
    assert pending_erasures.every(transaction) == [again]
    assert not pending_erasures.finish(transaction, erasure)
    assert pending_erasures.every(transaction) == [again]
    assert pending_erasures.finish(transaction, again)
    assert pending_erasures.every(transaction) == []
    assert not pending_erasures.finish(transaction, again)


def test_an_erasure_is_of_one_user_of_one_organization(
    transaction: Transaction, erasure: PendingErasure
) -> None:
    second = organization(transaction, "org_1", "b")
    others = [
        erasure._replace(user="ben"),
        PendingErasure("b", second, "org_1", "ann", "tb_1", AT),
    ]
    for it in others:
        pending_erasures.add(transaction, it)
    assert sorted(pending_erasures.every(transaction)) == sorted([erasure, *others])
    assert sorted(pending_erasures.of_tenant(transaction, "a")) == sorted([erasure, others[0]])
    assert pending_erasures.finish(transaction, erasure)
    assert sorted(pending_erasures.every(transaction)) == sorted(others)


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, True), ({"tenant": "b"}, False), ({"number": 0}, False), ({"user": "Ann"}, False)],
)
def test_an_erasure_is_pending_for_exactly_one_person(
    transaction: Transaction,
    erasure: PendingErasure,
    change: dict[str, object],
    expected: bool,
) -> None:
    tenant, number, _, user, *_ = erasure._replace(**change)
    assert pending_erasures.is_pending(transaction, tenant, number, user) == expected


def test_no_erasure_is_pending_in_an_empty_database(kept_sqlite: Database) -> None:
    assert pending_erasures.count_all(kept_sqlite) == 0
