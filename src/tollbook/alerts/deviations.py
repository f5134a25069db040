"""Triggers on deviations: what they expect of a period is frozen at the first look at it."""

from collections.abc import Iterator
from datetime import date, timedelta

from tollbook.alerts import firing
from tollbook.alerts.figures import selected_by, value_of
from tollbook.alerts.firing import Crossing, Usual
from tollbook.alerts.judge import Known, Looked, judge_usual
from tollbook.alerts.usual import HISTORY_DAYS, Expectation, expectation
from tollbook.alerts.watched import WatchedTenant
from tollbook.alerts.worker import Work
from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number, day_of
from tollbook.domain.trigger_periods import HOUR, Span
from tollbook.domain.triggers import WHOLE_TENANT, Direction, ThresholdKind, Trigger
from tollbook.store import trigger_states, watched_sums
from tollbook.store.database import Snapshot
from tollbook.store.trigger_states import Baseline
from tollbook.store.watched_sums import MeterSum, Range

BELOW_AFTER = HOUR
"""A period is judged to be below the usual this long after its end."""
_BaselineKey = tuple[str, int]


def is_deviation(trigger: Trigger) -> bool:
    """Return whether a trigger compares with what is usual."""
    return trigger.kind is ThresholdKind.DEVIATION


def is_below(trigger: Trigger) -> bool:
    """Return whether a trigger fires below the usual."""
    return is_deviation(trigger) and Direction.BELOW in trigger.directions


class Deviations:
    """The expectations of a tenant's triggers, read and computed when they are first needed."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._known: dict[str, dict[int, Baseline]] = {}
        self._learning: set[_BaselineKey] = set()
        self._to_freeze: list[Baseline] = []

    def judge(
        self, snapshot: Snapshot, watched: WatchedTenant, looked: Looked, known: Known
    ) -> Iterator[Crossing]:
        """Compare the figure of a trigger with what is usual."""
        baseline = self._baseline(snapshot, watched, looked)
        if baseline is not None:
            bounds = _bounds(looked.trigger, baseline, is_over=_is_over(looked))
            yield from judge_usual(looked, bounds, known)

    def freeze(self, work: Work) -> None:
        """Store what was computed since the last time."""
        frozen, self._to_freeze = self._to_freeze, []
        if frozen:
            firing.freeze(work, frozen)

    def _baseline(
        self, snapshot: Snapshot, watched: WatchedTenant, looked: Looked
    ) -> Baseline | None:
        trigger, span = looked.trigger, looked.span
        if trigger.id not in self._known:
            found = trigger_states.baselines(
                snapshot, trigger.organization, [trigger.id], trigger.watched_from
            )
            self._known[trigger.id] = {it.period_start: it for it in found}
        baseline = self._known[trigger.id].get(span.start)
        if baseline is None and (trigger.id, span.start) not in self._learning:
            baseline = self._compute(snapshot, watched, looked)
        return baseline

    def _compute(
        self, snapshot: Snapshot, watched: WatchedTenant, looked: Looked
    ) -> Baseline | None:
        trigger, span = looked.trigger, looked.span
        history = _history(snapshot, watched, looked)
        found = expectation(history, _days_in(span))
        if found is None:
            self._learning.add((trigger.id, span.start))
            return None
        expected, spread = round(found.expected), round(found.spread)
        baseline = Baseline(
            trigger.organization, trigger.id, span.start, span.end, expected, spread
        )
        self._known[trigger.id][span.start] = baseline
        self._to_freeze.append(baseline)
        return baseline


def _bounds(trigger: Trigger, baseline: Baseline, *, is_over: bool) -> Iterator[Usual]:
    usual, sensitivity = Expectation(baseline.expected, baseline.spread), trigger.sensitivity
    if Direction.ABOVE in trigger.directions:
        yield Usual("above", baseline.expected, round(usual.above(sensitivity)))
    below = round(usual.below(sensitivity))
    if Direction.BELOW in trigger.directions and is_over and below > 0:
        yield Usual("below", baseline.expected, below)


def _is_over(looked: Looked) -> bool:
    return looked.span.end + BELOW_AFTER <= looked.at


def _days_in(span: Span) -> int:
    return round((span.end - span.start) / (24 * HOUR)) or 1


def _first_day(looked: Looked) -> date:
    timezone = looked.organization.timezone if looked.organization else looked.span.timezone
    return instant_of(looked.span.start).astimezone(zone(timezone)).date()


def _history(snapshot: Snapshot, watched: WatchedTenant, looked: Looked) -> list[int]:
    """Return the values of the whole days before a period, from the first one with usage."""
    day = _first_day(looked)
    first, last = day - timedelta(days=HISTORY_DAYS), day - timedelta(days=1)
    selected = selected_by(looked.trigger)
    codes = watched.codes(selected)
    by_day: dict[date, int] = {}
    for it in _sums(snapshot, watched, looked, first, last):
        amounts = {it.meter: (it.events, it.quantity, it.cost)}
        value = value_of(amounts, selected, codes)
        by_day[day_of(it.place)] = by_day.get(day_of(it.place), 0) + value
    used = [it for it, value in by_day.items() if value]
    if not used:
        return []
    length = (last - min(used)).days + 1
    return [by_day.get(min(used) + timedelta(days=at), 0) for at in range(length)]


def _sums(
    snapshot: Snapshot, watched: WatchedTenant, looked: Looked, first: date, last: date
) -> list[MeterSum]:
    months = first.year * 100 + first.month, last.year * 100 + last.month
    places = Range(*months, day_number(first), day_number(last))
    trigger = looked.trigger
    if trigger.organization == WHOLE_TENANT:
        return watched_sums.tenant_days(snapshot, watched.id, trigger.currency, places)
    number = trigger.organization
    if trigger.user_id:
        sql, users = watched_sums.USER_DAYS, [trigger.user_id]
        return list(watched_sums.user_sums(snapshot, sql, number, users, places))
    return watched_sums.organization_sums(snapshot, watched_sums.ORGANIZATION_DAYS, number, places)
