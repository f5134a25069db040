"""Read a trend: plan the statements, run them, and add up their rows by bucket."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from tollbook.analytics.in_country import country_parameters
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
_ORGANIZATION_LEVEL = sum(1 << meter.code for meter in CATALOG if meter.organization_level)


class Subject(NamedTuple):
    """The usage to read: of a tenant's organizations, of one of them, or of one user.

    A tenant's organizations are those of one currency in the given zones. The user "" is usage not
    attributed to a user.
    """

    tenant: str
    currency: str
    zones: tuple[str, ...]
    number: int | None = None
    user: str | None = None


class UsageFilter(NamedTuple):
    """The usage that counts: a bit for each meter, and one country, None for all."""

    meters: int = EVERY_METER
    country: str | None = None


class BucketSums:
    """Counts, quantities in micros and costs in nanos, one for each bucket."""

    __slots__ = ("costs", "counts", "quantities")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.quantities = [0] * buckets
        self.costs = [0] * buckets

    def add_all(self, other: "BucketSums", sign: int = 1) -> None:
        """Add sums of the same buckets, or subtract them with `sign` -1."""
        for mine, others in zip(self._figures(), other._figures(), strict=True):
            mine[:] = [it + sign * more for it, more in zip(mine, others, strict=True)]

    def _figures(self) -> tuple[list[int], list[int], list[int]]:
        return self.counts, self.quantities, self.costs

    def is_empty(self) -> bool:
        """Return whether there was no usage."""
        return not any(map(any, self._figures()))


class SeriesPart(NamedTuple):
    """One statement of a trend: its unit, its parameters, and the bucket of each place."""

    unit: Unit
    parameters: dict[str, Any]
    places: Mapping[int, int]


def read_series(
    snapshot: Snapshot, subject: Subject, usage_filter: UsageFilter, by: By, buckets: Buckets
) -> dict[Any, BucketSums]:
    """Read sums by bucket, for each key with usage."""
    found: dict[Any, BucketSums] = {}
    for part in plan(subject, usage_filter, by, buckets):
        for place, key, count, quantity, cost in _rows(snapshot, subject, usage_filter, by, part):
            bucket = part.places.get(place)
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
    snapshot: Snapshot, subject: Subject, usage_filter: UsageFilter, by: By, part: SeriesPart
) -> Iterator[Row]:
    """Read the rows of a part.

    Events of organization-level meters never count for a user, even if they name one. Hours of a
    user are read from events, so those meters are left out there, and their hours are read from the
    organization's sums instead.
    """
    bound = parameters(subject, usage_filter) | part.parameters
    statement = _statements(subject)[part.unit, by]
    if subject.user is not None and part.unit is Unit.HOUR:
        users = bound | {"meters": usage_filter.meters & ~_ORGANIZATION_LEVEL}
        yield from snapshot.sums(statement, users, _COLUMNS, (3, 4))
        if subject.user or not usage_filter.meters & _ORGANIZATION_LEVEL:
            return
        bound |= {"meters": usage_filter.meters & _ORGANIZATION_LEVEL}
        statement = ORGANIZATION[part.unit, by]
    yield from snapshot.sums(statement, bound, _COLUMNS, (3, 4))


def _statements(subject: Subject) -> dict[tuple[Unit, By], str]:
    if subject.number is None:
        return TENANT
    return ORGANIZATION if subject.user is None else USER


def parameters(subject: Subject, usage_filter: UsageFilter) -> dict[str, Any]:
    """Return the parameters of the subject and the filter."""
    bound = {"meters": usage_filter.meters, **country_parameters(usage_filter.country)}
    if subject.number is None:
        return bound | {"tenant": subject.tenant, "currency": subject.currency}
    user = {} if subject.user is None else {"user": subject.user}
    return bound | {"number": subject.number} | user


def plan(
    subject: Subject, usage_filter: UsageFilter, by: By, buckets: Buckets
) -> Iterator[SeriesPart]:
    """Return the statements of a trend. Hourly sums are read only where no coarser sums will do."""
    if buckets.bucket is Bucket.HOUR:
        if buckets.hours and subject.zones:
            yield _hours(subject, buckets)
    elif subject.user is None and (usage_filter.country is not None or by is By.COUNTRY):
        for name in subject.zones:
            yield from _days_of_hours(name, buckets)
    elif buckets.months and usage_filter.country is None and by is not By.COUNTRY:
        yield from _months_and_edges(buckets)
    else:
        yield _days(buckets.period.start, buckets.period.end, buckets)


def _hours(subject: Subject, buckets: Buckets) -> SeriesPart:
    first, last = min(buckets.hours), max(buckets.hours)
    within = _within(buckets.period) | {"first_hour": first, "last_hour": last}
    even = {"origin": 0, "step": 1, "timezone": subject.zones[0]}
    return SeriesPart(Unit.HOUR, within | even, buckets.hours)


def _days_of_hours(name: str, buckets: Buckets) -> Iterator[SeriesPart]:
    for span in spans_of(buckets.period, zone(name)):
        days = Period(span.first_day, span.last_day)
        places = {n: buckets.days[day_number(day)] for n, day in enumerate(days_of(days))}
        hours = {"first_hour": span.first_hour, "last_hour": span.last_hour, "timezone": name}
        even = {"origin": span.first_hour, "step": span.step}
        yield SeriesPart(Unit.HOUR, _within(days) | hours | even, places)


def _months_and_edges(buckets: Buckets) -> Iterator[SeriesPart]:
    start, end = buckets.period.start, buckets.period.end
    first, last = min(buckets.months), max(buckets.months)
    yield SeriesPart(Unit.MONTH, {"first_month": first, "last_month": last}, buckets.months)
    whole = date(first // 100, first % 100, 1)
    if start < whole:
        yield _days(start, whole - _DAY, buckets)
    if day_number(end) // 100 > last:
        yield _days(end.replace(day=1), end, buckets)


def _days(start: date, end: date, buckets: Buckets) -> SeriesPart:
    return SeriesPart(Unit.DAY, _within(Period(start, end)), buckets.days)


def _within(period: Period) -> dict[str, int]:
    first, last = day_number(period.start), day_number(period.end)
    months = {"first_month": first // 100, "last_month": last // 100}
    return {"first_day": first, "last_day": last, **months}


def read_totals(
    snapshot: Snapshot, subject: Subject, usage_filter: UsageFilter, period: Period
) -> dict[Any, tuple[int, int, int]]:
    """Read the sums of a period, by the users of an organization or by a tenant's organizations."""
    found: dict[Any, tuple[int, int, int]] = {}
    for statement, bound in _plan_totals(subject, usage_filter, period):
        for key, *figures in snapshot.sums(statement, bound, _TOTALS, (2, 3)):
            before = found.get(key, (0, 0, 0))
            added = [it + more for it, more in zip(before, figures, strict=True)]
            found[key] = (added[0], added[1], added[2])
    return found


def _plan_totals(
    subject: Subject, usage_filter: UsageFilter, period: Period
) -> Iterator[tuple[str, dict[str, Any]]]:
    bound = parameters(subject, usage_filter)
    if usage_filter.country is None:
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


def read_timezones(snapshot: Snapshot, tenant: str, currency: str) -> tuple[str, ...]:
    """Read the zones of a tenant's organizations of one currency."""
    rows = snapshot.rows(TIMEZONES, tenant=tenant, currency=currency, unknown=UNKNOWN)
    return tuple(row[0] for row in rows)
