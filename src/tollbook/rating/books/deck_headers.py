"""The headers that carriers use, in English, French and German, and the fields they are for."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from tollbook.domain.meters import Meter
from tollbook.rating.books import fields
from tollbook.rating.books.deck_money import HUNDREDTHS, SYMBOLS, is_code, sign_problem
from tollbook.rating.books.fields import FIELDS
from tollbook.rating.books.vocabulary import parse_per

PREFIX = "prefix"
COUNTRY_CODE = "country_code"
AREA_CODES = "area_codes"
PREFIX_FIELDS = (PREFIX, COUNTRY_CODE, AREA_CODES)
DESTINATION = "destination"
CONDITION = "when."

_HEADERS: Mapping[str, str] = {
    PREFIX: "prefix, prefixes, code, codes, dial code, dial codes, dialcode, dialling code, "
    "dialling codes, dialing code, dialing codes, number prefix, destination code, "
    "destination codes, to prefix, e164, e164 prefix, destination prefix, phone prefix, "
    "called prefix, b number, b number prefix, destination prefixes, dial prefix, dialprefix, "
    "match prefix, prefix code, phone code, dialed prefix, indicatif, indicatifs, préfixe, "
    "préfixes, vorwahl, vorwahlen, präfix, rufnummernpräfix",
    COUNTRY_CODE: "country code, cc, country dial code, country prefix, indicatif pays, "
    "ländervorwahl, landesvorwahl",
    AREA_CODES: "area code, area codes, area, city code, city codes, ndc, ndcs, network code, "
    "network codes, operator code, operator codes, ortsvorwahl, ortsvorwahlen, "
    "indicatif régional",
    "origin": "origin, origin prefix, origin code, origination, origination code, from prefix, "
    "a number, a number prefix, calling prefix, origination prefix, origination prefixes, "
    "origin prefixes, origination codes, origin codes",
    "currency": "currency, ccy, currency code, devise, währung",
    "first_increment": "first increment, initial increment, initial interval, first interval, "
    "interval 1, initial period, initial time, interval first",
    "next_increment": "next increment, subsequent increment, following increment, next interval, "
    "subsequent interval, following interval, interval n, interval 2, additional increment, "
    "interval next",
    "buy_increments": "buyrateincrement, buy increment, buy increments, buy rate increment",
    "buy_minimum": "buyrateinitblock, buy minimum, buy rate initblock",
    **{field.name: field.headers for field in FIELDS.values() if field.headers},
}
COLUMNS = (*_HEADERS, "country", DESTINATION)
"""The fields that columns of a deck can have, apart from conditions."""
_FIELD_OF = {name: field for field, names in _HEADERS.items() for name in names.split(", ")}
COUNTRIES = ("country", "country iso", "iso", "iso code", "iso country", "country iso code")
_COUNTRY_WORDS = {"country", "countries", "iso", "iso2", "iso3", "pays", "land", "nation"}
_OF_COUNTRIES = {*_COUNTRY_WORDS, "name", "code", "alpha", "1", "2", "3", "3166", "id"}
NAMES = (
    *("destination name", "destination", "destinations", "destination description", "ziel"),
    *("zielname", "breakout", "breakout name", "area name", "description", "name", "zone"),
    *("zone name", "libellé", "beschreibung", "country name", "country", "pays", "land"),
)
"""The headers of columns with the name of a destination, the best first."""
LISTS_OF_ORIGINS = ("origination prefixes", "origin prefixes", "origination codes", "origin codes")
"""The headers of columns whose empty cell is for all other origins, unknown ones included."""
SKIPPED = {
    *("region", "operator", "operator name", "network", "network name", "continent", "opérateur"),
    *("id", "rate id", "created", "created date", "modified", "modified date", "updated"),
}
_UNITS = {
    **dict.fromkeys(("sec", "secs", "second", "seconds", "s", "sekunde", "seconde"), "second"),
    **dict.fromkeys(("min", "mins", "minute", "minutes", "minuten", "mn"), "minute"),
    **dict.fromkeys(("ppm", "cpm"), "minute"),
    **dict.fromkeys(("hour", "hours"), "hour"),
    **dict.fromkeys(("message", "messages", "msg"), "message"),
    **dict.fromkeys(("segment", "segments"), "segment"),
}
_CURRENCIES = {
    *("usd", "eur", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "huf", "ron", "try", "rub"),
    *("cad", "aud", "nzd", "jpy", "cny", "hkd", "sgd", "inr", "brl", "mxn", "zar", "aed", "ils"),
}
"""Codes that are recognized in lower case too; any other must be in capitals."""
_LINKS = {
    *("per", "in", "pro", "par", "je", "en"),
    *("net", "netto", "ht", "excl", "excluding", "ex", "vat", "tva", "mwst", "zzgl", "tax"),
}
"""Words that change nothing: prices are without taxes. `incl` is none of them."""
_IN_SECONDS = {
    *("first_increment", "next_increment"),
    *(it.name for it in FIELDS.values() if it.kind in (fields.SECONDS, fields.INCREMENTS)),
}
_WORDS = re.compile(r"[^\W_]+")
_SIGNS = [it for it in sorted({*SYMBOLS, *HUNDREDTHS}, key=len, reverse=True) if not it.isalpha()]
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))


class Header(msgspec.Struct, frozen=True):
    """A header in parts: its words, those without units and money, its units, its money."""

    words: str
    bare: str
    units: tuple[str, ...]
    signs: tuple[str, ...]

    @property
    def field(self) -> str | None:
        """Return the field that the header names, None when it names none."""
        found = next((_FIELD_OF[it] for it in self._readings() if it in _FIELD_OF), None)
        # `USD/min` and `ppm` name nothing but money for a unit.
        return found or ("price" if self.signs and self.units and not self.bare else None)

    @property
    def is_country(self) -> bool:
        """Return whether the column has countries, whatever it is called."""
        words = set(self.words.split())
        return _OF_COUNTRIES.issuperset(words) and not _COUNTRY_WORDS.isdisjoint(words)

    def _readings(self) -> tuple[str, ...]:
        """Return the header as it is, without its unit at the end, and without all units."""
        first, _, last = self.words.rpartition(" ")
        return self.words, first if last in _UNITS else self.words, self.bare

    @property
    def is_known(self) -> bool:
        """Return whether the header names a field as it is, so that its words are no units."""
        return self.words in _FIELD_OF

    @property
    def hundredths(self) -> bool:
        """Return whether the amounts of the column are in cents or pence."""
        return any(it in HUNDREDTHS for it in self.signs)

    def currency_problem(self, currency: str) -> str | None:
        """Return why the money of the header is not the book's, None when it is."""
        problems = (sign_problem(it, currency) for it in self.signs)
        return next((it for it in problems if it), None)

    def unit_problem(self, field: str, per: str, meter: Meter) -> str | None:
        """Return why the unit of the header is not the one by which the field is read."""
        by_price = field in ("price", "buy", "first_price")
        wanted = per if by_price else "second" if field in _IN_SECONDS else None
        if wanted is None or self.is_known:
            return None
        units = self.units[-1:] if self._readings()[1] in _FIELD_OF else self.units
        if all(_is_same_unit(it, wanted, meter) for it in units):
            return None
        return f"is by {self.units[0]}, and read as by {wanted}"


