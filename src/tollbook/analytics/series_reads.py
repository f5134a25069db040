"""Reading a trend: which statements answer it, and their rows added up by bucket."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from tollbook.analytics.period_cover import cover_parameters
from tollbook.analytics.series_buckets import Bucket, Buckets, days_of, spans_of
from tollbook.analytics.series_statements import (
    ORGANIZATION,
    ORGANIZATIONS,
    ORGANIZATIONS_IN_COUNTRY,
    TENANT,
    TIMEZONES,
    USER,
    USERS,
    USERS_IN_COUNTRY,
    By,
    Unit,
)
from tollbook.domain.directory import zone
from tollbook.domain.meters import CATALOG
from tollbook.domain.periods import Period, day_number
from tollbook.store.database import Snapshot
from tollbook.store.directory import UNKNOWN
from tollbook.store.engine import Row

_DAY = timedelta(days=1)
_COLUMNS = 5
_TOTALS = 4

EVERY_METER = sum(1 << meter.code for meter in CATALOG)
_NOBODYS = sum(1 << meter.code for meter in CATALOG if meter.organization_level)


class Subject(NamedTuple):
    """Whose usage is read: a tenant's organizations, one of them, or one user.

    Of a tenant, those of one currency in the given zones. The user "" stands for the usage of an
    organization that is no user's.
    """

    tenant: str
    currency: str
    zones: tuple[str, ...]
    number: int | None = None
    user: str | None = None


class UsageFilter(NamedTuple):
    """What counts: a bit for each meter, and one country, or "" for all."""

    meters: int = EVERY_METER
    country: str = ""


class BucketSums:
    """Counts, quantities in micros and costs in nanos, one for each bucket."""

    __slots__ = ("costs", "counts", "quantities")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.quantities = [0] * buckets
        self.costs = [0] * buckets

    def add_all(self, other: "BucketSums", sign: int = 1) -> None:
        """Add sums of the same buckets, or take them off."""
        for mine, others in zip(self._figures(), other._figures(), strict=True):
            mine[:] = [it + sign * more for it, more in zip(mine, others, strict=True)]

    def _figures(self) -> tuple[list[int], list[int], list[int]]:
        return self.counts, self.quantities, self.costs

    def is_nothing(self) -> bool:
        """Tell whether nothing was used."""
        return not any(map(any, self._figures()))


class Leg(NamedTuple):
    """One statement's part of a trend, and the buckets that its places are in."""

    unit: Unit
    parameters: dict[str, Any]
    places: dict[int, int]


def read(
    snapshot: Snapshot, subject: Subject, counted: UsageFilter, by: By, buckets: Buckets
) -> dict[Any, BucketSums]:
    """Read sums by bucket, for each key that there is."""
    found: dict[Any, BucketSums] = {}
    for leg in legs(subject, counted, by, buckets):
        for place, key, count, quantity, cost in _rows(snapshot, subject, counted, by, leg):
            bucket = leg.places.get(place)
            if bucket is None:
                continue
            sums = found.get(key)
            if sums is None:
                sums = found[key] = BucketSums(len(buckets.names))
            sums.counts[bucket] += count
            sums.quantities[bucket] += quantity
            sums.costs[bucket] += cost
    return found


def _rows(
    snapshot: Snapshot, subject: Subject, counted: UsageFilter, by: By, leg: Leg
) -> Iterator[Row]:
    """Read the rows of a leg.

    Of a user's events those of meters that are no user's are left out. Their hours are counted for
    nobody, whoever was named, and are found with the organization's.
    """
    bound = parameters(subject, counted) | leg.parameters
    statement = _statements(subject)[leg.unit, by]
    if subject.user is not None and leg.unit is Unit.HOUR:
        users = bound | {"meters": counted.meters & ~_NOBODYS}
        yield from snapshot.sums(statement, users, _COLUMNS, (3, 4))
        if subject.user or not counted.meters & _NOBODYS:
            return
        bound |= {"meters": counted.meters & _NOBODYS}
        statement = ORGANIZATION[leg.unit, by]
    yield from snapshot.sums(statement, bound, _COLUMNS, (3, 4))


def _statements(subject: Subject) -> dict[tuple[Unit, By], str]:
    if subject.number is None:
        return TENANT
    return ORGANIZATION if subject.user is None else USER


