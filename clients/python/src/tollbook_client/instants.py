"""Instants and days as the server writes them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_text(instant: datetime) -> str:
    """Return an instant as RFC 3339 text in UTC; raise ValueError if it has no offset."""
    if instant.utcoffset() is None:
        raise ValueError("an instant must have an offset, as in datetime.now(UTC)")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Return RFC 3339 text as an aware time; raise ValueError if it is none."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return instant


def instant_at(nanoseconds: int) -> datetime:
    """Return the instant this long after 1970, truncated to microseconds."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


class Now(str):
    """The text of an instant that the clock gave, which needs no check."""

    __slots__ = ()


def now_text(nanoseconds: int) -> Now:
    """Return the instant this long after 1970 as RFC 3339 text with microseconds."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return Now(f"{_second_text(seconds)}.{rest // 1000:06d}Z")


@lru_cache(maxsize=4)
def _second_text(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
