"""The days of a period as bits: which days of a month are counted for distinct resources."""

from datetime import date, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.resources import resource_parameters
from tollbook.domain.periods import Period, day_number

FIRST, LAST = date(2023, 11, 1), date(2024, 4, 30)
DAYS = st.dates(FIRST, LAST)
ALL = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


@examples(200)
@given(days=st.tuples(DAYS, DAYS))
@example(days=(date(2024, 2, 29), date(2024, 2, 29)))
@example(days=(date(2024, 1, 1), date(2024, 1, 31)))
@example(days=(date(2023, 12, 31), date(2024, 1, 1)))
def test_the_bits_of_the_first_and_last_month_choose_the_days_of_the_period(
    days: tuple[date, date],
) -> None:
    period = Period(min(days), max(days))
    bound = resource_parameters(period)
    start, end = (day_number(it) // 100 for it in (period.start, period.end))
    chosen = []
    for day in ALL:
        month = day_number(day) // 100
        bit = 1 << day.day
        in_first = month != start or bound["start_days"] & bit
        in_last = month != end or bound["end_days"] & bit
        if start <= month <= end and in_first and in_last:
            chosen.append(day)
    assert chosen == [it for it in ALL if period.start <= it <= period.end]
    assert not (bound["start_days"] | bound["end_days"]) & 1
