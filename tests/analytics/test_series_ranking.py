"""Which series a trend has, and what remains for the rest, against the events one by one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analytics.ledgers import FIRST, LAST, Charged, charged_events, four_months, sums_of
from tests.builders import Platform
from tests.properties.profile import examples
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series import OTHER, SeriesSums, Trend, read_trend
from tollbook.analytics.series_buckets import Bucket
from tollbook.analytics.series_question import SeriesQuestion, SeriesSort, SeriesSplit
from tollbook.domain.meters import BY_CODE
from tollbook.domain.periods import Period, day_number
from tollbook.store import directory

KEYS: dict[SeriesSplit, Callable[[Charged], str]] = {
    SeriesSplit.METER: lambda it: BY_CODE[it.meter].type,
    SeriesSplit.CATEGORY: lambda it: BY_CODE[it.meter].category.value,
    SeriesSplit.COUNTRY: lambda it: it.country,
    SeriesSplit.USER: lambda it: it.user,
}
Sums = tuple[int, ...]


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with four_months(migrated_file, tmp_path_factory.mktemp("series")) as platform:
        yield platform


@pytest.fixture(scope="module")
def events(platform: Platform) -> list[Charged]:
    return charged_events(platform, "org_1")


PERIODS = st.tuples(*[st.dates(FIRST, LAST)] * 2).map(lambda it: Period(min(it), max(it)))


def asked(platform: Platform, period: Period, **given: object) -> Trend:
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
        scope = QuestionScope(platform.tenant, row)
        question = SeriesQuestion(scope, period, with_margin=True, **given)  # type: ignore[arg-type]
        return read_trend(snapshot, question)


def totals(line: SeriesSums) -> Sums:
    """Return count and cost, and what was bought: purchase cost, count and cost."""
    return tuple(line.sums.all_purchases)


def _rank(sort: SeriesSort, key: str, sums: Sums) -> tuple[object, ...]:
    """Rank by the highest cost, or the lowest margin; what has none that is known is last."""
    _, cost, buy, bought, bought_cost = sums
    if sort is SeriesSort.COST:
        return (-cost, key)
    is_known = any((buy, bought, bought_cost)) or not any(sums)
    return (not is_known, bought_cost - buy if is_known else 0, key)


def purchases_of(events: list[Charged]) -> Sums:
    count, _, _, cost, *bought = sums_of(events)
    return (count, cost, *bought)


@examples(60)
@given(
    period=PERIODS,
    bucket=st.sampled_from([Bucket.DAY, Bucket.WEEK, Bucket.MONTH]),
    split=st.sampled_from(list(KEYS)),
    sort=st.sampled_from(list(SeriesSort)),
    top=st.integers(1, 4),
)
@example(Period(FIRST, LAST), Bucket.MONTH, SeriesSplit.USER, SeriesSort.MARGIN, 2)
@example(Period(FIRST, LAST), Bucket.MONTH, SeriesSplit.CATEGORY, SeriesSort.MARGIN, 3)
@example(Period(FIRST, LAST), Bucket.MONTH, SeriesSplit.METER, SeriesSort.MARGIN, 4)
def test_the_first_series_and_the_rest_are_all_of_the_usage(
    platform: Platform,
    events: list[Charged],
    period: Period,
    bucket: Bucket,
    split: SeriesSplit,
    sort: SeriesSort,
    top: int,
) -> None:
    first, last = day_number(period.start), day_number(period.end)
    by_key: dict[str, list[Charged]] = {}
    for it in events:
        if first <= it.day <= last:
            by_key.setdefault(KEYS[split](it), []).append(it)
    used = {key: purchases_of(mine) for key, mine in by_key.items() if any(sums_of(mine))}
    # Meters with the same rank are in the order of their codes.
    code = {it.type: f"{it.code:04}" for it in BY_CODE.values()}
    ranked = sorted(used, key=lambda key: _rank(sort, code.get(key, key), used[key]))
    lines = asked(platform, period, bucket=bucket, split_by=split, sort=sort, top=top).now.lines
    shown = [it for it in lines if not it.is_rest]
    assert [it.key for it in shown] == ranked[:top]
    assert [totals(it) for it in shown] == [used[key] for key in ranked[:top]]
    rest = [used[key] for key in ranked[top:]]
    added = tuple(map(sum, zip(*rest, strict=True)))
    assert [(it.key, totals(it)) for it in lines if it.is_rest] == (
        [(OTHER, added)] if rest else []
    )


@pytest.mark.parametrize("bucket", [Bucket.DAY, Bucket.WEEK, Bucket.MONTH])
def test_each_bucket_has_its_events(
    platform: Platform, events: list[Charged], bucket: Bucket
) -> None:
    trend = asked(platform, Period(FIRST, LAST), bucket=bucket)
    (line,) = trend.now.lines
    counts = [0] * len(trend.now.buckets.names)
    for it in events:
        counts[trend.now.buckets.days[it.day]] += it.sign
    assert line.sums.counts == counts
    assert trend.now.events == sum(counts)
    assert trend.now.cost == sums_of(events)[3]