def parse_header(cell: str) -> Header:
    """Split a header into its parts."""
    signs = [it.lower() for it in _SIGN.findall(cell.lower())]
    rest = _SIGN.sub(" ", cell.lower())
    originals = dict(zip(_WORDS.findall(cell.lower()), _WORDS.findall(cell), strict=False))
    words = _WORDS.findall(cell.lower())
    bare, units = [], []
    for word in _WORDS.findall(rest):
        if word in _UNITS:
            units.append(_UNITS[word])
        if word in HUNDREDTHS or word in SYMBOLS or _is_code(originals.get(word, ""), cell):
            signs.append(word)
        elif word not in _UNITS and word not in _LINKS:
            bare.append(word)
    return Header(" ".join(words), " ".join(bare), tuple(units), tuple(signs))


def is_table(cells: Sequence[str], named: Mapping[str, str], priced: frozenset[str]) -> bool:
    """Return whether cells are a header: they name a prefix and a price.

    `named` are normalized headers with the field that the terms state for them, `priced` those of
    columns with prices for some hours or conditions.
    """
    found = set()
    for cell in cells:
        header = " ".join(cell.lower().split())
        field = "price" if header in priced else named.get(header)
        if field is None:
            parts = parse_header(cell)
            field = "country" if parts.words in COUNTRIES else parts.field
            field = field or ("country" if parts.is_country else None)
        found.add(field)
    return "price" in found and not found.isdisjoint((PREFIX, COUNTRY_CODE, "country"))


def _is_code(word: str, header: str) -> bool:
    """Return whether a word of a header is the code of a currency."""
    if word.lower() in _CURRENCIES:
        return True
    return word.isupper() and header != header.upper() and is_code(word)


def _is_same_unit(unit: str, wanted: str, meter: Meter) -> bool:
    """Return whether two words are for one quantity of a meter, such as minute and minutes."""
    try:
        return unit == wanted or parse_per(unit, meter) == parse_per(wanted, meter)
    except ValueError:
        return False
