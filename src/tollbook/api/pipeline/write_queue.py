"""The queue from the event loop, where requests wait, to the thread that commits."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from tollbook.domain.errors import TollbookError
from tollbook.ingest.commit import BatchResult
from tollbook.ingest.correction_submission import CorrectionSubmission
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.group_commit import Delivery, GroupCommitter, Observe, Outcome, Pending
from tollbook.ingest.submit import Submission
from tollbook.store.database import Database

Writes = Submission | CorrectionSubmission
Prepare = Callable[[], Writes]


class WaitingSubmission(Pending, Protocol):
    """A submission, and what waits for its outcome."""

    def release(self, outcome: Outcome) -> None:
        """Go on with the outcome, on the event loop."""
        ...


_Waiting = TypeVar("_Waiting", bound=WaitingSubmission)


@dataclass
class _Awaited:
    """A submission, or how to make it, and the request that waits."""

    future: asyncio.Future[BatchResult]
    ready: Writes | None = None
    how: Prepare | None = None

    @property
    def submission(self) -> Writes:
        assert self.ready is not None  # noqa: S101  the queue prepares before it looks
        return self.ready

    def prepare(self) -> None:
        if self.how is not None and self.ready is None:
            self.ready = self.how()

    def release(self, outcome: Outcome) -> None:
        if self.future.done():  # the client has disconnected; its events are stored all the same
            return
        if isinstance(outcome, TollbookError):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class WriteQueue:
    """Queues submissions of requests, and wakes each request when its transaction is on disk."""

    def __init__(
        self,
        database: Database,
        directory_cache: DirectoryCache,
        clock: Callable[[], int],
        most_waiting: int,
        most_in_group: int,
        observe: Observe = lambda _committed: None,
    ) -> None:
        self.queue = GroupCommitter(
            database=database,
            directory_cache=directory_cache,
            clock=clock,
            deliver=self._deliver,
            most_waiting=most_waiting,
            most_in_group=most_in_group,
            observe=observe,
        )
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the writer, which will report to this loop."""
        self._loop = loop
        self.queue.start()

    def close(self) -> None:
        """Commit the queued submissions, then stop the writer."""
        self.queue.close()

    async def settle(self, submission: Writes) -> BatchResult:
        """Wait until a submission is on disk, or raise the error that prevented it."""
        future: asyncio.Future[BatchResult] = asyncio.get_running_loop().create_future()
        self.queue.put(_Awaited(future, submission))
        return await future

    def put_all(self, waiting: Sequence[_Waiting]) -> Sequence[_Waiting]:
        """Queue submissions, which are released later; return those for which there is no room."""
        return self.queue.put_all(waiting)

    async def prepare_and_settle(self, prepare: Prepare, limiter: CapacityLimiter) -> BatchResult:
        """Wait until what `prepare` returns is on disk; an idle writer calls `prepare` itself."""
        future: asyncio.Future[BatchResult] = asyncio.get_running_loop().create_future()
        if self.queue.put_if_idle(_Awaited(future, how=prepare)):
            return await future
        return await self.settle(await run_sync(prepare, limiter=limiter))

    def _deliver(self, deliveries: list[Delivery]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(_release, deliveries)


def _release(deliveries: list[Delivery]) -> None:
    for pending, outcome in deliveries:
        waiting: WaitingSubmission = pending  # type: ignore[assignment]  # nothing else fills the queue
        waiting.release(outcome)
