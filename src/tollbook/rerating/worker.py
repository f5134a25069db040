"""The thread of a server that executes runs, one after the other."""

import threading
from queue import SimpleQueue

import structlog

from tollbook.domain.errors import TollbookError
from tollbook.rerating.run_day import Clock, RunExecutor
from tollbook.store.database import Database

_STOPPED = "the server was stopped"
_log = structlog.get_logger()


class Worker:
    """Executes the runs that were begun or resumed here; an interrupted run can be resumed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: SimpleQueue[tuple[str, int] | None] = SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rerating")

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Finish the current day, mark the run as stopped, and end the thread."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join()

    def enqueue(self, tenant: str, number: int) -> None:
        """Execute a run after those before it."""
        self._waiting.put((tenant, number))

    def _run(self) -> None:
        while (run := self._waiting.get()) is not None:
            executor = RunExecutor(self._database, *run, self._clock, self._closing.wait)
            try:
                if self._closing.is_set():
                    executor.halt(_STOPPED)
                    continue
                self._execute(executor)
            except TollbookError as error:
                self._give_up(executor, run, error.sentence)
            except Exception:
                _log.exception("rerating_failed", tenant=run[0], run=run[1])
                self._give_up(executor, run, "something went wrong; the log says what")

    def _execute(self, executor: RunExecutor) -> None:
        for _ in executor.run_days():
            if self._closing.is_set():
                executor.halt(_STOPPED)
                return

    def _give_up(self, executor: RunExecutor, run: tuple[str, int], reason: str) -> None:
        """Mark a run as stopped; when that cannot be stored either, its status remains running."""
        try:
            executor.halt(reason)
        except TollbookError:
            _log.error("rerating_left", tenant=run[0], run=run[1], reason=reason)
