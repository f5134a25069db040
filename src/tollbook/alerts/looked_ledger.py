"""An organization's ledger in a snapshot, with the figures that triggers need of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tollbook.alerts.figures import Figures, SelectedSums, selected_by, value_of
from tollbook.alerts.firing import Crossing
from tollbook.alerts.groups import TriggerGroupKey
from tollbook.alerts.judge import Known, Looked, judge_amounts
from tollbook.alerts.watched import WatchedTenant
from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number
from tollbook.domain.rerating import Run
from tollbook.domain.trigger_periods import Span, Zones
from tollbook.domain.triggers import Trigger, TriggerPeriod, WatchedFigure
from tollbook.store.database import Snapshot
from tollbook.store.watched_sums import WatchedOrganization


class Moment(NamedTuple):
    """When a ledger is looked at, when it changed, and whether ended periods are looked at too."""

    now: int
    as_of: int
    with_ended: bool


ValueKey = tuple[TriggerGroupKey, Span]
"""A figure in a period."""


class LookedLedger:
    """An organization's ledger in a snapshot, with the figures that its triggers need."""

    def __init__(
        self,
        snapshot: Snapshot,
        watched: WatchedTenant,
        organization: WatchedOrganization,
        moment: Moment,
    ) -> None:
        self.snapshot, self.watched, self.organization = snapshot, watched, organization
        self._now, self._as_of = moment.now, moment.as_of
        self.triggers = watched.by_organization.get(organization.number, [])
        self._spans = spans_to_look_at(watched, self.triggers, zones_of(organization), moment)
        self._of_tenant = list(to_look_at(watched, watched.of_tenant, watched.zones, moment))
        self._figures: Figures | None = None
        self._of_users: Figures | None = None
        self.values: dict[ValueKey, int] = {}

    def leave_out(self, runs: Iterable[Run]) -> bool:
        """Leave out the ended periods that a rerating at work covers; return whether there are."""
        before = sum(map(len, self._spans.values()))
        for run in runs:
            if run.organization_id in (None, self.organization.id):
                self._spans = {
                    kind: [it for it in some if not self._is_covered(it, run)]
                    for kind, some in self._spans.items()
                }
        return sum(map(len, self._spans.values())) < before

    def _is_covered(self, span: Span, run: Run) -> bool:
        return is_covered(span, run, self.organization.timezone, self._now)

    def value(self, trigger: Trigger, span: Span) -> int:
        """Return the value of a trigger's figure in a period."""
        return self._value(trigger.user_id, selected_by(trigger), span)

    def _value(self, user: str, selected: SelectedSums, span: Span) -> int:
        amounts = self._read(user).amounts(span, user)
        return value_of(amounts, selected, self.watched.codes(selected))

    def _read(self, user: str) -> Figures:
        if user:
            if self._of_users is None:
                wanted = [it for it in self.triggers if it.user_id]
                users = sorted({it.user_id for it in wanted})
                ranges = self._ranges(wanted)
                self._of_users = Figures(self.snapshot, self.organization, ranges, users)
            return self._of_users
        if self._figures is None:
            ranges = self._ranges(it for it in self.triggers if not it.user_id)
            ranges |= {span for _, span in self._of_tenant}
            self._figures = Figures(self.snapshot, self.organization, ranges)
        return self._figures

    def _ranges(self, found: Iterable[Trigger]) -> set[Span]:
        return {span for kind in {it.period for it in found} for span in self._spans[kind]}

    def deviations(self) -> Iterator[Looked]:
        """Return the figures of the triggers that compare with what is usual."""
        for trigger in self.watched.deviations(self.organization.number):
            for span in self._spans[trigger.period]:
                if span.end > trigger.watched_from:
                    yield self._looked(trigger, span, self.value(trigger, span))

    def judge(self, known: Known, before: Mapping[ValueKey, int]) -> Iterator[Crossing]:
        """Compare the figures that differ from those `before` with the amounts of triggers."""
        for key, group in self.watched.groups(self.organization.number).items():
            for span in self._spans[key.period]:
                # Amounts are above 0, and what was reached has sums: without any nothing is new.
                if key.user_id and not self._read(key.user_id).has(span, key.user_id):
                    continue
                value = self._value(key.user_id, key.selected, span)
                self.values[key, span] = value
                last = before.get((key, span))
                if value != last:
                    yield from self._compare(group.to_compare(last, value), span, value, known)

    def _compare(
        self, triggers: Iterable[Trigger], span: Span, value: int, known: Known
    ) -> Iterator[Crossing]:
        for it in triggers:
            if span.end > it.watched_from:
                looked = self._looked(it, span, value)
                yield from judge_amounts(looked, self.watched.amounts[it.id], known)

    def _looked(self, trigger: Trigger, span: Span, value: int) -> Looked:
        return Looked(trigger, self.organization, span, value, self._now, self._as_of)

    def shares(self) -> Iterator[tuple[tuple[SelectedSums, str, Span], int]]:
        """Return the part of this organization in each figure of the tenant."""
        for selected, currency, span in {
            (selected_by(trigger), trigger.currency, span) for trigger, span in self._of_tenant
        }:
            is_other = selected.figure is WatchedFigure.COST and (
                currency != self.organization.currency
            )
            amounts = {} if is_other else self._read("").amounts(span)
            value = value_of(amounts, selected, self.watched.codes(selected))
            yield (selected, currency, span), value


def spans_to_look_at(
    watched: WatchedTenant, found: Sequence[Trigger], zones: Zones, moment: Moment
) -> dict[TriggerPeriod, list[Span]]:
    """Return the running periods of each kind that triggers have, and those that ended too."""
    if moment.with_ended:
        return watched.watched(found, zones, moment.now)
    return {kind: [span] for kind, span in watched.running(found, zones, moment.now).items()}


def to_look_at(
    watched: WatchedTenant, found: Sequence[Trigger], zones: Zones, moment: Moment
) -> Iterator[tuple[Trigger, Span]]:
    """Return triggers with the periods to look at."""
    by_kind = spans_to_look_at(watched, found, zones, moment)
    for trigger in found:
        for span in by_kind[trigger.period]:
            if span.end > trigger.watched_from:
                yield trigger, span


def is_covered(span: Span, run: Run, timezone: str, now: int, margin: int = 0) -> bool:
    """Return whether a period has ended and a rerating covers days of it.

    The days are those of a time zone, and some of `margin` microseconds around the period.
    """
    if span.end > now:
        return False
    in_zone = zone(timezone)
    first, last = (
        day_number(instant_of(it).astimezone(in_zone).date())
        for it in (max(0, span.start - margin), span.end - 1 + margin)
    )
    return run.span.first_day <= last and first <= run.span.last_day


def zones_of(organization: WatchedOrganization) -> Zones:
    """Return the time zone of an organization, which does not change once it has events."""
    return [(0, organization.timezone)]
