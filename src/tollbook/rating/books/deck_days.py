"""The days of a deck as carriers write them; ValueError with the rest of a sentence."""

import re
from datetime import date, timedelta

DMY = "dmy"
MDY = "mdy"
_TIME = re.compile(
    r"[T ](?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?$"
)
_MIDNIGHT = re.compile(r"0?0:00(?::00(?:\.0+)?)?")
_LAST_SECOND = re.compile(r"23:59(?::59(?:\.[0-9]+)?)?")
_UTC = ("", "z", "utc", "gmt", "+0000", "+00:00", "-00:00", "-0000")
_ISO = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_NAMED = re.compile(r"([0-9]{1,2})[- ]([A-Za-z]{3,9})\.?[- ,]{1,2}([0-9]{4}|[0-9]{2})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2}),? ([0-9]{4})")
_SLASHED = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})")
_SERIAL = re.compile(r"[0-9]{5}(?:\.0+)?")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
AT_ONCE = ("asap", "immediate", "immediately", "now", "at once", "sofort")
"""Words for a price that is in force from the first day of its book."""
NO_END = ("never", "none", "unlimited", "indefinite", "open", "until further notice", "ufn")
"""Words for a price without a last day."""
FIRST_SERIAL, LAST_SERIAL = 36_526, 73_050
"""The numbers of the days 2000-01-01 and 2099-12-31 in Excel."""
_DAY_ZERO = date(1899, 12, 30)


def day_text(cell: str, order: str, *, is_last: bool = False) -> str:
    """Return a day as 2024-01-31, empty for a word such as ASAP or never.

    A day with slashes needs the order of day and month. A time must be midnight, or the last second
    of a last day.
    """
    if cell.lower() in (NO_END if is_last else AT_ONCE):
        return ""
    text = _without_time(cell, is_last=is_last)
    try:
        return _parse_day(text, order).isoformat()
    except ValueError as error:
        if str(error).startswith("has slashes"):
            raise
        raise ValueError("must be a date such as 2024-01-31") from None


def serial_text(serial: int) -> str:
    """Return the day of a number of days as Excel counts them; ValueError outside this century."""
    if not FIRST_SERIAL <= serial <= LAST_SERIAL:
        raise ValueError("must be a date such as 2024-01-31")
    return (_DAY_ZERO + timedelta(days=serial)).isoformat()


def _without_time(cell: str, *, is_last: bool) -> str:
    """Return a day without its time, which must be midnight in UTC or in no zone."""
    found = _TIME.search(cell)
    if found is None:
        return cell
    clock = found["clock"]
    is_midnight = _MIDNIGHT.fullmatch(clock) or (
        clock.startswith("12:00") and (found["half"] or "").strip().lower() == "am"
    )
    ends_the_day = is_last and _LAST_SECOND.fullmatch(clock)
    if (found["zone"] or "").strip().lower() not in _UTC or not (is_midnight or ends_the_day):
        raise ValueError(
            "must be a date such as 2024-01-31: a price is for whole days of the organization, "
            "so write the day without a time, or ignore the column"
        )
    return cell[: found.start()]


def _parse_day(text: str, order: str) -> date:
    if found := _ISO.fullmatch(text):
        return date(int(found[1]), int(found[3]), int(found[4]))
    if found := _DOTTED.fullmatch(text):
        return date(int(found[3]), int(found[2]), int(found[1]))
    if found := _NAMED.fullmatch(text):
        return date(_year(found[3]), _month(found[2]), int(found[1]))
    if found := _MONTH_FIRST.fullmatch(text):
        return date(int(found[3]), _month(found[1]), int(found[2]))
    if _SERIAL.fullmatch(text):
        return date.fromisoformat(serial_text(int(text.partition(".")[0])))
    if found := _SLASHED.fullmatch(text):
        if order not in (DMY, MDY):
            raise ValueError("has slashes: set dates to the order of day and month")
        one, other = int(found[1]), int(found[2])
        return date(int(found[3]), *((other, one) if order == DMY else (one, other)))
    raise ValueError(text)


def _year(text: str) -> int:
    """Return a year, of this century when it has two digits."""
    return int(text) if len(text) == 4 else 2000 + int(text)


def _month(name: str) -> int:
    """Return the number of a month by its English name, or the first letters of it."""
    found = [n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.lower())]
    if len(found) != 1 or (len(name) > 4 and name.lower() != _MONTHS[found[0] - 1]):
        raise ValueError(name)
    return found[0]
