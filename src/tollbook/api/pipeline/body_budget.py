"""The memory that bodies of requests take, all together, and its bound.

A body is held from its first byte until the request is answered: while it arrives, while it waits
for the decoder, and while what is in it waits for the writer. So this bounds what is in the queue
too, however large its events are.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from tollbook.domain.errors import QueueFull

LARGE = 64 * 1024
"""What is not counted of each body, so that small requests come in beside large ones."""

_ROOM = "tollbook.room"


class BodyBudget:
    """What all requests hold. Each counts what is beyond the first 64 KiB of it."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._lock = threading.Lock()

    @contextmanager
    def room_for(self, request: Request) -> Iterator[None]:
        """Let a request hold a body until it is answered."""
        room = request.scope[_ROOM] = BodyReservation(self)
        try:
            yield
        finally:
            self._give_back(room.counted)

    def take(self, size: int, own: int) -> None:
        """Hold so much more beside a request's own, or raise `QueueFull`; alone it may be any."""
        with self._lock:
            if self._held > own and self._held + size > self._most:
                raise QueueFull("too many large requests at once; nothing was taken, try again")
            self._held += size

    def _give_back(self, size: int) -> None:
        with self._lock:
            self._held -= size

    @property
    def held(self) -> int:
        """Give how much is held."""
        return self._held


class BodyReservation:
    """What one request holds."""

    def __init__(self, bodies: BodyBudget) -> None:
        self.counted = 0
        self._bodies = bodies
        self._size = 0

    def take(self, size: int) -> None:
        """Hold so many more bytes, or raise `QueueFull`."""
        more = max(0, self._size + size - LARGE) - self.counted
        if more:
            self._bodies.take(more, self.counted)
            self.counted += more
        self._size += size


def room_of(request: Request) -> BodyReservation:
    """Give what a request may hold."""
    found: BodyReservation = request.scope[_ROOM]
    return found
