"""How usage and cost went: the question behind GET /v1/analytics/series."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from tollbook.analytics.scope import QuestionScope, in_its_currency
from tollbook.analytics.series_buckets import Bucket, Buckets, buckets_of, count_buckets
from tollbook.analytics.series_reads import (
    BucketSums,
    Subject,
    UsageFilter,
    read,
    timezones,
    totals,
)
from tollbook.analytics.series_statements import By
from tollbook.domain.directory import zone
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.meters import BY_CODE, BY_TYPE
from tollbook.domain.periods import Period
from tollbook.store import directory
from tollbook.store.database import Snapshot

MOST_BUCKETS = 5_000
MOST_DAYS_OF_HOURS = 31
MOST_DAYS_OF_USERS_HOURS = 7
DEFAULT_TOP = 10
MOST_TOP = 100
TOTAL = "total"
OTHER = "other"
NOBODY = "organization level"
"""The name of usage that is no user's, whose key is empty."""
NO_COUNTRY = "none"


class SeriesSplit(StrEnum):
    """What a trend is split by: one series for each."""

    METER = "meter"
    CATEGORY = "category"
    USER = "user"
    ORGANIZATION = "organization"
    COUNTRY = "country"


_BY = {
    None: By.NOTHING,
    SeriesSplit.METER: By.METER,
    SeriesSplit.CATEGORY: By.METER,
    SeriesSplit.COUNTRY: By.COUNTRY,
}
"""What is read in one go; users and organizations are too many for that."""


class SeriesQuestion(NamedTuple):
    """Whose usage is asked for, when, and how it is to be told apart."""

    scope: QuestionScope
    period: Period
    bucket: Bucket = Bucket.DAY
    split_by: SeriesSplit | None = None
    meters: tuple[str, ...] | None = None
    country: str | None = None
    compared: Period | None = None
    top: int = DEFAULT_TOP

    @property
    def counted(self) -> UsageFilter:
        """Say what counts."""
        if self.meters is None:
            return UsageFilter(country=self.country or "")
        bits = sum(1 << BY_TYPE[it].code for it in self.meters)
        return UsageFilter(bits, self.country or "")


class SeriesSums(NamedTuple):
    """One series: its key and name, and its sums by bucket. Quantities only where they add up."""

    key: str
    name: str
    sums: BucketSums
    unit: str | None = None


class PeriodSeries(NamedTuple):
    """The series of one period."""

    buckets: Buckets
    lines: list[SeriesSums]

    @property
    def cost(self) -> int:
        """Give the cost of everything."""
        return sum(sum(it.sums.costs) for it in self.lines)


class Trend(NamedTuple):
    """What was read: the period's series, and the same of the period it is compared with."""

    scope: QuestionScope
    user_name: str | None
    timezone: str
    now: PeriodSeries
    before: PeriodSeries | None


def refuse_too_much(question: SeriesQuestion) -> None:
    """Refuse what would be too many buckets, and a user without an organization."""
    period, scope = question.period, question.scope
    days = (period.end - period.start).days + 1
    if scope.organization is None and question.split_by is SeriesSplit.USER:
        raise _problem("split_by", "missing_organization", "split_by=user needs an organization_id")
    if question.bucket is Bucket.HOUR:
        _refuse_hours(question, days)
    if count_buckets(period, question.bucket) > MOST_BUCKETS:
        sentence = f"a period may have at most {MOST_BUCKETS} buckets; take a longer bucket"
        raise _problem("bucket", "too_many_buckets", sentence)


def _refuse_hours(question: SeriesQuestion, days: int) -> None:
    if days > MOST_DAYS_OF_HOURS:
        sentence = f"hours are told for at most {MOST_DAYS_OF_HOURS} days"
        raise _problem("bucket", "too_many_buckets", sentence)
    by_user = question.split_by is SeriesSplit.USER and question.scope.user_id is None
    if by_user and days > MOST_DAYS_OF_USERS_HOURS:
        sentence = f"hours are split by user for at most {MOST_DAYS_OF_USERS_HOURS} days"
        raise _problem("bucket", "too_many_buckets", sentence)


