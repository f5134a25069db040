"""The limits of a trend: how many buckets, and when an organization must be named."""

from datetime import date, timedelta

import pytest

from tollbook.analytics.filters import meter_bits
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series_buckets import Bucket, count_buckets
from tollbook.analytics.series_question import (
    MAX_BUCKETS,
    SeriesQuestion,
    SeriesSplit,
    refuse_too_much,
)
from tollbook.analytics.series_reads import UsageFilter
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.periods import Period
from tollbook.store.directory import OrganizationRow

FIRST = date(2010, 1, 1)
ORGANIZATION = OrganizationRow(1, "org_1", "Acme", "UTC", "USD", "active")
TENANT = QuestionScope("default")
OF_ONE = QuestionScope("default", ORGANIZATION)
OF_USER = QuestionScope("default", ORGANIZATION, "ann")


def days(count: int) -> Period:
    return Period(FIRST, FIRST + timedelta(days=count - 1))


def refused(question: SeriesQuestion) -> tuple[str, str] | None:
    try:
        refuse_too_much(question)
    except InvalidRequest as error:
        return error.details[0].field, error.details[0].code
    return None


TOO_MANY = ("bucket", "too_many_buckets")


@pytest.mark.parametrize(
    ("scope", "count", "bucket", "split_by", "expected"),
    [
        (TENANT, MAX_BUCKETS, Bucket.DAY, None, None),
        (TENANT, MAX_BUCKETS + 1, Bucket.DAY, None, TOO_MANY),
        (TENANT, MAX_BUCKETS + 1, Bucket.WEEK, None, None),
        (TENANT, 31, Bucket.HOUR, None, None),
        (TENANT, 32, Bucket.HOUR, None, TOO_MANY),
        (OF_ONE, 31, Bucket.HOUR, SeriesSplit.METER, None),
        (OF_ONE, 7, Bucket.HOUR, SeriesSplit.USER, None),
        (OF_ONE, 8, Bucket.HOUR, SeriesSplit.USER, TOO_MANY),
        (OF_ONE, 8, Bucket.DAY, SeriesSplit.USER, None),
        (OF_USER, 31, Bucket.HOUR, SeriesSplit.USER, None),
        (OF_USER, 32, Bucket.HOUR, SeriesSplit.USER, TOO_MANY),
        (TENANT, 1, Bucket.DAY, SeriesSplit.USER, ("split_by", "missing_organization")),
        (TENANT, 1, Bucket.DAY, SeriesSplit.ORGANIZATION, None),
    ],
)
def test_a_trend_keeps_its_limits(
    scope: QuestionScope,
    count: int,
    bucket: Bucket,
    split_by: SeriesSplit | None,
    expected: tuple[str, str] | None,
) -> None:
    assert refused(SeriesQuestion(scope, days(count), bucket, split_by)) == expected


def test_the_last_day_of_the_calendar_can_be_asked_for() -> None:
    assert refused(SeriesQuestion(TENANT, Period(date.max, date.max))) is None
    everything = Period(date.min, date.max)
    assert refused(SeriesQuestion(TENANT, everything)) == TOO_MANY
    assert refused(SeriesQuestion(TENANT, everything, Bucket.MONTH)) == TOO_MANY


@pytest.mark.parametrize(
    ("bucket", "count"), [(Bucket.HOUR, 744), (Bucket.DAY, 31), (Bucket.WEEK, 5), (Bucket.MONTH, 2)]
)
def test_buckets_are_counted_without_making_them(bucket: Bucket, count: int) -> None:
    assert count_buckets(days(31), bucket) == count


def test_without_meters_all_usage_counts() -> None:
    question = SeriesQuestion(TENANT, days(1))
    assert question.usage_filter == UsageFilter(meter_bits(()), None)
    narrowed = question._replace(meters=("voice.call",), country="GB")
    assert narrowed.usage_filter == UsageFilter(meter_bits(["voice.call"]), "GB")
