"""A streaming replica that answers reads while it follows its primary closely."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import structlog

from tollbook.domain.errors import StoreUnavailable, TollbookError
from tollbook.store.database import Database, Snapshot
from tollbook.store.error_translation import translate_errors

_EVERY = 0.5
"""Seconds between two comparisons; the lag is known to within these."""
_MOST_POSITIONS = 10_000
_log = structlog.get_logger()


class _Position(NamedTuple):
    """The place in the primary's log at an instant, by the clock of this process in seconds."""

    at: float
    place: int


class Replica:
    """A replica that is compared with its primary by a thread.

    Whatever the primary had committed when it was at a place of its log, the replica has once it
    has replayed up to that place: the lag is the age of the newest such place. This holds without
    clocks, also when nothing is written or the connection between the two is lost.
    """

    def __init__(
        self,
        database: Database,
        primary: Database,
        max_lag_seconds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database = database
        self._primary = primary
        self._max_lag_seconds = max_lag_seconds
        self._clock = clock
        self._ahead: deque[_Position] = deque(maxlen=_MOST_POSITIONS)
        self._replayed: float | None = None
        self._problem: str | None = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tollbook-replica", daemon=True)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, and close every connection to the replica."""
        self._closing.set()
        self._thread.join()
        self.database.close()

    @property
    def lag_seconds(self) -> float | None:
        """Return how many seconds of commits the replica may lack; None before it is known."""
        return None if self._replayed is None else max(0.0, self._clock() - self._replayed)

    @property
    def problem(self) -> str | None:
        """Return why the replica must not be read now; None if it may be."""
        if self._problem is not None:
            return self._problem or "not compared yet"
        lag = self.lag_seconds
        if lag is None or lag > self._max_lag_seconds:
            return f"more than {self._max_lag_seconds} seconds behind"
        return None

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """Read from one snapshot of the replica; raise `StoreUnavailable` when it must not be read.

        A replica that lacks a change of keys, organizations or prices must not be read: a revoked
        key would still be valid there. Nor may one that was promoted, which follows no primary.
        """
        if problem := self.problem:
            raise StoreUnavailable(f"the replica is not read: {problem}")
        with self.database.reading() as snapshot:
            if snapshot.replayed_at is None:
                raise StoreUnavailable("the replica is not read: it is no longer a standby")
            if snapshot.directory_token != self._primary.directory_token:
                raise StoreUnavailable("the replica is not read: its directory is another one")
            yield snapshot

    def look(self) -> None:
        """Compare the replica with its primary; log when reads move from one to the other."""
        before = self.problem
        try:
            with translate_errors():
                self._compare()
            self._problem = None
        except TollbookError as error:
            self._problem = error.sentence
        after = self.problem
        if after is None and before is not None:
            _log.info("replica_in_use", lag_seconds=self.lag_seconds)
        elif after is not None and before is None:
            _log.warning("replica_not_in_use", problem=after, effect="reads go to the primary")

    def _compare(self) -> None:
        at = self._clock()
        with self._primary.reading():
            pass  # which reads the token of its directory
        place = self._primary.engine.log_position()
        self._ahead.append(_Position(at, place))
        replayed = self.database.engine.log_position()
        while self._ahead and self._ahead[0].place <= replayed:
            self._replayed = self._ahead.popleft().at

    def _run(self) -> None:
        self.look()
        while not self._closing.wait(_EVERY):
            self.look()
