"""Dry runs: what charging a period again would change."""

from collections.abc import Callable
from heapq import heappush, heappushpop
from typing import NamedTuple

import msgspec

from tollbook.domain.books import BookHead
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.lost_prices import MOST_NAMED, LostPrices
from tollbook.domain.rerating import (
    Bought,
    Costs,
    LeftAsItWas,
    RerateRange,
    added,
    added_purchases,
)
from tollbook.ingest.months import Months
from tollbook.rerating.price_book_set import PriceBookSet, PricedOrganization
from tollbook.rerating.recharge import MONTH_NOT_WHOLE, RechargedChunk, RechargeSums, recharge_day
from tollbook.store import recharge
from tollbook.store.database import Snapshot
from tollbook.store.meters import read_catalog
from tollbook.store.recharge import OrganizationDay

Progress = Callable[[int], None]
"""Receives how many more events were read."""

_START = OrganizationDay(0, 0)


class Diff(NamedTuple):
    """What the events of a user, a meter and a day cost and would cost, in nanos.

    `user_id` is empty for organization-level usage.
    """

    organization_id: str
    day: int
    user_id: str
    meter: str
    events: int
    old: int
    new: int


class DryRun(msgspec.Struct):
    """What would change: sums of everything, the largest differences, and what has no price."""

    events: int = 0
    changed: int = 0
    buy_changed: int = 0
    unpriced: int = 0
    differing: int = 0
    costs: Costs = {}
    purchases: Bought = {}
    rows: list[Diff] = []
    left: list[LeftAsItWas] = []
    lost: dict[tuple[str, str], set[int]] = {}
    """The meters without a price, by currency and organization."""
    catalog: Catalog = BUILT_IN
    books: list[BookHead] = []
    """The books that are in force on the days of the period."""

    def lost_prices(self) -> list[LostPrices]:
        """Return which organizations would lose which prices, one entry for each set of prices."""
        alike: dict[tuple[str, tuple[int, ...]], list[str]] = {}
        for (currency, organization), meters in sorted(self.lost.items()):
            alike.setdefault((currency, tuple(sorted(meters))), []).append(organization)
        return [
            LostPrices(
                currency,
                [self.catalog.of_code(meter).type for meter in meters],
                ids[:MOST_NAMED],
                len(ids),
            )
            for (currency, meters), ids in alike.items()
        ]


def dry_run(
    snapshot: Snapshot,
    tenant: str,
    span: RerateRange,
    as_of: int,
    limit: int,
    progress: Progress | None = None,
) -> DryRun:
    """Compute what charging a span again would change, and change nothing.

    Of the rows that differ, keep the `limit` rows with the largest differences.
    """
    result, largest = DryRun(catalog=read_catalog(snapshot, tenant)), _Largest(limit)
    book_set = PriceBookSet(tenant, span.version, as_of)
    months, place = Months(snapshot), recharge.next_place(snapshot, tenant, span, _START)
    while place is not None:
        organization = book_set.organization(snapshot, place.organization)
        sums: dict[tuple[str, int], RechargeSums] = {}
        for chunk in recharge_day(snapshot, place, organization, months, span.first_day):
            _count(result, chunk, organization, place, limit)
            _add(sums, chunk)
        for (user, meter), amounts in sums.items():
            old, new = amounts.old, amounts.new
            result.events += amounts.events
            result.costs = added(result.costs, organization.currency, old, new)
            result.purchases = added_purchases(
                result.purchases, organization.currency, amounts.before, amounts.after
            )
            if old != new:
                result.differing += 1
                row = Diff(
                    organization_id=organization.id,
                    day=place.day,
                    user_id=user,
                    meter=result.catalog.of_code(meter).type,
                    events=amounts.events,
                    old=old,
                    new=new,
                )
                largest.add(row)
        if progress:
            progress(sum(amounts.events for amounts in sums.values()))
        place = recharge.next_place(snapshot, tenant, span, place)
    result.rows, result.books = largest.in_order(), book_set.books_in(span)
    return result


def require_whole_months(snapshot: Snapshot, tenant: str, span: RerateRange, as_of: int) -> None:
    """Refuse a period that begins within a month whose events would be new to tiers."""
    if span.first_day % 100 == 1:
        return
    book_set, months = PriceBookSet(tenant, span.version, as_of), Months(snapshot)
    first = msgspec.structs.replace(
        span, last_day=min(span.last_day, span.first_day // 100 * 100 + 99)
    )
    place = recharge.next_place(snapshot, tenant, first, _START)
    while place is not None:
        organization = book_set.organization(snapshot, place.organization)
        if book_set.tiered:
            for chunk in recharge_day(snapshot, place, organization, months, span.first_day):
                refuse_parts_of_months(chunk, organization)
        place = recharge.next_place(snapshot, tenant, first, place)


def refuse_parts_of_months(chunk: RechargedChunk, organization: PricedOrganization) -> None:
    """Refuse the period when an event of it could not be placed in the tiers of its month."""
    for identity, reason in chunk.unpriced:
        if reason is MONTH_NOT_WHOLE:
            sentence = (
                f"event {identity} of {organization.id} would be new to the tiers of its month: "
                "start_date must be the first of a month"
            )
            raise InvalidRequest.of([Problem("start_date", MONTH_NOT_WHOLE.code, sentence)])


def _count(
    result: DryRun,
    chunk: RechargedChunk,
    organization: PricedOrganization,
    place: OrganizationDay,
    limit: int,
) -> None:
    refuse_parts_of_months(chunk, organization)
    result.changed += chunk.changed
    result.buy_changed += chunk.buy_changed
    result.unpriced += len(chunk.unpriced)
    if chunk.unpriced_meters:
        result.lost.setdefault((organization.currency, organization.id), set()).update(
            chunk.unpriced_meters
        )
    result.left += [
        LeftAsItWas(organization.id, place.day, identity, unpriced.code, unpriced.reason)
        for identity, unpriced in chunk.unpriced[: limit - len(result.left)]
    ]


def _add(sums: dict[tuple[str, int], RechargeSums], chunk: RechargedChunk) -> None:
    for key, amounts in chunk.sums.items():
        sums.setdefault(key, RechargeSums()).add_all(amounts)


class _Largest:
    """Keeps the rows with the largest differences."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[int, int, Diff]] = []
        self._seen = 0

    def add(self, row: Diff) -> None:
        """Keep a row if it is large enough; of rows with the same difference keep the first."""
        self._seen += 1
        entry = (abs(row.new - row.old), -self._seen, row)
        if len(self._heap) < self._limit:
            heappush(self._heap, entry)
        else:
            heappushpop(self._heap, entry)

    def in_order(self) -> list[Diff]:
        """Return the rows, the largest difference first."""
        return [row for _, _, row in sorted(self._heap, reverse=True)]
