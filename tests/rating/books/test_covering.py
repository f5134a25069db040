"""What rates cover together, against every number, day and minute looked at."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import pricing, rate
from tollbook.domain.periods import day_number
from tollbook.domain.prices import FIRST_DAY, LAST_DAY, Rate
from tollbook.rating.books.covering import Conditions, Covered, cover_box

FIRST = date(2024, 2, 26)
NUMBERS = [day_number(FIRST + timedelta(days=it)) for it in range(6)]
"""Six days around the end of February in a leap year."""
WEEK = 7 * 24 * 60


def conditions(
    since: int = FIRST_DAY, until: int = LAST_DAY, hours: tuple[tuple[int, int], ...] = ()
) -> Conditions:
    return Conditions.of(rate(valid_from=since, valid_until=until, hours=hours))


SPANS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 6)).filter(lambda it: it[0] < it[1]), max_size=2
).map(lambda it: tuple((start * 60, end * 60) for start, end in it))
BOXES = st.builds(
    lambda days, hours: conditions(min(days), max(days), hours),
    st.tuples(*[st.sampled_from(NUMBERS)] * 2),
    SPANS,
)


def _has(box: Conditions, day: int, minute: int) -> bool:
    in_hours = any(start <= minute < end for start, end in box.hours)
    return box.valid_from <= day <= box.valid_until and in_hours


@examples(80)
@given(needed=BOXES, others=st.lists(BOXES, max_size=4))
def test_a_box_is_covered_if_each_of_its_minutes_is(
    needed: Conditions, others: list[Conditions]
) -> None:
    minutes = (*range(0, 7 * 60, 30), WEEK - 1)
    expected = all(
        any(_has(it, day, minute) for it in others)
        for day, minute in product(NUMBERS, minutes)
        if _has(needed, day, minute)
    )
    assert cover_box(needed, others) is expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], False),
        ([conditions()], True),
        ([conditions(until=20240229), conditions(since=20240301)], True),
        ([conditions(until=20240228), conditions(since=20240301)], False),
        ([conditions(since=20240101)], False),
        ([conditions(hours=((0, 600),)), conditions(hours=((600, WEEK),))], True),
        ([conditions(hours=((0, 600),)), conditions(hours=((601, WEEK),))], False),
    ],
)
def test_all_time_is_covered_by_parts_without_a_gap(
    others: list[Conditions], expected: bool
) -> None:
    assert cover_box(conditions(), others) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (rate(), rate(), True),
        (rate(), rate(when=(("a", "1"),)), True),
        (rate(when=(("a", "1"),)), rate(), False),
        (rate(when=(("a", "1"),)), rate(when=(("a", "2"),)), False),
        (rate(when=(("a", "1"),)), rate(when=(("a", "1"), ("b", "1"))), True),
        (rate(meter="sms.outbound"), rate(), False),
        (rate(), rate(pricing(price=None, markup=1)), False),
        (rate(pricing(price=None, markup=1)), rate(), False),
        (rate(pricing(markup=1)), rate(), True),
        (rate(pricing(markup=1)), rate(pricing(price=None, markup=2)), True),
        (rate(valid_until=20240131), rate(valid_from=20240201), False),
        (rate(valid_until=20240201), rate(valid_from=20240201), True),
        (rate(valid_from=20240201), rate(valid_until=20240131), False),
    ],
)
def test_a_rate_may_replace_another_if_it_applies_wherever_that_does(
    one: Rate, other: Rate, expected: bool
) -> None:
    assert Conditions.of(one).may_replace(Conditions.of(other)) is expected


PREFIXES = st.lists(
    st.one_of(
        st.integers(1, 9).map(str),
        st.tuples(st.integers(1, 2), st.integers(0, 9)).map(lambda it: f"{it[0]}{it[1]}"),
        st.tuples(st.integers(0, 9)).map(lambda it: f"15{it[0]}"),
    ),
    max_size=40,
)


@examples(60)
@given(prefixes=PREFIXES, full=st.lists(st.sampled_from(["", "1", "2", "15"]), max_size=4))
def test_a_prefix_is_wholly_covered_if_all_longer_numbers_are(
    prefixes: list[str], full: list[str]
) -> None:
    known = {*prefixes, *(f"{it}{digit}" for it in full for digit in range(0 if it else 1, 10))}
    covered = Covered.by(known)
    numbers = [str(it) for it in range(100, 1_000)]
    for prefix in ("", "1", "2", "15", "3"):
        mine = [it for it in numbers if it.startswith(prefix)]
        longer = [it for it in known if it.startswith(prefix) and it != prefix]
        expected = all(any(number.startswith(it) for it in longer) for number in mine)
        assert (prefix in covered.wholly) is expected


@pytest.mark.parametrize(
    ("prefixes", "country", "prefix", "expected"),
    [
        (["44"], "GB", "", True),
        (["44"], "GB", "4", True),
        (["44"], "GB", "44", False),
        (["4"], "GB", "4", False),
        ([f"44{it}" for it in range(10)], "GB", "44", True),
        ([f"44{it}" for it in range(9)], "GB", "44", False),
        ([f"44{it}" for it in range(10)], "GB", "", True),
        (["45"], "GB", "", False),
        # A country that the prefix does not reach needs nothing.
        ([], "GB", "33", True),
        # No calling code is known: nothing can be covered.
        (["44"], "XX", "", False),
    ],
)
def test_a_country_is_covered_if_its_calling_codes_are(
    prefixes: list[str], country: str, prefix: str, expected: bool
) -> None:
    assert Covered.by(prefixes).has_country(country, prefix) is expected
