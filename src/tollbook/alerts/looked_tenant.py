"""What the look remembers of a tenant, and how it looks at its ledgers."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tollbook.alerts import firing
from tollbook.alerts.deviations import BELOW_AFTER, Deviations, is_below, is_deviation
from tollbook.alerts.figures import SelectedSums, selected_by
from tollbook.alerts.firing import Crossing, TriggersChanged
from tollbook.alerts.forecasts import with_forecasts
from tollbook.alerts.judge import Known, Looked, judge_amounts
from tollbook.alerts.looked_ledger import (
    LookedLedger,
    Moment,
    ValueKey,
    is_covered,
    to_look_at,
    zones_of,
)
from tollbook.alerts.watched import WatchedTenant
from tollbook.alerts.worker import Work
from tollbook.domain.trigger_periods import DAY, KEPT_AFTER, LONGEST, WATCHED_AFTER, Span, Zones
from tollbook.domain.triggers import (
    WHOLE_TENANT,
    Trigger,
    TriggerPeriod,
)
from tollbook.store import rerating_runs, trigger_states, versions
from tollbook.store.database import Snapshot
from tollbook.store.watched_sums import WatchedOrganization

SECOND = 1_000_000
ENDED_EVERY = 30 * SECOND
"""How soon a change of a period that ended is looked at."""
ZONES_DIFFER_BY = 14 * 3_600 * SECOND
"""Days of a rerating are each organization's own, in any time zone."""
_IN_ONE_SNAPSHOT = 100
_LONGEST_WATCHED = max(WATCHED_AFTER.values()) + 31 * DAY
Starts = tuple[int, ...]


class Seen(NamedTuple):
    """What was looked at of a ledger: its token, and which periods were running."""

    token: int
    running: Starts


