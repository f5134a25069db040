"""Prefixes of a book that have no price on its first day: until later, shorter prefixes apply."""

import msgspec

from tollbook.domain.periods import day_of
from tollbook.domain.prices import Deck, PriceBook, Rate

MOST_LISTED = 100
_Key = tuple[str, str, str]


class LaterRate(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """A prefix whose price starts later than its book, and the prefix that applies until then.

    Without `until_then`, no price of the book applies, or one for all numbers.
    """

    meter: str
    to: str
    from_: str
    valid_from: str
    until_then: str
    destination: str = ""


class LaterRates(msgspec.Struct, frozen=True):
    """The number of prefixes that start later than their book, and the first of them."""

    number: int
    first: list[LaterRate]


def find_later_rates(book: PriceBook) -> LaterRates:
    """Find the prefixes of a book that have no price on its first day."""
    firsts: dict[_Key, tuple[int, Rate]] = {}
    for deck in (Deck.of(book.rates), *book.decks):
        for number, to, from_ in deck.rows():
            rate = deck.templates[number]
            if not (to or from_) or rate.pricing.price is None:
                continue
            key = rate.meter, to, from_
            known = firsts.get(key)
            if known is None or rate.valid_from < known[0]:
                firsts[key] = rate.valid_from, rate
    later = [key for key, (day, _) in firsts.items() if day > book.effective_from]
    return LaterRates(
        len(later), [_later_rate(key, firsts, book.effective_from) for key in later[:MOST_LISTED]]
    )


def _later_rate(key: _Key, firsts: dict[_Key, tuple[int, Rate]], first_day: int) -> LaterRate:
    meter, to, from_ = key
    day, rate = firsts[key]
    shorter = (to[:length] for length in range(len(to) - 1, 0, -1))
    until_then = next(
        (it for it in shorter if firsts.get((meter, it, from_), (first_day + 1,))[0] <= first_day),
        "",
    )
    return LaterRate(meter, to, from_, day_of(day).isoformat(), until_then, rate.destination)
