"""The cells of a deck as carriers write them; ValueError with the rest of a sentence."""

import re
from collections.abc import Iterator
from datetime import date

from tollbook.rating.books import vocabulary

DMY = "dmy"
MDY = "mdy"
_MOST_IN_A_RANGE = 10_000
_LONGEST = 15
_BETWEEN = re.compile(r"[;,/|\n]")
_RANGE = re.compile(r"(\+?[0-9]+)\s*[-\u2010-\u2015]\s*(\+?[0-9]+)")
_DIGITS = re.compile(r"[0-9]+")
_TIME = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z| ?UTC)?$")
_ISO = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_NAMED = re.compile(r"([0-9]{1,2})[- ]([A-Za-z]{3})[- ]([0-9]{4})")
_SLASHED = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_COMMA = re.compile(r"[0-9]+(?:,[0-9]+)?")


def is_prefix(cell: str) -> bool:
    """Return whether a cell is one prefix and nothing else: nearly all are."""
    return cell.isdigit() and cell.isascii() and cell[0] != "0" and len(cell) <= _LONGEST


def parse_prefixes(cell: str) -> Iterator[str]:
    """Parse the prefixes of a cell: one, several, or ranges of them."""
    for digits in parse_codes(cell):
        yield vocabulary.parse_prefix(digits)


def parse_codes(cell: str) -> Iterator[str]:
    """Parse the digits of a cell: one run of them, several, or ranges of them."""
    parts = [part.strip() for part in _BETWEEN.split(cell)]
    for part in list(filter(None, parts)) or [""]:
        if _DIGITS.fullmatch(part.removeprefix("+")):
            yield part.removeprefix("+")
            continue
        found = _RANGE.fullmatch(part)
        if found is None:
            raise ValueError(
                "must be prefixes such as 4420, 4470-4479 or 4477;4478, the first digits of "
                "international numbers"
            )
        yield from _expand_range(found[1].removeprefix("+"), found[2].removeprefix("+"))


def _expand_range(first: str, last: str) -> Iterator[str]:
    if len(first) > _LONGEST or len(last) > _LONGEST:
        raise ValueError(f"has a range of more than {_LONGEST} digits")
    if len(first) != len(last):
        raise ValueError(f"has a range {first}-{last} whose ends have not equally many digits")
    count = int(last) - int(first) + 1
    if count < 1:
        raise ValueError(f"has a range {first}-{last} that ends before it begins")
    if count > _MOST_IN_A_RANGE:
        raise ValueError(f"has a range {first}-{last} of more than {_MOST_IN_A_RANGE:,} prefixes")
    return (str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))


def day_text(cell: str, order: str) -> str:
    """Return a day as 2024-01-31; one with slashes needs the order of day and month."""
    text = _TIME.sub("", cell)
    try:
        return _parse_day(text, order).isoformat()
    except ValueError as error:
        if str(error).startswith("has slashes"):
            raise
        raise ValueError("must be a date such as 2024-01-31") from None


def _parse_day(text: str, order: str) -> date:
    if found := _ISO.fullmatch(text):
        return date(int(found[1]), int(found[3]), int(found[4]))
    if found := _DOTTED.fullmatch(text):
        return date(int(found[3]), int(found[2]), int(found[1]))
    if found := _NAMED.fullmatch(text):
        return date(int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]))
    if found := _SLASHED.fullmatch(text):
        if order not in (DMY, MDY):
            raise ValueError("has slashes: set dates to the order of day and month")
        one, other = int(found[1]), int(found[2])
        return date(int(found[3]), *((other, one) if order == DMY else (one, other)))
    raise ValueError(text)


def amount_text(cell: str, decimal_comma: bool) -> str:
    """Return an amount of money as it is written, with a decimal point."""
    if not decimal_comma:
        if "," in cell:
            raise ValueError("has a comma: set decimal_comma if that is the decimal sign")
        return cell
    if not _COMMA.fullmatch(cell):
        raise ValueError("must be a number with a decimal comma")
    return cell.replace(",", ".")


def increments_text(cell: str) -> str:
    """Return increments as 60/6; one number is for both."""
    return cell if "/" in cell else f"{cell}/{cell}"
