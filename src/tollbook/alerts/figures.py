"""The figures of triggers: sums of an organization or its users over ranges of instants.

A range is divided into whole days of the organization, whose sums are stored, and edges, which are
added up from hours. A clock hour counts where it begins.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from tollbook.domain.catalog import Catalog
from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of
from tollbook.domain.meters import Meter, is_organization_level
from tollbook.domain.periods import day_number
from tollbook.domain.trigger_periods import Span, edges, whole_days
from tollbook.domain.triggers import ThresholdKind, Trigger, TriggerPeriod, WatchedFigure
from tollbook.store import watched_sums
from tollbook.store.database import Snapshot
from tollbook.store.watched_sums import MeterSum, Range, WatchedOrganization

_EVERY_MONTH = Range(101, 999_912, 0, 999_912)
_MINUTE = 60_000_000
Amounts = dict[int, tuple[int, int, int]]
"""The events, quantity and cost of each meter, by its code."""


class SelectedSums(NamedTuple):
    """What of the sums a trigger adds up: a figure of all meters, a category's or one meter's.

    With `daily`, what is charged once or by the month is left out.
    """

    figure: WatchedFigure
    category: str = ""
    meter: str = ""
    daily: bool = False

    def codes(self, catalog: Catalog) -> frozenset[int] | None:
        """Return the codes of the meters; None for all of them."""
        if self.meter:
            found = catalog.by_type.get(self.meter)
            return frozenset({found.code} if found else ())
        if not self.category and not self.daily:
            return None
        return frozenset(it.code for it in catalog if self._includes(it))

    def _includes(self, meter: Meter) -> bool:
        is_left_out = self.daily and meter.is_charged_once
        return self.category in ("", meter.category.value) and not is_left_out


def selected_by(trigger: Trigger) -> SelectedSums:
    """Return what a trigger adds up."""
    daily = trigger.kind is ThresholdKind.DEVIATION and trigger.figure is WatchedFigure.COST
    return SelectedSums(trigger.figure, trigger.category, trigger.meter, daily)


_PLACES = {WatchedFigure.COUNT: 0, WatchedFigure.QUANTITY: 1, WatchedFigure.COST: 2}


def value_of(amounts: Amounts, selected: SelectedSums, codes: frozenset[int] | None) -> int:
    """Return the value of a figure, in nanos, events or micros."""
    place = _PLACES[selected.figure]
    return sum(sums[place] for code, sums in amounts.items() if codes is None or code in codes)


class Figures:
    """The sums of an organization, or some of its users, over some ranges, read at once."""

    def __init__(
        self,
        snapshot: Snapshot,
        organization: WatchedOrganization,
        ranges: Iterable[Span],
        users: Sequence[str] | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._organization = organization
        self._users = users
        self._covers = {it: _cover(it, organization.timezone) for it in ranges}
        self._months = self._read("months", [it.months for it in self._covers.values()])
        self._days = self._read("days", [it.days for it in self._covers.values()])
        self._hours: _Sums = {}
        for hours in _by_month(it for cover in self._covers.values() for it in cover.hours):
            for user, places in self._read("hours", [hours]).items():
                self._hours.setdefault(user, {}).update(places)

    def has(self, span: Span, user: str) -> bool:
        """Return whether a user has any sums in a range."""
        months, days, hours = self._covers[span]
        return (
            _has_any(self._days.get(user), days)
            or _has_any(self._months.get(user), months)
            or any(_has_any(self._hours.get(user), it) for it in hours)
        )

    def amounts(self, span: Span, user: str = "") -> Amounts:
        """Return the sums of a range."""
        cover, found = self._covers[span], Amounts()
        if cover.months:
            _add_range(found, self._months.get(user, {}), cover.months)
        if cover.days:
            _add_range(found, self._days.get(user, {}), cover.days)
        for hours in cover.hours:
            _add_range(found, self._hours.get(user, {}), hours)
        return found

    def _read(self, kind: str, ranges: Sequence[Range | None]) -> "_Sums":
        wanted = [it for it in ranges if it]
        if not wanted or self._users == []:
            return {}
        whole = Range(*(min(its) for its in zip(*wanted, strict=True)))
        whole = whole._replace(
            last_month=max(it.last_month for it in wanted), last=max(it.last for it in wanted)
        )
        found: _Sums = {}
        for it in self._rows(kind, whole):
            if self._users is None or not is_organization_level(it.meter):
                sums = (it.events, it.quantity, it.cost)
                found.setdefault(it.user_id, {}).setdefault(it.place, {})[it.meter] = sums
        return found

    def _rows(self, kind: str, places: Range) -> Iterable[MeterSum]:
        number = self._organization.number
        if self._users is None:
            return watched_sums.organization_sums(self._snapshot, _OF_ALL[kind], number, places)
        return watched_sums.user_sums(self._snapshot, _OF_USERS[kind], number, self._users, places)


_Sums = dict[str, dict[int, Amounts]]
"""Sums by user and place; the user is empty in those of the organization."""
_OF_ALL = {
    "months": watched_sums.ORGANIZATION_MONTHS,
    "days": watched_sums.ORGANIZATION_DAYS,
    "hours": watched_sums.ORGANIZATION_HOURS,
}
_OF_USERS = {
    "months": watched_sums.USER_MONTHS,
    "days": watched_sums.USER_DAYS,
    "hours": watched_sums.USER_HOURS,
}


class _Cover(NamedTuple):
    """A range as whole months, whole days, and hours by the minutes in which they begin."""

    months: Range | None = None
    days: Range | None = None
    hours: tuple[Range, ...] = ()


def _cover(span: Span, timezone: str) -> _Cover:
    if span.period is TriggerPeriod.ALL:
        return _Cover(months=_EVERY_MONTH)
    if span.period is TriggerPeriod.HOUR:
        return _Cover(hours=(_hours(span.start, span.end, timezone),))
    days = whole_days(span.start, span.end, timezone)
    parts = tuple(_hours(*it, timezone) for it in edges(span.start, span.end, timezone))
    if days is None:
        return _Cover(hours=parts)
    first, last = days
    if not parts and first.day == 1 and (last + timedelta(days=1)).day == 1:
        months = _month(first), _month(last)
        return _Cover(months=Range(*months, *months))
    return _Cover(
        days=Range(_month(first), _month(last), day_number(first), day_number(last)), hours=parts
    )


def _hours(start: int, end: int, timezone: str) -> Range:
    first, last = (
        instant_of(it).astimezone(zone(timezone)).date() for it in (start, max(start, end - 1))
    )
    # Up to the hour before the end; hours begin at whole minutes.
    return Range(_month(first), _month(last), -(-start // _MINUTE), -(-end // _MINUTE) - 1)


def _month(day: date) -> int:
    return day.year * 100 + day.month


def _by_month(hours: Iterable[Range]) -> list[Range]:
    """Return one range of hours for each month that some hours are in.

    The hours of a month are read by its key, so one reading of each is the least.
    """
    found: dict[tuple[int, int], Range] = {}
    for it in hours:
        key = it.first_month, it.last_month
        known = found.get(key, it)
        first, last = min(known.first, it.first), max(known.last, it.last)
        found[key] = it._replace(first=first, last=last)
    return list(found.values())


def _has_any(rows: Iterable[int] | None, places: Range | None) -> bool:
    if not rows or places is None:
        return False
    first, last = places.first, places.last
    return any(first <= it <= last for it in rows)


def _add_range(found: Amounts, rows: dict[int, Amounts], places: Range) -> None:
    for place, amounts in rows.items():
        if places.first <= place <= places.last:
            add(found, amounts)


def add(found: Amounts, more: Amounts) -> None:
    """Add the sums of each meter."""
    for code, (count, quantity, cost) in more.items():
        known = found.get(code, (0, 0, 0))
        found[code] = known[0] + count, known[1] + quantity, known[2] + cost