def _problem(field: str, code: str, sentence: str) -> InvalidRequest:
    return InvalidRequest.of([Problem(field, code, sentence)])


def trend(snapshot: Snapshot, question: SeriesQuestion) -> Trend:
    """Read a trend, and that of the period it is compared with."""
    refuse_too_much(question)
    question = question._replace(scope=in_its_currency(snapshot, question.scope))
    subject = _subject(snapshot, question)
    timezone = _timezone(question, subject)
    periods = [question.period]
    if question.compared:
        periods.append(question.compared)
    parts = [buckets_of(it, question.bucket, zone(timezone)) for it in periods]
    told = _told(snapshot, question, subject, parts)
    scope = question.scope
    return Trend(
        scope,
        _user_name(snapshot, scope) if scope.user_id is not None else None,
        timezone,
        told[0],
        told[1] if question.compared else None,
    )


def _subject(snapshot: Snapshot, question: SeriesQuestion) -> Subject:
    scope = question.scope
    currency = scope.currency or ""
    if scope.organization is None:
        return Subject(scope.tenant, currency, timezones(snapshot, scope.tenant, currency))
    zones = (scope.organization.timezone,)
    return Subject(scope.tenant, currency, zones, scope.organization.number, scope.user_id)


def _timezone(question: SeriesQuestion, subject: Subject) -> str:
    """Name the zone of the buckets; hours of a tenant need one that all have in common."""
    if len(subject.zones) == 1:
        return subject.zones[0]
    if question.bucket is Bucket.HOUR and subject.zones:
        sentence = f"hours need one time zone; the organizations have {', '.join(subject.zones)}"
        raise _problem("bucket", "several_timezones", sentence)
    return question.scope.timezone


def _user_name(snapshot: Snapshot, scope: QuestionScope) -> str:
    """Name a user; one that is not there yet by the id, as the first event would."""
    assert scope.number is not None  # noqa: S101  a user is asked for with an organization
    assert scope.user_id is not None  # noqa: S101  and only then
    found = directory.find_user(snapshot, scope.number, scope.user_id)
    return found.name if found else scope.user_id


def _told(
    snapshot: Snapshot, question: SeriesQuestion, subject: Subject, parts: list[Buckets]
) -> list[PeriodSeries]:
    if question.split_by in (SeriesSplit.USER, SeriesSplit.ORGANIZATION):
        return _of_the_first(snapshot, question, subject, parts)
    by = _BY[question.split_by]
    found = [read(snapshot, subject, question.counted, by, buckets) for buckets in parts]
    if question.split_by is None:
        return [
            PeriodSeries(
                buckets, [SeriesSums(TOTAL, TOTAL, it.get("", BucketSums(len(buckets.names))))]
            )
            for it, buckets in zip(found, parts, strict=True)
        ]
    if question.split_by is SeriesSplit.CATEGORY:
        found = [_by_category(it, buckets) for it, buckets in zip(found, parts, strict=True)]
    first = _first(found, question.top)
    return [
        PeriodSeries(buckets, _lines(question.split_by, it, first, buckets))
        for it, buckets in zip(found, parts, strict=True)
    ]


def _by_category(found: dict[int, BucketSums], buckets: Buckets) -> dict[str, BucketSums]:
    added: dict[str, BucketSums] = {}
    for code, sums in found.items():
        category = BY_CODE[code].category.value
        added.setdefault(category, BucketSums(len(buckets.names))).add_all(sums)
    return added


def _first(found: list[dict[Any, BucketSums]], top: int) -> "_First":
    """Choose the series with the highest cost, of the periods in order."""
    used = {key for it in found for key, sums in it.items() if not sums.is_nothing()}
    costs = [{key: sum(sums.costs) for key, sums in it.items()} for it in found]
    return _ranked(used, costs, top)


