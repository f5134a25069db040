"""Responses of any length, which are read, written and sent piece by piece.

A thread reads from one snapshot and writes; the event loop sends. A few pieces may wait between
them, so a slow client slows the reading, and one that disconnects ends it. A snapshot prevents the
database from reclaiming space, so it is closed after a time; the file then ends with an error in
its own form, and the response without its last chunk.
"""

import asyncio
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from functools import partial
from time import monotonic
from typing import NamedTuple

import structlog
from anyio import CapacityLimiter, create_task_group
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tollbook.api.pipeline.responses import error_response
from tollbook.api.pipeline.shared_budget import Owner, SharedBudget
from tollbook.domain.errors import InternalError, TollbookError
from tollbook.domain.limit_errors import ExportExpired, TooManyExports
from tollbook.store.database import Database, Snapshot

_MOST_WAITING = 4
_LEAST_SENT = 64 * 1024

_log = structlog.get_logger()
Write = Callable[[Snapshot], Iterator[bytes]]
End = Callable[[TollbookError], bytes]


class Exports:
    """The exports of a server: how many there may be at once, and how long each may take."""

    def __init__(self, most: int, most_seconds: float, refused: Callable[[str], None]) -> None:
        self.most_seconds = most_seconds
        self.slots = SharedBudget(most, "exports", TooManyExports)
        self.threads = CapacityLimiter(most)
        self.refused = refused
        """Counts a refusal by its code."""


class ExportFile(NamedTuple):
    """A file: how to write it from a snapshot, and how it ends after an error."""

    write: Write
    end: End
    media_type: str


class _Gone(Exception):
    """The client has disconnected."""


class _Handover:
    """A bounded queue from the thread that writes to the loop that sends."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._room = threading.Semaphore(_MOST_WAITING)
        self._stopped = False

    def put(self, piece: bytes, until: float) -> None:
        """Add a piece, and wait while the queue is full; called in the thread."""
        left = until - monotonic()
        if left <= 0 or not self._room.acquire(timeout=left):
            raise ExportExpired
        if self._stopped:
            raise _Gone
        self._loop.call_soon_threadsafe(self._ready.put_nowait, piece)

    def end(self, error: Exception | None = None) -> None:
        """Mark the end, with its error if any; called in the thread."""
        self._loop.call_soon_threadsafe(self._ready.put_nowait, error)

    async def get(self) -> bytes | None:
        """Return the next piece, None after the last; raise the error that ended the rest."""
        taken = await self._ready.get()
        self._room.release()
        if isinstance(taken, Exception):
            raise taken
        return taken

    def stop(self) -> None:
        """Make the thread end at its next piece."""
        self._stopped = True
        self._room.release()


class Streamed(Response):
    """A streamed response: an error before its first piece is sent as an error.

    After a later error the file ends with it, and the response is cut off, so that every client
    sees that it is incomplete. Raise `TooManyExports` when its owner has no share left.
    """

    def __init__(
        self,
        database: Database,
        exports: Exports,
        owner: Owner,
        file: ExportFile,
        headers: Mapping[str, str],
    ) -> None:
        exports.slots.require(owner, 1)
        super().__init__(None, 200, headers, file.media_type)
        del self.headers["content-length"]
        self._database = database
        self._exports = exports
        self._owner = owner
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; return when it is sent or the client has disconnected."""
        if scope["method"] == "HEAD":
            await self._start(send)
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            self._exports.slots.reserve(self._owner, 1)
        except TooManyExports as error:
            await error_response(error)(scope, receive, send)
            return
        try:
            await self._stream(scope, receive, send)
        finally:
            self._exports.slots.release(self._owner, 1)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        handover, threads = _Handover(), self._exports.threads
        async with create_task_group() as group:
            group.start_soon(partial(run_sync, self._produce, handover, limiter=threads))
            group.start_soon(_watch, receive, group.cancel_scope.cancel)
            try:
                await self._send_all(handover, scope, receive, send)
            finally:
                handover.stop()
                group.cancel_scope.cancel()

    def _produce(self, handover: _Handover) -> None:
        """Read and write in a thread, and always mark the end for the loop."""
        try:
            with (
                self._database.streaming() as snapshot,
                closing(_join(self._file.write(snapshot))) as it,
            ):
                until = monotonic() + self._exports.most_seconds
                for piece in it:
                    handover.put(piece, until)
        except _Gone:
            handover.end(InternalError("the client has disconnected"))
        except ExportExpired as error:
            self._exports.refused(error.code)
            handover.end(error)
        except TollbookError as error:
            handover.end(error)
        except Exception:
            _log.exception("stream_failed")
            handover.end(InternalError("something went wrong; the log says what"))
        else:
            handover.end()

    async def _send_all(
        self, handover: _Handover, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            piece = await handover.get()
        except TollbookError as error:
            await error_response(error)(scope, receive, send)
            return
        await self._start(send)
        try:
            while piece is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await handover.get()
        except TollbookError as error:
            last = self._file.end(error)
            await send({"type": "http.response.body", "body": last, "more_body": True})
            return  # without the last chunk: the server closes the connection
        await send({"type": "http.response.body", "body": b""})

    async def _start(self, send: Send) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(head)


async def _watch(receive: Receive, stop: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stop()


def _join(pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Join small pieces: each costs a turn of the loop."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _LEAST_SENT:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    yield b"".join(waiting)
