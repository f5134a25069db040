"""The display of a charge: exact numbers, the rate and its book, each line and each step."""

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tollbook.domain.exact import AmountJson, raw_amount, raw_quantity
from tollbook.domain.keys import KeyScope
from tollbook.domain.prices import Rate
from tollbook.rating.explain import Explanation


class ShownLine(msgspec.Struct, frozen=True):
    """One named part of a cost; the parts add up to it."""

    name: str
    cost: AmountJson


class ShownBookName(msgspec.Struct, frozen=True):
    """The version of a price book."""

    version: int
    name: str


class ShownMatch(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """The rate that an event was charged by, and the prefixes of its numbers that led to it.

    `destination` is the name of the prefix, absent when the book has none.
    """

    rate_id: int
    matched: str
    price: str | None
    per: str
    to: str | None
    from_: str | None
    book: ShownBookName | None
    destination: str | UnsetType = UNSET


class ShownTierPosition(msgspec.Struct, frozen=True):
    """What the month had billed under a tier key when the event was charged."""

    key: str
    position: Raw


class ShownCharge(msgspec.Struct, frozen=True):
    """What an event costs, and why.

    `buy` is null when it is unknown; keys of an organization do not see it.
    """

    cost: AmountJson
    currency: str
    quantity: Raw
    billed: Raw
    unit: str
    lines: list[ShownLine]
    rate: ShownMatch | None
    tier: ShownTierPosition | None
    steps: list[str]
    buy: AmountJson | UnsetType | None = UNSET


def sees_buy(scope: KeyScope) -> bool:
    """Return whether a key may see buy prices: only one of the whole tenant may."""
    return scope.organization_id is None


def show_charge(
    explanation: Explanation,
    unit: str,
    currency: str,
    match: ShownMatch | None,
    tier: tuple[str | None, int | None],
    *,
    with_buy: bool,
) -> ShownCharge:
    """Show an explained charge; `unit` is that of its meter."""
    key, position = tier
    buy: AmountJson | UnsetType | None = UNSET
    if with_buy:
        buy = None if explanation.buy is None else raw_amount(explanation.buy)
    tier_position = None
    if key is not None and position is not None:
        tier_position = ShownTierPosition(key, raw_quantity(position))
    return ShownCharge(
        cost=raw_amount(explanation.cost),
        currency=currency,
        quantity=raw_quantity(explanation.raw),
        billed=raw_quantity(explanation.billed),
        unit=unit,
        lines=[ShownLine(line.name, raw_amount(line.cost)) for line in explanation.lines],
        rate=match,
        tier=tier_position,
        steps=list(explanation.steps),
        buy=buy,
    )


def show_match(rate: Rate | None, explanation: Explanation, book: str | None) -> ShownMatch | None:
    """Show the rate of a charge; `book` is the name of its book."""
    if rate is None:
        return None
    named = None
    if explanation.version is not None and book is not None:
        named = ShownBookName(explanation.version, book)
    return ShownMatch(
        rate_id=rate.id,
        matched=explanation.matched,
        price=rate.pricing.price,
        per=rate.pricing.per,
        to=explanation.to or None,
        from_=explanation.from_ or None,
        book=named,
        destination=rate.destination or UNSET,
    )
