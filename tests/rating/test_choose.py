"""Which rate prices a usage."""

import pytest

from tests.rating.builders import pricing, rate, tariff, usage
from tollbook.domain.charges import Attributes, Charge, Unpriced
from tollbook.domain.prices import PriceBook, Tier
from tollbook.rating.books import vocabulary
from tollbook.rating.charge import charge_usage
from tollbook.rating.choose import choose
from tollbook.rating.tariff import ChosenRate, Tariff, arrange_versions


def chosen(book: Tariff, attributes: Attributes | None, **given: object) -> int | str:
    found = choose([[book]], usage(attributes=attributes, **given), "USD")
    return found.rate_id if isinstance(found, ChosenRate) else found.code


def test_the_rate_with_more_conditions_wins() -> None:
    general = rate(id=1)
    to_britain = rate(when=(("to.country", "GB"),), id=2)
    free_to_britain = rate(when=(("number_type", "toll_free"), ("to.country", "GB")), id=3)
    book = tariff(general, to_britain, free_to_britain)
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
        assert chosen(book, attributes) == winner, attributes


@pytest.mark.parametrize(
    ("value", "written"), [(True, "true"), (1, "1"), (1.5, "1.5"), (None, "null"), ("x", "x")]
)
def test_conditions_compare_attributes_as_a_book_writes_them(value: object, written: str) -> None:
    conditional = tariff(rate(when=(("a", written),), id=1))
    assert chosen(conditional, {"a": value}) == 1  # type: ignore[dict-item]
    assert chosen(conditional, {}) == "no_price"


def test_without_a_price_there_is_a_reason_and_never_a_zero() -> None:
    unpriced = choose([[tariff(rate())]], usage(meter="sms.outbound"), "USD")
    assert isinstance(unpriced, Unpriced)
    assert unpriced.code == "no_price"


def test_a_book_in_another_currency_prices_nothing() -> None:
    unpriced = choose([[tariff(rate())]], usage(), "EUR")
    assert isinstance(unpriced, Unpriced)
    assert unpriced.code == "currency_mismatch"


def test_the_latest_version_that_has_begun_is_in_force() -> None:
    versions = arrange_versions(
        [
            PriceBook("old", "USD", 20240101, "", (rate(id=1),), 1),
            PriceBook("new", "USD", 20240301, "", (rate(id=2),), 2),
            PriceBook("mended", "USD", 20240301, "", (rate(id=3),), 3),
        ]
    )
    found = {
        day: choose([versions], usage(day=day), "USD")
        for day in (20231231, 20240101, 20240229, 20240301)
    }
    assert {day: getattr(it, "rate_id", None) for day, it in found.items()} == {
        20231231: None,
        20240101: 1,
        20240229: 1,
        20240301: 3,
    }


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({}, {"to": "4"}),
        ({"to": "4"}, {"to": "44"}),
        ({"to": "4", "from_": "4915"}, {"to": "44"}),
        ({"to": "44"}, {"to": "44", "from_": "4"}),
        ({"from_": "4"}, {"from_": "49"}),
        ({"from_": "49", "when": (("a", "1"),)}, {"from_": "491"}),
        ({"when": (("to.country", "GB"),)}, {"from_": "4"}),
        ({"when": (("from.country", "DE"),)}, {"when": (("to.country", "GB"),)}),
        ({"when": (("a", "1"), ("b", "2"))}, {"when": (("from.country", "DE"),)}),
        ({"when": (("a", "1"),)}, {"when": (("a", "1"), ("to.kind", "number"))}),
        ({"hours": ((0, 1440),)}, {"when": (("a", "1"),)}),
        ({}, {"hours": ((0, 1440),)}),
        ({"when": (("a", "1"),)}, {"when": (("a", "1"),), "hours": ((0, 1440),)}),
    ],
)
def test_the_more_particular_rate_wins(less: dict[str, object], more: dict[str, object]) -> None:
    """The order of docs/prices.md, one step after the other."""
    attributes = {"to": "+442079460000", "from": "+4915112345678", "a": "1", "b": "2"}
    for rates in ((less, more), (more, less)):
        book = tariff(*(rate(**it, id=1 + (it is more)) for it in rates))
        assert chosen(book, attributes) == 2


@pytest.mark.parametrize(
    ("day", "rate_id"), [(20240109, 9), (20240110, 1), (20240120, 1), (20240121, 9)]
)
def test_a_rate_is_valid_on_its_first_and_its_last_day(day: int, rate_id: int) -> None:
    dated = rate(to="44", valid_from=20240110, valid_until=20240120, id=1)
    book = tariff(dated, rate(id=9))
    assert chosen(book, {"to": "+442079460000"}, day=day) == rate_id


