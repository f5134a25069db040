"""How triggers stand in their running periods: behind GET /v1/triggers."""

from collections.abc import Sequence
from typing import NamedTuple

from tollbook.alerts.deviations import is_deviation
from tollbook.alerts.figures import selected_by
from tollbook.alerts.looked_ledger import LookedLedger, Moment, zones_of
from tollbook.alerts.watched import WatchedTenant
from tollbook.domain.trigger_periods import Span, running
from tollbook.domain.triggers import WHOLE_TENANT, Trigger
from tollbook.store import trigger_states, versions, watched_sums
from tollbook.store.database import Snapshot
from tollbook.store.watched_sums import WatchedOrganization


class RunningStatus(NamedTuple):
    """The value of a trigger's figure in its running period, and what has been fired in it.

    `learning` is whether a deviation has not enough history yet.
    """

    organization: WatchedOrganization | None
    span: Span
    value: int
    as_of: int
    reached: tuple[str, ...]
    cleared: tuple[str, ...]
    learning: bool


def running_statuses(
    snapshot: Snapshot, tenant: str, found: Sequence[Trigger], now: int
) -> dict[str, RunningStatus]:
    """Read how triggers stand, by their ids."""
    if not found:
        return {}
    watched = WatchedTenant(snapshot, tenant, found)
    by_number = {it.number: it for it in watched_sums.organizations_of_tenant(snapshot, tenant)}
    of_tenant = bool(watched.of_tenant)
    ledgers = {
        number: _ledger(snapshot, watched, it, now)
        for number, it in by_number.items()
        if of_tenant or number in watched.by_organization
    }
    values = _values_of_tenant(watched, list(ledgers.values()), now)
    for ledger in ledgers.values():
        for trigger in ledger.triggers:
            span = running(trigger.period, zones_of(ledger.organization), now)
            values[trigger.id] = span, ledger.value(trigger, span)
    return {
        it.id: _status(snapshot, it, by_number.get(it.organization), *values[it.id], tenant)
        for it in found
        if it.id in values
    }


def _ledger(
    snapshot: Snapshot, watched: WatchedTenant, organization: WatchedOrganization, now: int
) -> LookedLedger:
    moment = Moment(now, 0, with_ended=False)
    return LookedLedger(snapshot, watched, organization, moment)


def _values_of_tenant(
    watched: WatchedTenant, ledgers: Sequence[LookedLedger], now: int
) -> dict[str, tuple[Span, int]]:
    shares = [dict(it.shares()) for it in ledgers] if watched.of_tenant else []
    values = {}
    for it in watched.of_tenant:
        span = running(it.period, watched.zones, now)
        key = selected_by(it), it.currency, span
        values[it.id] = span, sum(share.get(key, 0) for share in shares)
    return values


def _status(
    snapshot: Snapshot,
    trigger: Trigger,
    organization: WatchedOrganization | None,
    span: Span,
    value: int,
    tenant: str,
) -> RunningStatus:
    number = trigger.organization
    states = trigger_states.states(snapshot, number, [trigger.id], span.end - 1)
    of_period = [it for it in states if it.period_start == span.start]
    frozen = trigger_states.baselines(snapshot, number, [trigger.id], span.end - 1)
    version = (
        versions.ledger_version_of_all(snapshot, tenant)
        if number == WHOLE_TENANT
        else versions.ledger_version(snapshot, number)
    )
    return RunningStatus(
        organization,
        span,
        value,
        version.as_of,
        reached=tuple(it.threshold for it in of_period),
        cleared=tuple(it.threshold for it in of_period if it.cleared_at is not None),
        learning=is_deviation(trigger) and not frozen,
    )
