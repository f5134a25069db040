"""The quantity that is billed: increments, media and days, against simple models."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import pricing, usage
from tollbook.domain.charges import Attributes, Unpriced
from tollbook.domain.exact import MICROS
from tollbook.domain.periods import day_number
from tollbook.domain.prices import Basis, CallTerms
from tollbook.rating.quantity import (
    DaysInUse,
    basis_quantity,
    billed_seconds,
    days_in_use,
    media_bytes,
    whole_blocks,
)

LENGTHS = st.integers(0, 50)


@examples(200)
@given(st.integers(0, 1_000), st.integers(1, 60))
def test_blocks_are_the_smallest_multiple_that_is_enough(quantity: int, block: int) -> None:
    blocks = whole_blocks(quantity, block)
    assert blocks % block == 0
    assert blocks - block < quantity <= blocks


@examples(500)
@given(LENGTHS, LENGTHS, LENGTHS, LENGTHS, st.integers(0, 200))
def test_a_call_is_billed_in_steps_after_its_first_increment(
    minimum: int, first: int, following: int, grace: int, lasted: int
) -> None:
    """Begin with the first increment and add steps until they cover the call."""
    terms = CallTerms(minimum, first, following, grace)
    if lasted <= grace:
        assert billed_seconds(terms, lasted) == 0
        return
    wanted = max(lasted, minimum)
    billed = first
    while billed < wanted:
        billed = billed + following if following else wanted
    assert billed_seconds(terms, lasted) == billed


@pytest.mark.parametrize(("lasted", "billed"), [(0, 0), (3, 0), (4, 30), (60, 60), (61, 66)])
def test_a_call_within_the_grace_is_free(lasted: int, billed: int) -> None:
    assert billed_seconds(CallTerms(minimum=30, following=6, first=30, grace=3), lasted) == billed


@pytest.mark.parametrize("size", [0, 1, 10**9])
def test_the_size_of_a_medium_is_read_in_micros(size: int) -> None:
    assert media_bytes({"media_bytes": size}) == size * MICROS


@pytest.mark.parametrize(
    "attributes",
    [None, {}, *({"media_bytes": it} for it in (-1, 10**9 + 1, 1.0, "1", True, None))],
)
def test_any_other_size_is_a_reason_not_to_charge(attributes: Attributes | None) -> None:
    found = media_bytes(attributes)
    assert isinstance(found, Unpriced)
    assert found.code == "media_bytes_missing"


def test_the_basis_decides_what_is_counted() -> None:
    medium = usage(attributes={"media_bytes": 7})
    counted = {basis: basis_quantity(pricing(basis=basis), 42, medium) for basis in Basis}
    assert counted == {Basis.UNIT: 42, Basis.EVENT: MICROS, Basis.MEDIA: 7 * MICROS}
    assert isinstance(basis_quantity(pricing(basis=Basis.MEDIA), 42, usage()), Unpriced)


DAYS = st.dates(date(2023, 12, 1), date(2024, 4, 30))


@examples(300)
@given(DAYS, st.none() | DAYS, st.none() | DAYS)
def test_the_days_in_use_are_those_of_the_month_between_both(
    day: date, first: date | None, last: date | None
) -> None:
    given_days = {"from_day": first, "until_day": last}
    attributes = {name: it.isoformat() for name, it in given_days.items() if it}
    found = days_in_use(usage(day=day_number(day), attributes=attributes))
    length = monthrange(day.year, day.month)[1]
    month = [day.replace(day=n) for n in range(1, length + 1)]
    used = [it for it in month if (first or day) <= it and (last is None or it <= last)]
    if not used:
        assert isinstance(found, Unpriced)
        assert found.code == "invalid_days"
        return
    assert found == DaysInUse(used[0], used[-1], length)
    assert found.days == len(used)


@pytest.mark.parametrize("text", ["", "2024-1-15", "15.01.2024", "2024-02-30", 20240115, True])
def test_a_day_in_use_is_an_iso_date(text: str | int) -> None:
    for name in ("from_day", "until_day"):
        found = days_in_use(usage(attributes={name: text}))
        assert isinstance(found, Unpriced)
        assert found.code == "invalid_days"


def test_days_of_a_clock_change_count_as_one_each() -> None:
    spring = DaysInUse(date(2024, 3, 31), date(2024, 3, 31) + timedelta(days=1), 31)
    assert spring.days == 2
