"""Which rates fit a usage, and the order in which more specific ones win."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import MONDAY, rate, usage
from tollbook.domain.periods import day_number
from tollbook.rating.match import (
    DERIVED,
    conditions_but_for,
    derived,
    derived_of,
    fits,
    format_attribute,
    names_kind,
    number_text,
    numbers_of,
    rank_of,
    weekday_of,
)

BRITISH = {"to": "+442071838750", "from": "+14155550100"}


@pytest.mark.parametrize(
    ("when", "attributes", "expected"),
    [
        ((), None, True),
        ((("carrier", "a"),), {"carrier": "a"}, True),
        ((("carrier", "a"),), {"carrier": "b"}, False),
        ((("carrier", "a"),), {}, False),
        ((("carrier", "a"),), None, False),
        ((("carrier", "null"),), {"carrier": None}, True),
        ((("carrier", "null"),), {}, False),
        ((("recorded", "true"),), {"recorded": True}, True),
        ((("recorded", "true"),), {"recorded": "true"}, True),
        ((("seats", "2"),), {"seats": 2.0}, True),
        ((("carrier", "a"), ("recorded", "true")), {"carrier": "a", "recorded": False}, False),
        ((("to.country", "GB"),), BRITISH, True),
        ((("from.country", "US"),), BRITISH, True),
        ((("to.country", "US"),), BRITISH, False),
        ((("to.kind", "number"),), BRITISH, True),
        ((("to.kind", "none"),), None, True),
    ],
)
def test_every_condition_must_be_met(
    when: tuple[tuple[str, str], ...], attributes: dict[str, str] | None, expected: bool
) -> None:
    assert fits(rate(when=when), usage(attributes=attributes)) is expected


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        ("1.50", 1.5, True),
        ("1.50", "1.50", True),
        ("1.50", "1.5", False),
        ("1.5", "1.50", False),
        ("1.50", 1.25, False),
        ("2.0", 2, True),
        ("2e3", 2000, True),
        ("2e3", 2000.0, True),
        ("-0", 0, True),
        ("1.0", True, False),
        ("1e400", "1e400", True),
        ("007", 7, False),
        ("+7", 7, False),
        (".5", 0.5, False),
        ("1.50", None, False),
        ("0.10", 0.1, True),
        ("1e-7", 0.0000001, True),
        ("1.0e22", 1e22, True),
    ],
)
def test_a_number_is_compared_by_value_and_text_as_text(
    written: str, value: str | float | None, expected: bool
) -> None:
    when = (("legs", written),)
    fitting = rate(when=when, numbers=numbers_of(when))
    assert fits(fitting, usage(attributes={"legs": value})) is expected


def test_a_rate_without_the_mark_compares_numbers_as_text() -> None:
    assert not fits(rate(when=(("legs", "1.50"),)), usage(attributes={"legs": 1.5}))


@examples(200)
@given(st.decimals(-(10**9), 10**9, places=4), st.integers(0, 3))
def test_a_number_has_one_text_however_it_is_written(value: Decimal, zeros: int) -> None:
    decoded = msgspec.json.decode(f"{value:f}")
    for text in (f"{value:f}{'0' * zeros}", f"{value:e}", f"{value:E}"):
        assert number_text(text) == format_attribute(decoded)


def test_a_condition_on_a_country_is_no_number() -> None:
    assert numbers_of((("a", "1.0"), ("b", "1"), ("to.country", "1.0"))) == (("a", "1"),)


@pytest.mark.parametrize(
    ("day", "expected"), [(20240114, False), (20240115, True), (20240117, True), (20240118, False)]
)
def test_the_days_of_validity_are_both_inside(day: int, expected: bool) -> None:
    dated = rate(valid_from=20240115, valid_until=20240117)
    assert fits(dated, usage(day=day)) is expected


@pytest.mark.parametrize(
    ("minute", "expected"), [(479, False), (480, True), (719, True), (720, False)]
)
def test_the_end_of_a_span_of_hours_is_outside(minute: int, expected: bool) -> None:
    assert fits(rate(hours=((480, 720),)), usage(minute=minute)) is expected


def test_hours_are_minutes_of_the_week() -> None:
    on_sunday = rate(hours=((6 * 1440, 6 * 1440 + 60),))
    assert fits(on_sunday, usage(day=20240121, minute=59))
    assert not fits(on_sunday, usage(day=MONDAY, minute=59))


@examples(100)
@given(st.dates())
def test_a_weekday_is_that_of_the_calendar(day: date) -> None:
    assert weekday_of(day_number(day)) == day.weekday()


FROM_MOST_TO_LEAST_SPECIFIC = [
    rate(to="4420", from_="1"),
    rate(to="4420", when=(("to.country", "GB"), ("a", "b"))),
    rate(to="4420"),
    rate(to="44", from_="4915"),
    rate(to="44", from_="49", when=(("to.country", "GB"),)),
    rate(to="44", from_="49", hours=((0, 60),)),
    rate(from_="4", when=(("to.country", "GB"),)),
    rate(from_="4"),
    rate(when=(("to.country", "GB"), ("from.country", "US"))),
    rate(when=(("to.country", "GB"),), hours=((0, 60),)),
    rate(when=(("from.country", "US"), ("a", "b"), ("c", "d"))),
    rate(when=(("from.country", "US"),)),
    rate(when=(("a", "b"), ("to.kind", "number"))),
    rate(when=(("a", "b"),), hours=((0, 60),)),
    rate(when=(("a", "b"),)),
    rate(hours=((0, 60),)),
    rate(),
]


def test_the_more_specific_of_two_rates_has_the_higher_rank() -> None:
    ranks = [rank_of(it) for it in FROM_MOST_TO_LEAST_SPECIFIC]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)


def test_days_of_validity_have_no_rank() -> None:
    assert rank_of(rate(valid_from=20240101)) == rank_of(rate())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("to.country", "GB"),
        ("from.country", "US"),
        ("to.kind", "number"),
        ("from.kind", "number"),
    ],
)
def test_countries_and_kinds_are_derived_from_numbers(name: str, expected: str) -> None:
    assert derived(name, usage(attributes=BRITISH)) == expected


def test_nothing_is_derived_without_a_number() -> None:
    assert [derived(name, usage()) for name in DERIVED] == [None, None, "none", "none"]


def test_a_number_is_read_in_the_format_of_the_organization() -> None:
    national = {"to": "02071838750"}
    assert derived("to.country", usage(attributes=national)) is None
    assert derived("to.country", usage(attributes=national, number_format="GB")) == "GB"


def test_both_conditions_of_a_side_are_derived() -> None:
    assert {*derived_of("to"), *derived_of("from")} == set(DERIVED)


def test_rates_with_the_same_other_conditions_are_one() -> None:
    rates = [
        rate(id=1, when=(("a", "b"), ("to.country", "GB"))),
        rate(id=2, when=(("a", "b"), ("to.kind", "number"))),
        rate(id=3, when=(("a", "b"),)),
        rate(id=4, when=(("from.country", "US"),)),
        rate(id=5, when=(("a", "b"),), hours=((0, 60),)),
        rate(id=6, when=(("a", "b"),), valid_from=20240101),
    ]
    found = conditions_but_for("to", rates)
    assert [it.id for it in found] == [1, 4, 5, 6]
    assert [it.when for it in found] == [
        (("a", "b"),),
        (("from.country", "US"),),
        (("a", "b"),),
        (("a", "b"),),
    ]


@pytest.mark.parametrize(
    ("when", "sides", "expected"),
    [
        ((), (), True),
        ((), ("to",), False),
        ((("to", "TOLLBOOK"),), ("to",), True),
        ((("to.kind", "sip"),), ("to",), True),
        ((("to.country", "GB"),), ("to",), False),
        ((("to.kind", "sip"),), ("to", "from"), False),
        ((("to.kind", "sip"), ("from", "x")), ("to", "from"), True),
    ],
)
def test_a_rate_names_the_kind_of_each_side(
    when: tuple[tuple[str, str], ...], sides: tuple[str, ...], expected: bool
) -> None:
    assert names_kind(rate(when=when), sides) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), ("", ""), (1, "1"), (1.0, "1"), (-0.5, "-0.5"), (None, "null"), (False, "false")],
)
def test_an_attribute_has_the_text_of_a_book(value: str | float | None, text: str) -> None:
    assert format_attribute(value) == text
