"""Group commit: requests that arrive together share one transaction.

One thread commits all waiting submissions and then delivers their receipts. The next group gathers
during the commit, so groups grow with the load, and no submission waits for others. An idle writer
also prepares a large request itself: moving a thousand events between the memories of two cores
takes longer than preparing a quarter of them.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol, TypeVar

import structlog

from tollbook.domain.errors import (
    InternalError,
    NodeUnreachable,
    QueueFull,
    StoreUnavailable,
    TollbookError,
)
from tollbook.ingest.commit import BatchResult, commit
from tollbook.ingest.correction_submission import CorrectionSubmission
from tollbook.ingest.corrections import correct
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.partition_wait import PartitionWaiter
from tollbook.ingest.submit import Submission
from tollbook.store.database import Database

_log = structlog.get_logger()

Outcome = BatchResult | TollbookError
Delivery = tuple["Pending", Outcome]


class Committed(NamedTuple):
    """A transaction of the writer, which may have `failed`."""

    events: int
    seconds: float
    failed: bool


Observe = Callable[[Committed], None]


class Pending(Protocol):
    """A submission with the request that waits for it."""

    @property
    def submission(self) -> Submission | CorrectionSubmission:
        """Return the submission to commit."""
        ...

    def prepare(self) -> None:
        """Build the submission, if it came to `put_if_idle` without one."""
        ...


_Pending = TypeVar("_Pending", bound=Pending)


class GroupCommitter:
    """The bounded queue in front of the one writer of this process."""

    def __init__(
        self,
        database: Database,
        directory_cache: DirectoryCache,
        clock: Callable[[], int],
        deliver: Callable[[list[Delivery]], None],
        most_waiting: int,
        most_in_group: int,
        observe: Observe = lambda _committed: None,
    ) -> None:
        self._observe = observe
        self._database = database
        self._directory_cache = directory_cache
        self._clock = clock
        self._deliver = deliver
        self._most_waiting = most_waiting
        self._most_in_group = most_in_group
        self._waiting: deque[Pending] = deque()
        self._events_waiting = 0
        self._lone: Pending | None = None
        self._busy = False
        self._busy_since = 0.0
        self._committed_at = self._failed_at = float("-inf")
        self._closing = False
        self._change = threading.Condition()
        self._partition_waiter: PartitionWaiter[Pending] = PartitionWaiter(
            database, self._put_back, self._turn_away
        )
        self._thread = threading.Thread(target=self._run, name="tollbook-writer")

    def start(self) -> None:
        """Start the writer."""
        self._partition_waiter.start()
        self._thread.start()

    def close(self) -> None:
        """Finish what was accepted, then stop the writer."""
        self._partition_waiter.close()
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join()

    def put(self, waiting: Pending) -> None:
        """Queue a submission, or raise `QueueFull` and store none of it.

        An empty queue accepts a submission of any size.
        """
        if self.put_all((waiting,)):
            raise QueueFull("the write queue is full; nothing was stored, try again soon")

    def put_all(self, waiting: Sequence[_Pending]) -> Sequence[_Pending]:
        """Queue submissions in order; return the rest, which begins where there is no room."""
        if not waiting:
            return ()
        with self._change:
            for index, it in enumerate(waiting):
                count = it.submission.size
                too_many = self._waiting and self._events_waiting + count > self._most_waiting
                if self._closing or too_many:
                    return waiting[index:]
                self._waiting.append(it)
                self._events_waiting += count
            self._change.notify()
        return ()

    def put_if_idle(self, waiting: Pending) -> bool:
        """Have the writer prepare a submission and commit it; False when it has other work."""
        with self._change:
            if self._closing or self._busy or self._waiting or self._lone:
                return False
            self._lone = waiting
            self._change.notify()
            return True

    @property
    def events_waiting(self) -> int:
        """Count the events that wait for the writer."""
        return self._events_waiting

    def is_alive(self) -> bool:
        """Return whether the writer runs."""
        return self._thread.is_alive()

    def busy_for(self) -> float:
        """Return for how many seconds the writer has been busy; 0 when it is idle."""
        with self._change:
            return time.monotonic() - self._busy_since if self._busy else 0.0

    def committed_within(self, seconds: float) -> bool | None:
        """Return whether the last commit within some seconds succeeded; None without a commit."""
        last = max(self._committed_at, self._failed_at)
        if time.monotonic() - last > seconds:
            return None
        return self._committed_at > self._failed_at

    def _run(self) -> None:
        while group := self._next_group():
            refused = self._prepare(group[0])
            if refused:
                self._deliver(refused)
            elif ready := self._with_room(group):
                self._deliver(self._commit(ready))

    def _with_room(self, group: list[Pending]) -> list[Pending]:
        """Return submissions whose partitions exist; set the others aside until theirs do."""
        lacks = self._database.engine.lacks_partitions
        if not lacks(_months_of(group)):
            return group
        ready: list[Pending] = []
        for waiting in group:
            months = set(waiting.submission.months())
            if lacks(months):
                self._set_aside(waiting, months)
            else:
                ready.append(waiting)
        return ready

    def _set_aside(self, waiting: Pending, months: set[int]) -> None:
        with self._change:
            self._events_waiting += waiting.submission.size
        self._partition_waiter.put(waiting, months)

    def _put_back(self, waiting: Pending) -> None:
        """Queue a submission again whose partitions exist now; its events are already counted."""
        with self._change:
            self._waiting.append(waiting)
            self._change.notify()

    def _turn_away(self, waiting: Pending, error: TollbookError) -> None:
        with self._change:
            self._events_waiting -= waiting.submission.size
        self._deliver([(waiting, error)])

    def _prepare(self, waiting: Pending) -> list[Delivery]:
        """Prepare a submission; return the delivery of the error if that fails."""
        try:
            waiting.prepare()
        except TollbookError as error:
            return [(waiting, error)]
        except Exception:
            _log.exception("preparation_failed")
            return [(waiting, InternalError("something went wrong; nothing was stored"))]
        return []

    def _next_group(self) -> list[Pending]:
        with self._change:
            self._busy = False
            while not self._waiting and not self._lone and not self._closing:
                self._change.wait()
            self._busy = True
            self._busy_since = time.monotonic()
            if self._lone:
                lone, self._lone = self._lone, None
                return [lone]
            group: list[Pending] = []
            events = 0
            kind = type(self._waiting[0].submission) if self._waiting else None
            while self._waiting:
                submission = self._waiting[0].submission
                events += submission.size
                if type(submission) is not kind:
                    break
                if group and (submission.atomic or events > self._most_in_group):
                    break
                group.append(self._waiting.popleft())
                self._events_waiting -= submission.size
                if submission.atomic:
                    break
            return group

    def _commit(self, group: list[Pending]) -> list[Delivery]:
        start = time.monotonic()
        deliveries = self._deliveries(group)
        end = time.monotonic()
        failed = all(isinstance(it, StoreUnavailable | InternalError) for _, it in deliveries)
        if failed:
            self._failed_at = end
        else:
            self._committed_at = end
        events = sum(waiting.submission.size for waiting in group)
        self._observe(Committed(events, end - start, failed))
        return deliveries

    def _deliveries(self, group: list[Pending]) -> list[Delivery]:
        try:
            results = self._store([waiting.submission for waiting in group])
        except NodeUnreachable as error:
            if len(group) == 1:
                return [(group[0], error)]
            # Organizations on the other nodes of a cluster must not share the refusal.
            return list(chain.from_iterable(self._deliveries([waiting]) for waiting in group))
        except TollbookError as error:
            return [(waiting, error) for waiting in group]
        except Exception:
            _log.exception("commit_failed")
            # The defect may have come after the commit.
            defect = InternalError("something went wrong; the events may have been stored")
            return [(waiting, defect) for waiting in group]
        return list(zip(group, results, strict=True))

    def _store(self, submissions: Sequence[Submission | CorrectionSubmission]) -> Sequence[Outcome]:
        """Store submissions of one kind in one transaction."""
        corrections = [it for it in submissions if isinstance(it, CorrectionSubmission)]
        if corrections:
            return correct(self._database, self._directory_cache, corrections, self._clock())
        events = [it for it in submissions if isinstance(it, Submission)]
        return commit(self._database, self._directory_cache, events, self._clock())


def _months_of(group: Sequence[Pending]) -> Iterator[int]:
    return chain.from_iterable(waiting.submission.months() for waiting in group)
