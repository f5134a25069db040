"""The life of a price book: stored as a draft or published, published once, never changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from tollbook.domain.books import BookHead, before
from tollbook.domain.directory import LONGEST_NAME, text_problem
from tollbook.domain.errors import AlreadyPublished, NotFound, PriceBookRefused, Problem
from tollbook.domain.meters import CATALOGUE
from tollbook.domain.periods import day_of
from tollbook.domain.prices import PriceBook, Rate
from tollbook.store import prices
from tollbook.store.audit import Actor, write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.prices import Progress


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


def no_longer_priced(snapshot: Snapshot, tenant: str, head: BookHead) -> list[str]:
    """List the meters that lose their price with a tenant's book, by the one in force before it.

    An organization's own book takes no price away: what it has none for has the tenant's.
    """
    if head.organization is not None:
        return []
    old = before(prices.price_book_heads(snapshot, tenant), head)
    if old is None:
        return []
    day = head.effective_from
    of_old, of_new = (prices.templates_of(snapshot, tenant, it.version) for it in (old, head))
    # A rate may begin later than its book: neither a first day without a price nor none at all.
    lost = (_priced(of_old, day) - _priced(of_new, day)) | (
        _priced(of_old, day, ever=True) - _priced(of_new, day, ever=True)
    )
    return [meter.type for meter in CATALOGUE if meter.type in lost]


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
