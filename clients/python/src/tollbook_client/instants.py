"""Instants and days as the server writes them."""

from datetime import UTC, datetime, timedelta

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
