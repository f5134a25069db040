"""A book arranged for rating: its rows, its ids, and what a stored number still shows."""

import msgspec
import pytest

from tests.rating.builders import MONDAY, pricing, rate, tariff, usage
from tollbook.domain.charges import Attributes
from tollbook.domain.prices import Deck, PriceBook, Rate
from tollbook.rating.tariff import ChosenRate, Tariff, arrange_versions

HASH = "#0123456789abcdef"


def chosen(book: Tariff, attributes: Attributes | None = None, **given: object) -> ChosenRate:
    found = book.find(usage(attributes=attributes, **given))
    assert found is not None
    return found


def book(version: int, day: int, *rates: Rate, decks: tuple[Deck, ...] = ()) -> PriceBook:
    return PriceBook("test", "USD", day, "test", rates, version, decks)


def test_versions_are_arranged_with_the_latest_first() -> None:
    books = [book(version, day) for version, day in ((1, 5), (2, 9), (3, 5), (4, 1))]
    assert [it.version for it in arrange_versions(iter(books))] == [2, 3, 1, 4]
    assert arrange_versions([]) == ()


def test_the_chosen_rate_has_its_prefixes_and_its_id() -> None:
    rates = rate(to="44", from_="1", id=8), rate(id=9)
    arranged = tariff(*rates)
    found = chosen(arranged, {"to": "+442071838750", "from": "+14155550100"})
    assert (found.rate_id, found.rate) == (8, rates[0])
    other = chosen(arranged, {"to": "+33123456789", "from": "+14155550100"})
    assert (other.rate_id, other.rate) == (9, rates[1])


def test_rates_and_decks_are_rows_one_after_the_other() -> None:
    first = Deck((rate(),), ("44", "49"), (0, 0), range(11, 13))
    second = Deck((rate(meter="sms.outbound"),), ("1",), (0,), (5,))
    arranged = Tariff(book(1, 0, rate(id=7), decks=(first, second)))
    assert chosen(arranged, {"to": "+491511234567"}).rate == rate(to="49", id=12)
    assert chosen(arranged, {"to": "+33123456789"}).rate_id == 7
    assert chosen(arranged, {"to": "+14155550100"}, meter="sms.outbound").rate_id == 5


def test_an_inbound_deck_is_found_by_the_sender() -> None:
    deck = Deck((rate(meter="sms.inbound"),), ("44", "49"), (0, 0), range(1, 3), inbound=True)
    arranged = Tariff(book(1, 0, decks=(deck,)))
    found = chosen(arranged, {"from": "+491511234567"}, meter="sms.inbound")
    assert (found.rate_id, found.from_, found.to) == (2, 49, 0)


def test_prices_and_markups_are_searched_apart() -> None:
    arranged = tariff(rate(id=1), rate(pricing(price=None, markup=5), id=2))
    assert chosen(arranged).rate_id == 1
    assert chosen(arranged, cost=100).rate_id == 2
    assert arranged.prices("voice.call")
    assert not tariff(rate(pricing(price=None, markup=5))).prices("voice.call")
    assert arranged.find(usage(meter="sms.outbound")) is None


def test_a_meter_with_one_unconditional_rate_is_sole() -> None:
    assert tariff(rate(id=4)).sole("voice.call") == (4, pricing())
    assert tariff(rate(id=4), rate(to="44", id=5)).sole("voice.call") is None
    assert tariff(rate(id=4)).sole("sms.outbound") is None


def test_the_tier_key_is_the_group_that_the_ledger_counts() -> None:
    assert chosen(tariff(rate())).tier_key is None
    assert chosen(tariff(rate(pricing(tier_group="g")))).tier_key == "g"


MASKED = f"+44207183****{HASH}"
FOUR_DIGITS = f"+4420********{HASH}"


@pytest.mark.parametrize(
    ("rates", "to", "hidden"),
    [
        ((rate(to="4420"), rate()), MASKED, None),
        ((rate(to="4420718"), rate()), MASKED, None),
        ((rate(to="4420718"), rate()), FOUR_DIGITS, "to"),
        ((rate(to="49"), rate()), FOUR_DIGITS, None),
        ((rate(to="4420718"), rate()), "erased", "to"),
        ((rate(when=(("to.country", "GB"),)), rate()), FOUR_DIGITS, None),
        ((rate(when=(("to.country", "GB"),)), rate()), "erased", "to"),
        ((rate(when=(("to.kind", "number"),)), rate()), "erased", "to"),
        ((rate(when=(("to", "x"),)), rate()), FOUR_DIGITS, "to"),
        ((rate(),), "erased", None),
        ((rate(to="44"), rate()), "+442071838750", None),
        ((rate(to="44"), rate()), "a #tag", None),
    ],
)
def test_a_number_is_hidden_when_a_longer_prefix_could_decide(
    rates: tuple[Rate, ...], to: str, hidden: str | None
) -> None:
    assert tariff(*rates).hidden(usage(attributes={"to": to})) == hidden


def test_any_attribute_of_a_condition_can_be_hidden() -> None:
    arranged = tariff(rate(when=(("carrier", "a"),)), rate())
    assert arranged.hidden(usage(attributes={"carrier": "erased"})) == "carrier"
    assert arranged.hidden(usage(attributes={"other": "erased"})) is None
    assert arranged.hidden(usage(meter="sms.outbound", attributes={"carrier": "erased"})) is None


def test_ids_need_not_be_consecutive() -> None:
    rates = [rate(to=f"4{n}", id=n * n + 1) for n in range(1, 5)]
    arranged = tariff(*rates)
    for n in range(1, 5):
        assert chosen(arranged, {"to": f"+4{n}71838750"}).rate_id == n * n + 1


def test_the_template_of_a_row_has_neither_prefix_nor_id() -> None:
    arranged = tariff(rate(to="44", id=7), rate(to="49", id=8), day_limited())
    found = chosen(arranged, {"to": "+491511234567"})
    assert arranged.template(found.row) == rate()
    assert arranged.template(0) is arranged.template(1)


def day_limited() -> Rate:
    return msgspec.structs.replace(rate(), valid_until=MONDAY - 1)
