"""Rates, what they cost, and price books, as frozen values.

Prices are integers of *picos* (1e-12 of the currency), quantities integers of *micros* (1e-6 of a
unit); `price` and `per` are texts as in the book.
"""

from array import array
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from math import gcd

import msgspec

from tollbook.domain.meters import BY_TYPE

PRICE_PLACES = 12
PICOS = 10**PRICE_PLACES
PICOS_IN_A_NANO = 1000
FIRST_DAY = 0
LAST_DAY = 99991231
MINUTES_OF_DAY = 24 * 60
PARTS = 1_000_000
"""Percentages are integers of millionths: 15% is 150,000."""

EARLIER_RULES = 1
RULES = 2
"""The rules by which books charge that are loaded now. A loaded book keeps the rules it had."""


class Basis(StrEnum):
    """What a price is for: a number of the meter's units, the event as a whole, or media bytes."""

    UNIT = "unit"
    EVENT = "event"
    MEDIA = "media"


class CallTerms(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """How the seconds of a call are billed; durations in micros, money in picos.

    The first increment is billed whole, then steps of `following`; 0 means as it lasted. The
    `included` seconds are deducted before that.
    """

    minimum: int = 0
    first: int = 0
    following: int = 0
    grace: int = 0
    connect_fee: int = 0
    maximum_cost: int | None = None
    included: int = 0


class TierMode(StrEnum):
    """Graduated tiers price each part of a month's quantity, volume tiers the whole of it."""

    GRADUATED = "graduated"
    VOLUME = "volume"


class Tier(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The price up to a quantity of the month, in micros; the last tier has no end.

    `connect_fee` is in picos; None is that of the rate.
    """

    up_to: int | None
    price: str
    price_picos: int
    connect_fee: int | None = None


class Fee(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A line added to the price: an amount for units or for the event, or a share of the price.

    `share` is in millionths of the price, connect fee included; then `price_picos` is 0.
    """

    name: str
    price: str
    per: str = ""
    price_picos: int = 0
    per_micros: int = 1_000_000
    basis: Basis = Basis.EVENT
    share: int | None = None


class Pricing(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """What a rate costs; thousands of rates of a deck share one pricing.

    `price_picos` is for `per_micros` of the basis. `package` rounds the quantity up to whole
    blocks of that many micros, of each event or, when `monthly`, of the month. A price that
    depends on the month so far names its `tier_group`, under which the ledger counts. `buy` is
    what the quantity is bought for, None when that is unknown. `markup` is added to an event's own
    cost, in millionths; without `price` the rate is for such events only. `first_price` is the
    price of a call's first increment, in picos for `per_micros`; None when it is `price_picos`.
    """

    price: str | None
    per: str
    price_picos: int
    per_micros: int
    basis: Basis = Basis.UNIT
    calls: CallTerms | None = None
    package: int = 0
    monthly: bool = False
    tiers: tuple[Tier, ...] = ()
    tier_mode: TierMode = TierMode.GRADUATED
    tier_group: str | None = None
    prorated: bool = False
    fees: tuple[Fee, ...] = ()
    buy: "Pricing | None" = None
    markup: int | None = None
    rules: int = EARLIER_RULES
    first_price: int | None = None

    @cached_property
    def flat_price(self) -> tuple[int, int] | None:
        """Return the nanos for each micro as a fraction, None unless that is the whole price.

        Most rates of a deck are such. It is cached, because every call needs it and a deck has few
        pricings.
        """
        calls = self.calls
        if (
            self.price is None
            or self.basis is not Basis.UNIT
            or self.tier_group is not None
            or (self.tiers or self.fees or self.package or self.prorated)
            or self.buy is not None
            or self.first_price is not None
            or (calls is not None and (calls.connect_fee or calls.maximum_cost is not None))
        ):
            return None
        numerator, denominator = self.price_picos, self.per_micros * PICOS_IN_A_NANO
        common = gcd(numerator, denominator)
        return numerator // common, denominator // common


class Rate(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, rename={"from_": "from"}):
    """A pricing and the conditions under which a usage has it.

    `to` and `from_` are the first digits of E.164 numbers. `when` holds attributes and the values
    they must have; `numbers` are those of them whose values are numbers in a notation of their own,
    with the notation of JSON: 1.5 for 1.50. `hours` are spans of local minutes since Monday 0:00,
    the end outside; none means always. The days of validity are both inside. `unit` is that of a
    tenant's own meter, which cannot change any more; a rate for a built-in one does not have it.
    `destination` is the name of the prefix, such as United Kingdom mobile: it is shown, and decides
    nothing.
    """

    meter: str
    pricing: Pricing
    to: str = ""
    from_: str = ""
    when: tuple[tuple[str, str], ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    valid_from: int = FIRST_DAY
    valid_until: int = LAST_DAY
    id: int = 0
    numbers: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    destination: str = ""

    @property
    def unit_of_meter(self) -> str:
        """Return the unit of the meter that the rate is for."""
        return self.unit or BY_TYPE[self.meter].unit

    @property
    def always(self) -> bool:
        """Return whether the prefixes alone decide, whatever the time and the attributes."""
        return not (
            self.when or self.hours or self.valid_from > FIRST_DAY or self.valid_until < LAST_DAY
        )


class Deck(msgspec.Struct, frozen=True):
    """Many rates as columns: row n is `templates[template_of[n]]` with its prefix and id put in.

    Consecutive ids are a `range`. The prefixes are those of `to`, or of `from_` for an inbound
    deck. A hundred thousand rows take no object each.
    """

    templates: Sequence[Rate]
    prefixes: Sequence[str]
    template_of: Sequence[int]
    ids: Sequence[int]
    inbound: bool = False

    @classmethod
    def of(cls, rates: Sequence[Rate]) -> "Deck":
        """Arrange rates as columns; those that differ in `to` and id alone share a template."""
        numbers: dict[Rate, int] = {}
        template_of = array("I")
        for rate in rates:
            template = msgspec.structs.replace(rate, to="", id=0)
            template_of.append(numbers.setdefault(template, len(numbers)))
        prefixes = [rate.to for rate in rates]
        return cls(tuple(numbers), prefixes, template_of, [rate.id for rate in rates])

    def rows(self) -> Iterator[tuple[int, str, str]]:
        """Iterate over the number of the template, `to` and `from_` of each row."""
        others = [rate.to if self.inbound else rate.from_ for rate in self.templates]
        for prefix, number in zip(self.prefixes, self.template_of, strict=True):
            other = others[number]
            yield (number, other, prefix) if self.inbound else (number, prefix, other)

    def rate(self, row: int) -> Rate:
        """Return the rate of a row, without its id."""
        template = self.templates[self.template_of[row]]
        prefix = self.prefixes[row]
        if self.inbound:
            return msgspec.structs.replace(template, from_=prefix)
        return msgspec.structs.replace(template, to=prefix)


class PriceBook(msgspec.Struct, frozen=True):
    """A versioned set of rates, in force from a day on until a later version is."""

    name: str
    currency: str
    effective_from: int
    source: str
    rates: tuple[Rate, ...]
    version: int = 0
    decks: tuple[Deck, ...] = ()


def describe_conditions(rate: Rate, join: str) -> list[str]:
    """Describe each condition of a rate except days and hours, a named prefix with its name."""
    words = [f"{name}{join}{value}" for name, value in conditions_of(rate).items()]
    if rate.destination:
        prefixed = 1 if rate.to or rate.from_ else 0
        words[:prefixed] = [f"{''.join(words[:prefixed])} ({rate.destination})".strip()]
    return words


def conditions_of(rate: Rate) -> dict[str, str]:
    """List the conditions of a rate except days and hours, by their names in a book."""
    prefixes = {"to": rate.to, "from": rate.from_}
    return {name: prefix for name, prefix in prefixes.items() if prefix} | dict(rate.when)