@pytest.mark.parametrize(
    ("day", "minute", "rate_id"),
    [
        (20240115, 8 * 60, 1),  # Monday 8:00
        (20240115, 8 * 60 - 1, 9),
        (20240115, 20 * 60 - 1, 1),
        (20240115, 20 * 60, 9),  # the end is outside
        (20240120, 22 * 60, 2),  # Saturday night
        (20240121, 6 * 60 - 1, 2),  # ... which ends on Sunday
        (20240121, 6 * 60, 9),
        (20240121, 23 * 60, 2),  # Sunday night
        (20240122, 5 * 60, 2),  # ... ends on Monday
        (20240122, 6 * 60, 9),
    ],
)
def test_hours_are_those_of_the_week_and_of_the_start(day: int, minute: int, rate_id: int) -> None:
    peak = rate(hours=vocabulary.parse_hours("mon-fri", "08:00", "20:00"), id=1)
    nights = rate(hours=vocabulary.parse_hours("sat,sun", "22:00", "06:00"), id=2)
    assert chosen(tariff(peak, nights, rate(id=9)), None, day=day, minute=minute) == rate_id


def test_what_is_no_number_has_its_own_match() -> None:
    book = tariff(
        rate(when=(("to.kind", "short_code"),), id=1),
        rate(when=(("to.kind", "sip"),), id=2),
        rate(when=(("from.kind", "alphanumeric"),), id=3),
        rate(when=(("to", "12345"), ("to.kind", "short_code")), id=4),
        rate(to="44", id=5),
    )
    assert chosen(book, {"to": "54321"}) == 1
    assert chosen(book, {"to": "12345"}) == 4
    assert chosen(book, {"to": "sip:a@example.com"}) == 2
    assert chosen(book, {"to": "00 44 20 7946 0000"}) == 5
    assert chosen(book, {"to": "4420"}) == 1
    assert chosen(book, {"to": "TOLLBOOK", "from": "TOLLBOOK"}) == "number_unreadable"
    assert chosen(book, {"to": "442079460000"}) == "number_unreadable"
    without_prefixes = tariff(rate(when=(("from.kind", "alphanumeric"),), id=3))
    assert chosen(without_prefixes, {"to": "TOLLBOOK", "from": "TOLLBOOK"}) == 3


BY_PREFIX = (
    rate(to="44", id=1),
    rate(to="4420", id=2),
    rate(id=9),
)
UNREADABLE = (
    *("442079460100", "011442079460100", "02079460100", "12345678", "+999", "sip:4420794601@gw"),
    *("sip:alice@example.com", "client:alice", "72345", "anonymous", "", None, 442079460100),
)


@pytest.mark.parametrize("to", UNREADABLE)
def test_what_cannot_be_read_is_never_charged_the_catch_all_price(to: str | int | None) -> None:
    for attributes in ({"to": to}, {} if to is None else {"to": to, "carrier": "a"}):
        assert chosen(tariff(*BY_PREFIX), attributes) == "number_unreadable"
    assert chosen(tariff(*BY_PREFIX), None) == "number_unreadable"
    assert chosen(tariff(rate(id=9)), {"to": to}) == 9, "nobody asks for the number"
    assert chosen(tariff(rate(to="44", meter="sms.outbound"), rate(id=9)), {"to": to}) == 9


def test_a_number_that_no_prefix_matches_is_charged_the_catch_all_price() -> None:
    assert chosen(tariff(*BY_PREFIX), {"to": "+33123456789"}) == 9


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        ("442079460100", "none"),
        (None, "none"),
        ("sip:alice@example.com", "sip"),
        ("client:alice", "client"),
        ("72345", "short_code"),
        ("anonymous", "alphanumeric"),
    ],
)
def test_a_rate_that_names_the_kind_prices_what_is_no_number(to: str | None, kind: str) -> None:
    by_kind = rate(when=(("to.kind", kind),), id=5)
    assert chosen(tariff(*BY_PREFIX, by_kind), {"to": to}) == 5
    particular = rate(when=(("direction", "inbound"), ("to.kind", kind)), id=6)
    book = tariff(*BY_PREFIX, by_kind, particular)
    assert chosen(book, {"to": to, "direction": "inbound"}) == 6
    assert chosen(book, {"to": to, "direction": "outbound"}) == 5
    by_text = tariff(*BY_PREFIX, rate(when=(("to", "client:alice"),), id=7))
    assert chosen(by_text, {"to": "client:alice"}) == 7


def test_rates_by_prefix_that_cannot_fit_anyway_ask_for_no_number() -> None:
    outbound = rate(to="44", when=(("direction", "outbound"), ("to.country", "GB")), id=1)
    inbound = rate(when=(("direction", "inbound"),), id=2)
    dated = rate(to="33", valid_until=20240101, id=3)
    book = tariff(outbound, inbound, dated)
    assert chosen(book, {"to": "client:alice", "direction": "inbound"}) == 2
    assert chosen(book, {"to": "client:alice", "direction": "outbound"}) == "number_unreadable"


