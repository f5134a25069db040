"""Read a trend: plan the statements, run them, and add up their rows by bucket."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from tollbook.analytics.in_country import country_parameters
from tollbook.analytics.margin import Purchases
from tollbook.analytics.period_cover import cover_parameters
from tollbook.analytics.series_buckets import Bucket, Buckets, days_of, spans_of
from tollbook.analytics.series_statements import (
    PURCHASES,
    TIMEZONES,
    By,
    MatchMeters,
    SeriesStatements,
    Unit,
    statements,
)
from tollbook.domain.directory import zone
from tollbook.domain.meters import CATALOG, is_organization_level
from tollbook.domain.periods import Period, day_number
from tollbook.store.database import Snapshot
from tollbook.store.directory import UNKNOWN
from tollbook.store.engine import Row

_DAY = timedelta(days=1)
_COLUMNS = 5
_TOTALS = 4
_AMOUNTS: tuple[int, ...] = (3, 4)
_TOTAL_AMOUNTS: tuple[int, ...] = (2, 3)
"""The places of sums that can pass 64 bits."""

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
    """The usage that counts: a bit for each meter, and one country, None for all.

    `codes` are the meters instead of bits if a tenant's own are among them. With `margin`, what was
    bought for how much is read as well.
    """

    meters: int = EVERY_METER
    country: str | None = None
    codes: tuple[int, ...] | None = None
    margin: bool = False

    @property
    def statements(self) -> SeriesStatements:
        """Return the statements that read it."""
        if self.codes is not None:
            return statements(margin=self.margin, match=MatchMeters.CODES)
        match = MatchMeters.ALL if self.meters == EVERY_METER else MatchMeters.BITS
        return statements(margin=self.margin, match=match)

    @property
    def of_users(self) -> "UsageFilter":
        """Return the part that can be in users' figures."""
        return self._narrowed(of_users=True)

    @property
    def of_organization(self) -> "UsageFilter":
        """Return the part that is in the figures of no user."""
        return self._narrowed(of_users=False)

    @property
    def is_empty(self) -> bool:
        """Return whether no usage counts."""
        return not (self.meters if self.codes is None else self.codes)

    def _narrowed(self, *, of_users: bool) -> "UsageFilter":
        if self.codes is None:
            bits = ~_ORGANIZATION_LEVEL if of_users else _ORGANIZATION_LEVEL
            return self._replace(meters=self.meters & bits)
        codes = (it for it in self.codes if is_organization_level(it) is not of_users)
        return self._replace(codes=tuple(codes))


class BucketSums:
    """Counts, quantities in micros and costs in nanos, one for each bucket.

    `buys`, `boughts` and `bought_costs` are the sums that a margin needs, 0 unless they are read.
    """

    __slots__ = ("bought_costs", "boughts", "buys", "costs", "counts", "quantities")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.quantities = [0] * buckets
        self.costs = [0] * buckets
        self.buys = [0] * buckets
        self.boughts = [0] * buckets
        self.bought_costs = [0] * buckets

    def add(self, bucket: int, figures: Sequence[int]) -> None:
        """Add the figures of a row to a bucket, in the order of the lists."""
        for mine, figure in zip(self._figures(), figures, strict=False):
            mine[bucket] += figure

    def purchases(self, bucket: int) -> Purchases:
        """Return the sums of a bucket that its margin is computed from."""
        return Purchases(
            self.counts[bucket],
            self.costs[bucket],
            self.buys[bucket],
            self.boughts[bucket],
            self.bought_costs[bucket],
        )

    @property
    def all_purchases(self) -> Purchases:
        """Return the sums of all buckets that a margin is computed from."""
        lists = (self.counts, self.costs, self.buys, self.boughts, self.bought_costs)
        return Purchases(*map(sum, lists))

    def add_all(self, other: "BucketSums", sign: int = 1) -> None:
        """Add sums of the same buckets, or subtract them with `sign` -1."""
        for mine, others in zip(self._figures(), other._figures(), strict=True):
            mine[:] = [it + sign * more for it, more in zip(mine, others, strict=True)]

    def _figures(self) -> tuple[list[int], ...]:
        bought = self.buys, self.boughts, self.bought_costs
        return (self.counts, self.quantities, self.costs, *bought)

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
        for place, key, *figures in _rows(snapshot, subject, usage_filter, by, part):
            bucket = part.places.get(place)
            if bucket is None:
                continue
            sums = found.get(key)
            if sums is None:
                sums = found[key] = BucketSums(len(buckets.names))
            sums.add(bucket, figures)
    return found