def parameters(subject: Subject, counted: UsageFilter) -> dict[str, Any]:
    """Give the arguments that say whose usage, and what of it."""
    bound = {"meters": counted.meters, "country": counted.country}
    if subject.number is None:
        return bound | {"tenant": subject.tenant, "currency": subject.currency}
    of_user = {} if subject.user is None else {"user": subject.user}
    return bound | {"number": subject.number} | of_user


def legs(subject: Subject, counted: UsageFilter, by: By, buckets: Buckets) -> Iterator[Leg]:
    """Say which sums answer a trend: those by hour only where there are no others."""
    if buckets.bucket is Bucket.HOUR:
        if buckets.hours and subject.zones:
            yield _hours(subject, buckets)
    elif subject.user is None and (counted.country or by is By.COUNTRY):
        for name in subject.zones:
            yield from _days_of_hours(name, buckets)
    elif buckets.months and not counted.country and by is not By.COUNTRY:
        yield from _months_and_edges(buckets)
    else:
        yield _days(buckets.period.start, buckets.period.end, buckets)


def _hours(subject: Subject, buckets: Buckets) -> Leg:
    first, last = min(buckets.hours), max(buckets.hours)
    within = _within(buckets.period) | {"first_hour": first, "last_hour": last}
    even = {"origin": 0, "step": 1, "timezone": subject.zones[0]}
    return Leg(Unit.HOUR, within | even, buckets.hours)


def _days_of_hours(name: str, buckets: Buckets) -> Iterator[Leg]:
    for span in spans_of(buckets.period, zone(name)):
        days = Period(span.first_day, span.last_day)
        places = {n: buckets.days[day_number(day)] for n, day in enumerate(days_of(days))}
        hours = {"first_hour": span.first_hour, "last_hour": span.last_hour, "timezone": name}
        even = {"origin": span.first_hour, "step": span.step}
        yield Leg(Unit.HOUR, _within(days) | hours | even, places)


def _months_and_edges(buckets: Buckets) -> Iterator[Leg]:
    start, end = buckets.period.start, buckets.period.end
    first, last = min(buckets.months), max(buckets.months)
    yield Leg(Unit.MONTH, {"first_month": first, "last_month": last}, buckets.months)
    whole = date(first // 100, first % 100, 1)
    if start < whole:
        yield _days(start, whole - _DAY, buckets)
    if day_number(end) // 100 > last:
        yield _days(end.replace(day=1), end, buckets)


def _days(start: date, end: date, buckets: Buckets) -> Leg:
    return Leg(Unit.DAY, _within(Period(start, end)), buckets.days)


def _within(period: Period) -> dict[str, int]:
    first, last = day_number(period.start), day_number(period.end)
    months = {"first_month": first // 100, "last_month": last // 100}
    return {"first_day": first, "last_day": last, **months}


def totals(
    snapshot: Snapshot, subject: Subject, counted: UsageFilter, period: Period
) -> dict[Any, tuple[int, int, int]]:
    """Add up a period by the users of an organization, or by a tenant's organizations."""
    found: dict[Any, tuple[int, int, int]] = {}
    for statement, bound in _totals(subject, counted, period):
        for key, *figures in snapshot.sums(statement, bound, _TOTALS, (2, 3)):
            before = found.get(key, (0, 0, 0))
            added = [it + more for it, more in zip(before, figures, strict=True)]
            found[key] = (added[0], added[1], added[2])
    return found


def _totals(
    subject: Subject, counted: UsageFilter, period: Period
) -> Iterator[tuple[str, dict[str, Any]]]:
    bound = parameters(subject, counted)
    if not counted.country:
        whole = USERS if subject.number is not None else ORGANIZATIONS
        yield whole, bound | cover_parameters(period)
    elif subject.number is not None:
        yield USERS_IN_COUNTRY, bound | _within(period)
    else:
        for name in subject.zones:
            spans = spans_of(period, zone(name))
            if spans:
                hours = {"first_hour": spans[0].first_hour, "last_hour": spans[-1].last_hour}
                within = _within(period) | hours | {"timezone": name}
                yield ORGANIZATIONS_IN_COUNTRY, bound | within


def timezones(snapshot: Snapshot, tenant: str, currency: str) -> tuple[str, ...]:
    """List the zones of a tenant's organizations of one currency."""
    rows = snapshot.rows(TIMEZONES, tenant=tenant, currency=currency, unknown=UNKNOWN)
    return tuple(row[0] for row in rows)
