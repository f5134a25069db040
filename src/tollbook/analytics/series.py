"""Usage and cost over time: the question behind GET /v1/analytics/series."""

from typing import Any, NamedTuple

from tollbook.analytics.margin import Purchases, added, margin_of
from tollbook.analytics.scope import QuestionScope, in_its_currency
from tollbook.analytics.series_buckets import Bucket, Buckets, buckets_of
from tollbook.analytics.series_question import (
    SeriesQuestion,
    SeriesSort,
    SeriesSplit,
    problem,
    refuse_too_much,
)
from tollbook.analytics.series_reads import (
    BucketSums,
    Subject,
    UsageFilter,
    read_series,
    read_timezones,
    read_totals,
)
from tollbook.analytics.series_statements import By
from tollbook.analytics.tables import ORGANIZATION_LEVEL
from tollbook.domain.catalog import Catalog
from tollbook.domain.directory import zone
from tollbook.domain.numbers import NO_COUNTRY
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.store.meters import read_catalog

TOTAL = "total"
OTHER = "other"

_BY = {
    None: By.NOTHING,
    SeriesSplit.METER: By.METER,
    SeriesSplit.CATEGORY: By.METER,
    SeriesSplit.COUNTRY: By.COUNTRY,
}
"""Splits read by one statement. Users and organizations are too many for that."""


class SeriesSums(NamedTuple):
    """One series: its key and name, and its sums by bucket. `unit` is that of its quantities.

    `is_rest` marks the sum of all series beyond the first; a user may have the same key.
    """

    key: str
    name: str
    sums: BucketSums
    unit: str | None = None
    is_rest: bool = False


class PeriodSeries(NamedTuple):
    """The series of one period."""

    buckets: Buckets
    lines: list[SeriesSums]

    @property
    def events(self) -> int:
        """Return the count of all events."""
        return sum(sum(it.sums.counts) for it in self.lines)

    @property
    def cost(self) -> int:
        """Return the total cost."""
        return sum(sum(it.sums.costs) for it in self.lines)

    @property
    def purchases(self) -> Purchases:
        """Return the sums that the margin of the whole is computed from."""
        return added(it.sums.all_purchases for it in self.lines)


class Trend(NamedTuple):
    """The series of the period, and those of the period it is compared with."""

    scope: QuestionScope
    user_name: str | None
    timezone: str
    now: PeriodSeries
    before: PeriodSeries | None


def read_trend(snapshot: Snapshot, question: SeriesQuestion) -> Trend:
    """Read a trend, and that of the period it is compared with."""
    refuse_too_much(question)
    question = question._replace(
        scope=in_its_currency(snapshot, question.scope),
        catalog=read_catalog(snapshot, question.scope.tenant),
    )
    subject = _subject(snapshot, question)
    timezone = _timezone(question, subject)
    periods = [question.period]
    if question.compared:
        periods.append(question.compared)
    parts = [buckets_of(it, question.bucket, zone(timezone)) for it in periods]
    now, *before = _read_periods(snapshot, question, subject, parts)
    scope = question.scope
    user_name = None if scope.user_id is None else _user_name(snapshot, scope)
    return Trend(scope, user_name, timezone, now, before[0] if before else None)


def _subject(snapshot: Snapshot, question: SeriesQuestion) -> Subject:
    scope = question.scope
    currency = scope.currency or ""
    if scope.organization is None:
        return Subject(scope.tenant, currency, read_timezones(snapshot, scope.tenant, currency))
    zones = (scope.organization.timezone,)
    return Subject(scope.tenant, currency, zones, scope.organization.number, scope.user_id)


def _timezone(question: SeriesQuestion, subject: Subject) -> str:
    """Return the zone of the buckets; hours of a tenant require one zone of all organizations."""
    if len(subject.zones) == 1:
        return subject.zones[0]
    if question.bucket is Bucket.HOUR and subject.zones:
        sentence = (
            f"bucket=hour requires one time zone; the organizations have {', '.join(subject.zones)}"
        )
        raise problem("bucket", "several_timezones", sentence)
    return question.scope.timezone


def _user_name(snapshot: Snapshot, scope: QuestionScope) -> str:
    """Return the name of a user, or the id if no event has created the user yet."""
    assert scope.number is not None  # noqa: S101  a user is always of an organization
    assert scope.user_id is not None  # noqa: S101  the caller has a user
    found = directory.find_user(snapshot, scope.number, scope.user_id)
    return found.name if found else scope.user_id


def _read_periods(
    snapshot: Snapshot, question: SeriesQuestion, subject: Subject, parts: list[Buckets]
) -> list[PeriodSeries]:
    if question.split_by in (SeriesSplit.USER, SeriesSplit.ORGANIZATION):
        return _read_ranked(snapshot, question, subject, parts)
    by = _BY[question.split_by]
    found = [
        read_series(snapshot, subject, question.usage_filter, by, buckets) for buckets in parts
    ]
    if question.split_by is None:
        return [
            PeriodSeries(
                buckets, [SeriesSums(TOTAL, TOTAL, it.get("", BucketSums(len(buckets.names))))]
            )
            for it, buckets in zip(found, parts, strict=True)
        ]
    if question.split_by is SeriesSplit.CATEGORY:
        found = [
            _add_up_categories(it, buckets, question.catalog)
            for it, buckets in zip(found, parts, strict=True)
        ]
    first = _rank_series(found, question)
    return [
        PeriodSeries(buckets, _lines(question, it, first, buckets))
        for it, buckets in zip(found, parts, strict=True)
    ]


