"""The memory for the bodies of all requests in flight, and its limit.

A body is counted from its first byte until the request is answered: while it arrives, while it
waits for the decoder, and while its events wait for the writer. So this limits the write queue
too, however large its events are.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from tollbook.domain.errors import QueueFull

LARGE = 64 * 1024
"""The first bytes of each body are not counted, so that small requests pass large ones."""

_RESERVATION = "tollbook.body_reservation"


class BodyBudget:
    """The bytes of all bodies in flight, excluding the first 64 KiB of each."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._reserved = 0
        self._lock = threading.Lock()

    @contextmanager
    def reserve_for(self, request: Request) -> Iterator[None]:
        """Reserve memory for the body of a request until it is answered."""
        reservation = request.scope[_RESERVATION] = BodyReservation(self)
        try:
            yield
        finally:
            self._release(reservation.counted)

    def reserve(self, size: int, own: int) -> None:
        """Reserve more for a request that has `own` bytes, or raise `QueueFull`.

        A request that is alone may have any size.
        """
        with self._lock:
            if self._reserved > own and self._reserved + size > self._most:
                raise QueueFull("too many large requests at once; nothing was taken, try again")
            self._reserved += size

    def _release(self, size: int) -> None:
        with self._lock:
            self._reserved -= size

    @property
    def reserved(self) -> int:
        """Return how many bytes are reserved."""
        return self._reserved


class BodyReservation:
    """The part of the budget that one request has."""

    def __init__(self, budget: BodyBudget) -> None:
        self.counted = 0
        self._budget = budget
        self._size = 0

    def reserve(self, size: int) -> None:
        """Reserve `size` more bytes, or raise `QueueFull`."""
        more = max(0, self._size + size - LARGE) - self.counted
        if more:
            self._budget.reserve(more, self.counted)
            self.counted += more
        self._size += size


def reservation_of(request: Request) -> BodyReservation:
    """Return the reservation of a request."""
    reservation: BodyReservation = request.scope[_RESERVATION]
    return reservation