def _rows(
    snapshot: Snapshot, subject: Subject, usage_filter: UsageFilter, by: By, part: SeriesPart
) -> Iterator[Row]:
    """Read the rows of a part.

    Events of organization-level meters never count for a user, even if they name one. Hours of a
    user are read from events, so those meters are left out there, and their hours are read from the
    organization's sums instead.
    """
    if subject.user is None or part.unit is not Unit.HOUR:
        statement = _statements(subject, usage_filter)[part.unit, by]
        yield from _sums(snapshot, statement, subject, usage_filter, part)
        return
    of_users, of_organization = usage_filter.of_users, usage_filter.of_organization
    if not of_users.is_empty:
        statement = of_users.statements.user[part.unit, by]
        yield from _sums(snapshot, statement, subject, of_users, part)
    if not (subject.user or of_organization.is_empty):
        statement = of_organization.statements.organization[part.unit, by]
        yield from _sums(snapshot, statement, subject, of_organization, part)


def _sums(
    snapshot: Snapshot,
    statement: str,
    subject: Subject,
    usage_filter: UsageFilter,
    part: SeriesPart,
) -> list[Row]:
    bound = parameters(subject, usage_filter) | part.parameters
    width, amounts = _COLUMNS, _AMOUNTS
    if usage_filter.margin:
        width, amounts = width + len(PURCHASES), (3, 4, 5, 7)
    return snapshot.sums(statement, bound, width, amounts)


def _statements(subject: Subject, usage_filter: UsageFilter) -> dict[tuple[Unit, By], str]:
    found = usage_filter.statements
    if subject.number is None:
        return found.tenant
    return found.organization if subject.user is None else found.user


def parameters(subject: Subject, usage_filter: UsageFilter) -> dict[str, Any]:
    """Return the parameters of the subject and the filter."""
    bound: dict[str, Any] = {
        "meters": usage_filter.meters,
        **country_parameters(usage_filter.country),
    }
    if usage_filter.codes is not None:
        bound["codes"] = list(usage_filter.codes)
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
) -> dict[Any, BucketSums]:
    """Read the sums of a period, by the users of an organization or by a tenant's organizations.

    They are those of a single bucket.
    """
    found: dict[Any, BucketSums] = {}
    width, amounts = _TOTALS, _TOTAL_AMOUNTS
    if usage_filter.margin:
        width, amounts = width + len(PURCHASES), (2, 3, 4, 6)
    for statement, bound in _plan_totals(subject, usage_filter, period):
        for key, *figures in snapshot.sums(statement, bound, width, amounts):
            found.setdefault(key, BucketSums(1)).add(0, figures)
    return found


def _plan_totals(
    subject: Subject, usage_filter: UsageFilter, period: Period
) -> Iterator[tuple[str, dict[str, Any]]]:
    bound = parameters(subject, usage_filter)
    if usage_filter.country is None:
        asked = usage_filter.statements
        whole = asked.users if subject.number is not None else asked.organizations
        yield whole, bound | cover_parameters(period)
    elif subject.number is not None:
        yield usage_filter.statements.users_in_country, bound | _within(period)
    else:
        for name in subject.zones:
            spans = spans_of(period, zone(name))
            if spans:
                hours = {"first_hour": spans[0].first_hour, "last_hour": spans[-1].last_hour}
                within = _within(period) | hours | {"timezone": name}
                yield usage_filter.statements.organizations_in_country, bound | within


def read_timezones(snapshot: Snapshot, tenant: str, currency: str) -> tuple[str, ...]:
    """Read the zones of a tenant's organizations of one currency."""
    rows = snapshot.rows(TIMEZONES, tenant=tenant, currency=currency, unknown=UNKNOWN)
    return tuple(row[0] for row in rows)
