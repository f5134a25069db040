"""The life of a price book: stored as a draft or published, published once, never changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tollbook.domain.books import BookHead, before
from tollbook.domain.directory import LONGEST_NAME, text_problem
from tollbook.domain.errors import AlreadyPublished, NotFound, PriceBookRefused, Problem
from tollbook.domain.meters import CATALOG
from tollbook.domain.periods import day_of
from tollbook.domain.prices import PriceBook, Rate
from tollbook.store import directory, prices
from tollbook.store.audit import Actor, write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.prices import Progress

MOST_NAMED = 100
"""How many organizations that lose the same prices are named."""


def load_book(
    transaction: Transaction,
    actor: Actor,
    book: PriceBook,
    organization: OrganizationRow | None = None,
    *,
    draft: bool = False,
    progress: Progress | None = None,
) -> BookHead:
    """Store a book as the tenant's next version: the tenant's book, or an organization's own."""
    found = [text_problem(it, getattr(book, it), LONGEST_NAME) for it in ("name", "source")]
    problems = [problem for problem in found if problem]
    if problems:
        raise PriceBookRefused(problems[0].error, problems)
    if organization is not None and organization.currency != book.currency:
        sentence = (
            f"the price book is in {book.currency}, organization {organization.id} "
            f"in {organization.currency}; nothing is converted"
        )
        raise PriceBookRefused(sentence, [Problem("currency", "currency_mismatch", sentence)])
    number = None if organization is None else organization.number
    tenant = actor.tenant
    version = prices.add_price_book(
        transaction, tenant, book, actor.at, number, draft=draft, progress=progress
    )
    head = book_of(transaction, tenant, version)
    _log(transaction, actor, "price_book.load", head, {"draft": draft})
    return head


def publish_book(
    transaction: Transaction, actor: Actor, version: int, effective_from: int | None
) -> BookHead:
    """Publish a draft from its own first day on, or from another.

    Again from the same day changes nothing; from another day it is refused.
    """
    tenant = actor.tenant
    head = book_of(transaction, tenant, version)
    day = head.effective_from if effective_from is None else effective_from
    if prices.publish_price_book(transaction, tenant, version, day, actor.at):
        head = book_of(transaction, tenant, version)
        _log(transaction, actor, "price_book.publish", head, {})
        return head
    head = book_of(transaction, tenant, version)
    if effective_from not in (None, head.effective_from):
        raise AlreadyPublished(
            f"price book version {version} is published from "
            f"{day_of(head.effective_from).isoformat()} on and stays as it is; load a new one"
        )
    return head


class LostPrices(msgspec.Struct, frozen=True):
    """Meters that lose their price in a currency, and the first organizations that used it."""

    currency: str
    meters: list[str]
    organizations: list[str]
    organizations_count: int


def no_longer_priced(snapshot: Snapshot, tenant: str, head: BookHead) -> list[str]:
    """Return the meters that lose their price with a book, of any organization."""
    lost = {meter for it in lost_prices(snapshot, tenant, head) for meter in it.meters}
    return [meter.type for meter in CATALOG if meter.type in lost]


def lost_prices(snapshot: Snapshot, tenant: str, head: BookHead) -> list[LostPrices]:
    """Return who loses which prices with a book, by the one of its currency that it replaces.

    An organization keeps a price that its own book or the tenant's has on the book's first day.
    Organizations that lose the same meters are listed together; a tenant's book that takes prices
    away is reported even when no organization has its currency.
    """
    heads = prices.price_book_heads(snapshot, tenant)
    old = before(heads, head)
    if old is None:
        return []
    lost = _lost(snapshot, tenant, old, head)
    if not lost:
        return []
    by_meters: dict[frozenset[str], list[str]] = {}
    organizations = directory.organizations(snapshot, tenant)
    of_currency = [row for row in organizations if row.currency == head.currency]
    for row in of_currency:
        if head.organization not in (None, row.number):
            continue
        other = None if head.organization is not None else row.number
        kept = _in_force(heads, other, head)
        left = frozenset(lost - (_prices_of(snapshot, tenant, kept, head) if kept else set()))
        if left:
            by_meters.setdefault(left, []).append(row.id)
    if head.organization is None and not of_currency:
        by_meters[frozenset(lost)] = []
    return [
        LostPrices(
            head.currency,
            [meter.type for meter in CATALOG if meter.type in meters],
            ids[:MOST_NAMED],
            len(ids),
        )
        for meters, ids in by_meters.items()
    ]


def _lost(snapshot: Snapshot, tenant: str, old: BookHead, new: BookHead) -> set[str]:
    """Return the meters that an old book prices from a new one's first day on, and it does not."""
    day = new.effective_from
    of_old, of_new = (prices.templates_of(snapshot, tenant, it.version) for it in (old, new))
    # A rate may begin later than its book: neither a first day without a price nor none at all.
    return (_priced(of_old, day) - _priced(of_new, day)) | (
        _priced(of_old, day, ever=True) - _priced(of_new, day, ever=True)
    )


def _in_force(
    heads: Sequence[BookHead], organization: int | None, head: BookHead
) -> BookHead | None:
    """Return the published book of an owner, in the currency of another book, on its first day."""
    found = (
        it
        for it in heads
        if it.published_at is not None
        and (it.organization, it.currency) == (organization, head.currency)
        and it.effective_from <= head.effective_from
    )
    return max(found, key=lambda it: (it.effective_from, it.version), default=None)


def _prices_of(snapshot: Snapshot, tenant: str, kept: BookHead, head: BookHead) -> set[str]:
    return _priced(prices.templates_of(snapshot, tenant, kept.version), head.effective_from)


def _priced(templates: Sequence[Rate], day: int, *, ever: bool = False) -> set[str]:
    """Name the meters that have a price on a day, or ever from that day on."""
    return {
        it.meter
        for it in templates
        if it.pricing.price is not None and it.valid_until >= day and (ever or it.valid_from <= day)
    }


def _log(
    transaction: Transaction, actor: Actor, action: str, head: BookHead, more: Mapping[str, Any]
) -> None:
    details = {"name": head.name, "effective_from": day_of(head.effective_from), **more}
    what = f"price book {head.version}"
    write_act(transaction, actor, action, what, details, head.organization)


def book_of(snapshot: Snapshot, tenant: str, version: int) -> BookHead:
    """Find a tenant's book, or say that there is none."""
    head = prices.find_price_book(snapshot, tenant, version)
    if head is None:
        raise NotFound(f"there is no price book version {version}")
    return head
