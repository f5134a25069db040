"""How often each key asks: a bucket for each in this process, filled again all the time."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import NamedTuple

_MOST_BUCKETS = 100_000
_MINUTE = 60.0


class RateLimitState(NamedTuple):
    """What a key has left after a request.

    `reset` is in how many seconds it has all of its requests again or, refused, the next one.
    """

    limit: int
    remaining: int
    reset: int
    allowed: bool

    def headers(self) -> dict[str, str]:
        """Write it as headers of an answer."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class RateLimiter:
    """The buckets of all keys with a rate. Only the event loop looks at them.

    A bucket holds a minute's requests at most. Those asked of least recently are forgotten when
    there are too many, which gives their keys a full one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, prefix: str, per_minute: int) -> RateLimitState:
        """Take a request from a key's bucket, if there is one left."""
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
