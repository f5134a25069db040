"""The table of a rate's fields: each entry defines one field for every notation of a price book.

YAML, decks, displays and error messages follow from `ShownRate`: the name of a field is its key in
YAML and JSON, and its `Field` holds the rest.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any

import msgspec

from tollbook.domain.exact import quantity_text
from tollbook.domain.prices import CallTerms, Pricing, Rate
from tollbook.rating.books import vocabulary

PRICES = ("price", "graduated", "volume")
"""The fields of which a rate needs one, unless it is a markup."""


_NOT_WITH_TIERS = ("price", "package", "maximum_cost", "proration", "markup")
Text = str | None


class Notation(msgspec.Struct, frozen=True):
    """A way to write a value: the parser of its text, and the formatter back."""

    parse: Callable[[str], Any]
    format: Callable[[Any], str]


def choice(**values: bool) -> Notation:
    """Return the kind of a field that is one of two words."""
    words = {value: word for word, value in values.items()}

    def parse(text: str) -> bool:
        if text not in values:
            raise ValueError(f"must be {' or '.join(values)}")
        return values[text]

    return Notation(parse, words.__getitem__)


TEXT = Notation(str, str)
PRICE = Notation(vocabulary.parse_price, vocabulary.format_price)
SECONDS = Notation(vocabulary.parse_seconds, quantity_text)
INCREMENTS = Notation(vocabulary.parse_increments, vocabulary.format_increments)
PERCENT = Notation(vocabulary.parse_percent, vocabulary.format_percent)
NAME = Notation(vocabulary.parse_name, str)
DAY = Notation(vocabulary.parse_day, vocabulary.format_day)


class Field(msgspec.Struct, frozen=True):
    """How a field is written, which attributes keep it, and what it goes with.

    `part` and `attributes` are where the model keeps the value. A field without attributes is a
    list, a mapping, or a text that needs others to be read, and has code in `pricing.py` and
    `serialize.py`. `unit` is that of the meters the field is for. A field `needs` one of those
    fields, and `excludes` all of these. `headers` are the names of its column in a deck.
    """

    kind: Notation = TEXT
    part: type[msgspec.Struct] = Pricing
    attributes: tuple[str, ...] = ()
    unit: str = ""
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    headers: str = ""
    code: str = ""
    name: str = ""
    default: object = None

    def attributes_of(self, value: Any) -> Mapping[str, Any]:
        """Return the attributes that keep a value."""
        if len(self.attributes) == 1:
            return {self.attributes[0]: value}
        return dict(zip(self.attributes, value, strict=True))

    def format(self, part: object) -> str | None:
        """Format the value that a part of a rate has, None when that is the default."""
        values = tuple(getattr(part, name) for name in self.attributes)
        value = values if len(values) > 1 else values[0]
        return None if value == self.default else self.kind.format(value)


def _day(attribute: str, headers: str) -> Field:
    return Field(DAY, Rate, (attribute,), headers=headers, code="invalid_date")


def _of_calls(kind: Notation, attributes: tuple[str, ...], headers: str) -> Field:
    return Field(kind, CallTerms, attributes, "second", needs=PRICES, headers=headers)


class ShownTier(msgspec.Struct, frozen=True, omit_defaults=True):
    """The price up to a quantity of the month; the last tier has no end."""

    price: str
    up_to: str | None = None


class ShownGraduatedTier(ShownTier, frozen=True, omit_defaults=True):
    """A tier with a price for its part of the month.

    `connect_fee` is that of calls whose first second falls in the tier; without it, the rate's.
    """

    connect_fee: str | None = None


class ShownFee(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line added to the price: an amount for something, or a share of the price."""

    name: str
    price: str | None = None
    per: str | None = None
    percent: str | None = None


