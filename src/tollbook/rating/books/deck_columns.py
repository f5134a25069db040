"""The columns of a deck: the field of each, found by its header or by the terms of the deck."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tollbook.domain.meters import Meter
from tollbook.rating.books import fields
from tollbook.rating.books.deck_cells import parse_column_hours
from tollbook.rating.books.deck_headers import (
    AREA_CODES,
    CONDITION,
    COUNTRIES,
    COUNTRY_CODE,
    DESTINATION,
    LISTS_OF_ORIGINS,
    NAMES,
    PREFIX,
    SKIPPED,
    Header,
    parse_header,
)
from tollbook.rating.books.deck_status import KIND_OF, Filter, StatusColumn
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms, Pairs, normalize
from tollbook.rating.books.fields import FIELDS
from tollbook.rating.books.vocabulary import Spans


class PriceColumn(msgspec.Struct, frozen=True):
    """A column with the prices for some hours or conditions."""

    index: int
    hours: Spans = ()
    when: Pairs = ()


class Columns(msgspec.Struct, frozen=True):
    """The position of each field of a deck, the number of its cells, and its header.

    `prices` are further columns with prices, `names` those with the name of the destination, the
    best first. `filters` and `checks` decide which rows are priced, `zero` are cells that must be 0
    or empty. `hundredths` are the fields whose amounts are in cents or pence.
    """

    at: dict[str, int]
    width: int
    header: tuple[str, ...]
    line: int = 1
    prices: tuple[PriceColumn, ...] = ()
    names: tuple[int, ...] = ()
    filters: tuple[Filter, ...] = ()
    checks: tuple[StatusColumn, ...] = ()
    zero: tuple[int, ...] = ()
    hundredths: frozenset[str] = frozenset()
    lists_origins: bool = False

    @property
    def read(self) -> frozenset[int]:
        """Return the positions of the cells that are read, but for the name and what skips rows."""
        prices = (it.index for it in self.prices)
        checks = (it.index for it in self.checks)
        return frozenset((*self.at.values(), *prices, *checks, *self.zero))


def read_header(
    header: Sequence[str],
    line: int,
    terms: DeckTerms,
    meter: Meter,
    currency: str,
    problems: DeckProblems,
) -> Columns | None:
    """Find the field of each column, None when that is not clear."""
    before = problems.count
    reading = _Reading(header, line, terms, meter, currency, problems)
    columns = reading.columns()
    return None if problems.count > before else columns


class _Reading:
    """One header as it is read."""

    def __init__(
        self,
        header: Sequence[str],
        line: int,
        terms: DeckTerms,
        meter: Meter,
        currency: str,
        problems: DeckProblems,
    ) -> None:
        self._header = header
        self._line = line
        self._terms = terms
        self._meter = meter
        self._currency = currency
        self._problems = problems
        self._named = {normalize(given): field for field, given in terms.columns}
        self._ignored = {normalize(it) for it in terms.ignore}
        self._at: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._countries: dict[int, str] = {}
        self._checks: list[StatusColumn] = []
        self._hundredths: set[str] = set()
        self._places: dict[str, list[int]] = {}
        for index, cell in enumerate(header):
            self._places.setdefault(normalize(cell), []).append(index)

    def columns(self) -> Columns:
        """Find everything that the header says."""
        terms = self._terms
        filters = (*self._filters(terms.skip), *self._filters(terms.only, only=True))
        zero = [at for it in terms.zero for at in self._find(it, "zero")]
        prices = self._prices()
        used = {*zero, *(it.index for it in prices)}
        mentioned = {*used, *(it.index for it in filters)}
        missing = dict(self._named)
        for index, cell in enumerate(self._header):
            missing.pop(normalize(cell), None)
            if index in used and normalize(cell) not in self._named:
                continue
            if index not in {it.index for it in prices}:
                self._place(index, cell, is_mentioned=index in mentioned)
        found = {field for header, field in self._named.items() if header not in missing}
        for header, field in missing.items():
            if field not in found:
                self._missing(header, field)
        self._choose_country()
        _join_increments(self._at)
        self._require(prices)
        names = sorted(self._names, key=NAMES.index)
        chosen = [self._at.pop(DESTINATION)] if DESTINATION in self._at else []
        lists_origins = "origin" in self._at and (
            normalize(self._header[self._at["origin"]]) in LISTS_OF_ORIGINS
        )
        return Columns(
            at=self._at,
            width=len(self._header),
            header=tuple(self._header),
            line=self._line,
            prices=tuple(prices),
            names=tuple(chosen or [self._names[it] for it in names]),
            filters=filters,
            checks=tuple(it for it in self._checks if it.index not in self._only()),
            zero=tuple(zero),
            hundredths=frozenset(self._hundredths),
            lists_origins=lists_origins,
        )

    def _only(self) -> set[int]:
        """Return the columns of which the terms state every value that is priced."""
        return {
            at for header, _ in self._terms.only for at in self._places.get(normalize(header), ())
        }

    def _note(self, field: str, code: str, sentence: str) -> None:
        self._problems.note(self._line, field, code, sentence)

    def _missing(self, header: str, field: str) -> None:
        if header not in self._terms.optional:
            shown = next((it for _, it in self._terms.columns if normalize(it) == header), header)
            self._note(field, "missing_column", f"there is no column {shown!r} for {field}")

    def _find(self, header: str, what: str) -> list[int]:
        """Find the columns with a header that the terms name."""
        found = self._places.get(normalize(header), [])
        if not found and normalize(header) not in self._terms.optional:
            self._note(what, "missing_column", f"there is no column {header!r} for {what}")
        return found

    def _filters(
        self, selection: Iterable[tuple[str, Sequence[str]]], *, only: bool = False
    ) -> tuple[Filter, ...]:
        return tuple(
            Filter(at, self._header[at], frozenset(map(normalize, values)), only)
            for header, values in selection
            for at in self._find(header, "only" if only else "skip")
        )

    def _prices(self) -> list[PriceColumn]:
        """Find the columns with prices for some hours or conditions."""
        hours, when = dict(self._terms.hours), dict(self._terms.prices)
        found = []
        for header in dict.fromkeys((*hours, *when)):
            spans: Spans = ()
            if header in hours:
                try:
                    spans = parse_column_hours(hours[header])
                except ValueError as error:
                    self._note("hours", "invalid_hours", f"hours of {header!r} {error}")
            for at in self._find(header, "hours" if header in hours else "prices"):
                found.append(PriceColumn(at, spans, when.get(header, ())))
                self._check_money(at, parse_header(self._header[at]), "price")
        return found

    def _place(self, index: int, cell: str, *, is_mentioned: bool) -> None:
        """Find the field of one column, and note it."""
        normal = normalize(cell)
        field = self._named.get(normal)
        if field is None:
            if normal in self._ignored:
                return
            header = parse_header(cell)
            self._note_name(index, header)
            if header.words in KIND_OF:
                self._checks.append(StatusColumn(index, cell, KIND_OF[header.words]))
                return
            if header.words in COUNTRIES:
                self._countries[index] = header.words
                return
            field = cell.strip() if cell.startswith(CONDITION) else header.field
            if field is None and header.is_country:
                self._countries[index] = header.words
                return
            if field is None:
                self._refuse_unknown(cell, header, is_mentioned=is_mentioned)
                return
            self._check_money(index, header, field)
        else:
            self._check_named_money(index, cell, field)
        if field in self._at:
            sentence = f"{self._header[self._at[field]]!r} and {cell!r} both are the {field} column"
            self._note(cell, "repeated_column", sentence)
        self._at.setdefault(field, index)

    def _note_name(self, index: int, header: Header) -> None:
        if header.words in NAMES:
            self._names.setdefault(header.words, index)

    def _refuse_unknown(self, cell: str, header: Header, *, is_mentioned: bool) -> None:
        is_known = not header.words or header.words in SKIPPED or header.words in NAMES
        if not (is_known or is_mentioned):
            sentence = f"unknown column {cell!r}; name its field in columns, or ignore it"
            self._note(cell, "unknown_column", sentence)

    def _check_money(self, index: int, header: Header, field: str) -> None:
        """Note a header with another currency or unit than the deck's."""
        cell = self._header[index]
        if field in FIELDS and FIELDS[field].kind is fields.PRICE:
            problem = header.currency_problem(self._currency)
            if problem:
                self._note(cell, "currency_mismatch", f"column {cell!r} {problem}")
            if header.hundredths:
                self._hundredths.add(field)
        problem = header.unit_problem(field, self._terms.per, self._meter)
        if problem:
            self._note(cell, "other_unit", f"column {cell!r} {problem}")

    def _check_named_money(self, index: int, cell: str, field: str) -> None:
        """Convert the cents of a column that the terms name; its other words mean nothing."""
        header = parse_header(cell)
        if field in FIELDS and FIELDS[field].kind is fields.PRICE and header.hundredths:
            self._check_money(index, header, field)

    def _choose_country(self) -> None:
        """Skip columns of countries next to prefixes; without prefixes one is a condition."""
        if PREFIX in self._at or COUNTRY_CODE in self._at or "country" in self._at:
            return
        with_codes = [at for at, words in self._countries.items() if "iso" in words.split()]
        found = with_codes or list(self._countries)
        if len(found) > 1:
            one, other = (self._header[at] for at in found[:2])
            sentence = f"{one!r} and {other!r} both are the country column"
            self._note(other, "repeated_column", sentence)
        if found:
            self._at["country"] = found[0]

    def _require(self, prices: Sequence[PriceColumn]) -> None:
        at = self._at
        if not any(it in at for it in (PREFIX, COUNTRY_CODE, "country")):
            sentence = "no column has prefixes, country codes or countries"
            self._note(PREFIX, "missing_column", sentence)
        if "price" not in at and not prices:
            self._note("price", "missing_column", "no column has prices")
        if PREFIX in at and AREA_CODES in at:
            sentence = "there are both whole prefixes and area codes; ignore one of the columns"
            self._note(AREA_CODES, "repeated_column", sentence)
        if ("first_increment" in at) != ("next_increment" in at):
            sentence = "the first and the next increment need each other"
            self._note("increments", "missing_column", sentence)
        if "increments" in at and "first_increment" in at:
            sentence = "there are both increments and a first increment; ignore one of the columns"
            self._note("increments", "repeated_column", sentence)


def _join_increments(at: dict[str, int]) -> None:
    """Read `Increment` as the following one next to a column with the first."""
    if "first_increment" in at and "increments" in at and "next_increment" not in at:
        at["next_increment"] = at.pop("increments")


def named_fields(terms: DeckTerms) -> Mapping[str, str]:
    """Return the fields of the headers that the terms name, normalized."""
    return {normalize(header): field for field, header in terms.columns}


def priced_headers(terms: DeckTerms) -> frozenset[str]:
    """Return the headers of columns with prices for some hours or conditions, normalized."""
    return frozenset(normalize(it) for it, _ in (*terms.hours, *terms.prices))
