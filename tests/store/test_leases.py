"""A lease has one holder until it ends, is released, or is taken over."""

import pytest

from tollbook.store import leases
from tollbook.store.database import Transaction

NAME = "alerts"


def take(transaction: Transaction, holder: str, now: int, until: int, name: str = NAME) -> bool:
    return leases.take(transaction, name, holder, now, until)


@pytest.mark.parametrize(("now", "is_over"), [(9, False), (10, False), (11, True)])
def test_a_lease_is_over_after_its_last_instant(
    transaction: Transaction, now: int, is_over: bool
) -> None:
    assert take(transaction, "a", 1, 10)
    assert take(transaction, "b", now, 30) == is_over
    assert leases.renew(transaction, NAME, "b", 40) == is_over
    assert leases.renew(transaction, NAME, "a", 40) != is_over


def test_its_holder_takes_a_lease_again_at_any_time(transaction: Transaction) -> None:
    assert take(transaction, "a", 1, 10)
    assert take(transaction, "a", 5, 20)
    assert not take(transaction, "b", 20, 30)
    assert take(transaction, "a", 25, 30)


def test_a_refused_holder_changes_nothing(transaction: Transaction) -> None:
    take(transaction, "a", 1, 10)
    assert not take(transaction, "b", 5, 1_000)
    assert take(transaction, "c", 11, 20)


def test_nobody_renews_a_lease_that_was_never_taken(transaction: Transaction) -> None:
    assert not leases.renew(transaction, NAME, "a", 10)
    assert take(transaction, "b", 1, 2)


def test_a_renewed_lease_lasts_until_its_new_end(transaction: Transaction) -> None:
    take(transaction, "a", 1, 10)
    assert leases.renew(transaction, NAME, "a", 20)
    assert not take(transaction, "b", 20, 30)
    assert take(transaction, "b", 21, 30)


def test_a_released_lease_is_free_at_once(transaction: Transaction) -> None:
    take(transaction, "a", 1, 10)
    leases.release(transaction, NAME, "a")
    assert take(transaction, "b", 2, 10)


def test_only_its_holder_releases_a_lease(transaction: Transaction) -> None:
    take(transaction, "a", 1, 10)
    leases.release(transaction, NAME, "b")
    assert not take(transaction, "b", 2, 10)


def test_leases_of_other_names_are_independent(transaction: Transaction) -> None:
    assert take(transaction, "a", 1, 10)
    assert take(transaction, "b", 1, 10, name="runs")
    leases.release(transaction, "runs", "b")
    assert not take(transaction, "b", 2, 10)