class ShownBuy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the quantity is bought for; each field means what it does in the rate."""

    price: str
    per: str
    increments: str | None = None
    minimum: str | None = None
    grace: str | None = None
    included: str | None = None
    connect_fee: str | None = None


class ShownRate(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """One rate; what does not apply to it is absent. Amounts and quantities are decimal numbers."""

    # fmt: off
    rate_id: int
    meter: Annotated[str, Field(part=Rate, code="unknown_meter")]
    price: Annotated[Text, Field(PRICE, headers=
        "price, rate, sell, sell price, sell rate, new rate, new price, tariff, cost, price n, "
        "rate n, next price, price next, next rate, billing rate, call rate, minute rate, "
        "rateinitial, sell cost, prix, tarif, coût, preis, minutenpreis, entgelt")] = None
    per: Annotated[Text, Field(needs=PRICES)] = None
    to: Annotated[Text, Field(part=Rate)] = None
    from_: Annotated[Text, Field(part=Rate)] = None
    destination: Annotated[Text, Field(NAME, Rate, ("destination",))] = None
    when: Annotated[dict[str, str] | None, Field(part=Rate)] = None
    hours: Annotated[list[str] | None, Field(part=Rate)] = None
    valid_from: Annotated[Text, _day("valid_from",
        "effective date, effective, effective from, valid from, start date, start, from date, "
        "date from, begin date, activation date, startdate, effective since, date d effet, "
        "date effet, date d application, valable du, date de début, gültig ab, gültig von, "
        "gueltig ab")] = None
    valid_until: Annotated[Text, _day("valid_until",
        "end date, end, valid until, valid to, valid till, expiry, expiry date, expires, "
        "expiration date, effective to, effective till, to date, date to, stop date, stopdate, "
        "expires at, date de fin, valable jusqu au, gültig bis, gueltig bis")] = None
    increments: Annotated[Text, _of_calls(INCREMENTS, ("first", "following"),
        "increment, increments, billing increment, billing increments, billing, "
        "billing interval, billing intervals, charging, charging interval, rounding, interval, "
        "intervals, billing cycle, billingblock, billing block, pulse, incrément, incréments, "
        "taktung, takt, abrechnungstakt")] = None
    minimum: Annotated[Text, _of_calls(SECONDS, ("minimum",),
        "minimum, minimum duration, min duration, minimum time, min time, minimal duration, "
        "initblock, durée minimale, durée minimum, mindestdauer")] = None
    grace: Annotated[Text, _of_calls(SECONDS, ("grace",),
        "grace, grace period, grace time, free, free time")] = None
    included: Annotated[Text, _of_calls(SECONDS, ("included",),
        "included, included seconds, seconds included, free seconds")] = None
    first_price: Annotated[Text, Field(
        PRICE, attributes=("first_price",), unit="second", needs=("increments",),
        excludes=("graduated", "volume", "package"), headers=
        "first price, price first, price 1, rate 1, initial price, first rate, "
        "first interval price, first increment price", code="invalid_price")] = None
    connect_fee: Annotated[Text, _of_calls(PRICE, ("connect_fee",),
        "connect fee, connection fee, connect charge, connection charge, setup, setup fee, "
        "setup charge, call setup, call setup fee, set up fee, connection cost, connect cost, "
        "connect price, connection price, connectcharge, setup cost, rate call, rate per call, "
        "price call, price per call, frais de connexion, frais d établissement, "
        "verbindungsentgelt, einrichtungsgebühr")] = None
    maximum_cost: Annotated[Text, _of_calls(PRICE, ("maximum_cost",),
        "maximum cost, max cost, maximum charge, max charge")] = None
    package: Annotated[Text, Field(needs=PRICES)] = None
    over: Annotated[Text, Field(
        choice(event=False, month=True), attributes=("monthly",), needs=("package",),
        excludes=("maximum_cost", "proration", "markup"))] = None
    graduated: Annotated[list[ShownGraduatedTier] | None, Field(excludes=_NOT_WITH_TIERS)] = None
    volume: Annotated[list[ShownTier] | None, Field(
        excludes=(*_NOT_WITH_TIERS, "graduated"))] = None
    tier_group: Annotated[Text, Field(
        attributes=("tier_group",), needs=("graduated", "volume", "over"))] = None
    proration: Annotated[Text, Field(
        choice(none=False, daily=True), attributes=("prorated",), unit="month",
        needs=PRICES)] = None
    fees: Annotated[list[ShownFee] | None, Field(needs=PRICES)] = None
    markup: Annotated[Text, Field(PERCENT, attributes=("markup",))] = None
    buy: Annotated[ShownBuy | None, Field(
        PRICE, needs=PRICES, headers="buy, buy price, buy rate, cost price, purchase price",
        code="invalid_price")] = None
    # fmt: on


def _default(field: Field) -> object:
    defaults = {it.name: it.default for it in msgspec.structs.fields(field.part)}
    values = tuple(defaults[name] for name in field.attributes)
    return values if len(values) > 1 else next(iter(values), None)


def _fields() -> dict[str, Field]:
    found = {}
    for shown in msgspec.structs.fields(ShownRate):
        for field in getattr(shown.type, "__metadata__", ()):
            name = shown.encode_name
            found[name] = msgspec.structs.replace(
                field, name=name, code=field.code or f"invalid_{name}", default=_default(field)
            )
    return found


FIELDS: Mapping[str, Field] = _fields()
"""The fields of a rate by name, in the order in which they are shown."""


@cache
def kept_in(part: type[msgspec.Struct]) -> tuple[Field, ...]:
    """List the fields that a part of a rate keeps as attributes."""
    return tuple(it for it in FIELDS.values() if it.part is part and it.attributes)


CALLS = kept_in(CallTerms)
"""The fields of how the seconds of a call are billed."""
