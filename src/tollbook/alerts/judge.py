"""Compare figures with thresholds: what is reached, and what no longer is."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tollbook.alerts.firing import Crossing, Usual
from tollbook.alerts.watched import Amount
from tollbook.domain.trigger_periods import Span
from tollbook.domain.triggers import Trigger
from tollbook.store.trigger_states import ReachedThreshold
from tollbook.store.watched_sums import WatchedOrganization

StateKey = tuple[str, int, str]
"""The id of a trigger, the start of a period, and a threshold."""
Forecast = Callable[[Trigger, Span], int | None]


class Known(NamedTuple):
    """What has been fired of an organization, or of the whole tenant."""

    states: dict[StateKey, ReachedThreshold]
    of_period: dict[tuple[str, int], list[StateKey]]

    @classmethod
    def of(cls, states: Iterable[ReachedThreshold]) -> "Known":
        """Return states by their keys."""
        known = cls({}, {})
        for it in states:
            known.add(it)
        return known

    def add(self, state: ReachedThreshold) -> None:
        """Add a state, or replace it."""
        key = state.trigger_id, state.period_start, state.threshold
        if key not in self.states:
            self.of_period.setdefault(key[:2], []).append(key)
        self.states[key] = state

    def uncleared(self, trigger: Trigger, span: Span) -> list[ReachedThreshold]:
        """Return what a trigger has fired in a period and was not cleared."""
        keys = self.of_period.get((trigger.id, span.start), [])
        return [self.states[it] for it in keys if self.states[it].cleared_at is None]


class Looked(NamedTuple):
    """A figure of a trigger in a period, as a look found it."""

    trigger: Trigger
    organization: WatchedOrganization | None
    span: Span
    value: int
    at: int
    as_of: int


def judge_amounts(looked: Looked, amounts: Iterable[Amount], known: Known) -> Iterator[Crossing]:
    """Compare a figure with amounts, the lowest first."""
    by_threshold = {str(it.amount): it for it in amounts}
    for threshold, amount in by_threshold.items():
        is_watched = looked.span.end > amount.since
        if is_watched and looked.value >= amount.amount and not _is_known(looked, threshold, known):
            yield _reached(looked, threshold)._replace(amount=amount)
    for state in known.uncleared(looked.trigger, looked.span):
        if looked.value < int(state.threshold):
            yield _cleared(looked, state)._replace(amount=by_threshold.get(state.threshold))


def judge_usual(looked: Looked, bounds: Iterable[Usual], known: Known) -> Iterator[Crossing]:
    """Compare a figure with what is usual."""
    by_direction = {it.direction: it for it in bounds}
    for direction, usual in by_direction.items():
        if _is_unusual(looked.value, usual) and not _is_known(looked, direction, known):
            yield _reached(looked, direction)._replace(usual=usual)
    for state in known.uncleared(looked.trigger, looked.span):
        usual_then = by_direction.get(state.threshold)
        if usual_then and not _is_unusual(looked.value, usual_then):
            yield _cleared(looked, state)._replace(usual=usual_then)


def _is_unusual(value: int, usual: Usual) -> bool:
    return value >= usual.bound if usual.direction == "above" else value <= usual.bound


def _is_known(looked: Looked, threshold: str, known: Known) -> bool:
    return (looked.trigger.id, looked.span.start, threshold) in known.states


def _reached(looked: Looked, threshold: str) -> Crossing:
    trigger, span = looked.trigger, looked.span
    state = ReachedThreshold(
        organization=trigger.organization,
        trigger_id=trigger.id,
        period_start=span.start,
        threshold=threshold,
        period_end=span.end,
        value=looked.value,
        reached_at=looked.at,
    )
    return _outcome(looked, state)


def _cleared(looked: Looked, state: ReachedThreshold) -> Crossing:
    return _outcome(looked, state._replace(cleared_at=looked.at))._replace(cleared=True)


def _outcome(looked: Looked, state: ReachedThreshold) -> Crossing:
    return Crossing(
        looked.trigger,
        looked.organization,
        looked.span,
        state,
        looked.value,
        looked.at,
        looked.as_of,
    )
