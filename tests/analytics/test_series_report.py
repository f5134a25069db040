"""The answer and the table of a trend, from sums that are given."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series import PeriodSeries, SeriesSums, Trend
from tollbook.analytics.series_buckets import Bucket, buckets_of
from tollbook.analytics.series_question import SeriesQuestion, SeriesSplit
from tollbook.analytics.series_reads import BucketSums
from tollbook.analytics.series_report import series_report, series_table
from tollbook.domain.directory import zone
from tollbook.domain.periods import Period
from tollbook.store.directory import OrganizationRow

UNIT = 10**9
ACME = OrganizationRow(1, "org_1", "Acme", "UTC", "USD", "active")
START = date(2024, 2, 28)


def days(count: int, back: int = 0) -> Period:
    first = START - timedelta(days=back)
    return Period(first, first + timedelta(days=count - 1))


def sums(*figures: tuple[int, ...]) -> BucketSums:
    """Count, quantity, cost, buy, bought and bought cost of each bucket."""
    found = BucketSums(len(figures))
    for bucket, it in enumerate(figures):
        found.add(bucket, it)
    return found


def series(period: Period, *lines: SeriesSums) -> PeriodSeries:
    return PeriodSeries(buckets_of(period, Bucket.DAY, zone("UTC")), list(lines))


def trend(now: PeriodSeries, before: PeriodSeries | None = None, **scope: Any) -> Trend:
    whose = QuestionScope("demo", **{"organization": ACME, "currency": "USD", **scope})
    return Trend(whose, "Ann" if whose.user_id else None, "UTC", now, before)


def question(period: Period, **given: Any) -> SeriesQuestion:
    return SeriesQuestion(QuestionScope("demo", ACME), period, **given)


def plain(value: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


TWO = days(2)
TOTAL = SeriesSums("total", "total", sums((2, 0, 3 * UNIT), (0, 0, 0)))


def test_an_answer_has_a_figure_for_each_bucket_and_their_sums() -> None:
    found = plain(series_report(question(TWO), trend(series(TWO, TOTAL))))
    assert found["buckets"] == ["2024-02-28", "2024-02-29"]
    assert found["series"] == [
        {
            "key": "total",
            "name": "total",
            "events": [2, 0],
            "costs": [3, 0],
            "total_events": 2,
            "total_cost": 3,
        }
    ]
    assert (found["total_cost"], found["bucket"], found["timezone"]) == (3, "day", "UTC")
    assert found["period"] == {"start": "2024-02-28", "end": "2024-02-29"}


@pytest.mark.parametrize(
    ("scope", "named"),
    [
        ({"organization": None}, {"tenant_id": "demo"}),
        ({}, {"tenant_id": "demo", "organization_id": "org_1", "organization_name": "Acme"}),
        (
            {"user_id": "ann"},
            {
                "tenant_id": "demo",
                "organization_id": "org_1",
                "organization_name": "Acme",
                "user_id": "ann",
                "user_name": "Ann",
            },
        ),
    ],
)
def test_an_answer_names_whose_it_is_and_no_more(
    scope: dict[str, Any], named: dict[str, str]
) -> None:
    found = plain(series_report(question(TWO), trend(series(TWO, TOTAL), **scope)))
    identity = ("tenant_id", "organization_id", "organization_name", "user_id", "user_name")
    assert {name: found[name] for name in identity if name in found} == named
    assert {"comparison", "total_margin"}.isdisjoint(found)


def test_a_series_of_a_meter_has_quantities_in_its_unit() -> None:
    calls = SeriesSums(
        "voice.call", "voice.call", sums((1, 1_500_000, 5), (1, 500_000, 5)), "second"
    )
    (found,) = plain(series_report(question(TWO), trend(series(TWO, calls))))["series"]
    assert (found["unit"], found["quantities"], found["total_quantity"]) == (
        "second",
        [1.5, 0.5],
        2,
    )


def test_only_the_rest_is_marked() -> None:
    user = SeriesSums("other", "other", sums((1, 0, 1), (0, 0, 0)))
    rest = user._replace(is_rest=True)
    found = plain(series_report(question(TWO), trend(series(TWO, user, rest))))
    assert [it.get("rest") for it in found["series"]] == [None, True]


@pytest.mark.parametrize(
    ("cost", "earlier", "change"),
    [(3, 2, 0.5), (0, 2, -1.0), (1, 3, -0.6667), (3, 0, None), (-1, 2, -1.5), (1, -2, None)],
)
def test_a_change_is_a_fraction_of_the_earlier_cost(
    cost: int, earlier: int, change: float | None
) -> None:
    now, before = (
        series(it, SeriesSums("total", "total", sums((1, 0, amount), (0, 0, 0))))
        for it, amount in ((TWO, cost), (days(2, 2), earlier))
    )
    asked = question(TWO, compared=days(2, 2))
    found = plain(series_report(asked, trend(now, before)))["comparison"]
    assert found["change"] == change
    assert found["period"] == {"start": "2024-02-26", "end": "2024-02-27"}
    *_, totals_change = series_table(asked, trend(now, before), with_totals=True).totals or ()
    assert totals_change == change


BOUGHT = SeriesSums(
    "total", "total", sums((2, 0, 5 * UNIT, 3 * UNIT, 2, 5 * UNIT), (1, 0, UNIT, 0, 0, 0))
)


def test_margins_are_of_each_bucket_and_of_the_whole() -> None:
    found = plain(series_report(question(TWO, with_margin=True), trend(series(TWO, BOUGHT))))
    (line,) = found["series"]
    assert (line["buy_costs"], line["margins"]) == ([3, None], [2, None])
    assert line["buy_known_shares"] == [1, 0]
    assert (line["total_buy_cost"], line["total_margin"]) == (3, 2)
    assert line["total_buy_known_share"] == found["total_buy_known_share"] == round(5 / 6, 6)
    assert found["total_margin"] == 2


def table(trend_: Trend, *, with_totals: bool = False, **given: Any) -> tuple[list[str], list[Any]]:
    found = series_table(question(TWO, **given), trend_, with_totals=with_totals)
    rows = list(found.rows)
    names = [it.name for it in (*found.columns, *found.marks)]
    assert {len(row) for row in rows} <= {len(names)}
    assert found.totals is None or len(found.totals) == len(names)
    return names, rows + ([found.totals] if found.totals else [])


def test_a_table_has_a_row_for_each_bucket() -> None:
    names, rows = table(trend(series(TWO, TOTAL)), with_totals=True)
    assert names == ["bucket", "key", "name", "events", "cost"]
    assert rows == [
        ("2024-02-28", "total", "total", 2, 3 * UNIT),
        ("2024-02-29", "total", "total", 0, 0),
        ("Total", None, None, 2, 3 * UNIT),
    ]


def test_a_table_by_meter_has_quantities_and_no_sum_of_them() -> None:
    calls = SeriesSums("voice.call", "voice.call", sums((1, 7, 5), (2, 8, 6)), "second")
    rest = SeriesSums("other", "other", sums((1, 9, 1), (0, 0, 0)), is_rest=True)
    names, rows = table(
        trend(series(TWO, calls, rest)), with_totals=True, split_by=SeriesSplit.METER
    )
    assert names == [
        *("bucket", "key", "name", "events", "quantity", "cost", "unit"),
        "rest",
    ]
    assert rows == [
        ("2024-02-28", "voice.call", "voice.call", 1, 7, 5, "second", None),
        ("2024-02-28", "other", "other", 1, None, 1, None, True),
        ("2024-02-29", "voice.call", "voice.call", 2, 8, 6, "second", None),
        ("2024-02-29", "other", "other", 0, None, 0, None, True),
        ("Total", None, None, 4, None, 12, None, None),
    ]


@pytest.mark.parametrize(("length", "other"), [(2, 3), (3, 2), (2, 2)])
def test_where_one_period_has_more_buckets_the_cells_of_the_other_are_empty(
    length: int, other: int
) -> None:
    now, before = (
        series(it, SeriesSums("total", "total", sums(*[(1, 0, 2)] * count)))
        for it, count in ((days(length), length), (days(other, 9), other))
    )
    names, rows = table(trend(now, before))
    assert names[5:] == ["previous_bucket", "previous_events", "previous_cost", "change"]
    assert len(rows) == max(length, other)
    for at, row in enumerate(rows):
        assert (row[0] is None, row[3:5] == (None, None)) == (at >= length,) * 2
        assert (row[5] is None, row[6:8] == (None, None)) == (at >= other,) * 2
        assert row[8] == (0.0 if at < min(length, other) else None)


def test_a_table_with_margins_has_those_of_both_periods_last() -> None:
    before = series(days(1, 9), BOUGHT._replace(sums=sums((1, 0, UNIT, 4 * UNIT, 1, UNIT))))
    names, rows = table(
        trend(series(TWO, BOUGHT), before),
        with_totals=True,
        with_margin=True,
        compared=days(1, 9),
    )
    assert names[-6:] == [
        *("buy_cost", "margin", "buy_known_share"),
        *("previous_buy_cost", "previous_margin", "previous_buy_known_share"),
    ]
    assert [row[-6:] for row in rows] == [
        (3 * UNIT, 2 * UNIT, 1.0, 4 * UNIT, -3 * UNIT, 1.0),
        (None, None, 0.0, None, None, None),
        (3 * UNIT, 2 * UNIT, round(5 / 6, 6), 4 * UNIT, -3 * UNIT, 1.0),
    ]


def test_each_row_has_the_margin_of_its_own_series() -> None:
    loss = BOUGHT._replace(key="b", sums=sums((1, 0, UNIT, 4 * UNIT, 1, UNIT), (0, 0, 0)))
    names, rows = table(trend(series(TWO, BOUGHT, loss)), with_margin=True)
    at = names.index("margin")
    assert [(row[0][-2:], row[1], row[at]) for row in rows] == [
        ("28", "total", 2 * UNIT),
        ("28", "b", -3 * UNIT),
        ("29", "total", None),
        ("29", "b", 0),
    ]


def test_files_name_the_subject_and_both_periods() -> None:
    asked = question(TWO, compared=days(2, 2))
    found = series_table(asked, trend(series(TWO, TOTAL), user_id="ann"), with_totals=False)
    constants = {column.name: value for column, value in found.constants}
    assert constants == {
        "tenant_id": "demo",
        "organization_id": "org_1",
        "organization_name": "Acme",
        "user_id": "ann",
        "user_name": "Ann",
        "period_start": 20240228,
        "period_end": 20240229,
        "previous_period_start": 20240226,
        "previous_period_end": 20240227,
        "timezone": "UTC",
        "currency": "USD",
    }
