"""A period covered by months and edge days is the period, day for day."""

from calendar import monthrange
from collections import Counter
from datetime import date, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.periods import NO_EDGE, Edge, Period, cover, day_number, day_of

DAYS = st.dates(date(1970, 1, 1), date(2060, 12, 31))
LENGTHS = st.integers(0, 70) | st.integers(0, 1500)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(DAYS)
    return Period(start, start + timedelta(days=draw(LENGTHS)))


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def days_of_month(month: int) -> list[date]:
    year, index = divmod(month, 100)
    return days_between(date(year, index, 1), date(year, index, monthrange(year, index)[1]))


def whole_months(first: int, last: int) -> list[int]:
    every = (year * 100 + index for year in range(1969, 2070) for index in range(1, 13))
    return [month for month in every if first <= month <= last]


def days_of_edge(edge: Edge) -> list[date]:
    return [] if edge == NO_EDGE else days_between(day_of(edge.first_day), day_of(edge.last_day))


@examples(400)
@given(period=periods())
@example(period=Period(date(2024, 1, 1), date(2024, 12, 31)))
@example(period=Period(date(2024, 2, 29), date(2024, 2, 29)))
@example(period=Period(date(2023, 12, 31), date(2024, 1, 1)))
@example(period=Period(date(2024, 2, 2), date(2024, 2, 28)))
def test_months_and_signed_edges_count_every_day_of_the_period_once(period: Period) -> None:
    covered = cover(period)
    counted: Counter[date] = Counter()
    for month in whole_months(covered.first_month, covered.last_month):
        counted.update(days_of_month(month))
    for edge in covered.edges:
        for day in days_of_edge(edge):
            counted[day] += edge.sign
    wanted = dict.fromkeys(days_between(period.start, period.end), 1)
    assert {day: times for day, times in counted.items() if times} == wanted


@examples(400)
@given(period=periods())
def test_at_most_half_the_days_of_a_month_are_read_one_by_one(period: Period) -> None:
    read: Counter[int] = Counter()
    for edge in cover(period).edges:
        read[edge.month] += len(days_of_edge(edge))
        assert {day_number(day) // 100 for day in days_of_edge(edge)} <= {edge.month}
    for month, days in read.items():
        assert not days or days <= len(days_of_month(month)) // 2
