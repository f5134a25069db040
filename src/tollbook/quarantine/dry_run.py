"""Compute what a replay would charge, and write nothing."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.quarantine import Selection
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.months import Months
from tollbook.quarantine.replay import recharge
from tollbook.store import quarantine
from tollbook.store.database import Snapshot
from tollbook.store.quarantine import Quarantined
from tollbook.store.staging import Staged

MOST_CHARGES = 1_000
"""How many charges a dry run lists; its sums have all of them."""
_AT_ONCE = 1_000

Progress = Callable[[int], object]
"""Receives how many more events were read."""


class PlannedCharge(NamedTuple):
    """The charge that an event would have: micros of the unit, and nanos of the currency."""

    organization_id: str
    id: str
    user_id: str
    meter: int
    day: int
    quantity: int
    billed: int
    currency: str
    cost: int


class SumKey(NamedTuple):
    """The key of a sum of charges; `meter` is a code."""

    currency: str
    organization_id: str
    meter: int


class ReplayDryRun(msgspec.Struct):
    """What a replay would do: counts, sums of the charges in nanos, and the first charges.

    `codes` counts the events by the code that they have, and `released` those of them that would
    be charged. `remaining` counts the others by the code that they would have.
    """

    codes: Counter[str] = msgspec.field(default_factory=Counter)
    released: Counter[str] = msgspec.field(default_factory=Counter)
    remaining: Counter[str] = msgspec.field(default_factory=Counter)
    events: Counter[SumKey] = msgspec.field(default_factory=Counter)
    costs: Counter[SumKey] = msgspec.field(default_factory=Counter)
    charges: list[PlannedCharge] = []
    catalog: Catalog = BUILT_IN

    def add(self, event: Quarantined, row: Staged, currency: str) -> None:
        """Count an event that would be charged."""
        self.released[event.code] += 1
        key = SumKey(currency, event.organization_id, row.meter)
        self.events[key] += 1
        self.costs[key] += row.cost
        if len(self.charges) < MOST_CHARGES:
            self.charges.append(
                PlannedCharge(
                    organization_id=event.organization_id,
                    id=event.id,
                    user_id=row.user_id,
                    meter=row.meter,
                    day=row.day,
                    quantity=row.quantity,
                    billed=row.billed,
                    currency=currency,
                    cost=row.cost,
                )
            )


def dry_run_replay(
    snapshot: Snapshot,
    directory_cache: DirectoryCache,
    tenant: str,
    selection: Selection,
    now: int,
    progress: Progress = lambda _: None,
) -> ReplayDryRun:
    """Charge the selected events as a replay would do now, in its order."""
    result = ReplayDryRun(catalog=directory_cache.catalog(snapshot, tenant))
    months, place = Months(snapshot), quarantine.FROM_THE_START
    while waiting := quarantine.waiting(snapshot, tenant, selection, place, _AT_ONCE):
        organizations = {event.organization_id for event in waiting}
        terms = directory_cache.terms(snapshot, tenant, organizations)
        for event, charged in recharge(terms, waiting, now, months):
            result.codes[event.code] += 1
            if isinstance(charged, Staged):
                result.add(event, charged, terms[event.organization_id].currency)
            else:
                result.remaining[charged.code] += 1
        place = waiting[-1].number, waiting[-1].id
        progress(len(waiting))
    return result