def _add_up_categories(
    found: dict[int, BucketSums], buckets: Buckets, catalog: Catalog
) -> dict[str, BucketSums]:
    added: dict[str, BucketSums] = {}
    for code, sums in found.items():
        category = catalog.of_code(code).category.value
        added.setdefault(category, BucketSums(len(buckets.names))).add_all(sums)
    return added


def _rank_series(found: list[dict[Any, BucketSums]], question: SeriesQuestion) -> "_Ranking":
    """Rank the series by their cost or margin in the first period, then in the next."""
    used = {key for it in found for key, sums in it.items() if not sums.is_empty()}
    value = _loss_rank if question.sort is SeriesSort.MARGIN else _cost_rank
    nothing = value(BucketSums(0))
    ranks = [{key: value(sums) for key, sums in it.items()} for it in found]
    ordered = sorted(used, key=lambda key: ([it.get(key, nothing) for it in ranks], key))
    return _Ranking(ordered[: question.top], len(ordered) > question.top)


def _cost_rank(sums: BucketSums) -> tuple[bool, int]:
    return False, -sum(sums.costs)


def _loss_rank(sums: BucketSums) -> tuple[bool, int]:
    """Return the rank by margin: the lowest first, and last where nothing is known."""
    margin = margin_of(sums.all_purchases).margin
    return margin is None, margin or 0


class _Ranking(NamedTuple):
    """The keys that get their own series, and whether there are others."""

    keys: list[Any]
    others: bool


def _lines(
    question: SeriesQuestion, found: dict[Any, BucketSums], first: _Ranking, buckets: Buckets
) -> list[SeriesSums]:
    nothing = BucketSums(len(buckets.names))
    lines = [_line(question, key, found.get(key, nothing)) for key in first.keys]
    if first.others:
        rest = BucketSums(len(buckets.names))
        for key in found.keys() - set(first.keys):
            rest.add_all(found[key])
        lines.append(SeriesSums(OTHER, OTHER, rest, is_rest=True))
    return lines


def _line(question: SeriesQuestion, key: Any, sums: BucketSums) -> SeriesSums:
    if question.split_by is SeriesSplit.METER:
        meter = question.catalog.of_code(key)
        return SeriesSums(meter.type, meter.type, sums, meter.unit)
    return SeriesSums(key, key or NO_COUNTRY, sums)


class _RankedSubject(NamedTuple):
    """A user or an organization that gets its own series."""

    key: str
    name: str
    subject: Subject


def _read_ranked(
    snapshot: Snapshot, question: SeriesQuestion, subject: Subject, parts: list[Buckets]
) -> list[PeriodSeries]:
    """Read the users or organizations with the highest cost one by one.

    The other series is the whole minus these. Sums are exact, so it is exact too.
    """
    chosen, others = _choose_subjects(snapshot, question, subject, parts)
    periods = []
    for buckets in parts:
        lines = [
            SeriesSums(
                it.key, it.name, _read_all(snapshot, it.subject, question.usage_filter, buckets)
            )
            for it in chosen
        ]
        if others:
            rest = _read_all(snapshot, subject, question.usage_filter, buckets)
            for line in lines:
                rest.add_all(line.sums, -1)
            lines.append(SeriesSums(OTHER, OTHER, rest, is_rest=True))
        periods.append(PeriodSeries(buckets, lines))
    return periods


def _read_all(
    snapshot: Snapshot, subject: Subject, usage_filter: UsageFilter, buckets: Buckets
) -> BucketSums:
    found = read_series(snapshot, subject, usage_filter, By.NOTHING, buckets)
    return found.get("", BucketSums(len(buckets.names)))


def _choose_subjects(
    snapshot: Snapshot, question: SeriesQuestion, subject: Subject, parts: list[Buckets]
) -> tuple[list[_RankedSubject], bool]:
    """Return whose series to read, and whether there are others."""
    scope = question.scope
    organization = scope.organization
    if question.split_by is SeriesSplit.ORGANIZATION and organization:
        return [_RankedSubject(organization.id, organization.name, subject)], False
    if scope.user_id is not None:
        return [_RankedSubject(scope.user_id, _user_name(snapshot, scope), subject)], False
    found = [read_totals(snapshot, subject, question.usage_filter, it.period) for it in parts]
    first = _rank_series(found, question)
    one = _user if organization else _organization
    return [one(snapshot, scope, subject, key) for key in first.keys], first.others


def _user(snapshot: Snapshot, scope: QuestionScope, subject: Subject, key: str) -> _RankedSubject:
    whose = subject._replace(user=key)
    if not key:
        return _RankedSubject(key, ORGANIZATION_LEVEL, whose)
    name = _user_name(snapshot, QuestionScope(scope.tenant, scope.organization, key))
    return _RankedSubject(key, name, whose)


def _organization(
    snapshot: Snapshot, scope: QuestionScope, subject: Subject, key: int
) -> _RankedSubject:
    row = directory.organization_numbered(snapshot, scope.tenant, key)
    whose = Subject(scope.tenant, subject.currency, (row.timezone,), key)
    return _RankedSubject(row.id, row.name, whose)
