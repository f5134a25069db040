"""Regular maintenance of the database by a server."""

import threading
from collections.abc import Callable, Iterator

import structlog

from tollbook.api.operation.created_tokens import CreatedTokens
from tollbook.domain.errors import TollbookError
from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number, months_after
from tollbook.lifecycle.close_days import close_days, deadline
from tollbook.lifecycle.pending_erasures import finish_erasures
from tollbook.store.database import Database
from tollbook.store.probe import clock_difference, is_standby

_EVERY = 30.0
"""The seconds between two looks."""
_MONTHS_AHEAD = 2
_MOST_CLOSING = 10.0
"""The seconds that a look may spend on the columns of closed days."""
_log = structlog.get_logger()


class Maintenance:
    """A thread that creates partitions of months before their events arrive, closes idle
    connections, finishes erasures, and builds the columns of days that have ended.

    It also logs the viewer tokens that were created, and a clock that is wrong by more than
    `max_clock_seconds`. It looks half a minute after the last look, and then repeats what failed.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        max_clock_seconds: int,
        created_tokens: CreatedTokens,
    ) -> None:
        self._database = database
        self._clock = clock
        self._max_clock_seconds = max_clock_seconds
        self._created_tokens = created_tokens
        self._clock_was_wrong = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tollbook-upkeep", daemon=True)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, after what it still has to log."""
        self._closing.set()
        self._thread.join()
        self._created_tokens.write(self._clock(), every=True)

    def look(self) -> None:
        """Do the maintenance that is due."""
        try:
            months = set(months_ahead(self._clock()))
            if self._database.engine.lacks_partitions(months) and not is_standby(self._database):
                self._database.try_to_ensure_partitions(months)
            self._database.engine.upkeep()
            if not is_standby(self._database):
                finish_erasures(self._database, self._clock())
            self._look_at_clock()
            self._created_tokens.write(self._clock())
            if not is_standby(self._database):
                self._close_days()
        except TollbookError as error:
            _log.warning("upkeep_failed", code=error.code)

    def _close_days(self) -> None:
        is_over = deadline(_MOST_CLOSING)
        close_days(self._database, self._clock(), lambda: self._closing.is_set() or is_over())

    def _look_at_clock(self) -> None:
        ahead = clock_difference(self._database, self._clock())
        wrong = abs(ahead) > self._max_clock_seconds
        if wrong and not self._clock_was_wrong:
            _log.warning("clock_wrong", seconds_ahead=ahead)
        self._clock_was_wrong = wrong

    def _run(self) -> None:
        self.look()
        while not self._closing.wait(_EVERY):
            self.look()


def months_ahead(now: int) -> Iterator[int]:
    """Return the current month and the next two, as numbers such as 202401."""
    today = instant_of(now).date()
    for later in range(_MONTHS_AHEAD + 1):
        yield day_number(months_after(today, later)) // 100
