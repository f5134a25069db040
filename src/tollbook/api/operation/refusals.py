"""What a server refuses: counted in the metrics, and logged from time to time."""

import time
from collections import Counter
from collections.abc import Callable

import structlog

_LOGGED_AFTER = 10.0
"""Seconds between two lines of one kind, so that a flood does not fill the log."""
_log = structlog.get_logger()


class Refusals:
    """The refused connections by kind. Only the event loop uses them.

    `count` counts one in the metrics. The first of a kind is logged at once, further ones together.
    """

    def __init__(
        self, count: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._clock = clock
        self._unlogged: Counter[str] = Counter()
        self._logged_at: dict[str, float] = {}

    def note(self, kind: str) -> None:
        """Count a refusal, and log it unless one of its kind was logged a moment ago."""
        self._count(kind)
        self._unlogged[kind] += 1
        self._log(kind)

    def log(self) -> None:
        """Log what has not been logged yet of the kinds whose last line is old enough."""
        for kind in list(self._unlogged):
            self._log(kind)

    def _log(self, kind: str) -> None:
        now = self._clock()
        if now - self._logged_at.get(kind, -_LOGGED_AFTER) >= _LOGGED_AFTER:
            self._logged_at[kind] = now
            _log.warning("connection_refused", kind=kind, count=self._unlogged.pop(kind))
