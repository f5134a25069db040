"""Rate limits: a token bucket for each key in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import NamedTuple

_MOST_BUCKETS = 100_000
_MINUTE = 60.0


class RateLimitState(NamedTuple):
    """The rate limit of a key after a request.

    `reset` is in how many seconds all requests are available again or, when one is refused, the
    next one.
    """

    limit: int
    remaining: int
    reset: int
    allowed: bool

    def headers(self) -> dict[str, str]:
        """Return the state as headers of an answer."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class RateLimiter:
    """The buckets of all keys with a rate limit. Only the event loop uses them.

    A bucket holds the requests of one minute. The least recently used buckets are dropped when
    there are too many; their keys then start with a full one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, prefix: str, per_minute: int) -> RateLimitState:
        """Return the state of a key after a request, and count the request if it is allowed."""
        now = self._clock()
        held, at = self._buckets.pop(prefix, (float(per_minute), now))
        held = min(float(per_minute), held + (now - at) * per_minute / _MINUTE)
        allowed = held >= 1
        held -= allowed
        self._buckets[prefix] = held, now
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        wanted = per_minute - held if allowed else 1 - held
        seconds = max(1, ceil(wanted * _MINUTE / per_minute))
        return RateLimitState(per_minute, int(held), seconds, allowed)
