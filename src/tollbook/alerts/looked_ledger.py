"""An organization's ledger in a snapshot, with the figures that triggers need of it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tollbook.alerts.deviations import is_deviation
from tollbook.alerts.figures import Figures, Selected, selected_by, value_of
from tollbook.alerts.firing import Outcome
from tollbook.alerts.judge import Known, Looked, judge_amounts
from tollbook.alerts.watched import WatchedTenant
from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number
from tollbook.domain.rerating import Run
from tollbook.domain.trigger_periods import Span, Zones
from tollbook.domain.triggers import Trigger, WatchedFigure
from tollbook.store.database import Snapshot
from tollbook.store.watched_sums import WatchedOrganization


class Moment(NamedTuple):
    """When a ledger is looked at, when it changed, and whether ended periods are looked at too."""

    now: int
    as_of: int
    with_ended: bool


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
        now, with_ended = moment.now, moment.with_ended
        self._now, self._as_of = now, moment.as_of
        self.triggers = watched.by_organization.get(organization.number, [])
        self.pairs = list(
            to_look_at(watched, self.triggers, zones_of(organization), now, with_ended)
        )
        self._of_tenant = list(
            to_look_at(watched, watched.of_tenant, watched.zones, now, with_ended)
        )
        self._figures: Figures | None = None
        self._of_users: Figures | None = None

    def leave_out(self, runs: Iterable[Run]) -> bool:
        """Leave out the ended periods that a rerating at work covers; return whether there are."""
        before = len(self.pairs)
        for run in runs:
            if run.organization_id in (None, self.organization.id):
                self.pairs = [it for it in self.pairs if not self._is_covered(it[1], run)]
        return len(self.pairs) < before

    def _is_covered(self, span: Span, run: Run) -> bool:
        if span.end > self._now:
            return False
        in_zone = zone(self.organization.timezone)
        first, last = (
            day_number(instant_of(it).astimezone(in_zone).date())
            for it in (span.start, span.end - 1)
        )
        return run.span.first_day <= last and first <= run.span.last_day

    def value(self, trigger: Trigger, span: Span) -> int:
        """Return the value of a trigger's figure in a period."""
        selected = selected_by(trigger)
        amounts = self._read(trigger.user_id).amounts(span, trigger.user_id)
        return value_of(amounts, selected, self.watched.codes(selected))

    def _read(self, user: str) -> Figures:
        if user:
            if self._of_users is None:
                wanted = [it for it in self.pairs if it[0].user_id]
                users = sorted({trigger.user_id for trigger, _ in wanted})
                ranges = {span for _, span in wanted}
                self._of_users = Figures(self.snapshot, self.organization, ranges, users)
            return self._of_users
        if self._figures is None:
            wanted = [it for it in self.pairs if not it[0].user_id] + self._of_tenant
            ranges = {span for _, span in wanted}
            self._figures = Figures(self.snapshot, self.organization, ranges)
        return self._figures

    def judge(self, known: Known) -> Iterator[Outcome]:
        """Compare the figures of all triggers with their amounts."""
        for trigger, span in self.pairs:
            if not is_deviation(trigger):
                yield from judge_amounts(
                    self.looked(trigger, span), self.watched.amounts[trigger.id], known
                )

    def looked(self, trigger: Trigger, span: Span) -> Looked:
        """Return the figure of a trigger in a period."""
        value = self.value(trigger, span)
        return Looked(trigger, self.organization, span, value, self._now, self._as_of)

    def shares(self) -> Iterator[tuple[tuple[Selected, str, Span], int]]:
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


def to_look_at(
    watched: WatchedTenant,
    found: Sequence[Trigger],
    zones: Zones,
    now: int,
    with_ended: bool,
) -> Iterator[tuple[Trigger, Span]]:
    """Return the triggers with their running periods, and with those that ended if `with_ended`."""
    if with_ended:
        by_kind = watched.watched(found, zones, now)
    else:
        by_kind = {kind: [span] for kind, span in watched.running(found, zones, now).items()}
    for trigger in found:
        for span in by_kind[trigger.period]:
            if span.end > trigger.watched_from:
                yield trigger, span


def zones_of(organization: WatchedOrganization) -> Zones:
    """Return the time zone of an organization, which does not change once it has events."""
    return [(0, organization.timezone)]
