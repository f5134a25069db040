"""The rates that rows of a deck share: all cells but the prefix make them, once."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from decimal import Decimal
from functools import partial

from msgspec.structs import replace
from phonenumbers import SUPPORTED_REGIONS

from tollbook.domain.catalog import Catalog, unknown_meter_sentence
from tollbook.domain.meters import Meter
from tollbook.domain.prices import Rate
from tollbook.rating.books import fields
from tollbook.rating.books.deck_cells import increments_text, seconds_below, seconds_text
from tollbook.rating.books.deck_columns import Columns, PriceColumn
from tollbook.rating.books.deck_days import DMY, MDY, day_text
from tollbook.rating.books.deck_headers import COLUMNS, CONDITION, PREFIX_FIELDS
from tollbook.rating.books.deck_money import amount_text, sign_problem
from tollbook.rating.books.deck_prefixes import DEFAULT_WORDS, parse_prefixes
from tollbook.rating.books.deck_terms import TEXTS, DeckProblems, DeckTerms, Pairs
from tollbook.rating.books.fields import FIELDS
from tollbook.rating.books.pricing import add_buy, read_days_and_name, read_price, read_pricing
from tollbook.rating.books.source import FieldSource, Form
from tollbook.rating.books.vocabulary import parse_per, parse_price
from tollbook.rating.match import FROM_COUNTRY, TO_COUNTRY, Conditions, numbers_of

PRICES = ("price", "first_price", "buy")
"""The fields in which most rows with one set of terms differ."""
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


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
    if terms.dates not in ("", DMY, MDY):
        problems.note(0, "dates", "invalid_dates", "dates must be dmy or mdy")
    if terms.header_line and not (terms.header_line.isascii() and terms.header_line.isdigit()):
        problems.note(0, "header_line", "invalid_header_line", "header_line must be a line number")
    if terms.header_line and terms.header:
        sentence = "header is for files without a header, and header_line for files with one"
        problems.note(0, "header_line", "not_together", sentence)
    for code in terms.access_codes:
        if not (code.isascii() and code.isdigit() and code.startswith("0")):
            sentence = f"access_codes must be digits that begin with 0, such as 00, not {code!r}"
            problems.note(0, "access_codes", "invalid_access_code", sentence)
    return meter if problems.count == before else None


class DeckRow(FieldSource):
    """The current row of a deck, with texts for the columns that the deck does not have."""

    def __init__(
        self,
        columns: Columns,
        terms: DeckTerms,
        meter: Meter,
        currency: str,
        problems: DeckProblems,
    ) -> None:
        self._columns = columns
        self._at = columns.at
        self._header = columns.header
        self._terms = terms
        self._meter = meter
        self._currency = currency
        self._problems = problems
        self._line = 0
        self._part: DeckRow | None = None
        self._price = columns.at.get("price")
        self._others = cells_but_for((*PREFIX_FIELDS, *PRICES), columns)
        self._alike: dict[tuple[object, ...], Rate] = {}
        """Most rows differ from an earlier one in nothing but prefix and prices."""
        self._texts = {name: text for name in TEXTS if (text := getattr(terms, name))}
        self._cells: dict[str, str] = {}
        self._rewrite = _rewriters(terms, columns, currency)
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
        column = self._at.get(name)
        self._problems.note(self._line, self.label(name), code, sentence, column)

    def label(self, name: str) -> str:
        """Return the header of a field."""
        at = self._at.get(name)
        return name if at is None else self._header[at]

    def entries(self, _name: str, _what: str, _form: Form, _most: int) -> Sequence[FieldSource]:
        """Return nothing: a row has no lists."""
        return ()

    def part(self, name: str, _form: Form) -> "DeckRow":
        """Return the row as one with the buy price and the terms that are of it alone."""
        part = self._part = self._part or copy(self)
        names = {"price": name, "minimum": "buy_minimum", "increments": "buy_increments"}
        present = {field: own for field, own in names.items() if own in self._cells}
        part._line = self._line
        part._at = {field: self._at[own] for field, own in present.items() if own in self._at}
        part._cells = {field: self._cells[own] for field, own in present.items()}
        return part

    def rates(self, cells: list[str], line: int) -> list[Rate]:
        """Read the rates of a row without its prefix, none when anything is wrong with it.

        There is one for each of its prices, and for each of its origins.
        """
        self._line = line
        before = self._problems.count
        rates = [self._rate(cells, it) for it in self._prices_of(cells)]
        self._at = self._columns.at
        found = [replace(rate, **it) for it in self._origins() for rate in rates]
        self._check_zeros(cells)
        for check in self._columns.checks:
            sentence = check.problem(cells[check.index].strip())
            if sentence:
                name = check.header
                self._problems.note(line, name, "not_priced", f"{name} {sentence}", check.index)
        return found if self._problems.count == before else []

    def _prices_of(self, cells: list[str]) -> list[PriceColumn]:
        """List the columns that have a price in a row; an empty one is a problem of its own."""
        columns = [PriceColumn(self._price)] if self._price is not None else []
        columns += self._columns.prices
        return [it for it in columns if cells[it.index].strip()] or columns[:1]

    def _rate(self, cells: list[str], column: PriceColumn) -> Rate:
        """Read a rate with the price of one column."""
        self._at = {**self._columns.at, "price": column.index}
        self._cells = self._read_cells(cells)
        if "price" not in self._cells:
            self.note("price", "missing_price", f"{self.label('price')} is empty")
            self._cells["price"] = ""
        self._drop_equal_first_price()
        present = (name in self._cells for name in PRICES)
        key = (*(cells[it] for it in self._others), column, *present)
        alike = self._alike.get(key)
        if alike is not None:
            return self._reprice(alike)
        before = self._problems.count
        rate = self._read_rate(column)
        if self._problems.count == before:
            self._alike[key] = rate
        return rate

    def _drop_equal_first_price(self) -> None:
        """Drop a price of the first interval that is the price of all."""
        if "first_price" in self._cells:
            try:
                if parse_price(self.text("first_price")) == parse_price(self.text("price")):
                    del self._cells["first_price"]
            except ValueError:
                return  # noted where it is read

    def _read_rate(self, column: PriceColumn) -> Rate:
        pricing = read_pricing(self, self._meter)
        self._check_currency()
        conditions = self._read_when(column.when)
        return Rate(
            meter=self._meter.type,
            pricing=pricing,
            when=conditions,
            hours=column.hours,
            numbers=numbers_of(conditions),
            unit="" if self._meter.built_in else self._meter.unit,
            **read_days_and_name(self),
        )

    def _origins(self) -> Iterator[dict[str, str]]:
        """Yield the prefix of the other number for each rate of a row."""
        cell = self._cells.get("origin", "")
        field = "to" if self._terms.inbound else "from_"
        if not cell or cell.lower() in DEFAULT_WORDS:
            yield {field: ""}
            return
        try:
            for prefix in parse_prefixes(cell, self._terms.access_codes):
                yield {field: prefix}
        except ValueError as error:
            self.note("origin", "invalid_prefix", f"{self.label('origin')} {error}")

    def _reprice(self, rate: Rate) -> Rate:
        text, picos = read_price(self)
        first = self.value("first_price", parse_price, None, "invalid_price")
        pricing = replace(rate.pricing, price=text, price_picos=picos, first_price=first, buy=None)
        return replace(rate, pricing=add_buy(self, self._meter, pricing))

    def _read_cells(self, cells: list[str]) -> dict[str, str]:
        found = dict(self._texts)
        for name, at in self._at.items():
            cell = cells[at].strip()
            if cell:
                found[name] = cell
            else:
                found.pop(name, None)
        if "first_increment" in found or "next_increment" in found:
            both = found.pop("first_increment", ""), found.pop("next_increment", "")
            found["increments"] = "/".join(map(seconds_text, both))
        if "increments" in found:
            _replace_zero_increments(found)
        return found

    def _read_when(self, further: Pairs) -> Conditions:
        when = {**dict(self._terms.when), **dict(further)}
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
        if not given or given.upper() == self._currency:
            return
        is_known = sign_problem(given, "") is not None
        if not is_known or sign_problem(given, self._currency):
            sentence = f"is {given}, the price book is in {self._currency}"
            self.note("currency", "currency_mismatch", f"{self.label('currency')} {sentence}")

    def _check_zeros(self, cells: list[str]) -> None:
        for at in self._columns.zero:
            if cells[at].strip(" 0.,"):
                sentence = f"{self._header[at]} must be 0 or empty: no rate can have it"
                self._problems.note(self._line, self._header[at], "not_zero", sentence, at)


def _rewriters(
    terms: DeckTerms, columns: Columns, currency: str
) -> Mapping[str, Callable[[str], str]]:
    """Return how cells are rewritten, by field, where they may differ from YAML."""
    found: dict[str, Callable[[str], str]] = {}
    for field in FIELDS.values():
        if field.kind is fields.DAY:
            is_last = field.name == "valid_until"
            found[field.name] = partial(day_text, order=terms.dates, is_last=is_last)
        elif field.kind is fields.PRICE:
            found[field.name] = partial(
                amount_text,
                decimal_comma=terms.decimal_comma,
                currency=currency,
                hundredths=field.name in columns.hundredths,
                unit=terms.per,
            )
        elif field.kind is fields.INCREMENTS:
            found[field.name] = increments_text
        elif field.kind is fields.SECONDS:
            found[field.name] = seconds_text
    if terms.strict_grace:
        found["grace"] = seconds_below
    return found


def _replace_zero_increments(found: dict[str, str]) -> None:
    """Read an interval of 0: the first as the following one, a following one as none.

    After a first interval without steps, seconds are billed as they are, which is what a minimum
    does.
    """
    first, slash, following = increments_text(found["increments"]).partition("/")
    if not slash or not (_is_zero(first) or _is_zero(following)):
        return
    if not _is_zero(following):
        found["increments"] = f"{following}/{following}"
        return
    del found["increments"]
    minimum = seconds_text(found.get("minimum", "0"))
    if not _is_zero(first) and _SECONDS.fullmatch(minimum):
        found["minimum"] = max(first, minimum, key=Decimal)


def _is_zero(text: str) -> bool:
    return not text.strip("0.")


def cells_but_for(names: Sequence[str], columns: Columns) -> list[int]:
    """List the cells of a row that are read, but for those of some fields."""
    skipped = {at for field, at in columns.at.items() if field in names}
    return sorted(columns.read - skipped)
