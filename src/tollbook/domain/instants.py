"""Parse instants in RFC 3339, truncated to the stored microsecond.

Digits after the sixth are cut off, never rounded, so that the last instant of a month stays in it.
"""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime

import msgspec

EXAMPLE = "2024-01-15T10:30:00Z"

_FORM = re.compile(
    "([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})"
    "(?::([0-9]{2})([.][0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = re.compile("[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?")
_MICROSECONDS = len(".123456")
_EDGES = (MINYEAR, MAXYEAR)
_LEAP = "60"
_BEFORE_LEAP = "59.999999"
"""The time that represents a leap second, which has no number of its own since 1970."""


class InvalidInstant(ValueError):
    """An invalid instant: a stable code, and a sentence that follows the name of the field."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


_MALFORMED = "invalid_time", f"must be an RFC 3339 time with an offset, such as {EXAMPLE}"
_IS_EPOCH = (
    "time_is_epoch",
    f"must be an RFC 3339 time such as {EXAMPLE}, not a number of seconds since 1970",
)
_NO_TIME_OF_DAY = "invalid_time", f"must have a time of day and an offset, as in {EXAMPLE}"
_NO_SECONDS = "time_without_seconds", f"must have seconds, as in {EXAMPLE}"
_NO_OFFSET = (
    "time_without_offset",
    f"must have an offset: Z for UTC, as in {EXAMPLE}, or one such as +01:00",
)
_IMPOSSIBLE = "invalid_time", "must be a day and a time of day that exist"
_BEYOND = "invalid_time", "must be in the years 1 to 9999, in UTC too"
_NO_LEAP = "invalid_time", "must not have 60 seconds: a leap second ends a day in UTC, at 23:59:60"


def parsed_instant(text: str) -> datetime:
    """Parse an RFC 3339 time, truncated to microseconds; `InvalidInstant` states the problem.

    23:59:60 in UTC, in any offset, becomes 23:59:59.999999.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise InvalidInstant(*_problem_of(text))
    day, minute, second, fraction, offset = form.groups()
    if second is None:
        raise InvalidInstant(*_NO_SECONDS)
    if offset is None:
        raise InvalidInstant(*_NO_OFFSET)
    leap = second == _LEAP
    seconds = _BEFORE_LEAP if leap else second + (fraction or "")[:_MICROSECONDS]
    try:
        instant = msgspec.convert(f"{day}T{minute}:{seconds}{offset}", datetime)
    except msgspec.ValidationError as error:
        raise InvalidInstant(*_IMPOSSIBLE) from error
    if leap and not _ends_a_day(instant):
        raise InvalidInstant(*_NO_LEAP)
    return instant


def storable_instant(text: str) -> datetime:
    """Parse an RFC 3339 time that has a year of four digits in UTC as well."""
    instant = parsed_instant(text)
    if instant.year in _EDGES and not _has_utc(instant):
        raise InvalidInstant(*_BEYOND)
    return instant


def instant_in(value: bytes) -> datetime:
    """Parse a JSON value as an instant; `InvalidInstant` states the problem."""
    if value[:1] in b"-0123456789":
        raise InvalidInstant(*_IS_EPOCH)
    try:
        text = msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInstant(*_MALFORMED) from error
    return storable_instant(text)


def _problem_of(text: str) -> tuple[str, str]:
    if _EPOCH.fullmatch(text):
        return _IS_EPOCH
    return _NO_TIME_OF_DAY if _DAY.fullmatch(text) else _MALFORMED


def _has_utc(instant: datetime) -> bool:
    """Return whether an instant is in the years 1 to 9999 in UTC as well."""
    try:
        instant.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _ends_a_day(instant: datetime) -> bool:
    """Return whether an instant is in the last minute of a day in UTC."""
    if not _has_utc(instant):
        return False
    utc = instant.astimezone(UTC)
    return (utc.hour, utc.minute) == (23, 59)
