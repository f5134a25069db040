"""Rates as columns: what many rates have in common is one template, the rest a row each."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from tollbook.domain.prices import Deck, PriceBook, Rate
from tollbook.store.engine import Row


class RateColumns(NamedTuple):
    """The rates of a book: templates, and for each rate a template's number and two prefixes."""

    templates: list[Rate]
    rows: Iterable[tuple[int, str, str]]
    size: int


def columns_of(book: PriceBook) -> RateColumns:
    """Return the columns of a book's rates and decks; rates that differ in prefixes share one."""
    numbers: dict[Rate, int] = {}

    def number_of(rate: Rate) -> int:
        template = msgspec.structs.replace(rate, to="", from_="", id=0)
        return numbers.setdefault(template, len(numbers))

    parts: list[Iterable[tuple[int, str, str]]] = [
        [(number_of(rate), rate.to, rate.from_) for rate in book.rates]
    ]
    parts += [
        _deck_rows(deck, [number_of(template) for template in deck.templates])
        for deck in book.decks
    ]
    count = len(book.rates) + sum(len(deck.prefixes) for deck in book.decks)
    return RateColumns(list(numbers), chain.from_iterable(parts), count)


def _deck_rows(deck: Deck, numbers: Sequence[int]) -> Iterator[tuple[int, str, str]]:
    for prefix, template in zip(deck.prefixes, deck.template_of, strict=True):
        rate = deck.templates[template]
        to, from_ = (rate.to, prefix) if deck.inbound else (prefix, rate.from_)
        yield numbers[template], to, from_


def decks_of(rows: Sequence[Row], templates: Sequence[Rate]) -> Iterator[Deck]:
    """Yield decks of stored rows: of those with up to one prefix, and of those with two."""
    if not any(row[3] for row in rows):
        yield _deck(rows, templates, prefix=2)
        return
    yield _deck([row for row in rows if not row[3]], templates, prefix=2)
    both = [row for row in rows if row[2] and row[3]]
    yield _deck([row for row in rows if not row[2] and row[3]], templates, prefix=3)
    rates = [rate_of(row, templates[row[1]]) for row in both]
    prefixes = [rate.to for rate in rates]
    yield Deck(
        [msgspec.structs.replace(rate, to="", id=0) for rate in rates],
        prefixes,
        range(len(rates)),
        [rate.id for rate in rates],
    )


def _deck(rows: Sequence[Row], templates: Sequence[Rate], prefix: int) -> Deck:
    return Deck(
        templates,
        [row[prefix] for row in rows],
        array("I", [row[1] for row in rows]),
        _ids([row[0] for row in rows]),
        inbound=prefix == 3,
    )


def _ids(ids: list[int]) -> Sequence[int]:
    """Return consecutive ids as a range, others as an array."""
    consecutive = not ids or ids[-1] - ids[0] + 1 == len(ids)
    return range(ids[0], ids[-1] + 1) if ids and consecutive else array("q", ids)


def rate_of(row: Row, template: Rate) -> Rate:
    """Return the rate of a row and its template."""
    rate_id, _, to, from_ = row
    return msgspec.structs.replace(template, to=to, from_=from_, id=rate_id)
