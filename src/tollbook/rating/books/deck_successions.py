"""Rows of a deck with one prefix: identical ones are dropped, and a later price ends an earlier."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from tollbook.domain.periods import day_number, day_of
from tollbook.domain.prices import LAST_DAY, Deck, Rate


class SettledDeck(msgspec.Struct, frozen=True):
    """A deck without identical rows, the line of each of its rates, and how many were changed."""

    deck: Deck
    lines: Sequence[int]
    identical: int = 0
    ended: int = 0


def settle_rows(deck: Deck, lines: Sequence[int]) -> SettledDeck:
    """Drop rows that are identical to an earlier one, and end prices where a later one begins.

    Only a price without a last day is ended. Rows that differ in a condition are apart.
    """
    if len(set(deck.prefixes)) == len(deck.prefixes):
        return SettledDeck(deck, lines)
    templates = list(deck.templates)
    shortened: dict[tuple[int, int], int] = {}
    template_of = array("I", deck.template_of)
    dropped: set[int] = set()
    ended = 0
    for rows in _groups(deck):
        kept = _drop_identical(deck, rows, dropped)
        for row, following in pairwise(kept):
            rate, later = (deck.templates[deck.template_of[it]] for it in (row, following))
            if rate.valid_until == LAST_DAY and rate.valid_from < later.valid_from:
                until = day_number(day_of(later.valid_from) - timedelta(days=1))
                key = deck.template_of[row], until
                if key not in shortened:
                    shortened[key] = len(templates)
                    templates.append(replace(rate, valid_until=until))
                template_of[row] = shortened[key]
                ended += 1
    rows_left = [row for row in range(len(deck.prefixes)) if row not in dropped]
    settled = Deck(
        tuple(templates),
        [deck.prefixes[row] for row in rows_left],
        array("I", [template_of[row] for row in rows_left]),
        range(len(rows_left)),
        deck.inbound,
    )
    return SettledDeck(settled, array("I", [lines[it] for it in rows_left]), len(dropped), ended)


def _groups(deck: Deck) -> Iterable[list[int]]:
    """Group the rows that are for the same usage on some day."""
    counts = Counter(deck.prefixes)
    found: dict[object, list[int]] = defaultdict(list)
    for row, prefix in enumerate(deck.prefixes):
        if counts[prefix] > 1:
            it = deck.templates[deck.template_of[row]]
            found[prefix, it.to, it.from_, it.when, it.hours].append(row)
    return [rows for rows in found.values() if len(rows) > 1]


def _drop_identical(deck: Deck, rows: Sequence[int], dropped: set[int]) -> list[int]:
    """Return rows by their first day, without those that are identical to an earlier one."""
    kept: list[int] = []
    seen: set[Rate] = set()
    for row in rows:
        rate = replace(deck.templates[deck.template_of[row]], destination="")
        if rate in seen:
            dropped.add(row)
        else:
            kept.append(row)
            seen.add(rate)
    return sorted(kept, key=lambda row: deck.templates[deck.template_of[row]].valid_from)
