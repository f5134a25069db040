"""The periods of triggers: their instants, in a time zone that may change.

A period belongs to the zone in which it begins. After a change of the zone, the period that is
running ends as planned and the next one begins there, so no instant is in two periods.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.periods import months_after
from tollbook.domain.triggers import TriggerPeriod

HOUR = 3_600_000_000
DAY = 24 * HOUR
"""Microseconds."""
WATCHED_AFTER = {
    TriggerPeriod.HOUR: 7 * DAY,
    TriggerPeriod.DAY: 35 * DAY,
    TriggerPeriod.WEEK: 70 * DAY,
    TriggerPeriod.MONTH: 190 * DAY,
    TriggerPeriod.ALL: 0,
}
"""How long a period is watched after its end."""
KEPT_AFTER = 30 * DAY
"""How long what was fired in a period is kept after it is no longer watched."""
LONGEST = {
    TriggerPeriod.HOUR: 2 * HOUR,
    TriggerPeriod.DAY: 2 * DAY,
    TriggerPeriod.WEEK: 8 * DAY,
    TriggerPeriod.MONTH: 32 * DAY,
}
"""Lengths that no period of a kind exceeds; all shorter ones are of other kinds."""
NO_END = 2**62
"""The end of the period of all time."""
FIRST_INSTANT = 0
"""The start of the period of all time, which includes what was before 1970."""


class Span(NamedTuple):
    """A period from `start` up to, and not including, `end`: instants in microseconds."""

    period: TriggerPeriod
    start: int
    end: int
    timezone: str

    @property
    def name(self) -> str:
        """Return the hour, the day, the Monday of the week, or the month; `all` for all time."""
        return _NAMES[self.period](self._local(self.start))

    @property
    def bounds(self) -> tuple[str | None, str | None]:
        """Return the start and the end in the zone of the period; None for all time."""
        if self.period is TriggerPeriod.ALL:
            return None, None
        return self._local(self.start).isoformat(), self._local(self.end).isoformat()

    def _local(self, instant: int) -> datetime:
        if self.period is TriggerPeriod.ALL:
            return instant_of(0)
        return instant_of(instant).astimezone(zone(self.timezone))


_NAMES: dict[TriggerPeriod, Callable[[datetime], str]] = {
    TriggerPeriod.HOUR: lambda it: it.isoformat(timespec="minutes"),
    TriggerPeriod.DAY: lambda it: it.date().isoformat(),
    TriggerPeriod.WEEK: lambda it: _monday(it.date()).isoformat(),
    TriggerPeriod.MONTH: lambda it: f"{it:%Y-%m}",
    TriggerPeriod.ALL: lambda _: "all",
}
ALL_TIME = Span(TriggerPeriod.ALL, FIRST_INSTANT, NO_END, "UTC")
Zones = Sequence[tuple[int, str]]
"""Time zones, each with the instant since which it applies; the first applies to all before."""


def spans(period: TriggerPeriod, zones: Zones, since: int, now: int) -> list[Span]:
    """Return the periods that end after `since` and have begun by `now`, the newest first."""
    if period is TriggerPeriod.ALL:
        return [ALL_TIME]
    found = [_span_at(period, _regimes(period, zones), now)]
    while found[-1].start > since:
        found.append(_span_at(period, _regimes(period, zones), found[-1].start - 1))
    return found


def running(period: TriggerPeriod, zones: Zones, now: int) -> Span:
    """Return the period that it is."""
    return spans(period, zones, now, now)[0]


class _Regime(NamedTuple):
    """A time zone with the start of the first period in it."""

    start: int
    timezone: str


def _regimes(period: TriggerPeriod, zones: Zones) -> list[_Regime]:
    regimes = [_Regime(-NO_END, zones[0][1])]
    for since, timezone in zones[1:]:
        end = _span_at(period, regimes, since).end
        # Before the previous change has had a period of its own, this one replaces it.
        regimes = [it for it in regimes if it.start < end]
        regimes.append(_Regime(end, timezone))
    return regimes


def _span_at(period: TriggerPeriod, regimes: Sequence[_Regime], instant: int) -> Span:
    regime = next(it for it in reversed(regimes) if it.start <= instant)
    following = next((it.start for it in regimes if it.start > instant), NO_END)
    start, end = _natural(period, instant, zone(regime.timezone))
    return Span(period, max(start, regime.start), min(end, following), regime.timezone)


def _natural(period: TriggerPeriod, instant: int, in_zone: ZoneInfo) -> tuple[int, int]:
    """Return the start and end of a period of one zone."""
    local = instant_of(instant).astimezone(in_zone)
    if period is TriggerPeriod.HOUR:
        start = _hour_start(instant, in_zone)
        # Where clocks change by half an hour, the next hour begins early.
        middle = _hour_start(start + HOUR // 2, in_zone)
        return start, middle if middle > start else start + HOUR
    first, following = _DAYS[period](local.date())
    return _midnight(first, in_zone), _midnight(following, in_zone)


def _hour_start(instant: int, in_zone: ZoneInfo) -> int:
    local = instant_of(instant).astimezone(in_zone)
    return microseconds(
        instant_of(instant)
        - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    )


def _midnight(day: date, in_zone: ZoneInfo) -> int:
    """Return the start of a day, which is later than midnight where clocks are put forward then."""
    return microseconds(datetime.combine(day, time(), in_zone))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


_DAYS: dict[TriggerPeriod, Callable[[date], tuple[date, date]]] = {
    TriggerPeriod.DAY: lambda day: (day, day + timedelta(days=1)),
    TriggerPeriod.WEEK: lambda day: (_monday(day), _monday(day) + timedelta(days=7)),
    TriggerPeriod.MONTH: lambda day: (day.replace(day=1), months_after(day.replace(day=1), 1)),
}


def whole_days(start: int, end: int, timezone: str) -> tuple[date, date] | None:
    """Return the first and the last day of a zone that are entirely in a range of instants."""
    in_zone = zone(timezone)
    first = instant_of(start).astimezone(in_zone).date()
    if _midnight(first, in_zone) < start:
        first += timedelta(days=1)
    last = instant_of(end).astimezone(in_zone).date() - timedelta(days=1)
    return (first, last) if first <= last else None


def edges(start: int, end: int, timezone: str) -> Iterator[tuple[int, int]]:
    """Return the parts of a range of instants that are in no whole day of a zone."""
    days = whole_days(start, end, timezone)
    if days is None:
        yield start, end
        return
    first, following = (_midnight(it, zone(timezone)) for it in (days[0], _next(days[1])))
    if start < first:
        yield start, first
    if following < end:
        yield following, end


def _next(day: date) -> date:
    return day + timedelta(days=1)
