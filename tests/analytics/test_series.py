"""The statements of trends, word for word, and which of them answer what."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.analytics.golden import golden_lines, lines_of
from tollbook.analytics import series_statements as statements
from tollbook.analytics.series_buckets import Bucket, buckets_of
from tollbook.analytics.series_reads import EVERY_METER, Subject, UsageFilter, parameters, plan
from tollbook.analytics.series_statements import By, Unit
from tollbook.domain.periods import Period

ALL = statements.statements()
STATEMENTS = {
    **{f"organization_{unit}_{by}": it for (unit, by), it in ALL.organization.items()},
    **{f"tenant_{unit}_{by}": it for (unit, by), it in ALL.tenant.items()},
    **{f"user_{unit}_{by}": it for (unit, by), it in ALL.user.items()},
    "users": ALL.users,
    "users_in_country": ALL.users_in_country,
    "organizations": ALL.organizations,
    "organizations_in_country": ALL.organizations_in_country,
    "timezones": statements.TIMEZONES,
    "users_of_all_meters": UsageFilter().statements.users,
    "users_of_own_meters": UsageFilter(codes=(1_000,)).statements.users,
}
BERLIN = Subject("t", "USD", ("Europe/Berlin",), 7)
TENANT = Subject("t", "USD", ("Europe/Berlin", "UTC"))
ANN = BERLIN._replace(user="ann")


def test_the_statements_are_the_golden_ones() -> None:
    assert lines_of(STATEMENTS) == golden_lines("series", STATEMENTS)


def test_the_arguments_say_whose_and_what() -> None:
    counted = UsageFilter(1 << 5, "US")
    assert parameters(TENANT, counted) == {
        "meters": 32,
        "country": "US",
        "last_country": "US",
        "tenant": "t",
        "currency": "USD",
    }
    assert parameters(ANN, UsageFilter()) == {
        "meters": EVERY_METER,
        "country": "",
        "last_country": "ZZ",
        "number": 7,
        "user": "ann",
    }


@pytest.mark.parametrize(
    ("subject", "counted", "by", "bucket", "units"),
    [
        (BERLIN, UsageFilter(), By.NOTHING, Bucket.DAY, [Unit.DAY]),
        (BERLIN, UsageFilter(), By.METER, Bucket.WEEK, [Unit.DAY]),
        (BERLIN, UsageFilter(), By.METER, Bucket.MONTH, [Unit.MONTH, Unit.DAY, Unit.DAY]),
        (ANN, UsageFilter(), By.NOTHING, Bucket.MONTH, [Unit.MONTH, Unit.DAY, Unit.DAY]),
        (ANN, UsageFilter(), By.COUNTRY, Bucket.MONTH, [Unit.DAY]),
        # Winter, the day on which it ends, and summer.
        (BERLIN, UsageFilter(), By.COUNTRY, Bucket.DAY, [Unit.HOUR] * 3),
        (BERLIN, UsageFilter(country="US"), By.NOTHING, Bucket.MONTH, [Unit.HOUR] * 3),
        (TENANT, UsageFilter(country="US"), By.NOTHING, Bucket.DAY, [Unit.HOUR] * 4),
        (BERLIN, UsageFilter(), By.NOTHING, Bucket.HOUR, [Unit.HOUR]),
        (ANN, UsageFilter(), By.NOTHING, Bucket.HOUR, [Unit.HOUR]),
    ],
)
def test_a_trend_is_read_from_the_coarsest_sums_that_tell_it(
    subject: Subject, counted: UsageFilter, by: By, bucket: Bucket, units: list[Unit]
) -> None:
    period = Period(date(2024, 1, 15), date(2024, 4, 15))
    buckets = buckets_of(period, bucket, ZoneInfo("Europe/Berlin"))
    assert [part.unit for part in plan(subject, counted, by, buckets)] == units


def test_the_arguments_of_months_and_edges() -> None:
    period = Period(date(2024, 1, 15), date(2024, 4, 15))
    buckets = buckets_of(period, Bucket.MONTH, ZoneInfo("UTC"))
    months, first_edge, last_edge = plan(BERLIN, UsageFilter(), By.NOTHING, buckets)
    assert months.parameters == {"first_month": 202402, "last_month": 202403}
    assert (first_edge.parameters["first_day"], first_edge.parameters["last_day"]) == (
        20240115,
        20240131,
    )
    assert (last_edge.parameters["first_day"], last_edge.parameters["last_day"]) == (
        20240401,
        20240415,
    )
