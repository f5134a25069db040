"""Charges: the lines of a cost always add up to it."""

import pytest

from tollbook.domain.charges import (
    CONNECT_FEE_LINE,
    MARKUP_LINE,
    OWN_COST_LINE,
    PRICE_LINE,
    RESERVED_LINES,
    Charge,
    ChargeLine,
    RatingInput,
    Unpriced,
)
from tollbook.domain.numbers import STRICT


@pytest.mark.parametrize(("rate_id", "name"), [(7, PRICE_LINE), (None, OWN_COST_LINE)])
def test_a_charge_without_parts_is_one_line(rate_id: int | None, name: str) -> None:
    charge = Charge(1_500, 60_000_000, rate_id)
    assert charge.lines == (ChargeLine(name, 1_500),)


def test_a_charge_of_zero_still_has_its_line() -> None:
    assert Charge(0, 0, 1).lines == (ChargeLine(PRICE_LINE, 0),)


def test_parts_replace_the_single_line() -> None:
    parts = (ChargeLine(PRICE_LINE, 1_000), ChargeLine("carrier fee", 500))
    charge = Charge(1_500, 60_000_000, 7, parts=parts)
    assert charge.lines == parts
    assert sum(line.cost for line in charge.lines) == charge.cost


def test_the_names_of_reserved_lines_are_distinct() -> None:
    assert RESERVED_LINES == (PRICE_LINE, CONNECT_FEE_LINE, OWN_COST_LINE, MARKUP_LINE)
    assert len(set(RESERVED_LINES)) == 4


def test_a_usage_has_strict_numbers_and_starts_at_midnight_by_default() -> None:
    usage = RatingInput("voice.call", 61_000_000, 20240115)
    assert (usage.minute, usage.number_format) == (0, STRICT)
    assert (usage.attributes, usage.cost) == (None, None)


def test_values_of_rating_cannot_be_changed() -> None:
    for value, field in [
        (Charge(1, 1, 1), "cost"),
        (Unpriced("no_price", "there is no price"), "code"),
        (RatingInput("voice.call", 1, 20240115), "quantity"),
    ]:
        with pytest.raises(AttributeError):
            setattr(value, field, 2)
