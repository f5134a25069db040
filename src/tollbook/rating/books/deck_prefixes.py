"""The cells of a deck with prefixes, as carriers write them; ValueError ends a sentence."""

import re
from collections.abc import Iterator, Sequence

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from tollbook.rating.books import vocabulary

MOST_IN_A_RANGE = 10_000
DEFAULT_WORDS = ("*", "default", "defaultprefix", "default prefix")
"""Cells for the empty prefix: every number that no other row has."""
KEEPS_ZERO = ("39", "225", "229", "241", "242", "378")
"""Countries whose international numbers keep the 0 of an area code, such as +39 06."""
_LONGEST = 15
_MOST_LOST = 2
"""A whole number such as 1.8E+03 may end in this many zeros that it does not show."""
_BETWEEN = re.compile(r"[;,:/|\n]")
_CODE = re.compile(r"\+? ?[0-9][0-9 ()\u00a0]*")
_RANGE = re.compile(rf"({_CODE.pattern}?)\s*[-\u2010-\u2015]\s*({_CODE.pattern})")
_NATIONAL_ZERO = re.compile(r"\(0\)")
_WHOLE = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})")
_PATTERN = re.compile(r"\^(.*)\.\*")
_MUST = (
    "must be prefixes such as 4420, 4470-4479 or 4477;4478, the first digits of international "
    "numbers"
)


def is_prefix(cell: str) -> bool:
    """Return whether a cell is one prefix and nothing else: nearly all are."""
    return cell.isdigit() and cell.isascii() and cell[0] != "0" and len(cell) <= _LONGEST


def parse_prefixes(
    cell: str, access_codes: Sequence[str] = (), *, may_be_empty: bool = False
) -> Iterator[str]:
    """Parse the prefixes of a cell: one, several, or ranges of them.

    With `may_be_empty`, a star or the word `default` is the empty prefix.
    """
    if may_be_empty and cell.lower() in DEFAULT_WORDS:
        yield ""
        return
    for code in parse_codes(cell, access_codes, one_country=True):
        try:
            yield vocabulary.parse_prefix(code)
        except ValueError as error:
            hint = "; set access_codes if 00 or 011 is dialed before it" if code[:1] == "0" else ""
            raise ValueError(f"{error}{hint}") from None


def parse_codes(
    cell: str, access_codes: Sequence[str] = (), *, one_country: bool = False
) -> Iterator[str]:
    """Parse the digits of a cell: one run of them, several, or ranges of them.

    With `one_country` they are prefixes, and a range may not be over several country codes.
    """
    parts = [part.strip() for part in _BETWEEN.split(cell)]
    country = ""
    for part in list(filter(None, parts)) or [""]:
        first, last = _split_range(part)
        country = country or (_country_before_space(first) if one_country else "")
        if country and first.isdigit() and part is not parts[0]:
            first = _within_country(country, first)
        one = _digits_of(first, access_codes)
        if last is None:
            yield one
        else:
            yield from _expand_range(one, _digits_of(last, access_codes), one_country)


def country_code_of(digits: str) -> str | None:
    """Return the country code that a prefix begins with; None when it has none."""
    for length in (1, 2, 3):
        if len(digits) >= length and int(digits[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length]
    return None


def join_area(country: str, area: str) -> str:
    """Join a country code and an area code, which must not have the 0 of national calls."""
    if area.startswith("0") and country not in KEEPS_ZERO:
        raise ValueError(
            f"is {area} with the 0 of national calls, and no number begins with {country}{area}: "
            "leave out the 0"
        )
    return vocabulary.parse_prefix(country + area)


def _split_range(part: str) -> tuple[str, str | None]:
    """Split a part into the ends of a range, the second None when it is one code."""
    if found := _PATTERN.fullmatch(part):
        part = found[1]
    if found := _WHOLE.fullmatch(part):
        return found[1], None
    if found := _SCIENTIFIC.fullmatch(part):
        return _whole_number(part, found[1], found[2] or "", int(found[3])), None
    if len(part) > 1:
        part = part.removesuffix("*")
    if part == "*":
        return "", None
    if found := _RANGE.fullmatch(part):
        return found[1].strip(), found[2].strip()
    # A list in brackets, as in 998 (90, 91), has been cut apart.
    if not _CODE.fullmatch(part) or part.count("(") != part.count(")"):
        raise ValueError(_MUST)
    return part, None


def _whole_number(text: str, first: str, decimals: str, exponent: int) -> str:
    """Return the digits of a number as spreadsheets write large ones, if they are all there."""
    if len(decimals.rstrip("0")) > exponent:
        raise ValueError(f"is {text}, which is no whole number")
    if exponent - len(decimals) > _MOST_LOST:
        raise ValueError(
            f"is {text}, and its last digits are lost: format the column as text and export it "
            "again"
        )
    return (first + decimals.ljust(exponent, "0"))[: exponent + 1]


def _country_before_space(text: str) -> str:
    """Return the country code of a code such as `61 38`, empty for one without a space."""
    first, space, rest = text.removeprefix("+").strip().partition(" ")
    return first if space and rest and country_code_of(first) == first else ""


def _within_country(country: str, area: str) -> str:
    """Read the further codes of a cell such as `61 38,39` in the country of the first."""
    if area.startswith(country):
        raise ValueError(
            f"has {area} after a code of +{country}, which may be a prefix or an area code: write "
            "each prefix whole"
        )
    return country + area


def _digits_of(code: str, access_codes: Sequence[str]) -> str:
    """Return the digits of one code, without spaces, brackets and the code dialed before it."""
    text = _NATIONAL_ZERO.sub(" ", code)
    groups = re.findall(r"[0-9]+", text)
    if len(groups) > 1 and country_code_of(groups[0]) == groups[0]:
        for group in groups[1:]:
            if group.startswith(groups[0]) and len(group) > len(groups[0]):
                raise ValueError(
                    f"has {group} after {groups[0]}, which may be one prefix or two: write it "
                    "without spaces, or with a comma between them"
                )
    digits = "".join(groups)
    if not code.startswith("+"):
        for access in sorted(access_codes, key=len, reverse=True):
            if digits.startswith(access) and len(digits) > len(access):
                return digits[len(access) :]
    return digits


def _expand_range(first: str, last: str, one_country: bool) -> Iterator[str]:
    if len(first) > _LONGEST or len(last) > _LONGEST:
        raise ValueError(f"has a range of more than {_LONGEST} digits")
    if len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    if len(first) != len(last):
        raise ValueError(f"has a range {first}-{last} whose ends have not equally many digits")
    count = int(last) - int(first) + 1
    if count < 1:
        raise ValueError(f"has a range {first}-{last} that ends before it begins")
    if one_country and _zone_of(first) != _zone_of(last):
        raise ValueError(
            f"has a range {first}-{last} over several country codes; if {last} is an area code, "
            f"write {first}{last}"
        )
    if count > MOST_IN_A_RANGE:
        raise ValueError(f"has a range {first}-{last} of more than {MOST_IN_A_RANGE:,} prefixes")
    return (str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))


def _zone_of(digits: str) -> str:
    return country_code_of(digits) or digits[:3]
