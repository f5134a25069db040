"""Which column of a deck is what, by the names that carriers give them."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tollbook.domain.meters import BY_TYPE
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms
from tollbook.rating.books.vocabulary import per

PREFIX = "prefix"
COUNTRY_CODE = "country_code"
AREA_CODES = "area_codes"
ORIGIN = "origin"
COUNTRY = "country"
PRICE = "price"
BUY = "buy"
CURRENCY = "currency"
_MONEY = (PRICE, BUY, "connect_fee", "maximum_cost")
_SECONDS = ("increments", "first_increment", "next_increment", "minimum", "grace")
CONDITION = "when."

_NAMES: Mapping[str, Iterable[str]] = {
    PREFIX: (
        *("prefix", "prefixes", "code", "codes", "dial code", "dial codes", "dialcode"),
        *("dialling code", "dialling codes", "dialing code", "dialing codes", "number prefix"),
        *("destination code", "destination codes", "to prefix", "e164", "e164 prefix"),
        *("destination prefix", "phone prefix", "called prefix", "b number", "b number prefix"),
    ),
    COUNTRY_CODE: ("country code", "cc", "country dial code", "country prefix"),
    AREA_CODES: (
        *("area code", "area codes", "area", "city code", "city codes", "ndc", "ndcs"),
        *("network code", "network codes", "operator code", "operator codes"),
    ),
    ORIGIN: (
        *("origin", "origin prefix", "origin code", "origination", "origination code"),
        *("from prefix", "a number", "a number prefix", "calling prefix"),
    ),
    PRICE: ("price", "rate", "sell", "sell price", "sell rate", "new rate", "new price", "tariff"),
    BUY: ("buy", "buy price", "buy rate", "cost price", "purchase price"),
    CURRENCY: ("currency", "ccy", "currency code"),
    "increments": (
        *("increment", "increments", "billing increment", "billing increments", "billing"),
        *("billing interval", "billing intervals", "charging", "charging interval", "rounding"),
    ),
    "first_increment": (
        *("first increment", "initial increment", "initial interval", "first interval"),
        *("interval 1", "initial period"),
    ),
    "next_increment": (
        *("next increment", "subsequent increment", "following increment", "next interval"),
        *("subsequent interval", "following interval", "interval n", "interval 2"),
    ),
    "minimum": ("minimum", "minimum duration", "min duration", "minimum time", "min time"),
    "grace": ("grace", "grace period", "grace time", "free", "free time"),
    "connect_fee": (
        *("connect fee", "connection fee", "connect charge", "connection charge", "setup"),
        *("setup fee", "setup charge", "call setup", "call setup fee", "set up fee"),
    ),
    "maximum_cost": ("maximum cost", "max cost", "maximum charge", "max charge"),
    "valid_from": (
        *("effective date", "effective", "effective from", "valid from", "start date"),
        *("start", "from date", "date from", "begin date", "activation date"),
    ),
    "valid_until": (
        *("end date", "end", "valid until", "valid to", "valid till", "expiry", "expiry date"),
        *("expires", "expiration date", "effective to", "effective till", "to date", "date to"),
    ),
}
FIELDS = (*_NAMES, COUNTRY)
_FIELD_OF = {name: field for field, names in _NAMES.items() for name in names}
_COUNTRIES = ("country", "country iso", "iso", "iso code", "iso country")
_SAY_NOTHING = {
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
_WORDS = re.compile(r"[^\W_]+")


class Columns(msgspec.Struct, frozen=True):
    """Where each field of a deck is, and how many cells a row has."""

    at: dict[str, int]
    width: int
    header: tuple[str, ...]


def read_header(
    header: Sequence[str], line: int, terms: DeckTerms, currency: str, problems: DeckProblems
) -> Columns | None:
    """Say which column is what, None when that cannot be said."""
    before = problems.count
    named = {_plain(given): field for field, given in terms.columns}
    ignored = {_plain(it) for it in terms.ignore}
    at: dict[str, int] = {}
    for index, cell in enumerate(header):
        field = named.pop(_plain(cell), None)
        if field is None and _plain(cell) not in ignored:
            field = _known(cell, line, terms, currency, problems)
        if not field:
            continue
        if field in at:
            sentence = f"{header[at[field]]!r} and {cell!r} both are the {field} column"
            problems.say(line, cell, "repeated_column", sentence)
        at.setdefault(field, index)
    for field, header_wanted in terms.columns:
        if _plain(header_wanted) in named:
            sentence = f"there is no column {header_wanted!r} for {field}"
            problems.say(line, field, "missing_column", sentence)
    _settle_country(at)
    _require(at, line, problems)
    return None if problems.count > before else Columns(at, len(header), tuple(header))


def _known(
    cell: str, line: int, terms: DeckTerms, currency: str, problems: DeckProblems
) -> str | None:
    """Know a column by its name; None for one that says nothing of a price."""
    words = _WORDS.findall(cell.lower())
    bare = [it for it in words if it not in _UNITS and it not in _CURRENCIES and it != "per"]
    field = _FIELD_OF.get(" ".join(words)) or _FIELD_OF.get(" ".join(bare))
    if field is None:
        if " ".join(words) in _COUNTRIES:
            return COUNTRY
        if words and " ".join(words) not in _SAY_NOTHING:
            sentence = (
                f"unknown column {cell!r}; say which field it is, or that it is to be ignored"
            )
            problems.say(line, cell, "unknown_column", sentence)
        return None
    if field in _MONEY:
        said = [it.upper() for it in words if it in _CURRENCIES and it.upper() != currency]
        if said:
            sentence = f"column {cell!r} is in {said[0]}, the price book in {currency}"
            problems.say(line, cell, "currency_mismatch", sentence)
    units = [] if " ".join(words) in _FIELD_OF else [_UNITS[it] for it in words if it in _UNITS]
    wanted = terms.per if field in (PRICE, BUY) else "second" if field in _SECONDS else None
    if wanted and any(not _same_unit(it, wanted, terms.meter) for it in units):
        sentence = f"column {cell!r} is by {units[0]}, and read as by {wanted}"
        problems.say(line, cell, "other_unit", sentence)
    return field


def _same_unit(unit: str, wanted: str, meter: str) -> bool:
    """Tell whether two words are for the same quantity of a meter, such as minute and minutes."""
    try:
        return unit == wanted or per(unit, BY_TYPE[meter]) == per(wanted, BY_TYPE[meter])
    except ValueError:
        return False


def _settle_country(at: dict[str, int]) -> None:
    """A country is a condition where there is no prefix, and a remark beside one."""
    if PREFIX in at or COUNTRY_CODE in at:
        at.pop(COUNTRY, None)


def _require(at: Mapping[str, int], line: int, problems: DeckProblems) -> None:
    if not any(it in at for it in (PREFIX, COUNTRY_CODE, COUNTRY)):
        sentence = "no column has prefixes, country codes or countries"
        problems.say(line, PREFIX, "missing_column", sentence)
    if PRICE not in at:
        problems.say(line, PRICE, "missing_column", "no column has prices")
    if PREFIX in at and AREA_CODES in at:
        sentence = "there are both whole prefixes and area codes; ignore one of the columns"
        problems.say(line, AREA_CODES, "repeated_column", sentence)
    if ("first_increment" in at) != ("next_increment" in at):
        sentence = "the first and the next increment need each other"
        problems.say(line, "increments", "missing_column", sentence)
    if "increments" in at and "first_increment" in at:
        sentence = "there are both increments and a first increment; ignore one of the columns"
        problems.say(line, "increments", "repeated_column", sentence)


def _plain(header: str) -> str:
    return " ".join(header.lower().split())
