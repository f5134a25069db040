"""The memory for the bodies of all requests in flight, and its limit.

A body is counted from its first byte until the request is answered: while it arrives, while it
waits for the decoder, and while its events wait for the writer. So this limits the write queue
too, however large its events are.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from tollbook.api.pipeline.access import owner_of
from tollbook.api.pipeline.request_log import KEY
from tollbook.api.pipeline.shared_budget import Owner, SharedBudget
from tollbook.domain.errors import QueueFull

LARGE = 64 * 1024
"""The first bytes of each body are not counted, so that small requests pass large ones."""

_RESERVATION = "tollbook.body_reservation"


class BodyBudget:
    """The bytes of all bodies in flight, excluding the first 64 KiB of each."""

    def __init__(self, most_bytes: int) -> None:
        self.shares = SharedBudget(most_bytes, "large requests", QueueFull)

    @contextmanager
    def reserve_for(self, request: Request) -> Iterator[None]:
        """Reserve memory for the body of a request until it is answered."""
        reservation = request.scope[_RESERVATION] = BodyReservation(self, request)
        try:
            yield
        finally:
            reservation.release()

    @property
    def reserved(self) -> int:
        """Return how many bytes are reserved."""
        return self.shares.used


class BodyReservation:
    """The part of the budget that one request has, in the share of its key and tenant."""

    def __init__(self, budget: BodyBudget, request: Request | None = None) -> None:
        self._shares = budget.shares
        self._request = request
        self._owner = Owner()
        self._counted = 0
        self._size = 0

    def reserve(self, size: int) -> None:
        """Reserve `size` more bytes, or raise `QueueFull`."""
        more = max(0, self._size + size - LARGE) - self._counted
        if more:
            if not self._counted:
                self._owner = self._find_owner()
            self._shares.reserve(self._owner, more, self._counted)
            self._counted += more
        self._size += size

    def release(self) -> None:
        """Return what was reserved."""
        if self._counted:
            self._shares.release(self._owner, self._counted)

    def _find_owner(self) -> Owner:
        key = self._request.scope.get(KEY) if self._request else None
        return owner_of(key, self._request.headers) if self._request and key else Owner()


def reservation_of(request: Request) -> BodyReservation:
    """Return the reservation of a request."""
    reservation: BodyReservation = request.scope[_RESERVATION]
    return reservation
