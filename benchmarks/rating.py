"""Measure rating: calls per second on one core with a deck of 100,000 prefixes, and memory."""

import gc
import random
import tracemalloc
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time

from tollbook.administration.price_books import example_book
from tollbook.domain.charges import Charge, RatingInput
from tollbook.domain.exact import MICROS
from tollbook.domain.prices import CallTerms, Deck, PriceBook, Pricing, Rate
from tollbook.rating.charge import rate_usage
from tollbook.rating.tariff import Tariff

_PREFIXES = 100_000
_CALLS = 20_000
_PRICES = 400
_INCREMENTS = ((60, 60), (60, 6), (30, 6), (1, 1))
_CALLING_CODES = (
    "1",
    "20",
    "33",
    "34",
    "39",
    "44",
    "49",
    "52",
    "55",
    "61",
    "81",
    "91",
    "234",
    "380",
)
_CURRENCY = "USD"
_DAY = 20240115


@dataclass(frozen=True)
class RatingFigure:
    """The speed of rating in CPU time, and the memory of the deck."""

    prefixes: int
    calls_per_second: float
    with_one_price: float
    """Calls per second by the example book, which has one price for all of them."""
    slowest: float
    fastest: float
    bytes_a_prefix: float
    arranged_seconds: float


def rating(rounds: int) -> RatingFigure:
    """Measure in CPU time, so that other work on the machine counts less."""
    chance = random.Random(1)
    book, prefixes = deck_book(chance)
    gc.collect()
    tracemalloc.start()
    tariff = Tariff(book)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    start = process_time()
    Tariff(book)
    arranged = process_time() - start
    calls = _calls(chance, prefixes)
    plain = Tariff(example_book())
    pairs = [(_speed(tariff, calls), _speed(plain, calls)) for _ in range(rounds)]
    speeds, plain_speeds = zip(*pairs, strict=True)
    return RatingFigure(
        prefixes=_PREFIXES,
        calls_per_second=median(speeds),
        with_one_price=median(plain_speeds),
        slowest=min(speeds),
        fastest=max(speeds),
        bytes_a_prefix=size / _PREFIXES,
        arranged_seconds=arranged,
    )


def deck_book(chance: random.Random) -> tuple[PriceBook, list[str]]:
    """Return a book with one deck of calls, and its prefixes."""
    prefixes = _prefixes(chance)
    deck = _deck(chance, prefixes)
    return PriceBook("deck", _CURRENCY, _DAY, "generated", (), 1, (deck,)), prefixes


def numbers_under(chance: random.Random, prefixes: Sequence[str], count: int) -> list[str]:
    """Return E.164 numbers of twelve digits that match prefixes of a deck."""
    return [f"+{chance.choice(prefixes)}{chance.randrange(10**12):012d}"[:13] for _ in range(count)]


def _prefixes(chance: random.Random) -> list[str]:
    """Return prefixes of three to nine digits under some calling codes, and the codes."""
    found = set(_CALLING_CODES)
    while len(found) < _PREFIXES:
        code = chance.choice(_CALLING_CODES)
        more = chance.randint(1, 9 - len(code))
        found.add(code + "".join(chance.choices("0123456789", k=more)))
    return sorted(found)


def _deck(chance: random.Random, prefixes: list[str]) -> Deck:
    templates = []
    for number in range(1, _PRICES + 1):
        first, following = chance.choice(_INCREMENTS)
        terms = CallTerms(first=first * MICROS, following=following * MICROS)
        picos = number * 7 * 10**7
        pricing = Pricing(f"0.{number * 7:05d}", "minute", picos, 60 * MICROS, calls=terms)
        templates.append(Rate("voice.call", pricing))
    template_of = array("I", (chance.randrange(_PRICES) for _ in prefixes))
    return Deck(templates, prefixes, template_of, range(1, len(prefixes) + 1))


def _calls(chance: random.Random, prefixes: list[str]) -> list[RatingInput]:
    """Return calls of up to an hour to numbers of the deck."""
    return [
        RatingInput("voice.call", chance.randint(0, 3600) * MICROS, _DAY, {"to": number})
        for number in numbers_under(chance, prefixes, _CALLS)
    ]


def _speed(tariff: Tariff, calls: list[RatingInput]) -> float:
    books = [[tariff]]
    start = process_time()
    charges = [rate_usage(books, call, _CURRENCY) for call in calls]
    seconds = process_time() - start
    if not all(type(charge) is Charge for charge in charges):
        raise AssertionError("a call was not rated")
    return len(calls) / seconds
