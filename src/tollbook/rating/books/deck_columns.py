"""The columns of a deck, known by the headers that carriers use."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from tollbook.domain.meters import Meter
from tollbook.rating.books import fields
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms
from tollbook.rating.books.fields import FIELDS
from tollbook.rating.books.vocabulary import parse_per

PREFIX = "prefix"
COUNTRY_CODE = "country_code"
AREA_CODES = "area_codes"
PREFIX_FIELDS = (PREFIX, COUNTRY_CODE, AREA_CODES)
CONDITION = "when."

_HEADERS: Mapping[str, str] = {
    PREFIX: "prefix, prefixes, code, codes, dial code, dial codes, dialcode, dialling code, "
    "dialling codes, dialing code, dialing codes, number prefix, destination code, "
    "destination codes, to prefix, e164, e164 prefix, destination prefix, phone prefix, "
    "called prefix, b number, b number prefix",
    COUNTRY_CODE: "country code, cc, country dial code, country prefix",
    AREA_CODES: "area code, area codes, area, city code, city codes, ndc, ndcs, network code, "
    "network codes, operator code, operator codes",
    "origin": "origin, origin prefix, origin code, origination, origination code, from prefix, "
    "a number, a number prefix, calling prefix",
    "currency": "currency, ccy, currency code",
    "first_increment": "first increment, initial increment, initial interval, first interval, "
    "interval 1, initial period",
    "next_increment": "next increment, subsequent increment, following increment, next interval, "
    "subsequent interval, following interval, interval n, interval 2",
    **{field.name: field.headers for field in FIELDS.values() if field.headers},
}
COLUMNS = (*_HEADERS, "country")
"""The fields that columns of a deck can have, apart from conditions."""
_FIELD_OF = {name: field for field, names in _HEADERS.items() for name in names.split(", ")}
_COUNTRIES = ("country", "country iso", "iso", "iso code", "iso country")
_SKIPPED = {
    *("destination", "destinations", "destination name", "destination description", "name"),
    *("country name", "region", "zone", "operator", "operator name", "network", "network name"),
    *("comment", "comments", "note", "notes", "remark", "remarks", "description", "breakout"),
    *("change", "changes", "change type", "rate change", "price change"),
}
_UNITS = {
    **dict.fromkeys(("sec", "secs", "second", "seconds", "s"), "second"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "minute"),
    **dict.fromkeys(("hour", "hours"), "hour"),
    **dict.fromkeys(("message", "messages", "msg"), "message"),
    **dict.fromkeys(("segment", "segments"), "segment"),
}
_CURRENCIES = {
    *("usd", "eur", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "huf", "ron", "try", "rub"),
    *("cad", "aud", "nzd", "jpy", "cny", "hkd", "sgd", "inr", "brl", "mxn", "zar", "aed", "ils"),
}
_IN_SECONDS = {
    *("first_increment", "next_increment"),
    *(it.name for it in FIELDS.values() if it.kind in (fields.SECONDS, fields.INCREMENTS)),
}
_WORDS = re.compile(r"[^\W_]+")


class Columns(msgspec.Struct, frozen=True):
    """The position of each field of a deck, the number of its cells, and its header."""

    at: dict[str, int]
    width: int
    header: tuple[str, ...]


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
    named = {_normalize(given): field for field, given in terms.columns}
    ignored = {_normalize(it) for it in terms.ignore}
    at: dict[str, int] = {}
    for index, cell in enumerate(header):
        field = named.pop(_normalize(cell), None)
        if field is None and _normalize(cell) not in ignored:
            field = _find_field(cell, line, terms, meter, currency, problems)
        if not field:
            continue
        if field in at:
            sentence = f"{header[at[field]]!r} and {cell!r} both are the {field} column"
            problems.note(line, cell, "repeated_column", sentence)
        at.setdefault(field, index)
    for field, header_wanted in terms.columns:
        if _normalize(header_wanted) in named:
            sentence = f"there is no column {header_wanted!r} for {field}"
            problems.note(line, field, "missing_column", sentence)
    _skip_country(at)
    _require(at, line, problems)
    return None if problems.count > before else Columns(at, len(header), tuple(header))


def _find_field(
    cell: str,
    line: int,
    terms: DeckTerms,
    meter: Meter,
    currency: str,
    problems: DeckProblems,
) -> str | None:
    """Find the field of a column by its header; None for one to skip."""
    words = _WORDS.findall(cell.lower())
    bare = [it for it in words if it not in _UNITS and it not in _CURRENCIES and it != "per"]
    field = _FIELD_OF.get(" ".join(words)) or _FIELD_OF.get(" ".join(bare))
    if field is None:
        if " ".join(words) in _COUNTRIES:
            return "country"
        if words and " ".join(words) not in _SKIPPED:
            sentence = f"unknown column {cell!r}; name its field in columns, or ignore it"
            problems.note(line, cell, "unknown_column", sentence)
        return None
    kind = FIELDS[field].kind if field in FIELDS else None
    if kind is fields.PRICE:
        others = [it.upper() for it in words if it in _CURRENCIES and it.upper() != currency]
        if others:
            sentence = f"column {cell!r} is in {others[0]}, the price book in {currency}"
            problems.note(line, cell, "currency_mismatch", sentence)
    units = [] if " ".join(words) in _FIELD_OF else [_UNITS[it] for it in words if it in _UNITS]
    wanted = terms.per if field in ("price", "buy") else "second" if field in _IN_SECONDS else None
    if wanted and any(not _same_unit(it, wanted, meter) for it in units):
        sentence = f"column {cell!r} is by {units[0]}, and read as by {wanted}"
        problems.note(line, cell, "other_unit", sentence)
    return field


def _same_unit(unit: str, wanted: str, meter: Meter) -> bool:
    """Return whether two words are for one quantity of a meter, such as minute and minutes."""
    try:
        return unit == wanted or parse_per(unit, meter) == parse_per(wanted, meter)
    except ValueError:
        return False


def _skip_country(at: dict[str, int]) -> None:
    """Skip a column of countries next to prefixes; without prefixes it is a condition."""
    if PREFIX in at or COUNTRY_CODE in at:
        at.pop("country", None)


def _require(at: Mapping[str, int], line: int, problems: DeckProblems) -> None:
    if not any(it in at for it in (PREFIX, COUNTRY_CODE, "country")):
        sentence = "no column has prefixes, country codes or countries"
        problems.note(line, PREFIX, "missing_column", sentence)
    if "price" not in at:
        problems.note(line, "price", "missing_column", "no column has prices")
    if PREFIX in at and AREA_CODES in at:
        sentence = "there are both whole prefixes and area codes; ignore one of the columns"
        problems.note(line, AREA_CODES, "repeated_column", sentence)
    if ("first_increment" in at) != ("next_increment" in at):
        sentence = "the first and the next increment need each other"
        problems.note(line, "increments", "missing_column", sentence)
    if "increments" in at and "first_increment" in at:
        sentence = "there are both increments and a first increment; ignore one of the columns"
        problems.note(line, "increments", "repeated_column", sentence)


def _normalize(header: str) -> str:
    return " ".join(header.lower().split())
