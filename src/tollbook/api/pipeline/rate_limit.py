"""Rate limits: a token bucket for each name of a limit in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import ceil
from typing import NamedTuple

from tollbook.domain.keys import RateLimit

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
    """The buckets of all rate limits. Only the event loop uses them.

    A bucket holds the requests of one minute. The least recently used buckets are dropped when
    there are too many; they then start full.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, limits: Sequence[RateLimit]) -> RateLimitState:
        """Count a request if all of its limits allow it; return the state of the tightest."""
        now = self._clock()
        held = [self._held(limit, now) for limit in limits]
        allowed = min(held) >= 1
        states = []
        for limit, before in zip(limits, held, strict=True):
            after = before - allowed
            self._buckets[limit.name] = after, now
            wanted = limit.per_minute - after if allowed else 1 - after
            seconds = max(1, ceil(wanted * _MINUTE / limit.per_minute))
            states.append(RateLimitState(limit.per_minute, int(after), seconds, allowed))
        while len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return min(states, key=lambda it: (it.remaining, -it.reset))

    def _held(self, limit: RateLimit, now: float) -> float:
        """Take a bucket out, and return how many requests it has."""
        most = float(limit.per_minute)
        held, at = self._buckets.pop(limit.name, (most, now))
        return min(most, held + (now - at) * limit.per_minute / _MINUTE)