class _First(NamedTuple):
    """The keys that get a series of their own, and whether there are others."""

    keys: list[Any]
    others: bool


def _ranked(used: Iterable[Any], costs: list[dict[Any, int]], top: int) -> _First:
    ordered = sorted(used, key=lambda key: ([-it.get(key, 0) for it in costs], key))
    return _First(ordered[:top], len(ordered) > top)


def _lines(
    split_by: SeriesSplit, found: dict[Any, BucketSums], first: _First, buckets: Buckets
) -> list[SeriesSums]:
    nothing = BucketSums(len(buckets.names))
    lines = [_line(split_by, key, found.get(key, nothing)) for key in first.keys]
    if first.others:
        rest = BucketSums(len(buckets.names))
        for key in found.keys() - set(first.keys):
            rest.add_all(found[key])
        lines.append(SeriesSums(OTHER, OTHER, rest))
    return lines


def _line(split_by: SeriesSplit, key: Any, sums: BucketSums) -> SeriesSums:
    if split_by is SeriesSplit.METER:
        meter = BY_CODE[key]
        return SeriesSums(meter.type, meter.type, sums, meter.unit)
    return SeriesSums(key, key or NO_COUNTRY, sums)


class _One(NamedTuple):
    """A user or an organization that gets a series of its own."""

    key: str
    name: str
    subject: Subject


def _of_the_first(
    snapshot: Snapshot, question: SeriesQuestion, subject: Subject, parts: list[Buckets]
) -> list[PeriodSeries]:
    """Read the users or organizations with the highest cost one by one.

    The others are what is missing from the whole: sums are exact, so nothing is lost.
    """
    ones, others = _ones(snapshot, question, subject, parts)
    told = []
    for buckets in parts:
        lines = [
            SeriesSums(it.key, it.name, _whole(snapshot, it.subject, question.counted, buckets))
            for it in ones
        ]
        if others:
            rest = _whole(snapshot, subject, question.counted, buckets)
            for line in lines:
                rest.add_all(line.sums, -1)
            lines.append(SeriesSums(OTHER, OTHER, rest))
        told.append(PeriodSeries(buckets, lines))
    return told


def _whole(
    snapshot: Snapshot, subject: Subject, counted: UsageFilter, buckets: Buckets
) -> BucketSums:
    found = read(snapshot, subject, counted, By.NOTHING, buckets)
    return found.get("", BucketSums(len(buckets.names)))


def _ones(
    snapshot: Snapshot, question: SeriesQuestion, subject: Subject, parts: list[Buckets]
) -> tuple[list[_One], bool]:
    """Choose whose series to read, and say whether there are others."""
    scope = question.scope
    organization = scope.organization
    if question.split_by is SeriesSplit.ORGANIZATION and organization:
        return [_One(organization.id, organization.name, subject)], False
    if scope.user_id is not None:
        return [_One(scope.user_id, _user_name(snapshot, scope), subject)], False
    found = [totals(snapshot, subject, question.counted, it.period) for it in parts]
    used = {key for it in found for key, figures in it.items() if any(figures)}
    costs = [{key: figures[2] for key, figures in it.items()} for it in found]
    first = _ranked(used, costs, question.top)
    one = _user if organization else _organization
    return [one(snapshot, scope, subject, key) for key in first.keys], first.others


def _user(snapshot: Snapshot, scope: QuestionScope, subject: Subject, key: str) -> _One:
    whose = subject._replace(user=key)
    if not key:
        return _One(key, NOBODY, whose)
    name = _user_name(snapshot, QuestionScope(scope.tenant, scope.organization, key))
    return _One(key, name, whose)


def _organization(snapshot: Snapshot, scope: QuestionScope, subject: Subject, key: int) -> _One:
    row = directory.organization_numbered(snapshot, scope.tenant, key)
    whose = Subject(scope.tenant, subject.currency, (row.timezone,), key)
    return _One(row.id, row.name, whose)
