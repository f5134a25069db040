"""What the days to come will cost by the rhythm of those before: plain arithmetic, in floats.

An expectation is no sum of the ledger: it needs no exactness, and says how far off it may be.
"""

from collections.abc import Sequence
from enum import StrEnum
from math import ceil, sqrt
from statistics import fmean, stdev
from typing import NamedTuple

WEEK = 7
MODEL_DAYS = 8 * WEEK
HISTORY_DAYS = 20 * WEEK
"""What a forecast is made from, and what it takes to try eight times how far off it would be."""
_LEAST_FOR_WEEKDAYS = 2 * WEEK
_MOST_TRIALS = 8
_FADING = 0.75
"""How much each week counts of the one after it.

Tried on made-up ledgers with weekly rhythm: where there is no trend, errors are a few hundredths
larger than with plain means; where there is one, they are a fifth to a quarter smaller.
"""
_EIGHTY_PERCENT = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397)
"""Student's t, two-sided, from one degree of freedom on: few trials widen the range."""


class Method(StrEnum):
    """How days to come are expected."""

    WEEKDAY_MEAN = "weekday_mean"
    DAILY_MEAN = "daily_mean"
    NONE = "none"
    CLOSED = "closed"
    """The month is over: nothing is expected."""


class Pace(NamedTuple):
    """The days to come, each with its expected cost, and by how much their sum may be off."""

    method: Method
    based_on_days: int
    days: tuple[float, ...]
    spread: float | None


def pace(recent: Sequence[int], length: int, tried: Sequence[int] | None = None) -> Pace:
    """Expect the `length` days after some recent whole days, at most eight weeks, oldest first.

    Days before the first usage are not among them, zeros after it are. The spread is found by
    trying the method on `tried`, which goes further back; without it there is none.
    """
    if not recent:
        return Pace(Method.NONE, 0, (0.0,) * length, None)
    if len(recent) < _LEAST_FOR_WEEKDAYS:
        days = (fmean(recent),) * length
        spread = None if tried is None else _spread_of_days(recent, length)
        return Pace(Method.DAILY_MEAN, len(recent), days, spread)
    days = tuple(_weekday_mean(recent, ahead) for ahead in range(length))
    spread = None if tried is None else _spread_of_trials(tried, length)
    return Pace(Method.WEEKDAY_MEAN, len(recent), days, spread)


def _weekday_mean(history: Sequence[int], ahead: int) -> float:
    """Give the mean of the same weekday in the last eight weeks, the latest weighing most."""
    latest = len(history) - WEEK + ahead % WEEK
    earliest = max(0, len(history) - MODEL_DAYS)
    same = [history[at] for at in range(latest, earliest - 1, -WEEK)]
    weights = [_FADING**age for age in range(len(same))]
    return fmean(same, weights)


def _spread_of_trials(history: Sequence[int], length: int) -> float:
    """See how far off the method would have been, had it been asked each of the past weeks.

    Each trial is as many days long as is asked for, so that what a trend adds with every day is in
    it; where the history is too short for that, shorter ones stand for it.
    """
    weeks = len(history) // WEEK
    tried = min(length, WEEK * max(1, weeks - 2))
    nearest = ceil(tried / WEEK)
    errors = [
        _error(history, len(history) - WEEK * back, tried)
        for back in range(nearest, min(weeks, nearest + _MOST_TRIALS))
    ]
    off = sqrt(fmean(error * error for error in errors))
    return _EIGHTY_PERCENT[len(errors) - 1] * off * length / tried


def _error(history: Sequence[int], at: int, length: int) -> float:
    known = history[:at]
    expected = sum(_weekday_mean(known, ahead) for ahead in range(length))
    return sum(history[at : at + length]) - expected


def _spread_of_days(history: Sequence[int], length: int) -> float | None:
    """Take days as they come: each differs by itself, and the mean of so few may be off too."""
    if len(history) < 2:
        return None
    freedom = min(len(history) - 1, len(_EIGHTY_PERCENT))
    differing = sqrt(length + length * length / len(history))
    return _EIGHTY_PERCENT[freedom - 1] * stdev(history) * differing
