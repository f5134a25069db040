"""Preview a price book that is not loaded: what was understood, and what it would change."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from tollbook.administration.book_report import in_force_before
from tollbook.domain.periods import day_of
from tollbook.domain.prices import FIRST_DAY, Deck, PriceBook, Rate
from tollbook.rating.books.compare import Change, RateDifference, differences
from tollbook.rating.books.deck_report import DeckReport
from tollbook.rating.books.fields import ShownRate
from tollbook.rating.books.serialize import show_rate
from tollbook.rating.books.starting_later import LaterRate, find_later_rates
from tollbook.store import prices
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow

_HIGHEST = 10
_MOST_DIFFERENCES = 20


class ShownDifference(msgspec.Struct, frozen=True):
    """A rate that would change: what it is for, and its prices."""

    change: Change
    meter: str
    to: str
    from_: str
    destination: str
    old: str | None
    new: str | None


class BookPreview(msgspec.Struct, frozen=True):
    """What a price book would be, if it were loaded.

    `decks` state how each deck was read. `days` counts rates by their first day, `increments` by
    how they bill seconds; an empty text is for rates without any. `replaces` is the version that
    is in force on the first day, with which `differences` compare the book.
    """

    name: str
    currency: str
    effective_from: str
    source: str
    rates: int
    prefixes: int
    decks: Sequence[DeckReport]
    days: dict[str, int]
    increments: dict[str, int]
    highest_prices: list[ShownRate]
    starts_later: list[LaterRate]
    starts_later_count: int
    replaces: int | None
    changes: dict[str, int]
    differences: list[ShownDifference]


def preview_book(
    snapshot: Snapshot,
    tenant: str,
    book: PriceBook,
    reports: Sequence[DeckReport],
    organization: OrganizationRow | None = None,
) -> BookPreview:
    """Preview a book for a tenant or one organization, without storing anything."""
    decks = (Deck.of(book.rates), *book.decks)
    number = None if organization is None else organization.number
    head = in_force_before(snapshot, tenant, book, number)
    old = None if head is None else prices.read_price_book(snapshot, tenant, head)
    found = [] if old is None else differences(old, book)
    later = find_later_rates(book)
    return BookPreview(
        name=book.name,
        currency=book.currency,
        effective_from=day_of(book.effective_from).isoformat(),
        source=book.source,
        rates=sum(len(it.prefixes) for it in decks),
        prefixes=len({prefix for it in decks for prefix in it.prefixes if prefix}),
        decks=reports,
        days=_count(decks, _first_day),
        increments=_count(decks, _increments),
        highest_prices=[show_rate(it) for it in _highest(decks)],
        starts_later=later.first,
        starts_later_count=later.number,
        replaces=None if head is None else head.version,
        changes={it.value: n for it, n in Counter(one.change for one in found).items()},
        differences=[_show_difference(it) for it in found[:_MOST_DIFFERENCES]],
    )


def _count(decks: Iterable[Deck], text_of: Callable[[Rate], str]) -> dict[str, int]:
    """Count rates by a text of their templates."""
    counts: Counter[str] = Counter()
    for deck in decks:
        texts = [text_of(it) for it in deck.templates]
        counts.update(texts[number] for number in deck.template_of)
    return dict(sorted(counts.items()))


def _first_day(rate: Rate) -> str:
    return "" if rate.valid_from == FIRST_DAY else day_of(rate.valid_from).isoformat()


def _increments(rate: Rate) -> str:
    return show_rate(rate).increments or ""


def _highest(decks: Iterable[Deck]) -> list[Rate]:
    """Return the rates with the highest prices of a unit, the highest first."""
    ranked = []
    for deck in decks:
        prices_of = [it.pricing.price_picos / it.pricing.per_micros for it in deck.templates]
        rows = sorted(range(len(deck.prefixes)), key=lambda row: -prices_of[deck.template_of[row]])[
            :_HIGHEST
        ]
        ranked += [(prices_of[deck.template_of[row]], deck.rate(row)) for row in rows]
    ranked.sort(key=lambda it: -it[0])
    return [rate for _, rate in ranked[:_HIGHEST]]


def _show_difference(it: RateDifference) -> ShownDifference:
    return ShownDifference(
        change=it.change,
        meter=it.rate.meter,
        to=it.rate.to,
        from_=it.rate.from_,
        destination=it.rate.destination,
        old=None if it.old is None else it.old.price,
        new=None if it.new is None else it.new.price,
    )
