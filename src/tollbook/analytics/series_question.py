"""The question of a trend, and the limits that it must keep."""

from enum import StrEnum
from typing import NamedTuple

from tollbook.analytics.filters import meter_bits
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series_buckets import Bucket, count_buckets
from tollbook.analytics.series_reads import UsageFilter
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period

MAX_BUCKETS = 5_000
MAX_DAYS_OF_HOURS = 31
MAX_DAYS_OF_USERS_HOURS = 7
DEFAULT_TOP = 10
MAX_TOP = 100


class SeriesSplit(StrEnum):
    """The dimension that a trend is split by: one series for each of its values."""

    METER = "meter"
    CATEGORY = "category"
    USER = "user"
    ORGANIZATION = "organization"
    COUNTRY = "country"


class SeriesSort(StrEnum):
    """What the first series have: the highest cost, or the lowest margin."""

    COST = "cost"
    MARGIN = "margin"


class SeriesQuestion(NamedTuple):
    """The scope, the period, and how usage is split into series and buckets."""

    scope: QuestionScope
    period: Period
    bucket: Bucket = Bucket.DAY
    split_by: SeriesSplit | None = None
    meters: tuple[str, ...] | None = None
    country: str | None = None
    compared: Period | None = None
    top: int = DEFAULT_TOP
    with_margin: bool = False
    sort: SeriesSort = SeriesSort.COST
    catalog: Catalog = BUILT_IN

    @property
    def usage_filter(self) -> UsageFilter:
        """Return the usage that counts."""
        if not self.catalog.own or (self.meters and BY_TYPE.keys() >= set(self.meters)):
            bits = meter_bits(self.meters or ())
            return UsageFilter(bits, self.country, margin=self.with_margin)
        meters = [self.catalog.by_type[it] for it in self.meters or ()] or self.catalog.meters
        codes = tuple(it.code for it in meters)
        return UsageFilter(0, self.country, codes, self.with_margin)


def refuse_too_much(question: SeriesQuestion) -> None:
    """Raise `InvalidRequest` for too many buckets, or for users without an organization."""
    period, scope = question.period, question.scope
    days = (period.end - period.start).days + 1
    if scope.organization is None and question.split_by is SeriesSplit.USER:
        raise problem("split_by", "missing_organization", "split_by=user requires organization_id")
    if question.bucket is Bucket.HOUR:
        _refuse_hours(question, days)
    if count_buckets(period, question.bucket) > MAX_BUCKETS:
        sentence = f"a period must have at most {MAX_BUCKETS} buckets; use a longer bucket"
        raise problem("bucket", "too_many_buckets", sentence)


def _refuse_hours(question: SeriesQuestion, days: int) -> None:
    if days > MAX_DAYS_OF_HOURS:
        sentence = f"bucket=hour allows at most {MAX_DAYS_OF_HOURS} days"
        raise problem("bucket", "too_many_buckets", sentence)
    by_user = question.split_by is SeriesSplit.USER and question.scope.user_id is None
    if by_user and days > MAX_DAYS_OF_USERS_HOURS:
        sentence = f"bucket=hour with split_by=user allows at most {MAX_DAYS_OF_USERS_HOURS} days"
        raise problem("bucket", "too_many_buckets", sentence)


def problem(field: str, code: str, sentence: str) -> InvalidRequest:
    """Return the error for a parameter."""
    return InvalidRequest.of([Problem(field, code, sentence)])
