"""Load and publish price books. A published book never changes."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from tollbook.domain.books import BookHead, Listed, list_books
from tollbook.domain.directory import LONGEST_NAME, text_problem
from tollbook.domain.errors import AlreadyPublished, NotFound, PriceBookRefused, Problem
from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number, day_of
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.store import prices
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.meters import read_catalog
from tollbook.store.prices import Progress


@lru_cache(1)
def example_book() -> PriceBook:
    """Return the prices of the published example, with a price for every meter."""
    return parse_price_book(files("tollbook.rating").joinpath("example_book.yaml").read_text())


def load_book(
    transaction: Transaction,
    actor: Actor,
    book: PriceBook,
    organization: OrganizationRow | None = None,
    *,
    draft: bool = False,
    progress: Progress | None = None,
) -> BookHead:
    """Store a book as the tenant's next version, for the tenant or for one organization.

    The book is published at once unless it is a draft. Raise `PriceBookRefused` for an invalid
    name or source, and for a currency other than the organization's.
    """
    found = [text_problem(it, getattr(book, it), LONGEST_NAME) for it in ("name", "source")]
    if organization is not None and organization.currency != book.currency:
        sentence = (
            f"the price book is in {book.currency}, organization {organization.id} "
            f"in {organization.currency}; nothing is converted"
        )
        found.append(Problem("currency", "currency_mismatch", sentence))
    problems = [problem for problem in found if problem]
    if problems:
        raise PriceBookRefused(problems[0].error, problems)
    version = prices.add_price_book(
        transaction,
        actor.tenant,
        book,
        actor.at,
        None if organization is None else organization.number,
        draft=draft,
        progress=progress,
    )
    _require_same_meters(transaction, actor.tenant, version)
    head = find_book(transaction, actor.tenant, version)
    _log(transaction, actor, "price_book.load", head, {"draft": draft})
    return head


def _require_same_meters(transaction: Transaction, tenant: str, version: int) -> None:
    """Refuse a book that was read by another catalog than the tenant has now.

    Storing the book has locked the tenant, so that no meter changes until the commit.
    """
    used = prices.own_meters_in(transaction, tenant, version)
    known = read_catalog(transaction, tenant).by_type if used else {}
    changed = [it for it, unit in used.items() if it not in known or known[it].unit != unit]
    if changed:
        raise PriceBookRefused(f"the meter {changed[0]} has changed meanwhile; load the book again")


def publish_book(
    transaction: Transaction, actor: Actor, version: int, effective_from: int | None
) -> BookHead:
    """Publish a draft from a day on, or from the book's own first day.

    Publishing it again from the same day changes nothing. Raise `AlreadyPublished` for another day.
    """
    head = find_book(transaction, actor.tenant, version)
    day = head.effective_from if effective_from is None else effective_from
    published = prices.publish_price_book(transaction, actor.tenant, version, day, actor.at)
    head = find_book(transaction, actor.tenant, version)
    if published:
        _log(transaction, actor, "price_book.publish", head, {})
    elif effective_from not in (None, head.effective_from):
        raise AlreadyPublished(
            f"price book version {version} is published from "
            f"{day_of(head.effective_from).isoformat()} on and cannot change; load a new one"
        )
    return head


def find_book(snapshot: Snapshot, tenant: str, version: int) -> BookHead:
    """Return a tenant's book; raise `NotFound` when there is none."""
    head = prices.find_price_book(snapshot, tenant, version)
    if head is None:
        raise NotFound(f"there is no price book version {version}")
    return head


def books_of(snapshot: Snapshot, tenant: str, now: int) -> list[Listed]:
    """Return a tenant's books by version, each with its status now."""
    return list_books(prices.price_book_heads(snapshot, tenant), day_number(instant_of(now)))


def _log(
    transaction: Transaction, actor: Actor, action: str, head: BookHead, more: Mapping[str, Any]
) -> None:
    details = {"name": head.name, "effective_from": day_of(head.effective_from), **more}
    what = f"price book {head.version}"
    write_act(transaction, actor, action, what, details, organization=head.organization)
