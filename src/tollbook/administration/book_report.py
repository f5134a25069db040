"""Report a loaded price book, with the prices that it takes away and the rates without a use."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.administration.price_books import books_of
from tollbook.domain.books import BookHead, ShownBook, before, show_book
from tollbook.domain.exact import AmountJson, raw_amount, raw_quantity
from tollbook.domain.lost_prices import MOST_NAMED, LostPrices
from tollbook.domain.prices import PriceBook, Rate
from tollbook.rating.books.below_buy import Loss, has_buy_price, largest_loss
from tollbook.rating.books.starting_later import LaterRate, LaterRates
from tollbook.rating.books.unreachable import CoveredBy, UnreachableRates
from tollbook.rating.explain import describe_rate
from tollbook.store import directory, prices
from tollbook.store.database import Snapshot
from tollbook.store.meters import read_catalog

MOST_BELOW_BUY = 1_000
"""Rates below their buy price that a report lists; it counts all of them."""


class BelowBuyRate(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A rate that sells a quantity for less than it buys it: the quantity of the largest loss.

    `conditions` describe the usage apart from its prefixes; `tier` counts from 1.
    """

    rate_id: int
    meter: str
    to: str
    from_: str
    conditions: str
    tier: int | None
    quantity: msgspec.Raw
    cost: AmountJson
    buy_cost: AmountJson


class BelowBuyReport(msgspec.Struct, frozen=True):
    """The first rates that sell below their buy price, the largest loss first, and their number.

    `without_buy_count` counts the rates without a buy price, in books where any rate has one.
    """

    below_buy: list[BelowBuyRate]
    below_buy_count: int
    without_buy_count: int


class BookReport(msgspec.Struct, frozen=True):
    """A book with the prices that it takes away from its first day on, once it is published."""

    price_book: ShownBook
    no_longer_priced: list[str]
    lost_prices: list[LostPrices]
    below_buy: list[BelowBuyRate]
    below_buy_count: int
    without_buy_count: int
    retired_meters: list[str] | UnsetType
    """Retired meters that the book has rates for; absent if there are none."""


class UnreachableRate(msgspec.Struct, frozen=True):
    """A rate that no event can reach: what it is for, and what comes first wherever it fits."""

    rate_id: int
    rate: str
    covered_by: CoveredBy


class LoadReport(BookReport, frozen=True):
    """A loaded book, with the rates that no event can reach, and those that start later than it.

    Of each, the first are listed and all are counted.
    """

    unreachable_rates: list[UnreachableRate]
    unreachable_rates_count: int
    starts_later: list[LaterRate]
    starts_later_count: int


def load_report(
    snapshot: Snapshot,
    tenant: str,
    head: BookHead,
    now: int,
    unreachable: UnreachableRates,
    later: LaterRates,
) -> LoadReport:
    """Return a book that was loaded just now, with what was found out about its rates."""
    rates = [
        UnreachableRate(head.first_rate + it.row, describe_rate(it.rate), it.covered_by)
        for it in unreachable.first
    ]
    report = msgspec.structs.asdict(book_report(snapshot, tenant, head, now))
    return LoadReport(
        **report,
        unreachable_rates=rates,
        unreachable_rates_count=unreachable.number,
        starts_later=later.first,
        starts_later_count=later.number,
    )


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
        **msgspec.structs.asdict(below_buy_report(snapshot, tenant, [head])),
    )


class _BoughtBook(NamedTuple):
    """A book with its templates, and how many rates are made from each, by its number."""

    head: BookHead
    templates: Sequence[Rate]
    sizes: Mapping[int, int]

    def count_unknown(self) -> int:
        """Count the rates without a buy price, if any rate has one."""
        if not has_buy_price(self.templates):
            return 0
        return sum(
            self.sizes.get(number, 0)
            for number, rate in enumerate(self.templates)
            if rate.pricing.price is not None and rate.pricing.buy is None
        )


class _Losing(NamedTuple):
    """A template of a book, by its number, that sells below its buy price."""

    book: _BoughtBook
    number: int
    loss: Loss


def _losing(book: _BoughtBook) -> Iterator[_Losing]:
    """Yield the templates of a book that sell below their buy price."""
    for number, rate in enumerate(book.templates):
        loss = largest_loss(rate)
        if loss is not None:
            yield _Losing(book, number, loss)


def below_buy_report(snapshot: Snapshot, tenant: str, heads: Sequence[BookHead]) -> BelowBuyReport:
    """Return the rates of some books that sell below their buy price."""
    books = [
        _BoughtBook(
            head,
            prices.templates_of(snapshot, tenant, head.version),
            prices.count_by_template(snapshot, head),
        )
        for head in heads
    ]
    losing = [it for book in books for it in _losing(book)]
    losing.sort(key=lambda it: (-it.loss.amount, it.book.head.version, it.number))
    return BelowBuyReport(
        below_buy=_below_buy(snapshot, losing),
        below_buy_count=sum(it.book.sizes.get(it.number, 0) for it in losing),
        without_buy_count=sum(book.count_unknown() for book in books),
    )


def _below_buy(snapshot: Snapshot, losing: Sequence[_Losing]) -> list[BelowBuyRate]:
    """Return the first rates that sell below their buy price."""
    found: list[BelowBuyRate] = []
    for (head, templates, _), number, loss in losing:
        left = MOST_BELOW_BUY - len(found)
        if not left:
            break
        rates = prices.rates_of_template(snapshot, head, number, templates[number], left)
        found += [_show_loss(rate, loss) for rate in rates]
    return found


def _show_loss(rate: Rate, loss: Loss) -> BelowBuyRate:
    without_prefixes = msgspec.structs.replace(rate, to="", from_="")
    return BelowBuyRate(
        rate_id=rate.id,
        meter=rate.meter,
        to=rate.to,
        from_=rate.from_,
        conditions=describe_rate(without_prefixes).partition("; ")[2],
        tier=loss.tier,
        quantity=raw_quantity(loss.quantity),
        cost=raw_amount(loss.cost),
        buy_cost=raw_amount(loss.buy_cost),
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


def in_force_before(
    snapshot: Snapshot, tenant: str, book: PriceBook, organization: int | None
) -> BookHead | None:
    """Return the published book that a new one would replace on its first day, None for none."""
    return _in_force(prices.price_book_heads(snapshot, tenant), organization, book)


def _lost(snapshot: Snapshot, tenant: str, old: BookHead, new: BookHead) -> set[str]:
    """Return the meters that an old book prices from a new one's first day on, and it does not."""
    day = new.effective_from
    of_old, of_new = (prices.templates_of(snapshot, tenant, it.version) for it in (old, new))
    # A rate may begin later than its book: compare the first day and all days from it on.
    return (_priced(of_old, day) - _priced(of_new, day)) | (
        _priced(of_old, day, ever=True) - _priced(of_new, day, ever=True)
    )


def _in_force(
    heads: Sequence[BookHead], organization: int | None, head: BookHead | PriceBook
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
