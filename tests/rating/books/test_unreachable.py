"""Rates that no event can reach: what is reported is certain, and the usual cases are reported."""

from collections.abc import Iterator
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import MONDAY, usage
from tollbook.domain.charges import Charge
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.rating.books.unreachable import MOST_LISTED, unreachable_rates
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.rating.charge import rate_usage
from tollbook.rating.explain import describe_rate
from tollbook.rating.tariff import Tariff

HEAD = {"name": "A", "currency": "USD", "effective_from": "2024-01-01", "source": "x"}
CALL = {"meter": "voice.call", "price": "1", "per": "minute"}
DIGITS = list("0123456789")
DAY, NIGHT = "mon 08:00 to mon 20:00", "mon 20:00 to mon 24:00"
REST = "tue 00:00 to sun 24:00"
MORNING = "mon 00:00 to mon 08:00"
TERMS = DeckTerms("voice.call", "minute")


def book(*rates: dict[str, object]) -> PriceBook:
    entries = [{**CALL, **rate} for rate in rates]
    return parse_price_book(msgspec.json.encode({**HEAD, "rates": entries}).decode())


def unreachable(*rates: dict[str, object]) -> list[tuple[str, str]]:
    found = unreachable_rates(book(*rates))
    assert found.number == len(found.first)
    return [
        (describe_rate(it.rate).removeprefix("voice.call; "), it.covered_by) for it in found.first
    ]


