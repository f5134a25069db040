"""The table of fields: a rate of any of them is shown in words that load as the same rate."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.meters import BY_TYPE
from tollbook.rating.books.fields import FIELDS, PRICES
from tollbook.rating.books.serialize import show_rate
from tollbook.rating.books.yaml_book import parse_price_book

HEAD = {"name": "A", "currency": "USD", "effective_from": "2024-02-01", "source": "mail"}
PER = {
    "voice.call": ("minute", "10 seconds", "call"),
    "sms.outbound": ("segment", "message"),
    "mms.inbound": ("2 MB", "segment"),
    "phone.rental": ("month",),
    "api.request": ("0.000003 requests", "1000 requests"),
}
PREFIX = st.from_regex(r"[1-9][0-9]{0,14}", fullmatch=True)
PRICE = st.decimals(0, 9, places=5).map(str)
SECONDS = st.sampled_from(["0", "30", "2.5"])
INCREMENTS = st.sampled_from(["60/6", "1/1", "0.5/30"])
NAME = st.text("abc", min_size=1, max_size=3)
TIME = st.integers(0, 23 * 60 + 59).map(lambda it: f"{it // 60:02d}:{it % 60:02d}")
HOURS = st.fixed_dictionaries(
    {"days": st.sampled_from(["mon-fri", "sat,sun", "sun-mon"]), "from": TIME, "until": TIME}
).filter(lambda it: it["from"] != it["until"])
TIERS = st.lists(st.tuples(st.integers(1, 9), PRICE), min_size=1, max_size=4).map(
    lambda steps: (
        [
            {"up_to": str(sum(it for it, _ in steps[:n])), "price": price}
            for n, (_, price) in enumerate(steps[:-1], 1)
        ]
        + [{"price": steps[-1][1]}]
    )
)
GRADUATED = st.tuples(TIERS, st.lists(st.none() | PRICE, min_size=4, max_size=4)).map(
    lambda it: [
        tier if fee is None else {**tier, "connect_fee": fee}
        for tier, fee in zip(it[0], it[1], strict=False)
    ]
)
FEE = PRICE.map(lambda it: {"price": it, "per": "event"}) | st.just({"percent": "8.25%"})
BUY = st.fixed_dictionaries(
    {"price": PRICE},
    optional={
        "increments": INCREMENTS,
        "minimum": SECONDS,
        "grace": SECONDS,
        "included": SECONDS,
        "connect_fee": PRICE,
    },
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "price": PRICE,
    "to": PREFIX,
    "from": PREFIX,
    "when": st.dictionaries(NAME, NAME | PRICE, min_size=1, max_size=2),
    "destination": st.sampled_from(["United Kingdom mobile", "C\u00f4te d'Ivoire", "a; b"]),
    "hours": st.lists(HOURS, min_size=1, max_size=3),
    "valid_from": st.dates().map(str).map(lambda it: f"2023{it[4:]}".replace("-02-29", "-02-28")),
    "valid_until": st.sampled_from(["2024-02-29", "2025-01-01"]),
    "increments": INCREMENTS,
    "minimum": SECONDS,
    "grace": SECONDS,
    "included": SECONDS,
    "first_price": PRICE,
    "connect_fee": PRICE,
    "maximum_cost": st.integers(9, 20).map(str),
    "package": st.sampled_from(["1", "7", "0.5", "333333.4"]),
    "over": st.sampled_from(["month", "event"]),
    "graduated": GRADUATED,
    "volume": TIERS,
    "tier_group": NAME,
    "proration": st.sampled_from(["daily", "none"]),
    "fees": st.lists(FEE, min_size=1, max_size=3).map(
        lambda fees: [{"name": f"fee {n}", **fee} for n, fee in enumerate(fees)]
    ),
    "markup": st.sampled_from(["0%", "12.5%", "0.0001%"]),
    "buy": PRICE | BUY,
}


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an entry of any fields that go together, as the table has it."""
    meter = draw(st.sampled_from(sorted(PER)))
    per = draw(st.sampled_from(PER[meter]))
    names = draw(st.permutations(sorted(VALUES)))[: draw(st.integers(1, len(VALUES)))]
    if per in ("call", "message", "2 MB"):
        names = [name for name in names if name not in ("package", "over", "first_price")]
    entry: dict[str, Any] = {"meter": meter, "per": per}
    entry[draw(st.sampled_from(PRICES))] = None
    for name in names:
        others = {other for other in entry if name in FIELDS[other].excludes}
        fits = FIELDS[name].unit in ("", BY_TYPE[meter].unit)
        if fits and not others.union(set(FIELDS[name].excludes) & set(entry)):
            entry[name] = None
    # What a field needs may need something itself: `over` a package.
    for _ in range(2):
        entry = {
            name: value
            for name, value in entry.items()
            if not FIELDS[name].needs or any(it in entry for it in FIELDS[name].needs)
        }
    found = {name: value or draw(VALUES[name]) for name, value in entry.items()}
    if BY_TYPE[meter].unit != "second":
        for tier in found.get("graduated", ()):
            tier.pop("connect_fee", None)
    return found


def load(entry: dict[str, Any]) -> Any:
    (rate,) = parse_price_book(msgspec.json.encode({**HEAD, "rates": [entry]}).decode()).rates
    return rate


@examples(300)
@given(entry=entries())
def test_a_rate_is_shown_in_words_that_load_as_the_same_rate(entry: dict[str, Any]) -> None:
    rate = load(entry)
    shown = msgspec.to_builtins(show_rate(rate))
    assert load({name: value for name, value in shown.items() if name != "rate_id"}) == rate


def test_every_field_is_tried() -> None:
    assert {*VALUES, "meter", "per"} == set(FIELDS)


def test_hours_load_as_they_are_shown() -> None:
    spans = ["mon 08:00 to tue 20:00", "sun 22:00 to sun 24:00"]
    rate = load({"meter": "voice.call", "price": "1", "per": "minute", "hours": spans})
    assert show_rate(rate).hours == spans
