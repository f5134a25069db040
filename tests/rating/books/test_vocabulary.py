"""The words of a price book: each is parsed to a value and formatted back."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.exact import MICROS
from tollbook.domain.meters import BY_TYPE, CATALOG
from tollbook.domain.prices import MINUTES_OF_DAY, Basis
from tollbook.rating.books import vocabulary
from tollbook.rating.books.vocabulary import (
    Per,
    format_day,
    format_hours,
    format_increments,
    format_percent,
    format_price,
    merge_spans,
    parse_day,
    parse_hours,
    parse_increments,
    parse_per,
    parse_percent,
    parse_prefix,
    parse_price,
    parse_quantity,
    parse_seconds,
    parse_span,
    units_of,
)

WEEK = 7 * MINUTES_OF_DAY


@examples(200)
@given(st.integers(0, 10**18))
def test_a_price_is_formatted_as_it_is_parsed(picos: int) -> None:
    text = format_price(picos)
    assert parse_price(text) == picos
    assert Decimal(text) == Decimal(picos).scaleb(-12)
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize(
    ("text", "picos"),
    [("0", 0), ("1e-3", 10**9), ("0.010", 10**10), ("1000000", 10**18), ("0.000000000001", 1)],
)
def test_a_price_has_up_to_twelve_decimals(text: str, picos: int) -> None:
    assert parse_price(text) == picos


WRONG: list[tuple[Callable[[str], object], tuple[str, ...]]] = [
    (parse_price, ("", "x", "-1", "1000000.1", "0.0000000000001", "nan", "inf", "1e999999")),
    (parse_quantity, ("", "0", "-1", "1000000000.1", "0.0000001", "nan", "x")),
    (parse_seconds, ("", "-1", "86400.1", "x", "inf", "0.0000001")),
    (parse_increments, ("", "60", "60/", "/6", "0/6", "60/0", "60/6/1", "86401/1", "a/b")),
    (parse_percent, ("", "5", "-5%", "1000.1%", "0.00001%", "x%", "%", "5%%")),
    (parse_prefix, ("", "0", "044", "x", "4 4", "++44", "1" * 16, "٤٤")),
    (parse_day, ("", "2024-02-30", "20240131", "31.01.2024", "2024-1-1")),
    (parse_span, ("", "mon", "mon 08:00 to mon 08:00", "tue 08:00 to mon 20:00", "x 08:00 to y")),
]


@pytest.mark.parametrize(
    ("parse", "text"), [(parse, text) for parse, texts in WRONG for text in texts]
)
def test_other_words_are_refused_with_the_rest_of_a_sentence(
    parse: Callable[[str], object], text: str
) -> None:
    with pytest.raises(ValueError, match=r"^must "):
        parse(text)


@pytest.mark.parametrize(
    ("text", "micros"), [("0.000001", 1), ("1000000000", 10**15), ("2.5", 2_500_000)]
)
def test_a_quantity_is_above_zero(text: str, micros: int) -> None:
    assert parse_quantity(text) == micros


@pytest.mark.parametrize(
    ("text", "micros"), [("0", 0), ("2.5", 2_500_000), ("86400", 86_400 * MICROS)]
)
def test_seconds_are_up_to_a_day(text: str, micros: int) -> None:
    assert parse_seconds(text) == micros


@examples(100)
@given(st.integers(1, 86_400 * MICROS), st.integers(1, 86_400 * MICROS))
def test_increments_are_formatted_as_they_are_parsed(first: int, following: int) -> None:
    text = format_increments((first, following))
    assert parse_increments(text) == (first, following)
    assert parse_increments(text.replace("/", " / ")) == (first, following)


@examples(100)
@given(st.integers(0, 10 * MICROS))
def test_a_percentage_is_formatted_as_it_is_parsed(share: int) -> None:
    assert parse_percent(format_percent(share)) == share


@pytest.mark.parametrize(
    ("text", "share"), [("15%", 150_000), ("15 %", 150_000), ("0.0001%", 1), ("1000%", 10**7)]
)
def test_a_percentage_is_in_millionths(text: str, share: int) -> None:
    assert parse_percent(text) == share


@pytest.mark.parametrize(
    ("text", "digits"), [("44", "44"), ("+4420", "4420"), ("1" * 15, "1" * 15)]
)
def test_a_prefix_is_its_digits(text: str, digits: str) -> None:
    assert parse_prefix(text) == digits


@examples(100)
@given(st.dates())
def test_a_day_is_formatted_as_it_is_parsed(day: date) -> None:
    assert format_day(parse_day(day.isoformat())) == day.isoformat()


@pytest.mark.parametrize(
    ("meter", "text", "expected"),
    [
        ("voice.call", "second", Per(MICROS, Basis.UNIT, MICROS)),
        ("voice.call", "minute", Per(60 * MICROS, Basis.UNIT, 60 * MICROS)),
        ("voice.call", "2 minutes", Per(120 * MICROS, Basis.UNIT, 60 * MICROS)),
        ("voice.call", "0.5 hour", Per(1_800 * MICROS, Basis.UNIT, 3_600 * MICROS)),
        ("voice.call", "call", Per(MICROS, Basis.EVENT, MICROS)),
        ("sms.outbound", "segment", Per(MICROS, Basis.UNIT, MICROS)),
        ("sms.outbound", "message", Per(MICROS, Basis.EVENT, MICROS)),
        ("mms.outbound", "10 KB", Per(10_000 * MICROS, Basis.MEDIA, 1_000 * MICROS)),
        ("mms.outbound", "MiB", Per(1_048_576 * MICROS, Basis.MEDIA, 1_048_576 * MICROS)),
        ("api.storage", "GB-month", Per(30 * MICROS, Basis.UNIT, 30 * MICROS)),
        ("api.request", "1000 requests", Per(1_000 * MICROS, Basis.UNIT, MICROS)),
    ],
)
def test_a_price_is_for_units_of_its_meter(meter: str, text: str, expected: Per) -> None:
    assert parse_per(text, BY_TYPE[meter]) == expected


@pytest.mark.parametrize(
    ("meter", "text"),
    [
        ("voice.call", ""),
        ("voice.call", "segment"),
        ("voice.call", "0 minutes"),
        ("voice.call", "-1 minute"),
        ("voice.call", "0.0000001 minute"),
        ("voice.call", "1000000.1 minutes"),
        ("voice.call", "2  minutes"),
        ("kb.usage", "call"),
        ("sms.outbound", "KB"),
        ("api.storage", "hour"),
    ],
)
def test_other_units_are_refused_with_a_list(meter: str, text: str) -> None:
    with pytest.raises(ValueError, match=meter) as raised:
        parse_per(text, BY_TYPE[meter])
    assert str(raised.value).endswith(" or ".join(units_of(BY_TYPE[meter])))


def test_every_meter_can_be_priced_in_its_unit() -> None:
    for meter in CATALOG:
        assert units_of(meter)[meter.unit] == (1, Basis.UNIT)


def weekly_minutes(spans: tuple[tuple[int, int], ...]) -> set[int]:
    return {minute for start, end in spans for minute in range(start, end)}


QUARTERS = st.integers(0, 95).map(lambda it: it * 15)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@examples(150)
@given(st.sets(st.integers(0, 6), min_size=1), QUARTERS, QUARTERS)
def test_hours_are_the_minutes_that_begin_on_the_named_days(
    days: set[int], start: int, end: int
) -> None:
    names = ",".join(DAYS[it] for it in sorted(days))
    clock = [f"{it // 60:02d}:{it % 60:02d}" for it in (start, end)]
    if start == end:
        with pytest.raises(ValueError, match="another time"):
            parse_hours(names, *clock)
        return
    length = end - start if start < end else end + MINUTES_OF_DAY - start
    minutes = {(day * MINUTES_OF_DAY + start + n) % WEEK for day in days for n in range(length)}
    spans = parse_hours(names, *clock)
    assert weekly_minutes(spans) == minutes
    assert merge_spans(list(spans)) == spans
    assert merge_spans([parse_span(text) for text in format_hours(spans)]) == spans


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("mon-fri", [0, 1, 2, 3, 4]),
        ("Sat, Sun", [5, 6]),
        ("fri-mon", [0, 4, 5, 6]),
        ("mon-mon", [0]),
        ("mon-tue,wed", [0, 1, 2]),
    ],
)
def test_weekdays_are_ranges_and_lists(days: str, expected: list[int]) -> None:
    minutes = weekly_minutes(parse_hours(days, "08:00", "08:01"))
    assert sorted(it // MINUTES_OF_DAY for it in minutes) == expected


@pytest.mark.parametrize(
    ("days", "start", "end"),
    [
        ("", "08:00", "09:00"),
        ("monday", "08:00", "09:00"),
        ("mon-", "08:00", "09:00"),
        ("mon", "8:00", "09:00"),
        ("mon", "08:00", "24:01"),
        ("mon", "08:60", "09:00"),
    ],
)
def test_other_hours_are_refused(days: str, start: str, end: str) -> None:
    with pytest.raises(ValueError, match=r"^must be "):
        parse_hours(days, start, end)


def test_the_night_after_sunday_goes_on_at_the_start_of_the_week() -> None:
    assert parse_hours("sun", "23:55", "00:10") == ((0, 10), (WEEK - 5, WEEK))
    assert parse_hours("sun", "23:55", "00:00") == ((WEEK - 5, WEEK),)


def test_a_whole_day_ends_at_twenty_four() -> None:
    assert parse_hours("sun", "00:00", "24:00") == ((6 * MINUTES_OF_DAY, WEEK),)
    assert list(format_hours(((6 * MINUTES_OF_DAY, WEEK),))) == ["sun 00:00 to sun 24:00"]


@examples(200)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=6))
def test_merged_spans_are_the_same_minutes_apart(found: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in found]
    merged = merge_spans(spans)
    assert weekly_minutes(merged) == weekly_minutes(tuple(spans))
    assert all(one[1] < other[0] for one, other in pairwise(merged))


def test_a_problem_is_cut_to_a_length_that_people_read() -> None:
    problem = vocabulary.problem("x" * 300, "too_long", "y" * 2_000)
    assert (len(problem.field), len(problem.error)) == (200, 1_000)