def below(prefix: str, digits: list[str] = DIGITS) -> list[str]:
    return [prefix + digit for digit in digits]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([{"to": "44"}, {"to": below("44")}], ["to 44"]),
        ([{"to": "44"}, {"to": below("44")[:9]}], []),
        # One of the ten is divided once more.
        ([{"to": "44"}, {"to": below("44")[:9]}, {"to": below("449")}], ["to 44"]),
        ([{"to": "44"}, {"to": below("44")}, {"to": below("449")}], ["to 44", "to 449"]),
        # No number begins with 0; what is no number is not priced as one.
        ([{}, {"to": below("", DIGITS[1:])}], ["voice.call"]),
        ([{"when": {"to.kind": "sip"}}, {"to": below("", DIGITS[1:])}], []),
        # Seven digits are a number themselves.
        ([{"to": "442071"}, {"to": below("442071")}], ["to 442071"]),
        ([{"to": "4420718"}, {"to": below("4420718")}], []),
        # Others must replace the rate in all else.
        ([{"to": "44"}, {"to": below("44"), "when": {"route": "a"}}], []),
        (
            [
                {"to": "44", "when": {"route": "a", "x": "y"}},
                {"to": below("44"), "when": {"x": "y"}},
            ],
            ["to 44; route a; x y"],
        ),
        ([{"to": "44", "when": {"route": "a"}}, {"to": below("44"), "when": {"route": "b"}}], []),
        ([{"to": "44"}, {"to": below("44"), "meter": "kb.usage"}], []),
        ([{"to": "44", "markup": "1%"}, {"to": below("44")}], []),
        ([{"to": "44"}, {"to": below("44"), "markup": "1%"}], ["to 44"]),
        # Days, one after the other or with a gap.
        ([{"to": "44"}, {"to": below("44"), "valid_from": "2024-02-01"}], []),
        (
            [
                {"to": "44", "valid_from": "2024-02-02"},
                {"to": below("44"), "valid_from": "2024-02-01"},
            ],
            ["to 44; from 2024-02-02"],
        ),
        (
            [
                {"to": "44"},
                {"to": below("44"), "valid_until": "2024-02-29"},
                {"to": below("44"), "valid_from": "2024-03-01"},
            ],
            ["to 44"],
        ),
        (
            [
                {"to": "44"},
                {"to": below("44"), "valid_until": "2024-02-28"},
                {"to": below("44"), "valid_from": "2024-03-01"},
            ],
            [],
        ),
        # Hours together.
        (
            [{"to": "44"}, {"to": below("44"), "hours": [DAY]},
             {"to": below("44"), "hours": [MORNING, NIGHT, REST]}],
            ["to 44"],
        ),
        ([{"to": "44", "hours": [DAY]}, {"to": below("44"), "hours": [DAY]}],
         ["to 44; mon 08:00 to mon 20:00"]),
        ([{"to": "44"}, {"to": below("44"), "hours": [DAY]}], []),
        # The other side.
        ([{"from": "44"}, {"from": below("44")}], ["from 44"]),
        ([{"to": "1", "from": "44"}, {"to": "1", "from": below("44")}], ["to 1; from 44"]),
        ([{"to": "1", "from": "44"}, {"to": "2", "from": below("44")}], []),
        ([{"to": "44", "from": "1"}, {"to": below("44")}], ["to 44; from 1"]),
        ([{"to": "44", "from": "1"}, {"to": below("44"), "from": "1"}], ["to 44; from 1"]),
        ([{"to": "44"}, {"to": below("44"), "from": "1"}], []),
    ],
)  # fmt: skip
def test_prefixes(rates: list[dict[str, object]], expected: list[str]) -> None:
    assert unreachable(*rates) == [(it, "longer_prefixes") for it in expected]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([{"when": {"to.country": "GB"}}, {"to": "44"}], ["to.country GB"]),
        ([{"when": {"to.country": "GB"}}, {"to": "4"}], ["to.country GB"]),
        ([{"when": {"to.country": "GB"}}, {"to": "4420"}], []),
        ([{"when": {"to.country": "GB"}}, {"to": below("44")}], ["to.country GB"]),
        ([{"when": {"to.country": "FR"}}, {"to": "44"}], []),
        ([{"to": "4", "when": {"to.country": "GB"}}, {"to": "44"}], ["to 4; to.country GB"]),
        ([{"to": "44", "when": {"to.country": "GB"}}, {"to": "44"}], []),
        # No number of the United Kingdom begins with 33.
        ([{"to": "33", "when": {"to.country": "GB"}}, {"to": "44"}], ["to 33; to.country GB"]),
        # Numbers of no country have nine calling codes.
        ([{"when": {"to.country": "001"}}, {"to": "800"}], []),
        ([{"when": {"to.country": "001"}}, {"to": ["8", "979"]}], ["to.country 001"]),
        ([{"when": {"from.country": "US"}}, {"from": "1"}], ["from.country US"]),
        ([{"when": {"from.country": "US"}}, {"to": "1"}], []),
        ([{"when": {"to.country": "GB", "x": "y"}}, {"to": "44", "when": {"x": "y"}}],
         ["to.country GB; x y"]),
    ],
)  # fmt: skip
def test_countries(rates: list[dict[str, object]], expected: list[str]) -> None:
    assert unreachable(*rates) == [(it, "prefixes_of_country") for it in expected]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([{}, {"hours": [DAY]}, {"hours": [MORNING, NIGHT, REST]}], ["voice.call"]),
        ([{}, {"hours": [DAY]}, {"hours": [MORNING, REST]}], []),
        ([{}, {"hours": ["mon 00:00 to sun 24:00"]}], ["voice.call"]),
        ([{"to": "44"}, {"hours": ["mon 00:00 to sun 24:00"]}], []),
        ([{}, {"hours": ["mon 00:00 to sun 24:00"], "when": {"x": "y"}}], []),
        ([{}, {"hours": ["mon 00:00 to sun 24:00"], "valid_from": "2024-03-01"}], []),
        ([{"valid_from": "2024-03-01"}, {"hours": ["mon 00:00 to sun 24:00"]}],
         ["from 2024-03-01"]),
        ([{"to": "44", "from": "1"}, {"to": "44", "from": "1", "hours": [DAY]},
          {"to": "44", "from": "1", "hours": [MORNING, NIGHT, REST]}], ["to 44; from 1"]),
    ],
)  # fmt: skip
def test_hours(rates: list[dict[str, object]], expected: list[str]) -> None:
    assert unreachable(*rates) == [(it, "rates_with_hours") for it in expected]


