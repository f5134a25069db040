"""One process at a time holds the lease of the alerts."""

import threading

import pytest

from tollbook.alerts.lease import RENEWED_AFTER, SECONDS, Lease, LeaseLost
from tollbook.store.database import Database
from tollbook.wiring import now


class Clocks:
    """A clock of the machine and one that is never set back, both moved by the test."""

    def __init__(self) -> None:
        self.passed = 0.0

    def instant(self) -> int:
        return now() + int(self.passed * 1_000_000)

    def monotonic(self) -> float:
        return 1_000 + self.passed


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def lease_of(database: Database, clocks: Clocks) -> Lease:
    return Lease(database, clocks.instant, clocks.monotonic)


def test_only_one_process_holds_it(database: Database, clocks: Clocks) -> None:
    first, second = lease_of(database, clocks), lease_of(database, clocks)
    assert (first.hold(), second.hold()) == (True, False)
    assert (first.is_held, second.is_held) == (True, False)


def test_it_is_taken_over_when_it_is_not_renewed(database: Database, clocks: Clocks) -> None:
    first, second = lease_of(database, clocks), lease_of(database, clocks)
    first.hold()
    clocks.passed = SECONDS + 1
    assert not first.is_held
    assert second.hold()
    with pytest.raises(LeaseLost), first.writing():
        pytest.fail("nothing may be written")


def test_a_renewed_lease_is_not_taken_over(database: Database, clocks: Clocks) -> None:
    first, second = lease_of(database, clocks), lease_of(database, clocks)
    for passed in range(0, 30, RENEWED_AFTER):
        clocks.passed = passed
        assert (first.hold(), second.hold()) == (True, False)
    assert first.term == 1


def test_a_transaction_renews_it(database: Database, clocks: Clocks) -> None:
    first, second = lease_of(database, clocks), lease_of(database, clocks)
    first.hold()
    clocks.passed = SECONDS - 1
    with first.writing():
        pass
    clocks.passed = SECONDS + 1
    assert (first.is_held, second.hold()) == (True, False)


def test_a_released_lease_is_free_at_once(database: Database, clocks: Clocks) -> None:
    first, second = lease_of(database, clocks), lease_of(database, clocks)
    first.hold()
    first.release()
    assert (first.is_held, second.hold(), first.hold()) == (False, True, False)


def test_what_was_remembered_is_void_after_it_was_lost(database: Database, clocks: Clocks) -> None:
    first, second = lease_of(database, clocks), lease_of(database, clocks)
    first.hold()
    clocks.passed = SECONDS + 1
    second.hold()
    second.release()
    assert first.hold()
    assert first.term == 2


def test_nobody_takes_over_during_a_transaction(database: Database, clocks: Clocks) -> None:
    first, second = lease_of(database, clocks), lease_of(database, clocks)
    first.hold()
    taken: list[bool] = []
    with first.writing():
        clocks.passed = SECONDS - 1
        other = threading.Thread(target=lambda: taken.append(second.hold()))
        other.start()
    other.join()
    assert taken == [False]
