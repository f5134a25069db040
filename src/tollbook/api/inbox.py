"""The border between the event loop, where requests wait, and the thread that commits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tollbook.domain.errors import TollbookError
from tollbook.ingest.catalogue import Catalogue
from tollbook.ingest.commit import Settled, Submission
from tollbook.ingest.queue import Delivery, Queue, Waiting
from tollbook.store.database import Database


@dataclass(frozen=True)
class _Awaited:
    submission: Submission
    future: asyncio.Future[Settled]


class Inbox:
    """Takes submissions from requests and wakes each when its transaction is on disk."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        clock: Callable[[], int],
        most_waiting: int,
        most_in_group: int,
    ) -> None:
        self._queue = Queue(database, catalogue, clock, self._deliver, most_waiting, most_in_group)
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the writer, which will report to this loop."""
        self._loop = loop
        self._queue.start()

    def close(self) -> None:
        """Commit what was taken, then stop the writer."""
        self._queue.close()

    async def settle(self, submission: Submission) -> Settled:
        """Wait until a submission is on disk; raise what kept it from getting there."""
        future: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._queue.put(_Awaited(submission, future))
        return await future

    def _deliver(self, deliveries: list[Delivery]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(_release, deliveries)


def _release(deliveries: list[Delivery]) -> None:
    for waiting, outcome in deliveries:
        future = _future_of(waiting)
        if future.done():  # the client has gone; what it sent is stored all the same
            continue
        if isinstance(outcome, TollbookError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _future_of(waiting: Waiting) -> asyncio.Future[Settled]:
    assert isinstance(waiting, _Awaited)  # noqa: S101  only `settle` fills the queue
    return waiting.future
