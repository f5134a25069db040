"""The rate that rows of a deck share: all cells but the prefix make it, once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial

from msgspec.structs import replace
from phonenumbers import SUPPORTED_REGIONS

from tollbook.domain.catalog import Catalog, unknown_meter_sentence
from tollbook.domain.meters import Meter
from tollbook.domain.prices import Rate
from tollbook.rating.books import deck_cells as cells
from tollbook.rating.books import fields
from tollbook.rating.books.deck_columns import COLUMNS, CONDITION, PREFIX_FIELDS, Columns
from tollbook.rating.books.deck_terms import TEXTS, DeckProblems, DeckTerms
from tollbook.rating.books.fields import FIELDS
from tollbook.rating.books.pricing import add_buy, read_days, read_price, read_pricing
from tollbook.rating.books.source import Form, Source
from tollbook.rating.books.vocabulary import parse_per, parse_prefix
from tollbook.rating.match import FROM_COUNTRY, TO_COUNTRY, Conditions, numbers_of


def check_terms(terms: DeckTerms, problems: DeckProblems, catalog: Catalog) -> Meter | None:
    """Check the terms of a deck before it is read, and return its meter, None when it is wrong."""
    before = problems.count
    meter = catalog.by_type.get(terms.meter)
    if meter is None:
        sentence = unknown_meter_sentence(f"meter {terms.meter!r}", catalog.hint(terms.meter))
        problems.note(0, "meter", "unknown_meter", sentence)
    else:
        try:
            parse_per(terms.per, meter)
        except ValueError as error:
            problems.note(0, "per", "invalid_per", f"per {error}")
    for field, _ in terms.columns:
        if field not in COLUMNS and not field.startswith(CONDITION):
            known = ", ".join((*COLUMNS, f"{CONDITION}NAME"))
            sentence = f"there is no field {field!r}; the fields are {known}"
            problems.note(0, f"columns.{field}", "unknown_field", sentence)
    if terms.dates not in ("", cells.DMY, cells.MDY):
        problems.note(0, "dates", "invalid_dates", "dates must be dmy or mdy")
    return meter if problems.count == before else None


class Row(Source):
    """The current row of a deck, with texts for the columns that the deck does not have."""

    def __init__(
        self,
        columns: Columns,
        terms: DeckTerms,
        meter: Meter,
        currency: str,
        problems: DeckProblems,
    ) -> None:
        self._at = columns.at
        self._header = columns.header
        self._terms = terms
        self._meter = meter
        self._currency = currency
        self._problems = problems
        self._line = 0
        self._part: Row | None = None
        self._price_at = {name: at for name, at in self._at.items() if name in ("price", "buy")}
        self._others = cells_but_for((*PREFIX_FIELDS, "price", "buy"), columns)
        self._alike: dict[tuple[str, ...], Rate] = {}
        """Most rows differ from an earlier one in nothing but prefix and prices."""
        self._texts = {name: text for name in TEXTS if (text := getattr(terms, name))}
        self._cells: dict[str, str] = {}
        self._rewrite = _rewriters(terms)
        self._conditions = [it for it in self._at if it.startswith(CONDITION)]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the fields that have a text in this row, or for all rows."""
        return iter(self._cells)

    def __contains__(self, name: object) -> bool:
        """Return whether a field has a text."""
        return name in self._cells

    def text(self, name: str) -> str:
        """Return the text of a field as a YAML book has it."""
        cell = self._cells.get(name, "")
        rewrite = self._rewrite.get(name)
        return rewrite(cell) if cell and rewrite else cell

    def note(self, name: str, code: str, sentence: str) -> None:
        """Note a problem of a cell."""
        self._problems.note(self._line, self.label(name), code, sentence)

    def label(self, name: str) -> str:
        """Return the header of a field."""
        at = self._at.get(name)
        return name if at is None else self._header[at]

    def entries(self, _name: str, _what: str, _form: Form, _most: int) -> Sequence[Source]:
        """Return nothing: a row has no lists."""
        return ()

    def part(self, name: str, _form: Form) -> "Row":
        """Return the row as one with the price of another column and nothing else."""
        part = self._part = self._part or copy(self)
        part._line, part._at = self._line, {"price": self._at[name]}
        part._cells = {"price": self._cells[name]}
        return part

    def rate(self, cells: list[str], line: int) -> Rate | None:
        """Read the rate of a row without its prefix, None when anything is wrong with it."""
        self._line = line
        before = self._problems.count
        key = tuple(cells[at] for at in self._others)
        alike = self._alike.get(key)
        self._cells = self._read_cells(cells, self._at if alike is None else self._price_at)
        if "price" not in self._cells:
            self.note("price", "missing_price", f"{self.label('price')} is empty")
            self._cells["price"] = ""
        rate = self._read_rate() if alike is None else self._reprice(alike)
        if self._problems.count > before:
            return None
        return self._alike.setdefault(key, rate) if alike is None else rate

    def _read_rate(self) -> Rate:
        pricing = read_pricing(self, self._meter)
        self._check_currency()
        origin = self.value("origin", parse_prefix, "", "invalid_prefix")
        to, from_ = (origin, "") if self._terms.inbound else ("", origin)
        when = self._read_when()
        return Rate(
            meter=self._meter.type,
            pricing=pricing,
            to=to,
            from_=from_,
            when=when,
            numbers=numbers_of(when),
            unit="" if self._meter.built_in else self._meter.unit,
            **read_days(self),
        )

    def _reprice(self, rate: Rate) -> Rate:
        text, picos = read_price(self)
        pricing = replace(rate.pricing, price=text, price_picos=picos, buy=None)
        return replace(rate, pricing=add_buy(self, self._meter, pricing))

    def _read_cells(self, cells: list[str], columns: Mapping[str, int]) -> dict[str, str]:
        found = dict(self._texts)
        for name, at in columns.items():
            cell = cells[at].strip()
            if cell:
                found[name] = cell
            else:
                found.pop(name, None)
        if "first_increment" in found or "next_increment" in found:
            both = found.pop("first_increment", ""), found.pop("next_increment", "")
            found["increments"] = "/".join(both)
        return found

    def _read_when(self) -> Conditions:
        when = dict(self._terms.when)
        for field in self._conditions:
            if field in self._cells:
                when[field.removeprefix(CONDITION)] = self._cells[field]
        if "country" in self._at:
            cell = self._cells.get("country", "")
            country = cell.upper()
            if country not in SUPPORTED_REGIONS:
                sentence = f"{cell!r} is not the ISO 3166 code of a country"
                self.note("country", "invalid_country", f"{self.label('country')} {sentence}")
            when[FROM_COUNTRY if self._terms.inbound else TO_COUNTRY] = country
        return tuple(sorted(when.items()))

    def _check_currency(self) -> None:
        given = self._cells.get("currency", "")
        if given and given.upper() != self._currency:
            sentence = f"is {given}, the price book is in {self._currency}"
            self.note("currency", "currency_mismatch", f"{self.label('currency')} {sentence}")


def _rewriters(terms: DeckTerms) -> Mapping[str, Callable[[str], str]]:
    """Return how cells are rewritten, by field, where they may differ from YAML."""
    by_kind = (
        (fields.DAY, partial(cells.day_text, order=terms.dates)),
        (fields.PRICE, partial(cells.amount_text, decimal_comma=terms.decimal_comma)),
        (fields.INCREMENTS, cells.increments_text),
    )
    return {
        field.name: rewrite
        for kind, rewrite in by_kind
        for field in FIELDS.values()
        if field.kind == kind
    }


def cells_but_for(names: Sequence[str], columns: Columns) -> list[int]:
    """List the cells of a row that have a field, but for some fields."""
    return sorted(at for field, at in columns.at.items() if field not in names)
