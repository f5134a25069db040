"""A price book arranged for rating, so that its rate for a usage is found in a few look-ups."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import final

import msgspec

from tollbook.domain.charges import RatingInput
from tollbook.domain.prices import Deck, PriceBook, Pricing, Rate
from tollbook.rating.index import Found, Index, UnreadableNumber
from tollbook.rating.match import SIDES, derived_of, fits
from tollbook.rating.numbers import ERASED, stored_digits_of


@final
class ChosenRate(msgspec.Struct, frozen=True, gc=False):
    """The rate found for a usage, before any arithmetic: its number, its pricing and its prefixes.

    `to` and `from_` are the prefixes that matched, 0 for none.
    """

    tariff: "Tariff"
    row: int
    rate_id: int
    pricing: Pricing
    to: int
    from_: int

    @property
    def tier_key(self) -> str | None:
        """Return the tier group that the ledger counts this month, None without tiers."""
        return self.pricing.tier_group

    @property
    def rate(self) -> Rate:
        """Return the rate itself, to explain it."""
        template = self.tariff.template(self.row)
        to, from_ = (str(prefix) if prefix else "" for prefix in (self.to, self.from_))
        return msgspec.structs.replace(template, to=to, from_=from_, id=self.rate_id)


class Tariff:
    """A version of a price book arranged for rating.

    Each row is a number into compact columns, so that a deck of a hundred thousand prefixes takes
    neither an object a row nor a comparison a row.
    """

    __slots__ = (
        "_ids",
        "_markups",
        "_names",
        "_prices",
        "_pricings",
        "_sole",
        "_template_of",
        "_templates",
        "currency",
        "effective_from",
        "name",
        "version",
    )

    def __init__(self, book: PriceBook) -> None:
        self.name = book.name
        self.version = book.version
        self.currency = book.currency
        self.effective_from = book.effective_from
        self._templates: list[Rate] = []
        self._pricings: list[Pricing] = []
        self._template_of = array("I")
        self._ids: Sequence[int] = ()
        self._prices: dict[str, Index] = {}
        self._markups: dict[str, Index] = {}
        self._sole: dict[str, tuple[int, int, Pricing]] = {}
        self._names: dict[str, set[str]] = {}
        self._arrange(book)

    def template(self, row: int) -> Rate:
        """Return what a row shares with others: all but its prefixes and id."""
        return self._templates[self._template_of[row]]

    def find(self, usage: RatingInput) -> ChosenRate | None:
        """Find the most specific rate that fits, None when none does.

        A usage with its own cost looks for a markup, any other for a price. Where rates are
        for prefixes and there is no number, a rate must name the kind of the address instead:
        `UnreadableNumber` when none does.
        """
        if usage.cost is None:
            sole = self._sole.get(usage.meter)
            if sole is not None:
                return ChosenRate(self, *sole, 0, 0)
        index = self._index(usage)
        if index is None:
            return None
        try:
            found = index.find(usage, self._fits)
        except UnreadableNumber as unreadable:
            found = index.find_by_kind(usage, self._fits, (unreadable.side,))
            if found is None:
                raise
        return None if found is None else self._choose_row(found)

    def find_by_kind(self, usage: RatingInput, side: str) -> ChosenRate | None:
        """Find the most specific rate that fits and names the kind of the address in `side`."""
        index = self._index(usage)
        found = None if index is None else index.find_by_kind(usage, self._fits, (side,))
        return None if found is None else self._choose_row(found)

    def _choose_row(self, found: Found) -> ChosenRate:
        row, to, from_ = found
        pricing = self._pricings[self._template_of[row]]
        rate_id = self._ids[row]
        return ChosenRate(
            tariff=self, row=row, rate_id=rate_id, pricing=pricing, to=to, from_=from_
        )

    def hidden(self, usage: RatingInput) -> str | None:
        """Return an attribute of which too little is stored to choose a rate, or None."""
        index = self._index(usage)
        if index is None or (usage.cost is None and usage.meter in self._sole):
            return None
        names = self._names[usage.meter]
        for name, value in (usage.attributes or {}).items():
            # Checked here and not in `stored_digits_of`, because every attribute passes here.
            if type(value) is not str or not ("#" in value or value == ERASED):
                continue
            digits = stored_digits_of(value)
            if digits is None:
                continue
            derived = names.intersection(derived_of(name)) if not digits else ()
            if derived or name in names or (name in SIDES and index.reaches(name, digits)):
                return name
        return None

    def _index(self, usage: RatingInput) -> Index | None:
        return (self._prices if usage.cost is None else self._markups).get(usage.meter)

    def prices(self, meter: str) -> bool:
        """Return whether any rate has a price for a meter."""
        return meter in self._prices

    def marks_up(self, meter: str) -> bool:
        """Return whether any rate has a markup for a meter."""
        return meter in self._markups

    def sole(self, meter: str) -> tuple[int, Pricing] | None:
        """Return the id and pricing of the one rate for all usage of a meter, or None."""
        found = self._sole.get(meter)
        return found and found[1:]

    def _fits(self, row: int, usage: RatingInput) -> bool:
        return fits(self.template(row), usage)

    def _arrange(self, book: PriceBook) -> None:
        """Arrange the rates and decks of a book as columns, and index them."""
        columns = [Deck.of(book.rates), *book.decks]
        self._ids = _join([deck.ids for deck in columns])
        for deck in columns:
            self._add_deck(deck)
        for it in self._templates:
            self._names.setdefault(it.meter, set()).update(name for name, _ in it.when)
        for index in (*self._prices.values(), *self._markups.values()):
            index.sort(self.template)
        for meter, index in self._prices.items():
            row = index.sole()
            if row is not None:
                self._sole[meter] = row, self._ids[row], self._pricings[self._template_of[row]]

    def _add_deck(self, deck: Deck) -> None:
        first = len(self._templates)
        self._templates.extend(deck.templates)
        self._pricings.extend(template.pricing for template in deck.templates)
        adders = [self._adders(template) for template in deck.templates]
        always = [template.always for template in deck.templates]
        for row, (number, to, from_) in enumerate(deck.rows(), len(self._template_of)):
            for add in adders[number]:
                add(row, to, from_, always[number])
        self._template_of.extend(array("I", [first + number for number in deck.template_of]))

    def _adders(self, template: Rate) -> list[Callable[[int, str, str, bool], None]]:
        """Return how to add a rate to its indexes: that of prices, that of markups, or both."""
        indexes = [
            kept.setdefault(template.meter, Index())
            for kept, wanted in (
                (self._prices, template.pricing.price),
                (self._markups, template.pricing.markup),
            )
            if wanted is not None
        ]
        return [index.add for index in indexes]


def _join(columns: Sequence[Sequence[int]]) -> Sequence[int]:
    """Join columns of ids, as a range when they are one."""
    columns = [column for column in columns if len(column)]
    if len(columns) == 1 and isinstance(columns[0], range):
        return columns[0]
    ids = array("q")
    for column in columns:
        ids.extend(column)
    first = ids[0] if ids else 0
    consecutive = range(first, first + len(ids))
    return consecutive if array("q", consecutive) == ids else ids


def arrange_versions(books: Iterable[PriceBook]) -> tuple[Tariff, ...]:
    """Arrange the versions of a book: the latest first, the higher version on a tie."""
    latest_first = sorted(books, key=lambda it: (it.effective_from, it.version), reverse=True)
    return tuple(Tariff(book) for book in latest_first)
