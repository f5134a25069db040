"""The index of a tariff finds what going through all rates would find, in little room."""

import gc
import random
import tracemalloc
from array import array

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import pricing, rate, usage
from tollbook.domain.charges import Attributes, RatingInput
from tollbook.domain.prices import Deck, PriceBook, Rate
from tollbook.rating.books.clashes import clashes
from tollbook.rating.index import UnreadableNumber
from tollbook.rating.match import fits, rank_of
from tollbook.rating.number_formats import digits_of
from tollbook.rating.tariff import ChosenRate, Tariff

PREFIXES = ("", "4", "44", "442", "4420", "1", "14", "49")
NUMBERS = (None, "+4420718387", "+4479460000", "+4915112345", "+14155550100", "+33123456", "12345")
CONDITIONS = (
    ("carrier", ("a", "b")),
    ("to.country", ("GB", "US", "DE")),
    ("from.country", ("GB", "US")),
    ("to.kind", ("number", "short_code", "none")),
    ("from.kind", ("number", "short_code", "none")),
)


def book_of(rates: tuple[Rate, ...], decks: tuple[Deck, ...] = ()) -> PriceBook:
    return PriceBook("test", "USD", 19000101, "test", rates, 1, decks)


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    names = draw(st.sets(st.sampled_from(CONDITIONS), max_size=2))
    when = tuple(sorted((name, draw(st.sampled_from(values))) for name, values in names))
    first, last = sorted(draw(st.tuples(*[st.integers(20240110, 20240120)] * 2)))
    dated, banded = draw(st.booleans()), draw(st.booleans())
    return rate(
        to=draw(st.sampled_from(PREFIXES)),
        from_=draw(st.sampled_from(PREFIXES)),
        when=when,
        hours=((480, 720),) if banded else (),
        valid_from=first if dated else 0,
        valid_until=last if dated else 99991231,
    )


@st.composite
def usages(draw: st.DrawFn) -> RatingInput:
    attributes = {
        "to": draw(st.sampled_from(NUMBERS)),
        "from": draw(st.sampled_from(NUMBERS)),
        "carrier": draw(st.sampled_from((None, "a", "b"))),
    }
    return usage(
        day=draw(st.integers(20240110, 20240120)),
        minute=draw(st.integers(0, 1439)),
        attributes={name: value for name, value in attributes.items() if value},
    )


def by_going_through_all(all_rates: list[Rate], asked: RatingInput) -> Rate | str | None:
    """Return the rate that prices a usage, or the side of which the number cannot be read."""
    attributes: Attributes = asked.attributes or {}
    to, from_ = digits_of(attributes.get("to")), digits_of(attributes.get("from"))
    fitting = [
        it
        for it in all_rates
        if to.startswith(it.to) and from_.startswith(it.from_) and fits(it, asked)
    ]
    if not to and any(it.to and might_fit(it, "to", asked) for it in all_rates):
        return naming(fitting, "to")
    for prefix in (to[:length] for length in range(len(to), -1, -1)):
        if not from_ and any(
            it.to == prefix and it.from_ and might_fit(it, "from", asked) for it in all_rates
        ):
            return naming(fitting, "from")
        if found := [it for it in fitting if it.to == prefix]:
            return max(found, key=rank_of)
    return None


def might_fit(it: Rate, side: str, asked: RatingInput) -> bool:
    """Return whether a rate fits, were there any number at all in `side`."""
    when = tuple(one for one in it.when if not one[0].startswith(f"{side}."))
    return fits(msgspec.structs.replace(it, when=when), asked)


def naming(fitting: list[Rate], side: str) -> Rate | str:
    named = [it for it in fitting if f"{side}.kind" in dict(it.when)]
    return max(named, key=rank_of, default=side)


def found_by(tariff: Tariff, asked: RatingInput) -> Rate | str | None:
    try:
        found = tariff.find(asked)
    except UnreadableNumber as error:
        return error.side
    return found and found.rate


@examples(200)
@given(st.lists(rates(), max_size=30), st.lists(usages(), max_size=10))
def test_the_index_finds_what_going_through_all_finds(
    drawn: list[Rate], asked: list[RatingInput]
) -> None:
    clashing = {later for _, later in clashes(drawn)}
    kept = [
        rate(it.pricing, **{**fields(it), "id": n + 100})
        for n, it in enumerate(drawn)
        if n not in clashing
    ]
    tariff = Tariff(book_of(tuple(kept)))
    for one in asked:
        assert found_by(tariff, one) == by_going_through_all(kept, one)


def fields(it: Rate) -> dict[str, object]:
    names = ("meter", "to", "from_", "when", "hours", "valid_from", "valid_until")
    return {name: getattr(it, name) for name in names}


@examples(200)
@given(
    st.lists(st.sampled_from(PREFIXES[1:]), unique=True), st.sampled_from(NUMBERS), st.booleans()
)
def test_a_deck_is_its_rates(prefixes: list[str], number: str | None, inbound: bool) -> None:
    """Columns and rows are two ways to hand over the same rates."""
    side = "from" if inbound else "to"
    template = rate(pricing(price_picos=7), when=(("a", "1"),))
    deck = Deck((template,), prefixes, [0] * len(prefixes), range(5, 5 + len(prefixes)), inbound)
    rows = [
        rate(template.pricing, when=template.when, id=5 + n, **{side.replace("m", "m_"): prefix})
        for n, prefix in enumerate(prefixes)
    ]
    asked = usage(attributes={side: number or "", "a": "1"})
    by_deck = found_by(Tariff(book_of((), (deck,))), asked)
    assert by_deck == found_by(Tariff(book_of(tuple(rows))), asked)


def test_many_countries_of_one_prefix_are_looked_up() -> None:
    """A book by country is found by country, whatever the number of countries."""
    countries = ("GB", "DE", "FR", "ES", "PT", "AT", "CH")
    of_country = [
        rate(when=(("to.country", country),), id=n + 1) for n, country in enumerate(countries)
    ]
    carrier = rate(when=(("carrier", "a"), ("to.country", "DE")), id=50)
    rest = rate(id=99)
    from_spain = rate(when=(("from.country", "ES"),), id=60)
    tariff = Tariff(book_of((*of_country, carrier, rest, from_spain)))

    def winner(**attributes: str) -> int:
        found = tariff.find(usage(attributes=attributes))
        assert isinstance(found, ChosenRate)
        return found.rate_id

    assert winner(to="+4915112345678") == 2
    assert winner(to="+4915112345678", carrier="a") == 50
    assert winner(to="+33123456789") == 3
    assert winner(to="+33123456789", **{"from": "+34911234567"}) == 3
    assert winner(to="+48221234567") == 99
    assert winner(to="+48221234567", **{"from": "+34911234567"}) == 60


def test_a_deck_of_a_hundred_thousand_prefixes_takes_at_most_150_bytes_a_prefix() -> None:
    chance = random.Random(3)
    prefixes: set[str] = set()
    while len(prefixes) < 100_000:
        prefixes.add(str(chance.randint(10, 10 ** chance.randint(3, 10) - 1)))
    templates = [rate(pricing(price_picos=n)) for n in range(500)]
    template_of = array("I", (chance.randrange(500) for _ in prefixes))
    deck = Deck(templates, sorted(prefixes), template_of, range(1, 100_001))
    book = book_of((), (deck,))
    gc.collect()
    tracemalloc.start()
    tariff = Tariff(book)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tariff.version == 1
    assert size / 100_000 <= 150
