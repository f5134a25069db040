"""Compute the outlook on a month: the amount spent and the expected cost of each day."""

from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

from tollbook.analytics.daily_costs import MONTHLY, NO_COST, DailyCosts
from tollbook.analytics.pace import HISTORY_DAYS, MODEL_DAYS, Method, Pace, pace
from tollbook.domain.exact import NANOS
from tollbook.domain.own_meters import is_own_code
from tollbook.domain.periods import Period

_A_CENT = NANOS // 100


class Outlook(NamedTuple):
    """The expected cost of a month, in nanos; `spent` is exact.

    `by_day` has the cost of each day, or the expected cost.
    """

    spent: int
    forecast: int
    low: int | None
    high: int | None
    method: Method
    days_left: int
    based_on_days: int
    by_day: tuple[float, ...]

    def passed_on(self, amount: int, month: Period) -> date | None:
        """Return the day on which the month exceeds or is expected to exceed an amount."""
        so_far = 0.0
        for index, cost in enumerate(self.by_day):
            so_far += cost
            if so_far > amount:
                return month.start + timedelta(days=index)
        return None


def month_of(day: date) -> Period:
    """Return the month that a day is in."""
    last = monthrange(day.year, day.month)[1]
    return Period(day.replace(day=1), day.replace(day=last))


def first_needed(today: date, days: int = HISTORY_DAYS) -> date:
    """Return the first day whose cost an outlook on the month of `today` needs.

    Last month is always needed, because its rentals may recur.
    """
    back = date.fromordinal(max(1, today.toordinal() - days))
    month = today.replace(day=1)
    return back if month == date.min else min(back, month_of(month - timedelta(days=1)).start)


def closed(costs: DailyCosts, month: Period) -> Outlook:
    """Return the outlook on a month that is over: the forecast is its cost."""
    by_day = [costs.get(day, NO_COST).cost for day in _days(month.start, month.end)]
    spent = sum(by_day)
    return Outlook(
        spent=spent,
        forecast=spent,
        low=spent,
        high=spent,
        method=Method.CLOSED,
        days_left=0,
        based_on_days=0,
        by_day=tuple(map(float, by_day)),
    )


def outlook(costs: DailyCosts, today: date, *, ranged: bool = True) -> Outlook:
    """Compute the outlook on this month, with a range if `ranged`; a range needs a longer history.

    Today is expected to cost what its weekday does, or what it has cost already if that is more.
    """
    month = month_of(today)
    recent = _history(costs, today, MODEL_DAYS)
    tried = _history(costs, today, HISTORY_DAYS) if ranged else None
    ahead = pace(recent, (month.end - today).days + 1, tried)
    charged = [costs.get(day, NO_COST) for day in _days(month.start, month.end)]
    by_day = [float(it.cost) for it in charged]
    for index, expected in enumerate(ahead.days, today.day - 1):
        by_day[index] += max(0.0, expected - charged[index].rhythm)
    for index, rental in rentals_to_come(costs, today).items():
        by_day[index] += rental
    spent = sum(it.cost for it in charged)
    return _round_outlook(spent, tuple(by_day), ahead, (month.end - today).days)


def _round_outlook(spent: int, by_day: tuple[float, ...], ahead: Pace, days_left: int) -> Outlook:
    """Return an outlook with expected costs in whole cents, and never below the amount spent."""
    expected = spent if ahead.method is Method.NONE else max(spent, _cents(sum(by_day)))
    off = ahead.spread
    return Outlook(
        spent=spent,
        forecast=expected,
        low=None if off is None else max(spent, _cents(sum(by_day) - off)),
        high=None if off is None else max(spent, _cents(sum(by_day) + off)),
        method=ahead.method,
        days_left=days_left,
        based_on_days=ahead.based_on_days,
        by_day=by_day,
    )


def _cents(nanos: float) -> int:
    return round(nanos / _A_CENT) * _A_CENT


def _history(costs: DailyCosts, today: date, days: int) -> list[int]:
    """Return the daily costs of the last `days` whole days before today, from the first usage on.

    Phone numbers may be rented long before they are used, so the history begins with usage, not
    with rentals, if there is any usage.
    """
    first = date.fromordinal(max(1, today.toordinal() - days))
    before = [day for day in costs if first <= day < today]
    used = [day for day in before if costs[day].rhythm] or before
    if not used:
        return []
    return [costs.get(day, NO_COST).rhythm for day in _days(min(used), today - timedelta(days=1))]


def rentals_to_come(costs: DailyCosts, today: date) -> dict[int, int]:
    """Return the rentals of last month that are expected again, by index of the day.

    If this month has fewer rentals than the last, the latest of last month are assumed missing.
    Each is expected on the same day of this month, or today if that day has passed.
    """
    month = month_of(today)
    if month.start == date.min:
        return {}
    before = month_of(month.start - timedelta(days=1))
    to_come: dict[int, int] = {}
    own = {code for it in costs.values() for code in it.own}
    for meter in (*range(len(MONTHLY)), *sorted(own)):
        then = _rentals(costs, before, meter)
        missing = sum(then.values()) - sum(_rentals(costs, month, meter).values())
        for day, rental in reversed(then.items()):
            part = max(0, min(missing, rental))
            missing -= part
            if part:
                index = min(max(day.day, today.day), month.end.day) - 1
                to_come[index] = to_come.get(index, 0) + part
    return to_come


def _rentals(costs: DailyCosts, month: Period, meter: int) -> dict[date, int]:
    """Return the costs of a meter by day: one of `MONTHLY` by its place, an own one by its code."""
    days = _days(month.start, month.end)
    found = {day: costs.get(day, NO_COST) for day in days}
    if is_own_code(meter):
        return {day: it.own.get(meter, 0) for day, it in found.items()}
    return {day: it.monthly[meter] for day, it in found.items()}


def _days(first: date, last: date) -> list[date]:
    return [date.fromordinal(it) for it in range(first.toordinal(), last.toordinal() + 1)]
