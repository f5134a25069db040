"""Hold submissions until the partition of their month exists, while the writer goes on."""

import threading
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import structlog

from tollbook.domain.errors import InternalError, MonthNotReady, TollbookError
from tollbook.store.database import Database

_PATIENCE = 30.0
_PAUSE = 0.2
_log = structlog.get_logger()
Item = TypeVar("Item")


class _Waits(NamedTuple, Generic[Item]):
    """A submission, the months it needs, and when it gives up."""

    item: Item
    months: set[int]
    give_up: float


class PartitionWaiter(Generic[Item]):
    """A thread that creates partitions, and then queues the submissions that waited for them.

    Creating a partition may have to wait for a lock. Other submissions are committed meanwhile.
    """

    def __init__(
        self,
        database: Database,
        put_back: Callable[[Item], None],
        turn_away: Callable[[Item, TollbookError], None],
    ) -> None:
        self._database = database
        self._put_back = put_back
        self._turn_away = turn_away
        self._waiting: list[_Waits[Item]] = []
        self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="tollbook-months")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Try once more, turn away the submissions that still wait, and end the thread."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join()

    def put(self, item: Item, months: set[int]) -> None:
        """Create the partitions of these months, and then queue the submission.

        After `close` this is tried once, before it returns.
        """
        waits = _Waits(item, months, time.monotonic() + _PATIENCE)
        with self._change:
            if not self._closing:
                self._waiting.append(waits)
                self._change.notify()
                return
        self._done(waits, set(), last=True)

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._closing:
                    self._change.wait()
                if not self._waiting:
                    return
                now, self._waiting = self._waiting, []
                last = self._closing
            busy: set[int] = set()
            still = [it for it in now if not self._done(it, busy, last=last)]
            if still:
                with self._change:
                    self._waiting = still + self._waiting
                    if not self._closing:
                        self._change.wait(_PAUSE)

    def _done(self, it: _Waits[Item], busy: set[int], *, last: bool) -> bool:
        """Try to create the partitions of a submission; return False when it must wait.

        `busy` holds the months whose partition could not be created in this turn.
        """
        try:
            ready = it.months.isdisjoint(busy) and self._database.try_to_ensure_partitions(
                it.months
            )
        except TollbookError as error:
            self._turn_away(it.item, error)
            return True
        except Exception:
            _log.exception("months_failed")
            self._turn_away(it.item, InternalError("something went wrong; nothing was stored"))
            return True
        if ready:
            self._put_back(it.item)
            return True
        busy |= it.months
        if last or time.monotonic() >= it.give_up:
            self._turn_away(it.item, MonthNotReady())
            return True
        return False
