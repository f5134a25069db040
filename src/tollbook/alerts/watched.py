"""The triggers of a tenant as they are watched, arranged by organization."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tollbook.alerts.figures import SelectedSums
from tollbook.alerts.groups import TriggerGroup, TriggerGroupKey, groups_of
from tollbook.domain.catalog import Catalog
from tollbook.domain.trigger_periods import WATCHED_AFTER, Span, Zones, running, spans
from tollbook.domain.triggers import (
    WHOLE_TENANT,
    ThresholdKind,
    Trigger,
    TriggerPeriod,
    TriggerStatus,
    share_of,
)
from tollbook.store import budgets, directory, meters, triggers
from tollbook.store.database import Snapshot

BudgetKey = tuple[int, str, str]
"""An organization's number, a user's id or nothing, and a period."""


class Amount(NamedTuple):
    """A threshold in the unit of its figure, and the instant from which it is watched.

    `fraction` and `budget` are those of a threshold that is a part of a budget.
    """

    amount: int
    since: int
    fraction: str = ""
    budget: int = 0


class WatchedTenant:
    """A tenant's active triggers with their thresholds as amounts, as they were in a snapshot."""

    def __init__(
        self, snapshot: Snapshot, tenant: str, only: Iterable[Trigger] | None = None
    ) -> None:
        """Read a tenant's active triggers, or arrange `only` some triggers, active or not."""
        self.id = tenant
        self.tokens = triggers.tokens_of(snapshot, tenant)
        self.zones: Zones = directory.tenant_zones(snapshot, tenant)
        self.catalog: Catalog = meters.read_catalog(snapshot, tenant)
        self.by_organization: dict[int, list[Trigger]] = defaultdict(list)
        self.amounts: dict[str, tuple[Amount, ...]] = {}
        self._groups: dict[int, dict[TriggerGroupKey, TriggerGroup]] = {}
        self._codes: dict[SelectedSums, frozenset[int] | None] = {}
        limits = _limits(snapshot, tenant)
        for trigger in _active(snapshot, tenant) if only is None else only:
            self.by_organization[trigger.organization].append(trigger)
            self.amounts[trigger.id] = tuple(_amounts(trigger, limits))

    @property
    def of_tenant(self) -> list[Trigger]:
        """Return the triggers on the whole tenant."""
        return self.by_organization.get(WHOLE_TENANT, [])

    def deviations(self, number: int) -> list[Trigger]:
        """Return the triggers of an organization that compare with what is usual."""
        found = self.by_organization.get(number, [])
        return [it for it in found if it.kind is ThresholdKind.DEVIATION]

    def groups(self, number: int) -> dict[TriggerGroupKey, TriggerGroup]:
        """Return the triggers of an organization that compare with amounts, by their figure."""
        if number not in self._groups:
            found = self.by_organization.get(number, [])
            of_amounts = [it for it in found if it.kind is not ThresholdKind.DEVIATION]
            amounts = {it.id: [a.amount for a in self.amounts[it.id]] for it in of_amounts}
            self._groups[number] = groups_of(of_amounts, amounts)
        return self._groups[number]

    def codes(self, selected: SelectedSums) -> frozenset[int] | None:
        """Return the codes of the meters that are selected."""
        if selected not in self._codes:
            self._codes[selected] = selected.codes(self.catalog)
        return self._codes[selected]

    def running(
        self, found: Iterable[Trigger], zones: Zones, now: int
    ) -> dict[TriggerPeriod, Span]:
        """Return the running period of each kind that some triggers have."""
        return {it: running(it, zones, now) for it in {trigger.period for trigger in found}}

    def watched(
        self, found: Iterable[Trigger], zones: Zones, now: int
    ) -> dict[TriggerPeriod, list[Span]]:
        """Return the periods that are watched, of each kind that some triggers have."""
        kinds: dict[TriggerPeriod, int] = {}
        for it in found:
            earliest = max(now - WATCHED_AFTER[it.period], it.watched_from)
            kinds[it.period] = min(earliest, kinds.get(it.period, earliest))
        return {it: spans(it, zones, since, now) for it, since in kinds.items()}


def _active(snapshot: Snapshot, tenant: str) -> Iterator[Trigger]:
    for it in triggers.triggers(snapshot, tenant):
        if it.status is TriggerStatus.ACTIVE:
            yield it


def _limits(snapshot: Snapshot, tenant: str) -> dict[BudgetKey, tuple[int, int]]:
    """Return the amount of each budget, and since when it is that."""
    return {
        (number, user, period): (amount, since)
        for number, user, period, amount, since in budgets.limits(snapshot, tenant)
    }


def _amounts(trigger: Trigger, limits: dict[BudgetKey, tuple[int, int]]) -> Iterator[Amount]:
    """Return the thresholds of a trigger as amounts, the lowest first."""
    if trigger.kind is ThresholdKind.VALUE:
        for it in sorted(trigger.thresholds, key=lambda it: int(it.at)):
            yield Amount(int(it.at), it.since)
    elif trigger.kind is ThresholdKind.BUDGET:
        key = trigger.organization, trigger.user_id, trigger.period.value
        limit = limits.get(key)
        for it in sorted(trigger.thresholds, key=lambda it: float(it.at)) if limit else ():
            amount, since = limits[key]
            yield Amount(share_of(it.at, amount), max(it.since, since), it.at, amount)
