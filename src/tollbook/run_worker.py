"""A thread of a server that executes runs, a step of each in turn."""

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol, TypeVar

import structlog

from tollbook.domain.errors import TollbookError

_STOPPED = "the server was stopped"
_log = structlog.get_logger()
Pause = Callable[[float], object]
_Result = TypeVar("_Result")


class Throttle(NamedTuple):
    """How many seconds a run works before it pauses, and for how many it pauses then.

    SQLite has one writer at a time, and a waiting one tries again every tenth of a second.
    """

    works_for: float
    pauses_for: float = 0.1


def throttled(
    step: Callable[[], _Result | None], throttle: Throttle, pause: Pause
) -> Iterator[_Result]:
    """Yield the results of a step until there is none. Others can write in between."""
    worked = 0.0
    while True:
        start = time.monotonic()
        result = step()
        worked += time.monotonic() - start
        if result is None:
            return
        yield result
        if worked > throttle.works_for:
            pause(throttle.pauses_for)
            worked = 0.0


class Executor(Protocol):
    """What executes one run."""

    def steps(self) -> Iterator[object]:
        """Execute step by step, each in a transaction of its own."""
        ...

    def halt(self, reason: str) -> None:
        """Mark the run as stopped, with the reason."""
        ...


class RunName(NamedTuple):
    """A run of a tenant."""

    tenant: str
    number: int


class _Active(NamedTuple):
    executor: Executor
    steps: Iterator[object]


class RunWorker:
    """Executes the runs that were begun or resumed here; an interrupted run can be resumed.

    `executor_of` returns what executes a run of a tenant; it pauses by the function it is given,
    which returns at once when the server stops. No run waits for the end of another.
    """

    def __init__(self, kind: str, executor_of: Callable[[str, int, Pause], Executor]) -> None:
        self._kind = kind
        self._executor_of = executor_of
        self._waiting: SimpleQueue[RunName | None] = SimpleQueue()
        self._closing = threading.Event()
        self._active: dict[RunName, _Active] = {}
        self._thread = threading.Thread(target=self._run, name=kind)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Finish the current step, mark the runs as stopped, and end the thread."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join()

    def enqueue(self, tenant: str, number: int) -> None:
        """Execute a run, in addition to those in progress."""
        self._waiting.put(RunName(tenant, number))

    def _run(self) -> None:
        while self._take_up():
            for name in list(self._active):
                if self._closing.is_set():
                    break
                self._work(name, self._step)
        for name in list(self._active):
            self._work(name, self._stop)

    def _take_up(self) -> bool:
        """Take up the runs that wait; False when the server stops."""
        while True:
            try:
                name = self._waiting.get(block=not self._active)
            except Empty:
                return True
            if name is None:
                self._take_up_rest()
                return False
            if name not in self._active:
                executor = self._executor_of(*name, self._closing.wait)
                self._active[name] = _Active(executor, executor.steps())

    def _take_up_rest(self) -> None:
        """Take up the runs that are to be marked as stopped."""
        while not self._waiting.empty():
            name = self._waiting.get()
            if name is not None:
                executor = self._executor_of(*name, self._closing.wait)
                self._active.setdefault(name, _Active(executor, executor.steps()))

    def _work(self, name: RunName, act: Callable[[RunName], None]) -> None:
        try:
            act(name)
        except TollbookError as error:
            self._give_up(name, error.sentence)
        except Exception:
            _log.exception(f"{self._kind}_failed", tenant=name.tenant, run=name.number)
            self._give_up(name, "something went wrong; the log says what")

    def _step(self, name: RunName) -> None:
        if next(self._active[name].steps, None) is None:
            del self._active[name]

    def _stop(self, name: RunName) -> None:
        self._active[name].executor.halt(_STOPPED)

    def _give_up(self, name: RunName, reason: str) -> None:
        """Mark a run as stopped; when that cannot be stored either, its status remains running."""
        active = self._active.pop(name)
        try:
            active.executor.halt(reason)
        except TollbookError:
            _log.error(f"{self._kind}_left", tenant=name.tenant, run=name.number, reason=reason)
