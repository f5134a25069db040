"""What rows of a deck have in common: all cells but the prefix make a rate, made once."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from phonenumbers import SUPPORTED_REGIONS

from tollbook.domain.meters import BY_TYPE, Meter
from tollbook.domain.prices import FIRST_DAY, LAST_DAY, Basis, CallTerms, Pricing, Rate
from tollbook.rating.books import deck_cells as cells
from tollbook.rating.books import vocabulary
from tollbook.rating.books.deck_columns import (
    BUY,
    CONDITION,
    COUNTRY,
    CURRENCY,
    FIELDS,
    ORIGIN,
    PRICE,
    Columns,
)
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms
from tollbook.rating.match import FROM_COUNTRY, TO_COUNTRY

T = TypeVar("T")
_CALLS = (
    *("increments", "first_increment", "next_increment", "minimum", "grace", "connect_fee"),
    "maximum_cost",
)


def read_terms(terms: DeckTerms, problems: DeckProblems) -> "tuple[Meter, vocabulary.Per] | None":
    """Check what is said about a deck before it is read; give its meter and what prices are for."""
    before = problems.count
    meter = BY_TYPE.get(terms.meter)
    per = None
    if meter is None:
        known = ", ".join(BY_TYPE)
        problems.say(0, "meter", "unknown_meter", f"meter {terms.meter!r} is unknown; {known}")
    else:
        try:
            per = vocabulary.per(terms.per, meter)
        except ValueError as error:
            problems.say(0, "per", "invalid_per", f"per {error}")
    for field, _ in terms.columns:
        if field not in FIELDS and not field.startswith(CONDITION):
            known = ", ".join((*FIELDS, f"{CONDITION}NAME"))
            sentence = f"there is no field {field!r}; the fields are {known}"
            problems.say(0, f"columns.{field}", "unknown_field", sentence)
    if terms.dates not in ("", cells.DMY, cells.MDY):
        problems.say(0, "dates", "invalid_dates", "dates must be dmy or mdy")
    return (meter, per) if meter and per and problems.count == before else None


class RowReader:
    """Makes the rate of a row without its prefix; says what is wrong with its cells."""

    def __init__(
        self,
        terms: DeckTerms,
        meter: Meter,
        per: vocabulary.Per,
        currency: str,
        columns: Columns,
        problems: DeckProblems,
    ) -> None:
        self._terms = terms
        self._meter = meter
        self._per = per
        self._currency = currency
        self._columns = columns
        self._problems = problems
        self._conditions = [it for it in columns.at if it.startswith(CONDITION)]
        self._said = {
            name: text
            for name in ("increments", "minimum", "grace", "connect_fee")
            if (text := str(getattr(terms, name)))
        }
        self._line = 0
        self._row: list[str] = []

    def template(self, row: list[str], line: int) -> Rate | None:
        """Make the rate of a row, None when anything is wrong with it."""
        self._row, self._line = row, line
        before = self._problems.count
        pricing = self._pricing()
        self._check_currency()
        origin = self._value(ORIGIN, vocabulary.prefix, "", "invalid_prefix")
        valid_from = self._value("valid_from", self._day, FIRST_DAY, "invalid_date")
        valid_until = self._value("valid_until", self._day, LAST_DAY, "invalid_date")
        if valid_until < valid_from:
            self._say("valid_until", "invalid_date", "must not be before the first day")
        when = self._when()
        if self._problems.count > before:
            return None
        to, from_ = (origin, "") if self._terms.inbound else ("", origin)
        return Rate(self._meter.type, pricing, to, from_, when, (), valid_from, valid_until)

    def _pricing(self) -> Pricing:
        text, picos = self._value(PRICE, self._amount, ("", 0), "invalid_price")
        if not self._cell(PRICE):
            self._say(PRICE, "missing_price", "is empty")
        media = self._per.basis is Basis.MEDIA
        pricing = Pricing(
            text,
            self._terms.per,
            picos,
            self._per.micros,
            self._per.basis,
            calls=self._calls(),
            package=self._per.micros if media else 0,
        )
        if not self._cell(BUY):
            return pricing
        text, picos = self._value(BUY, self._amount, ("", 0), "invalid_price")
        calls = pricing.calls and msgspec.structs.replace(
            pricing.calls, connect_fee=0, maximum_cost=None
        )
        buy = msgspec.structs.replace(pricing, price=text, price_picos=picos, calls=calls)
        return msgspec.structs.replace(pricing, buy=buy)

    def _calls(self) -> CallTerms | None:
        """Read the terms of a call; None when seconds are billed as they are."""
        given = [it for it in _CALLS if self._cell(it)]
        if self._meter.unit != "second":
            for name in given:
                sentence = f"is for meters in seconds, not for {self._meter.type}"
                self._say(name, "not_for_meter", sentence)
            return None
        first, following = self._value("increments", cells.increments, (0, 0), "invalid_increments")
        if self._cell("first_increment") or self._cell("next_increment"):
            first = self._value("first_increment", _increment, 0, "invalid_increments")
            following = self._value("next_increment", _increment, 0, "invalid_increments")
            if not (first and following):
                self._say("next_increment", "invalid_increments", "needs the first one beside it")
        connect_fee = self._value("connect_fee", self._amount, ("", 0), "invalid_connect_fee")[1]
        most = None
        if self._cell("maximum_cost"):
            most = self._value("maximum_cost", self._amount, ("", 0), "invalid_maximum_cost")[1]
            if most < connect_fee:
                sentence = "must not be below the connect fee"
                self._say("maximum_cost", "invalid_maximum_cost", sentence)
        terms = CallTerms(
            self._value("minimum", vocabulary.seconds, 0, "invalid_minimum"),
            first,
            following,
            self._value("grace", vocabulary.seconds, 0, "invalid_grace"),
            connect_fee,
            most,
        )
        return None if terms == CallTerms() and self._per.basis is Basis.UNIT else terms

    def _when(self) -> tuple[tuple[str, str], ...]:
        when = dict(self._terms.when)
        for field in self._conditions:
            if self._cell(field):
                when[field.removeprefix(CONDITION)] = self._cell(field)
        if COUNTRY in self._columns.at:
            country = self._cell(COUNTRY).upper()
            if country not in SUPPORTED_REGIONS:
                sentence = f"{self._cell(COUNTRY)!r} is not the ISO 3166 code of a country"
                self._say(COUNTRY, "invalid_country", sentence)
            when[FROM_COUNTRY if self._terms.inbound else TO_COUNTRY] = country
        return tuple(sorted(when.items()))

    def _check_currency(self) -> None:
        given = self._cell(CURRENCY)
        if given and given.upper() != self._currency:
            sentence = f"is {given}, the price book is in {self._currency}"
            self._say(CURRENCY, "currency_mismatch", sentence)

    def _day(self, text: str) -> int:
        return cells.day(text, self._terms.dates)

    def _amount(self, text: str) -> tuple[str, int]:
        return cells.amount(text, self._terms.decimal_comma)

    def _value(self, field: str, read: Callable[[str], T], otherwise: T, code: str) -> T:
        text = self._cell(field)
        if not text:
            return otherwise
        try:
            return read(text)
        except ValueError as error:
            self._say(field, code, str(error))
            return otherwise

    def _cell(self, field: str) -> str:
        at = self._columns.at.get(field)
        if at is None:
            return self._said.get(field, "")
        return self._row[at].strip()

    def _say(self, field: str, code: str, sentence: str) -> None:
        at = self._columns.at.get(field)
        name = field if at is None else self._columns.header[at]
        self._problems.say(self._line, name, code, f"{name} {sentence}")


def _increment(text: str) -> int:
    return vocabulary.increments(f"{text}/{text}")[0]


def common_cells(columns: Columns, prefix_fields: Mapping[str, int]) -> list[int]:
    """List the cells of a row that make its rate: all that mean something but the prefix."""
    return sorted(index for field, index in columns.at.items() if field not in prefix_fields)
