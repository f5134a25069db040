"""The days in the cells of a deck, as carriers write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.rating.books.deck_days import DMY, MDY, day_text

FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y")


@examples(100)
@given(st.dates(date(1000, 1, 1)), st.sampled_from(FORMS))
def test_a_day_is_read_in_each_of_its_forms(day: date, form: str) -> None:
    assert day_text(day.strftime(form), "") == day.isoformat()


@examples(100)
@given(st.dates(date(1000, 1, 1)), st.sampled_from("-/"))
def test_a_day_with_slashes_needs_their_order(day: date, sign: str) -> None:
    british = f"{day.day}{sign}{day.month}{sign}{day.year}"
    american = f"{day.month}{sign}{day.day}{sign}{day.year}"
    assert day_text(british, DMY) == day_text(american, MDY) == day.isoformat()
    with pytest.raises(ValueError, match="has slashes"):
        day_text(british, "")


@pytest.mark.parametrize(
    "time", ["T00:00", "T00:00:00", " 00:00:00.000", "T00:00:00Z", " 00:00 UTC"]
)
def test_midnight_after_a_day_is_left_out(time: str) -> None:
    assert day_text(f"2024-01-31{time}", "") == "2024-01-31"


@pytest.mark.parametrize(
    "cell",
    ["", "soon", "2024-02-30", "2024-01/31", "31-Foo-2024", "2024-01-31T12:00", "1/1/24", "99999"],
)
def test_other_days_are_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        day_text(cell, DMY)


def test_a_day_that_does_not_exist_in_this_order_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a date"):
        day_text("31/12/2024", MDY)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("01-Feb-24", "2024-02-01"),
        ("1 February 2024", "2024-02-01"),
        ("Feb 1, 2024", "2024-02-01"),
        ("45323", "2024-02-01"),
        ("2024-02-01 00:00:00+00:00", "2024-02-01"),
        ("2024-02-01 12:00:00 AM", "2024-02-01"),
        ("ASAP", ""),
    ],
)
def test_a_first_day_has_further_forms(cell: str, day: str) -> None:
    assert day_text(cell, "") == day


@pytest.mark.parametrize(("cell", "day"), [("never", ""), ("2024-01-31 23:59:59", "2024-01-31")])
def test_a_last_day_may_never_come_or_end_with_its_last_second(cell: str, day: str) -> None:
    assert day_text(cell, "", is_last=True) == day
    with pytest.raises(ValueError, match="must be a date"):
        day_text(cell, "")


@pytest.mark.parametrize("cell", ["2024-02-01 07:55:42", "2024-02-01T00:00:00-05:00"])
def test_a_price_that_begins_within_a_day_is_refused_with_the_way_out(cell: str) -> None:
    with pytest.raises(ValueError, match="write the day without a time"):
        day_text(cell, "")
