"""One thread that works on the runs of a server, one after the other, until the server stops."""

import threading
from queue import SimpleQueue

import structlog

from tollbook.domain.errors import TollbookError
from tollbook.rerating.run_day import Clock, Work
from tollbook.store.database import Database

_STOPPED = "the server was stopped"
_log = structlog.get_logger()


class Worker:
    """Takes runs that were begun or resumed here; what it was at when it stops can be resumed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: SimpleQueue[tuple[str, int] | None] = SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="rerating")

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Finish the day it is at, mark the run as stopped, and end."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join()

    def take(self, tenant: str, number: int) -> None:
        """Work on a run as soon as those before it are done."""
        self._waiting.put((tenant, number))

    def _work(self) -> None:
        while (run := self._waiting.get()) is not None:
            work = Work(self._database, *run, self._clock, self._closing.wait)
            try:
                if self._closing.is_set():
                    work.halt(_STOPPED)
                    continue
                self._work_on(work)
            except TollbookError as error:
                self._give_up(work, run, error.sentence)
            except Exception:
                _log.exception("rerating_failed", tenant=run[0], run=run[1])
                self._give_up(work, run, "something went wrong; the log says what")

    def _work_on(self, work: Work) -> None:
        for _ in work.steps():
            if self._closing.is_set():
                work.halt(_STOPPED)
                return

    def _give_up(self, work: Work, run: tuple[str, int], reason: str) -> None:
        """Leave a run to be resumed; when even that cannot be written, it still says it runs."""
        try:
            work.halt(reason)
        except TollbookError:
            _log.error("rerating_left", tenant=run[0], run=run[1], reason=reason)