class LookedTenant:
    """A tenant: its triggers, what was seen of its ledgers, and what they have fired."""

    def __init__(self, tenant: str) -> None:
        self._id = tenant
        self._watched: WatchedTenant | None = None
        self._seen: dict[int, Seen] = {}
        self._behind: set[int] = set()
        self._known: dict[int, Known] = {}
        self._values: dict[int, dict[ValueKey, int]] = {}
        self._shares: dict[tuple[SelectedSums, str, Span], dict[int, int]] = {}
        self._deviations = Deviations(tenant)
        self._ended_looked_at = 0
        self._tenant_is_due = True
        self._tenant_waits = False
        self._removed_at = 0

    def look(
        self,
        work: Work,
        organizations: Sequence[WatchedOrganization],
        tokens: tuple[int, int],
        may_go_on: Callable[[], bool],
    ) -> bool:
        """Look at what moved; return False when something is left for the next look."""
        now = work.clock()
        watched = self._read_triggers(work, tokens)
        with_ended = now - self._ended_looked_at >= ENDED_EVERY
        due = list(self._due(watched, organizations, now, with_ended=with_ended))
        try:
            for at in range(0, len(due), _IN_ONE_SNAPSHOT):
                if at and not may_go_on():
                    return False
                self._look_at(work, watched, due[at : at + _IN_ONE_SNAPSHOT], now, with_ended)
            self._look_at_tenant(work, watched, organizations, now, with_ended=with_ended)
        except TriggersChanged:
            self._watched = None
            return False
        if with_ended:
            self._ended_looked_at = now
        self._remove_old(work, watched, now)
        return True

    def _remove_old(self, work: Work, watched: WatchedTenant, now: int) -> None:
        """Delete what was fired in periods that ended long ago, once a day."""
        if now < self._removed_at + DAY:
            return
        numbers = sorted(watched.by_organization)
        for at in range(0, len(numbers), _IN_ONE_SNAPSHOT):
            some = numbers[at : at + _IN_ONE_SNAPSHOT]
            with work.lease.writing() as transaction:
                for period, longest in LONGEST.items():
                    before = now - WATCHED_AFTER[period] - KEPT_AFTER
                    trigger_states.remove_ended(transaction, some, longest, before)
        self._removed_at = now

    def _read_triggers(self, work: Work, tokens: tuple[int, int]) -> WatchedTenant:
        if self._watched is None or self._watched.tokens != tokens:
            with work.database.reading() as snapshot:
                self._watched = WatchedTenant(snapshot, self._id)
            self._seen, self._known, self._shares, self._values = {}, {}, {}, {}
            self._deviations = Deviations(self._id)
            self._ended_looked_at, self._tenant_is_due = 0, True
        return self._watched

    def _due(
        self,
        watched: WatchedTenant,
        organizations: Sequence[WatchedOrganization],
        now: int,
        *,
        with_ended: bool,
    ) -> Iterator[tuple[WatchedOrganization, Seen]]:
        of_tenant = watched.of_tenant
        starts_of_tenant = _starts(watched, of_tenant, watched.zones, now)
        known: dict[tuple[str, frozenset[tuple[TriggerPeriod, bool]]], Starts] = {}
        for it in organizations:
            own = watched.by_organization.get(it.number, [])
            if not own and not of_tenant:
                continue
            kinds = it.timezone, frozenset((a.period, is_below(a)) for a in own)
            if kinds not in known:
                known[kinds] = _starts(watched, own, zones_of(it), now)
            seen = Seen(it.token, known[kinds] + starts_of_tenant)
            before = self._seen.get(it.number)
            if before != seen:
                self._behind.add(it.number)
                yield it, seen
            elif with_ended and it.number in self._behind:
                yield it, seen

    def _look_at(
        self,
        work: Work,
        watched: WatchedTenant,
        due: Sequence[tuple[WatchedOrganization, Seen]],
        now: int,
        with_ended: bool,
    ) -> None:
        found: list[Crossing] = []
        tokens: dict[int, Seen] = {}
        waiting: set[int] = set()
        values: dict[int, dict[ValueKey, int]] = {}
        with work.database.reading() as snapshot:
            runs = rerating_runs.at_work(snapshot, self._id) if with_ended else []
            for organization, seen in due:
                version = versions.ledger_version(snapshot, organization.number)
                tokens[organization.number] = seen._replace(token=version.token)
                moment = Moment(now, version.as_of, with_ended)
                ledger = LookedLedger(snapshot, watched, organization, moment)
                covered = ledger.leave_out(runs)
                waiting |= {organization.number} if covered else set()
                known = self._known_of(snapshot, organization.number, ledger.triggers, now)
                before = self._values.get(organization.number, {})
                for looked in ledger.deviations():
                    found += self._deviations.judge(snapshot, watched, looked, known)
                found += with_forecasts(snapshot, watched, list(ledger.judge(known, before)))
                self._share(watched, ledger)
                values[organization.number] = ledger.values
        self._write(work, watched, found)
        self._deviations.freeze(work)
        self._seen |= tokens
        self._remember(values, now, with_ended=with_ended)
        if with_ended:
            self._behind -= tokens.keys() - waiting

    def _remember(
        self, values: dict[int, dict[ValueKey, int]], now: int, *, with_ended: bool
    ) -> None:
        """Remember the figures that were compared, as long as their periods are watched."""
        for number, some in values.items():
            known = self._values.setdefault(number, {})
            known.update(some)
            if with_ended:
                for key in [it for it in known if _is_forgotten(it[1], now)]:
                    del known[key]

    def _known_of(
        self, snapshot: Snapshot, number: int, found: Sequence[Trigger], now: int
    ) -> Known:
        if number not in self._known:
            ids = [it.id for it in found]
            states = trigger_states.states(snapshot, number, ids, now - _LONGEST_WATCHED)
            self._known[number] = Known.of(states)
        return self._known[number]

    def _write(self, work: Work, watched: WatchedTenant, found: Sequence[Crossing]) -> None:
        if not found:
            return
        try:
            stored = firing.write(work, watched, found)
        except BaseException:
            # Some of it may be stored: it is read again.
            for it in found:
                self._known.pop(it.trigger.organization, None)
            raise
        for it in stored:
            self._known[it.trigger.organization].add(it.state)

    def _share(self, watched: WatchedTenant, ledger: LookedLedger) -> None:
        """Note the part of an organization in the figures of the tenant."""
        number = ledger.organization.number
        for key, value in ledger.shares():
            shares = self._shares.setdefault(key, {})
            if shares.get(number, 0) != value:
                shares[number] = value
        self._tenant_is_due |= bool(watched.of_tenant)

    def _look_at_tenant(
        self,
        work: Work,
        watched: WatchedTenant,
        organizations: Sequence[WatchedOrganization],
        now: int,
        *,
        with_ended: bool,
    ) -> None:
        of_tenant = watched.of_tenant
        if not of_tenant or not (self._tenant_is_due or (with_ended and self._tenant_waits)):
            return
        there = {it.number for it in organizations}
        found: list[Crossing] = []
        waits = False
        with work.database.reading() as snapshot:
            as_of = versions.ledger_version_of_all(snapshot, self._id).as_of
            known = self._known_of(snapshot, WHOLE_TENANT, of_tenant, now)
            moment = Moment(now, as_of, with_ended)
            runs = rerating_runs.at_work(snapshot, self._id) if with_ended else []
            for trigger, span in to_look_at(watched, of_tenant, watched.zones, moment):
                if any(is_covered(span, it, "UTC", now, ZONES_DIFFER_BY) for it in runs):
                    waits = True
                    continue
                key = selected_by(trigger), trigger.currency, span
                shares = self._shares.get(key, {})
                value = sum(share for number, share in shares.items() if number in there)
                looked = Looked(trigger, None, span, value, now, as_of)
                if is_deviation(trigger):
                    found += self._deviations.judge(snapshot, watched, looked, known)
                else:
                    found += judge_amounts(looked, watched.amounts[trigger.id], known)
        self._write(work, watched, found)
        self._deviations.freeze(work)
        self._tenant_is_due = False
        self._tenant_waits = waits if with_ended else self._tenant_waits
        self._forget_ended(now)

    def _forget_ended(self, now: int) -> None:
        for key in [it for it in self._shares if _is_forgotten(it[2], now)]:
            del self._shares[key]


def _starts(watched: WatchedTenant, found: Sequence[Trigger], zones: Zones, now: int) -> Starts:
    """Return which periods are running, and which have ended long enough to be below the usual."""
    below = [it for it in found if is_below(it)]
    running = (
        watched.running(found, zones, now),
        watched.running(below, zones, now - BELOW_AFTER),
    )
    return tuple(it.start for spans in running for _, it in sorted(spans.items()))


def _is_forgotten(span: Span, now: int) -> bool:
    return span.end < now - WATCHED_AFTER[span.period] - DAY
