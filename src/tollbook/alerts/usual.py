"""What is usual: the expected value of a period, and how far from it usual days are (decision 61).

Expected values are estimates, as those of forecasts, so they are floats.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, median
from typing import NamedTuple

from tollbook.analytics.pace import weekday_mean
from tollbook.domain.triggers import Sensitivity

LEAST_DAYS = 28
"""The whole days of history without which nothing is known to be usual."""
HISTORY_DAYS = 84
"""The days that the expected values of the judged days are computed from."""
_JUDGED_DAYS = 28
_LEAST_BEFORE = 14
_DEVIATION_OF_MEDIAN = 1.4826
"""The standard deviation of normal errors is this many times their median size."""
_LEAST_SPREAD = 0.1
"""Days that hardly differ are not taken as a promise: at least a tenth of the mean."""
FACTORS = {Sensitivity.LOW: 6, Sensitivity.MEDIUM: 4, Sensitivity.HIGH: 3}
"""How many times the spread a value must be away."""


class Expectation(NamedTuple):
    """The expected value of a period, and its spread."""

    expected: float
    spread: float

    def above(self, sensitivity: Sensitivity) -> float:
        """Return the value from which a period is above the usual."""
        return self.expected + FACTORS[sensitivity] * self.spread

    def below(self, sensitivity: Sensitivity) -> float:
        """Return the value up to which a period is below the usual; 0 or less for none."""
        return self.expected - FACTORS[sensitivity] * self.spread


def expectation(history: Sequence[int], length: int) -> Expectation | None:
    """Return what is expected of a period of `length` days from the whole days before it.

    `history` begins with the first usage, the oldest day first; None when it is too short.
    """
    if len(history) < LEAST_DAYS:
        return None
    expected = sum(weekday_mean(history, ahead) for ahead in range(length))
    judged = range(max(_LEAST_BEFORE, len(history) - _JUDGED_DAYS), len(history))
    errors = [abs(history[at] - weekday_mean(history[:at], 0)) for at in judged]
    least = _LEAST_SPREAD * fmean(history[-_JUDGED_DAYS:])
    spread = max(_DEVIATION_OF_MEDIAN * median(errors), least)
    return Expectation(expected, spread * sqrt(length))
