"""The worker of alerts: one thread that runs steps in turn while it holds the lease."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from tollbook.alerts.lease import Clock, Lease, LeaseLost, Monotonic
from tollbook.domain.errors import TollbookError
from tollbook.store.database import Database

_log = structlog.get_logger()
_TRY_AGAIN = 1.0
"""The seconds until a step that failed, or a lease that another process holds, is tried again."""


def _count_nothing(*_: object) -> None:
    """Count nothing."""


class WorkCounters(NamedTuple):
    """What is called to count: each notification by its type, and each look.

    A look has its length in seconds, and its end in microseconds since 1970.
    """

    notification: Callable[[str], object] = _count_nothing
    look: Callable[[float, int], object] = _count_nothing


NO_COUNTS = WorkCounters()


class Work(NamedTuple):
    """What each step is called with: where it reads, how it writes, and what time it is.

    A step writes with `lease.writing()` only. What it remembers is void when `lease.term` changes.
    `clock` returns microseconds since 1970.
    """

    lease: Lease
    database: Database
    clock: Clock
    counts: WorkCounters = NO_COUNTS


Step = Callable[[Work], float]
"""Does a part of its work; returns the seconds until it is due again, 0 when there is more."""


class Worker:
    """Runs its steps, each when it is due, as long as this process holds the lease.

    A step that fails is logged and tried again; the others go on.
    """

    def __init__(
        self, lease: Lease, work: Work, steps: Sequence[Step], monotonic: Monotonic = time.monotonic
    ) -> None:
        self._lease = lease
        self._work = work
        self._due = dict.fromkeys(steps, 0.0)
        self._monotonic = monotonic
        self._woken: set[Step] = set()
        self._is_waiting = False
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts")

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Finish the current step, release the lease, and end the thread."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def wake(self, step: Step) -> None:
        """Make a step due at once. Any thread may call this."""
        self._woken.add(step)
        self._wake.set()

    def run_round(self) -> float:
        """Run every step that is due; return the seconds until the next one is."""
        try:
            if not self._lease.hold():
                return _TRY_AGAIN
            for step in self._due:
                if self._closing.is_set():
                    break
                self._run_when_due(step)
        except LeaseLost:
            _log.warning("alerts_lease_lost")
            return _TRY_AGAIN
        except TollbookError as error:
            if not self._is_waiting:
                _log.warning("alerts_wait", error=error.sentence)
            self._is_waiting = True
            return _TRY_AGAIN
        self._is_waiting = False
        return max(0.0, min(self._due.values()) - self._monotonic())

    def _run_when_due(self, step: Step) -> None:
        if step in self._woken:
            self._woken.discard(step)
        elif self._monotonic() < self._due[step]:
            return
        self._due[step] = self._monotonic() + self._attempt(step)

    def _attempt(self, step: Step) -> float:
        try:
            return step(self._work)
        except LeaseLost:
            raise
        except TollbookError as error:
            _log.warning("alerts_step_waits", step=_name(step), error=error.sentence)
        except Exception:
            _log.exception("alerts_step_failed", step=_name(step))
        return _TRY_AGAIN

    def _run(self) -> None:
        while not self._closing.is_set():
            seconds = self.run_round()
            self._wake.wait(seconds)
            self._wake.clear()
        try:
            self._lease.release()
        except TollbookError as error:
            _log.warning("alerts_lease_left", error=error.sentence)


def _name(step: Step) -> str:
    return getattr(step, "__qualname__", type(step).__name__)
