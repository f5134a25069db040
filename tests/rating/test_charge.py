"""Worked examples of rating, each with its arithmetic by hand."""

import pytest

from tollbook.domain.prices import PriceBook, Rate
from tollbook.rating.book import Tariff, ambiguous_pairs, arranged, in_force
from tollbook.rating.charge import Charge, Unpriced, charge_of
from tollbook.wiring import default_price_book

DEFAULT = Tariff(default_price_book())


def rate(price_picos: int, per_micros: int = 1_000_000, **given: object) -> Rate:
    return Rate("voice.call", "", "", price_picos, per_micros, **given)  # type: ignore[arg-type]


def tariff(*rates: Rate) -> Tariff:
    return Tariff(PriceBook("test", "USD", 19000101, "test", rates))


@pytest.mark.parametrize(
    ("meter", "micros", "nanos"),
    [
        ("voice.call", 61_000_000, 122_000_000),  # 61 s * 0.002 = 0.122
        ("api.request", 250_000_000_000, 10_000_000_000),  # 250,000 / 1000 * 0.04 = 10.00
        ("api.request", 1_000_000, 40_000),  # 1 / 1000 * 0.04 = 0.00004
        ("sms.outbound", 3_000_000, 90_000_000),  # 3 segments * 0.03 = 0.09
        ("mms.outbound", 7_000_000, 50_000_000),  # by message: 1 * 0.05
        ("api.storage", 450_000_000, 2_250_000_000),  # 450 GB-days / 30 * 0.15 = 2.25
        ("kb.usage", 3_300_000_000, 5_500_000_000),  # 55 min * 0.10 = 5.50
        ("kb.usage", 1_000_000, 1_666_667),  # 1/60 * 0.10 = 0.001666666..., rounded once
        ("phone.rental", 500_000, 1_495_000_000),  # half a month * 2.99
        ("voice.call", 0, 0),
    ],
)
def test_the_default_book_charges(meter: str, micros: int, nanos: int) -> None:
    charge = charge_of(meter, micros, None, DEFAULT)
    assert isinstance(charge, Charge)
    assert charge.cost == nanos


def test_a_message_price_bills_one_message_whatever_the_segments() -> None:
    charge = charge_of("mms.inbound", 5_000_000, None, DEFAULT)
    assert isinstance(charge, Charge)
    assert (charge.cost, charge.billed) == (20_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("picos", "nanos"),
    [(500, 0), (501, 1), (1500, 2), (2500, 2), (2501, 3), (3500, 4)],
)
def test_the_one_rounding_is_half_to_even_at_a_billionth(picos: int, nanos: int) -> None:
    charge = charge_of("voice.call", 1_000_000, None, tariff(rate(picos)))
    assert isinstance(charge, Charge)
    assert charge.cost == nanos


def test_the_rate_with_the_most_conditions_wins() -> None:
    general = rate(1, id=1)
    to_britain = rate(1, when=(("to.country", "GB"),), id=2)
    free_to_britain = rate(1, when=(("number_type", "toll_free"), ("to.country", "GB")), id=3)
    chosen = tariff(general, to_britain, free_to_britain)
    for attributes, winner in (
        (None, 1),
        ({"to": "+14155550100"}, 1),
        ({"to": "+442079460000"}, 2),
        ({"to": "+442079460000", "number_type": "toll_free"}, 3),
        ({"number_type": "toll_free"}, 1),
        ({"to": "12345"}, 1),
        ({"to": 44}, 1),
        ({"to": "+999"}, 1),
    ):
        charge = charge_of("voice.call", 1_000_000, attributes, chosen)
        assert isinstance(charge, Charge)
        assert charge.rate_id == winner, attributes


@pytest.mark.parametrize(
    ("value", "written"), [(True, "true"), (1, "1"), (1.5, "1.5"), (None, "null"), ("x", "x")]
)
def test_conditions_compare_attributes_as_a_book_writes_them(value: object, written: str) -> None:
    conditional = tariff(rate(1, when=(("a", written),)))
    assert isinstance(charge_of("voice.call", 1, {"a": value}, conditional), Charge)  # type: ignore[dict-item]
    assert isinstance(charge_of("voice.call", 1, {}, conditional), Unpriced)


def test_without_a_price_there_is_a_reason_and_never_a_zero() -> None:
    unpriced = charge_of("sms.outbound", 1_000_000, None, tariff(rate(1)))
    assert isinstance(unpriced, Unpriced)
    assert unpriced.code == "no_price"


def test_a_cost_past_the_bound_is_unpriced() -> None:
    dear = tariff(rate(10**18))
    unpriced = charge_of("voice.call", 10**15, None, dear)
    assert isinstance(unpriced, Unpriced)
    assert unpriced.code == "cost_out_of_range"


def test_the_latest_book_that_has_begun_is_in_force() -> None:
    books = [
        PriceBook("old", "USD", 20240101, "", (), 1),
        PriceBook("new", "USD", 20240301, "", (), 2),
        PriceBook("mended", "USD", 20240301, "", (), 3),
    ]
    names = {
        day: found.book.name if (found := in_force(arranged(books), day)) else None
        for day in (20231231, 20240101, 20240229, 20240301)
    }
    assert names == {20231231: None, 20240101: "old", 20240229: "old", 20240301: "mended"}


def test_rates_that_could_both_match_are_ambiguous() -> None:
    one, other = rate(1, when=(("a", "1"),)), rate(2, when=(("b", "1"),))
    assert ambiguous_pairs([one, other]) == [(one, other)]
    assert ambiguous_pairs([rate(1, when=(("a", "1"),)), rate(2, when=(("a", "2"),))]) == []
    assert ambiguous_pairs([rate(1), rate(2, when=(("a", "2"),))]) == []