def test_the_number_in_from_must_be_readable_where_rates_are_for_it() -> None:
    surcharged = rate(to="33", from_="1", id=1)
    book = tariff(surcharged, rate(to="33", id=2), rate(to="44", id=3), rate(id=9))
    france, britain = "+33123456789", "+442079460100"
    assert chosen(book, {"to": france, "from": "+14155550100"}) == 1
    assert chosen(book, {"to": france, "from": britain}) == 2
    for unreadable in ("4155550100", "anonymous", None):
        assert chosen(book, {"to": france, "from": unreadable}) == "number_unreadable"
        assert chosen(book, {"to": britain, "from": unreadable}) == 3, "no rate asks"
    named = tariff(surcharged, rate(to="33", when=(("from.kind", "none"),), id=4), rate(id=9))
    assert chosen(named, {"to": france}) == 4
    withheld = tariff(surcharged, rate(to="33", id=2), rate(when=(("from.kind", "none"),), id=5))
    assert chosen(withheld, {"to": france}) == 5


def test_behind_a_book_that_may_price_the_number_a_rate_must_name_its_kind() -> None:
    own = tariff(rate(to="44", id=1))
    tenants = tariff(rate(when=(("to.kind", "sip"),), id=5), rate(id=9))

    def found(to: str) -> int | str:
        it = choose([[own], [tenants]], usage(attributes={"to": to}), "USD")
        return it.rate_id if isinstance(it, ChosenRate) else it.code

    assert found("sip:alice@example.com") == 5
    assert found("442079460100") == "number_unreadable"
    assert found("+33123456789") == 9


def test_the_reason_names_the_side_and_the_kind_and_not_the_number() -> None:
    number = "442079460100"
    unpriced = choose([[tariff(*BY_PREFIX)]], usage(attributes={"to": number}), "USD")
    assert isinstance(unpriced, Unpriced)
    assert number not in unpriced.reason
    assert "to is not a number that can be read" in unpriced.reason
    assert "when: {to.kind: none}" in unpriced.reason


def test_an_own_cost_takes_no_markup_by_guess() -> None:
    book = tariff(
        rate(pricing(price=None, markup=150_000), to="44", id=1),
        rate(pricing(price=None, markup=100_000), id=2),
    )
    by_cost = usage(attributes={"to": "442079460100"}, cost=100)
    unpriced = charge_usage(choose([[book]], by_cost, "USD"), by_cost)
    assert isinstance(unpriced, Unpriced)
    assert unpriced.code == "number_unreadable"
    without_markups = tariff(*BY_PREFIX)
    assert charge_usage(choose([[without_markups]], by_cost, "USD"), by_cost) == Charge(
        100, by_cost.quantity, None, 100
    )


@pytest.mark.parametrize(
    ("number_format", "to"),
    [
        ("international", "442079460100"),
        ("GB", "02079460100"),
        ("US", "011442079460100"),
        ("strict", "+4402079460100"),
    ],
)
def test_a_number_is_priced_in_the_format_of_its_organization(number_format: str, to: str) -> None:
    book = tariff(*BY_PREFIX, rate(to="44207", when=(("to.country", "GB"),), id=3))
    assert chosen(book, {"to": to}, number_format=number_format) == 3


def test_an_own_book_goes_before_the_tenants_rate_by_rate() -> None:
    own = tariff(rate(to="4420", id=1), effective_from=20240110)
    tenants = tariff(rate(to="442079", id=2), rate(id=3))

    def winner(to: str, day: int) -> int:
        found = choose([[own], [tenants]], usage(attributes={"to": to}, day=day), "USD")
        assert isinstance(found, ChosenRate)
        return found.rate_id

    assert winner("+442079460000", 20240110) == 1  # though the tenant's prefix is longer
    assert winner("+442079460000", 20240109) == 2  # the own book has not begun
    assert winner("+4915112345678", 20240110) == 3


def test_an_own_cost_looks_for_a_markup_and_nothing_else() -> None:
    book = tariff(
        rate(to="44", id=1),
        rate(pricing(price=None, markup=1), id=2),
        rate(pricing(markup=2), to="49", id=3),
    )
    assert chosen(book, {"to": "+442079460000"}, cost=5) == 2
    assert chosen(book, {"to": "+4915112345678"}, cost=5) == 3
    assert chosen(book, {"to": "+4915112345678"}) == 3
    assert chosen(book, {"to": "+33123456789"}) == "no_price"


def test_a_rate_that_depends_on_the_month_says_what_to_count() -> None:
    tiers = pricing(tiers=(Tier(None, "1", 1),), tier_group="calls")
    found = choose([[tariff(rate(tiers))]], usage(), "USD")
    assert isinstance(found, ChosenRate)
    assert found.tier_key == "calls"
    uncounted = charge_usage(found, usage())
    assert isinstance(uncounted, Unpriced)
    assert uncounted.code == "month_unknown"
    assert isinstance(charge_usage(found, usage(), 0), Charge)


def test_what_was_chosen_can_be_shown_whole() -> None:
    one = rate(to="4420", from_="49", when=(("a", "1"),), id=7)
    numbers = {"to": "+442079460000", "from": "+4915112345678", "a": "1"}
    found = choose([[tariff(one, rate(id=8))]], usage(attributes=numbers), "USD")
    assert isinstance(found, ChosenRate)
    assert found.rate == one
