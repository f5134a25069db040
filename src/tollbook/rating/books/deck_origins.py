"""Calls with an unknown origin, where a deck prices by origin."""

from array import array
from collections.abc import Sequence

from msgspec.structs import replace

from tollbook.domain.prices import Deck
from tollbook.rating.match import FROM_KIND, TO_KIND
from tollbook.rating.numbers import KINDS

_NUMBER = "number"


def add_unknown_origins(deck: Deck, lines: Sequence[int]) -> tuple[Deck, Sequence[int]]:
    """Add rates by which a row without an origin also prices calls whose origin is no number.

    Without them, such calls are quarantined where other rows of the prefix have an origin.
    """
    condition = TO_KIND if deck.inbound else FROM_KIND
    others = [it.to if deck.inbound else it.from_ for it in deck.templates]
    by_origin = {
        prefix
        for prefix, template in zip(deck.prefixes, deck.template_of, strict=True)
        if others[template]
    }
    templates = list(deck.templates)
    made: dict[tuple[int, str], int] = {}
    prefixes, template_of, found = list(deck.prefixes), array("I", deck.template_of), list(lines)
    for row, prefix in enumerate(deck.prefixes):
        template = deck.template_of[row]
        if others[template] or prefix not in by_origin:
            continue
        for kind in (it for it in KINDS if it != _NUMBER):
            if (template, kind) not in made:
                made[template, kind] = len(templates)
                when = tuple(sorted((*templates[template].when, (condition, kind))))
                templates.append(replace(templates[template], when=when))
            prefixes.append(prefix)
            template_of.append(made[template, kind])
            found.append(lines[row])
    ids = range(len(prefixes))
    return Deck(tuple(templates), prefixes, template_of, ids, deck.inbound), array("I", found)
