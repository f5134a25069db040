"""How many hours without events are unusual, by the same hours of the weeks before."""

from collections.abc import Iterable

HOUR = 3_600_000_000
"""Microseconds."""
WEEK = 168
"""Hours."""
MOST_WEEKS, FEWEST_WEEKS = 8, 2
KEPT_DAYS = 7 * (2 * MOST_WEEKS + 1)
"""A silence of eight weeks is compared with the eight weeks before it."""
_SAME_HOURS = sum(1 << WEEK * place for place in range(MOST_WEEKS))


class History:
    """The hours in which events were received, counted since 1970 in UTC, as bits.

    `days` are pairs of a day since 1970 and the bits of its hours.
    """

    def __init__(self, days: Iterable[tuple[int, int]]) -> None:
        found = dict(days)
        self._base = min(found, default=0) * 24
        self._bits = sum(hours << 24 * day - self._base for day, hours in found.items())
        lowest = (self._bits & -self._bits).bit_length() - 1
        self._first = self._base + lowest

    def missed(self, first: int, end: int) -> float:
        """Return the sum of the shares of the hours from `first` to before `end`, since 1970."""
        return sum(map(self._share, range(first, end))) if self._bits else 0.0

    def _share(self, hour: int) -> float:
        """Return the share of the last eight weeks, at least two, that had events in this hour."""
        weeks = min(MOST_WEEKS, (hour - self._first) // WEEK)
        if weeks < FEWEST_WEEKS:
            return 0.0
        oldest = hour - MOST_WEEKS * WEEK - self._base
        bits = self._bits >> oldest if oldest >= 0 else self._bits << -oldest
        return (bits & _SAME_HOURS).bit_count() / weeks
