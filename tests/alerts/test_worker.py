"""The worker runs each step when it is due, while its process holds the lease."""

import threading

from tests.waiting import PATIENCE
from tollbook.alerts.lease import Lease, LeaseLost
from tollbook.alerts.worker import Step, Work, Worker
from tollbook.domain.errors import InvalidRequest
from tollbook.store.database import Database
from tollbook.wiring import now


class Passed:
    """Seconds that the test lets pass."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def worker_of(database: Database, steps: list[Step], passed: Passed) -> Worker:
    lease = Lease(database, now, passed)
    return Worker(lease, Work(lease, database, now), steps, passed)


def test_a_step_runs_when_it_is_due(database: Database) -> None:
    passed, calls = Passed(), list[float]()

    def step(work: Work) -> float:
        calls.append(passed.seconds)
        return 2.0

    worker = worker_of(database, [step], passed)
    assert worker.run_round() == 2.0
    passed.seconds = 101.0
    assert worker.run_round() == 1.0
    passed.seconds = 102.0
    worker.run_round()
    assert calls == [100.0, 102.0]


def test_a_step_that_is_woken_runs_at_once(database: Database) -> None:
    calls: list[str] = []

    def slow(work: Work) -> float:
        calls.append("slow")
        return 60.0

    def other(work: Work) -> float:
        calls.append("other")
        return 60.0

    worker = worker_of(database, [slow, other], Passed())
    worker.run_round()
    worker.wake(other)
    worker.run_round()
    assert calls == ["slow", "other", "other"]


def test_a_step_that_fails_does_not_stop_the_others(database: Database) -> None:
    calls: list[str] = []

    def broken(work: Work) -> float:
        raise ValueError("broken")

    def refused(work: Work) -> float:
        raise InvalidRequest("refused")

    def sound(work: Work) -> float:
        calls.append("sound")
        return 5.0

    assert worker_of(database, [broken, refused, sound], Passed()).run_round() == 1.0
    assert calls == ["sound"]


def test_nothing_runs_without_the_lease(database: Database) -> None:
    Lease(database, now).hold()
    calls: list[str] = []
    assert worker_of(database, [lambda work: calls.append("ran") or 0.0], Passed()).run_round() == 1
    assert calls == []


def test_a_lost_lease_ends_the_round(database: Database) -> None:
    calls: list[str] = []

    def losing(work: Work) -> float:
        raise LeaseLost("lost")

    worker_of(database, [losing, lambda work: calls.append("ran") or 0.0], Passed()).run_round()
    assert calls == []


def test_the_lease_is_free_after_the_thread_has_ended(database: Database) -> None:
    ran = threading.Event()

    def step(work: Work) -> float:
        ran.set()
        return 60.0

    lease = Lease(database, now)
    worker = Worker(lease, Work(lease, database, now), [step])
    worker.open()
    assert ran.wait(PATIENCE)
    worker.close()
    assert Lease(database, now).hold()
