"""Report a loaded price book, with the prices that it takes away and the rates without a use."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.administration.price_books import books_of
from tollbook.domain.books import BookHead, ShownBook, before, show_book
from tollbook.domain.lost_prices import MOST_NAMED, LostPrices
from tollbook.domain.prices import Rate
from tollbook.rating.books.unreachable import CoveredBy, UnreachableRates
from tollbook.rating.explain import describe_rate
from tollbook.store import directory, prices
from tollbook.store.database import Snapshot
from tollbook.store.meters import read_catalog


class BookReport(msgspec.Struct, frozen=True):
    """A book with the prices that it takes away from its first day on, once it is published."""

    price_book: ShownBook
    no_longer_priced: list[str]
    lost_prices: list[LostPrices]
    retired_meters: list[str] | UnsetType
    """Retired meters that the book has rates for; absent if there are none."""


class UnreachableRate(msgspec.Struct, frozen=True):
    """A rate that no event can reach: what it is for, and what comes first wherever it fits."""

    rate_id: int
    rate: str
    covered_by: CoveredBy


class LoadReport(BookReport, frozen=True):
    """A loaded book, with the number of rates that no event can reach and the first of them."""

    unreachable_rates: list[UnreachableRate]
    unreachable_rates_count: int


def load_report(
    snapshot: Snapshot, tenant: str, head: BookHead, now: int, unreachable: UnreachableRates
) -> LoadReport:
    """Return a book that was loaded just now, with its rates that no event can reach."""
    rates = [
        UnreachableRate(head.first_rate + it.row, describe_rate(it.rate), it.covered_by)
        for it in unreachable.first
    ]
    report = msgspec.structs.asdict(book_report(snapshot, tenant, head, now))
    return LoadReport(**report, unreachable_rates=rates, unreachable_rates_count=unreachable.number)


def book_report(snapshot: Snapshot, tenant: str, head: BookHead, now: int) -> BookReport:
    """Return a tenant's book with its status now and the prices that it takes away."""
    (book,) = (it for it in books_of(snapshot, tenant, now) if it.head.version == head.version)
    lost = lost_prices(snapshot, tenant, head)
    catalog = read_catalog(snapshot, tenant)
    own = prices.own_meters_in(snapshot, tenant, head.version) if catalog.own else {}
    retired = [it for it in catalog.in_order(own) if catalog.by_type[it].is_retired]
    return BookReport(
        price_book=show_book(book),
        no_longer_priced=catalog.in_order({it for entry in lost for it in entry.meters}),
        lost_prices=lost,
        retired_meters=retired or UNSET,
    )


def lost_prices(snapshot: Snapshot, tenant: str, head: BookHead) -> list[LostPrices]:
    """Return which organizations lose which prices when a book replaces its predecessor.

    An organization keeps a price that its own book or the tenant's has on the book's first day.
    Organizations that lose the same meters are listed together; a tenant's book that takes prices
    away is reported even when no organization has its currency.
    """
    heads = prices.price_book_heads(snapshot, tenant)
    old = before(heads, head)
    catalog = read_catalog(snapshot, tenant)
    lost = set() if old is None else _lost(snapshot, tenant, old, head)
    lost = {it for it in lost if not catalog.by_type[it].is_retired}
    if not lost:
        return []
    by_meters: dict[frozenset[str], list[str]] = {}
    organizations = directory.organizations(snapshot, tenant)
    of_currency = [row for row in organizations if row.currency == head.currency]
    for row in of_currency:
        if head.organization not in (None, row.number):
            continue
        other = None if head.organization is not None else row.number
        kept = _in_force(heads, other, head)
        left = frozenset(lost - (_prices_of(snapshot, tenant, kept, head) if kept else set()))
        if left:
            by_meters.setdefault(left, []).append(row.id)
    if head.organization is None and not of_currency:
        by_meters[frozenset(lost)] = []
    return [
        LostPrices(head.currency, catalog.in_order(meters), ids[:MOST_NAMED], len(ids))
        for meters, ids in by_meters.items()
    ]


def _lost(snapshot: Snapshot, tenant: str, old: BookHead, new: BookHead) -> set[str]:
    """Return the meters that an old book prices from a new one's first day on, and it does not."""
    day = new.effective_from
    of_old, of_new = (prices.templates_of(snapshot, tenant, it.version) for it in (old, new))
    # A rate may begin later than its book: compare the first day and all days from it on.
    return (_priced(of_old, day) - _priced(of_new, day)) | (
        _priced(of_old, day, ever=True) - _priced(of_new, day, ever=True)
    )


def _in_force(
    heads: Sequence[BookHead], organization: int | None, head: BookHead
) -> BookHead | None:
    """Return the published book of an owner, in the currency of another book, on its first day."""
    found = (
        it
        for it in heads
        if it.published_at is not None
        and (it.organization, it.currency) == (organization, head.currency)
        and it.effective_from <= head.effective_from
    )
    return max(found, key=lambda it: (it.effective_from, it.version), default=None)


def _prices_of(snapshot: Snapshot, tenant: str, kept: BookHead, head: BookHead) -> set[str]:
    """Return the meters that a kept book prices on another book's first day."""
    return _priced(prices.templates_of(snapshot, tenant, kept.version), head.effective_from)


def _priced(templates: Sequence[Rate], day: int, *, ever: bool = False) -> set[str]:
    """Return the meters that have a price on a day, or on any day from that day on."""
    return {
        it.meter
        for it in templates
        if it.pricing.price is not None and it.valid_until >= day and (ever or it.valid_from <= day)
    }
