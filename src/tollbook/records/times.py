"""Times as switches write them: local or with an offset, as an instant with its offset."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tollbook.domain.events import EPOCH
from tollbook.records.rows import RefusedRow, SourceRefused

EPOCHS = {"epoch": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
"""Formats of times that are numbers since 1970-01-01T00:00:00Z, by their units in a second."""
EPOCH_FORMATS = tuple(EPOCHS)

FIELD = "time"
_SHORTEST = len("2024-01-31T10:00")
_PLAIN = len("2024-01-31T10:00:00")
_TOLERANCE = 2
"""Seconds between the end of a call and its start plus its length."""
_LATEST_EPOCH = 253_402_300_799


class TimezoneRequired(SourceRefused):
    """The times have no offset, and no time zone was named: a guess could move them to other days.

    A file that needs one is refused before anything of it is stored.
    """


class Clock(NamedTuple):
    """How the times of a source are read: formats, tried in order, and the zone of local times.

    Without formats, ISO 8601 and RFC 2822 are read.
    """

    formats: tuple[str, ...] = ()
    zone: ZoneInfo | None = None

    def parse(self, column: str, text: str) -> datetime:
        """Read a time of a column as it is written: with its offset, or without one."""
        try:
            return self._parsed(text)
        except (ValueError, OverflowError, InvalidOperation) as error:
            expected = " or ".join(self.formats) or "a date and time such as 2024-01-31 10:00:00"
            sentence = f"{column} is not a time; expected {expected}"
            raise RefusedRow(FIELD, "invalid_time", sentence) from error

    def _parsed(self, text: str) -> datetime:
        if not self.formats:
            if len(text) < _SHORTEST:
                raise ValueError
            if text[:4].isdigit():
                return _iso(text)
            return parsedate_to_datetime(text)
        for format_ in self.formats[:-1]:
            try:
                return _in_format(text, format_)
            except (ValueError, InvalidOperation):
                continue
        return _in_format(text, self.formats[-1])


def _iso(text: str) -> datetime:
    if text[4] == "/":
        text = text.replace("/", "-", 2)
    if text.endswith(" UTC"):
        text = text[:-4] + "Z"
    return datetime.fromisoformat(text)


def _in_format(text: str, format_: str) -> datetime:
    units = EPOCHS.get(format_)
    if units is None:
        return datetime.strptime(text, format_)  # noqa: DTZ007  the zone is applied later
    seconds = Decimal(text) / units
    if not 0 <= seconds <= _LATEST_EPOCH:
        raise ValueError
    return EPOCH + timedelta(microseconds=int(seconds * 1_000_000))


class Resolved(NamedTuple):
    """An instant with its offset; `is_repeated` when nothing resolved an hour that occurs twice.

    `written` is the instant as an event has it, if it is known already.
    """

    time: datetime
    is_repeated: bool = False
    written: str = ""


class Hints(NamedTuple):
    """What resolves a repeated hour: the end and the seconds until it, or an instant close by."""

    end: datetime | None = None
    seconds: Decimal | None = None
    near: datetime | None = None


def resolve(
    column: str, written: datetime, clock: Clock, hints: Callable[[], Hints] = Hints
) -> Resolved:
    """Return the instant of a written time; refuse a local time that did not exist.

    `hints` are read when the time is in an hour that occurs twice.
    """
    if written.tzinfo is not None:
        return Resolved(written)
    zone = clock.zone
    if zone is None:
        raise TimezoneRequired(
            f"{column} has no offset: name the time zone of these times with --timezone, "
            "such as --timezone Europe/London"
        )
    if zone.key == "UTC":
        return Resolved(written.replace(tzinfo=UTC))
    hour = written.year, written.month, written.day, written.hour
    first, second, offset = _offsets(*hour, written.minute // 15 * 15, zone)
    if first == second:
        return Resolved(written.replace(tzinfo=offset))
    if second > first:
        sentence = f"{column} names a time that did not exist in {zone.key}: clocks were advanced"
        raise RefusedRow(FIELD, "nonexistent_time", sentence)
    return _repeated(written, zone, hints())


def plain_time(text: str, zone: ZoneInfo) -> Resolved | None:
    """Read a local time such as `2024-01-31 10:00:00` in an hour with one offset.

    Return None for other texts and hours, which `Clock.parse` and `resolve` read. Nearly all times
    are such ones, and this takes a quarter of the time.
    """
    if len(text) != _PLAIN or not text[4] == text[7] == "-" or not text[13] == text[16] == ":":
        return None
    offset = _offset_in(text[:13], zone)
    if not offset:
        return None
    try:
        time = datetime.fromisoformat(text + offset)
    except ValueError:
        return None
    suffix = "Z" if offset == "+00:00" else offset
    return Resolved(time, written=f"{text[:10]}T{text[11:]}{suffix}")


@lru_cache(4096)
def _offset_in(hour: str, zone: ZoneInfo) -> str:
    """Return the offset of a local hour such as `2024-01-31 10`; empty when it has several."""
    try:
        start = datetime.fromisoformat(f"{hour}:00")
    except ValueError:
        return ""
    quarters = [start.replace(minute=it, tzinfo=zone) for it in range(0, 60, 15)]
    found = {it.replace(fold=fold).isoformat()[_PLAIN:] for it in quarters for fold in (0, 1)}
    return found.pop() if len(found) == 1 else ""


@lru_cache(4096)
def _offsets(
    year: int, month: int, day: int, hour: int, minute: int, zone: ZoneInfo
) -> tuple[timedelta, timedelta, timezone]:
    """Return the offsets of a local time in its first and its second occurrence.

    Offsets change at whole quarters of an hour. The first is also a time zone, which is faster
    than one with rules.
    """
    local = datetime(year, month, day, hour, minute, tzinfo=zone)
    first, second = local.utcoffset(), local.replace(fold=1).utcoffset()
    assert first is not None  # noqa: S101  a zone always has an offset
    assert second is not None  # noqa: S101
    return first, second, timezone(first)


def _repeated(written: datetime, zone: ZoneInfo, hints: Hints) -> Resolved:
    """Resolve a local time that occurs twice, by its end or an instant close by."""
    both = [written.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    if hints.end is not None and hints.seconds is not None:
        fits = [it for it in both if _fits(it, hints.end, zone, hints.seconds)]
        if len(fits) == 1:
            return Resolved(fits[0])
    if hints.near is not None:
        near = hints.near
        return Resolved(min(both, key=lambda it: abs(it.astimezone(UTC) - near)))
    return Resolved(both[0], is_repeated=True)


def _fits(time: datetime, end: datetime, zone: ZoneInfo, seconds: Decimal) -> bool:
    """Return whether a time is that long before its end, in either occurrence of the end."""
    ends = [end] if end.tzinfo else [end.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    apart = ((it.astimezone(UTC) - time.astimezone(UTC)).total_seconds() for it in ends)
    return any(abs(it - float(seconds)) <= _TOLERANCE for it in apart)


def later(time: datetime, seconds: Decimal, zone: tzinfo | None) -> datetime:
    """Return the instant some seconds after another one, with the offset of the zone at that time.

    Raise `RefusedRow` when it is beyond the year 9999.
    """
    try:
        return (time.astimezone(UTC) + timedelta(seconds=float(seconds))).astimezone(
            zone or time.tzinfo
        )
    except OverflowError as error:
        sentence = "the seconds lead to a time after the year 9999"
        raise RefusedRow(FIELD, "invalid_time", sentence) from error


def written_time(time: datetime) -> str:
    """Return an instant as an event has it: RFC 3339 with its own offset."""
    text = time.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