def deck(prefixes: list[str], terms: DeckTerms = TERMS) -> PriceBook:
    rows = "".join(f"{prefix},1\n" for prefix in prefixes)
    return parse_deck(f"Prefix,Rate\n{rows}", terms, BookTerms(**HEAD))


@pytest.mark.parametrize("inbound", [False, True])
def test_rows_of_decks_are_counted_after_the_rates_of_their_book(inbound: bool) -> None:
    terms = msgspec.structs.replace(TERMS, inbound=inbound)
    read = deck(["33", *below("44"), "44"], terms)
    whole = msgspec.structs.replace(read, rates=book({"meter": "kb.usage"}, {"to": "7"}).rates)
    (found,) = unreachable_rates(whole).first
    assert (found.row, found.rate.from_ if inbound else found.rate.to) == (13, "44")


def test_the_first_are_listed_and_all_are_counted() -> None:
    parents = [str(number) for number in range(1000, 1200)]
    found = unreachable_rates(deck([*parents, *(it for one in parents for it in below(one))]))
    assert (found.number, len(found.first)) == (200, MOST_LISTED)


def test_rates_of_too_many_different_conditions_are_not_searched() -> None:
    many = [{"when": {"x": str(number)}} for number in range(500)]
    covered = [{"to": "44", "when": {"y": "1"}}, {"to": below("44"), "when": {"y": "1"}}]
    assert unreachable(*covered, *many) == [("to 44; y 1", "longer_prefixes")]
    assert unreachable(*many, *covered) == []


PREFIXES = st.sampled_from(["", "4", "44", *below("4"), *below("44"), *below("", DIGITS[1:])])
WHENS = st.sampled_from([{}, {}, {}, {"x": "1"}, {"to.country": "GB"}, {"from.country": "US"}])
HOURS = st.sampled_from([None, None, None, [DAY], [MORNING, NIGHT, REST]])
RATES = st.fixed_dictionaries(
    {"to": PREFIXES, "from": st.sampled_from(["", "", "1", "44"]), "when": WHENS, "hours": HOURS}
)


@st.composite
def books(draw: st.DrawFn) -> list[dict[str, object]]:
    """Draw rates among which whole sets of longer prefixes are likely."""
    rates = draw(st.lists(RATES, min_size=1, max_size=6))
    for parent in draw(st.lists(st.sampled_from(["", "4", "44"]), max_size=3)):
        extra = draw(RATES)
        digits = DIGITS[not parent :]
        rates += [{**extra, "to": it} for it in below(parent, digits)]
    unique = {tuple(str(it[name]) for name in ("to", "from", "when", "hours")): it for it in rates}
    return [{name: value for name, value in it.items() if value} for it in unique.values()]


def usages() -> Iterator[dict[str, object]]:
    numbers = [
        "+4420718387",
        *(f"+4{a}{b}071838" for a, b in product("0459", "059")),
        "+3312345678",
    ]
    for to, from_, x in product(
        [*numbers, None, "sip:a@b.example"], ["+12025550100", None], ["1", None]
    ):
        attributes = {"to": to, "from": from_, "x": x}
        given = {name: value for name, value in attributes.items() if value is not None}
        for minute in (0, 600, 1300):
            yield {"attributes": given, "day": MONDAY, "minute": minute}


@examples(150)
@given(rates=books())
def test_no_event_reaches_a_rate_that_is_reported(rates: list[dict[str, object]]) -> None:
    found = book(*rates)
    reported = {it.row for it in unreachable_rates(found).first}
    if not reported:
        return
    numbered = tuple(msgspec.structs.replace(it, id=row) for row, it in enumerate(found.rates))
    tariff = Tariff(msgspec.structs.replace(found, rates=numbered))
    for given_ in usages():
        charge = rate_usage([[tariff]], usage(**given_), "USD")
        assert not isinstance(charge, Charge) or charge.rate_id not in reported
