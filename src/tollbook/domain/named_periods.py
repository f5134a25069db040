"""Named periods such as this_month, and the period of a question."""

import re
from datetime import date, timedelta
from typing import NamedTuple

from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.periods import (
    DEFAULT_DAYS_BACK,
    Comparison,
    Period,
    months_after,
    previous,
    resolve,
    whole_months,
)

_DAY = timedelta(days=1)
_MONTH = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")

ROLLING = {
    "today": (0, 0),
    "yesterday": (1, 1),
    "last_7_days": (6, 0),
    "last_30_days": (DEFAULT_DAYS_BACK, 0),
}
"""For each name, how many days ago the first and the last day are."""
CALENDAR = {
    "this_month": (1, 0),
    "last_month": (1, 1),
    "this_quarter": (3, 0),
    "last_quarter": (3, 1),
    "this_year": (12, 0),
    "last_year": (12, 1),
}
"""For each name, the length in months, and how many such lengths ago it is."""
NAMES = (*ROLLING, *CALENDAR)


def is_period_name(text: str) -> bool:
    """Return whether a text names a period: one of `NAMES`, or a month such as 2024-01."""
    return text in NAMES or (_MONTH.fullmatch(text) is not None and not text.startswith("0000"))


def named(name: str, today: date) -> Period:
    """Return the days of a named period; OverflowError outside the calendar."""
    if name in ROLLING:
        first, last = ROLLING[name]
        return Period(today - first * _DAY, today - last * _DAY)
    if name not in CALENDAR:
        return _months(date.fromisoformat(f"{name}-01"), 1)
    length, ago = CALENDAR[name]
    start = today.replace(day=1, month=today.month - (today.month - 1) % length)
    return _months(months_after(start, -ago * length), length)


def _months(start: date, length: int) -> Period:
    last = months_after(start, length - 1)
    if (last.year, last.month) == (date.max.year, date.max.month):
        return Period(start, date.max)
    return Period(start, months_after(last, 1) - _DAY)


def adjacent_period(period: Period, direction: int) -> Period | None:
    """Return the period of the same length before (-1) or after (1); None outside the calendar.

    Whole months stay whole months.
    """
    length = whole_months(period)
    try:
        if length:
            return _months(months_after(period.start, direction * length), length)
        days = direction * (period.end - period.start + _DAY)
        return Period(period.start + days, period.end + days)
    except OverflowError:
        return None


class Names(NamedTuple):
    """The names of the parameters of a period, for errors."""

    start: str = "start_date"
    end: str = "end_date"
    period: str = "period"


class ChosenPeriod(NamedTuple):
    """The period of a question, with the current day in its time zone.

    A `rolling` period moves with today, so it is compared with as many days, never with months.
    """

    period: Period
    today: date
    rolling: bool

    def compared(self, how: Comparison) -> Period:
        """Return the period to compare with; OverflowError before the year 1."""
        return previous(self.period, how, self.today, rolling=self.rolling)


def choose(
    start: date | None,
    end: date | None,
    name: str | None,
    today: date,
    names: Names = Names(),  # noqa: B008  a tuple is immutable
) -> ChosenPeriod:
    """Return the period of a question, given by name or by dates with their defaults.

    `InvalidRequest` if both are given, if the period ends before it starts, or if it starts in the
    future without an end.
    """
    if name is not None:
        if start is not None or end is not None:
            sentence = f"{names.period} must not be given together with {names.start}"
            raise _refusal(
                names.period, "contradiction", f"{sentence} or {names.end}; leave one out"
            )
        try:
            return ChosenPeriod(named(name, today), today, name in ROLLING)
        except OverflowError as error:
            sentence = f"{names.period} must be within the calendar"
            raise _refusal(names.period, "out_of_range", sentence) from error
    if start is not None and end is None and start > today:
        sentence = f"{names.start} must not be in the future without {names.end}: today is {today}"
        raise _refusal(names.start, "start_after_end", sentence)
    period = resolve(start, end, today)
    if period.start > period.end:
        sentence = f"{names.start} must not be after {names.end}"
        raise _refusal(names.start, "start_after_end", sentence)
    return ChosenPeriod(period, today, start is None)


def _refusal(field: str, code: str, sentence: str) -> InvalidRequest:
    return InvalidRequest.of([Problem(field, code, sentence)])
