"""Clashes between rows of decks: the same row twice, or days that overlap.

Nearly every prefix occurs once, which a look-up shows; only the others are compared as rates.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from tollbook.domain.prices import Deck, Rate
from tollbook.rating.books.clashes import clashes


class RatePosition(NamedTuple):
    """The position of a rate in a book: its part, and its row in that part."""

    part: int
    row: int


class Clash(NamedTuple):
    """Two rates that clash, the later one second."""

    first: RatePosition
    second: RatePosition
    rate: Rate
    same: bool


_Key = tuple[str, str]


def deck_clashes(rates: Sequence[Rate], decks: Sequence[Deck]) -> list[Clash]:
    """List the clashes between rows of decks, and of those with single rates.

    The rates are part 0, the decks parts 1 and so on. Two rates of part 0 are not compared.
    """
    crowded: dict[_Key, list[RatePosition]] = defaultdict(list)
    firsts: dict[_Key, dict[str, RatePosition]] = defaultdict(dict)
    for part, deck in enumerate(decks, 1):
        _add_deck(part, deck, firsts, crowded)
    for row, rate in enumerate(rates):
        place, key = RatePosition(0, row), _place_key(rate.to, rate.from_)
        here = firsts.get((rate.meter, ""), {}).get(key)
        if here is not None:
            _crowd(crowded, (rate.meter, key), here, place)
    rate_at = _reader(rates, decks)
    return sorted(
        (
            clash
            for places in crowded.values()
            for clash in _clashes(sorted(places), rate_at)
            if clash.second.part
        ),
        key=lambda clash: (clash.second, clash.first),
    )


def _add_deck(
    part: int,
    deck: Deck,
    firsts: dict[_Key, dict[str, RatePosition]],
    crowded: dict[_Key, list[RatePosition]],
) -> None:
    """Note the first place of each prefix of a deck, and the prefixes with several places."""
    meters = {it.meter for it in deck.templates}
    others = [it.to if deck.inbound else it.from_ for it in deck.templates]
    mixed = any(others) or deck.inbound or len(meters) > 1
    meter = next(iter(meters), "")
    seen = firsts[meter, ""]
    make = tuple.__new__
    for row, prefix in enumerate(deck.prefixes):
        key = prefix
        if mixed:
            number = deck.template_of[row]
            meter = deck.templates[number].meter
            seen = firsts[meter, ""]
            other = others[number]
            key = _place_key(other, prefix) if deck.inbound else _place_key(prefix, other)
        place = make(RatePosition, (part, row))
        before = seen.setdefault(key, place)
        if before is not place:
            _crowd(crowded, (meter, key), before, place)


def _crowd(
    crowded: dict[_Key, list[RatePosition]], key: _Key, first: RatePosition, other: RatePosition
) -> None:
    places = crowded[key]
    if not places:
        places.append(first)
    places.append(other)


def _place_key(to: str, from_: str) -> str:
    return f"{to}<{from_}" if from_ else to


def _reader(rates: Sequence[Rate], decks: Sequence[Deck]) -> Callable[[RatePosition], Rate]:
    def rate_at(place: RatePosition) -> Rate:
        if not place.part:
            return rates[place.row]
        return decks[place.part - 1].rate(place.row)

    return rate_at


def _clashes(
    places: Sequence[RatePosition], rate_at: Callable[[RatePosition], Rate]
) -> Iterator[Clash]:
    alike = [rate_at(place) for place in places]
    for one, other in clashes(alike):
        same = is_same_price(alike[one], alike[other])
        yield Clash(places[one], places[other], alike[other], same)


def is_same_price(one: Rate, other: Rate) -> bool:
    """Return whether two rates differ in the name of their destination at most."""
    return one == other or one == replace(other, destination=one.destination)
