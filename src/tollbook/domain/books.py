"""Stored price books: owner, days in force and status."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number, day_of
from tollbook.domain.prices import RULES


class BookStatus(StrEnum):
    """A draft prices nothing; a superseded book prices nothing but late events of its days."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class BookHead(msgspec.Struct, frozen=True):
    """A stored price book without its rates, whose ids are one block.

    `organization` is the number of the organization whose own book it is, None for the tenant's.
    Instants are microseconds since 1970; without `published_at` the book is a draft. `rules` is the
    version of the rules by which its rates charge.
    """

    version: int
    organization: int | None
    organization_id: str | None
    name: str
    currency: str
    effective_from: int
    source: str
    created_at: int
    published_at: int | None
    first_rate: int
    last_rate: int
    rules: int = RULES

    @property
    def rates(self) -> int:
        """Count the rates."""
        return self.last_rate - self.first_rate + 1


class Listed(msgspec.Struct, frozen=True):
    """A book with its status today and its last day in force, None without one.

    A book that is replaced from its own first day on is never in force; its last day is then the
    day before the first.
    """

    head: BookHead
    status: BookStatus
    last_day: int | None

    @property
    def prices_some_day(self) -> bool:
        """Return whether any event, however late, can be priced by the book."""
        if self.status is BookStatus.DRAFT:
            return False
        return self.last_day is None or self.last_day >= self.head.effective_from


def list_books(heads: Iterable[BookHead], today: int) -> list[Listed]:
    """Return each book, in order of version, among those of the same owner and currency.

    Of two published books the one with the later first day comes later, on a tie the higher
    version. A book is in force until the day before the next one begins, and superseded once the
    next one has begun or takes all its days.
    """
    found: dict[int, Listed] = {}
    following: dict[tuple[int | None, str], BookHead] = {}
    ordered = sorted(heads, key=lambda it: (it.effective_from, it.version), reverse=True)
    for head in ordered:
        if head.published_at is None:
            found[head.version] = Listed(head, BookStatus.DRAFT, None)
            continue
        sequence = head.organization, head.currency
        after = following.get(sequence)
        following[sequence] = head
        if after is None:
            found[head.version] = Listed(head, BookStatus.PUBLISHED, None)
            continue
        over = after.effective_from <= max(today, head.effective_from)
        status = BookStatus.SUPERSEDED if over else BookStatus.PUBLISHED
        found[head.version] = Listed(head, status, _day_before(after.effective_from))
    return [found[version] for version in sorted(found)]


def before(heads: Iterable[BookHead], head: BookHead) -> BookHead | None:
    """Find the published book of the same owner and currency that a book replaces."""
    place = head.effective_from, head.version
    earlier = (
        it
        for it in heads
        if it.published_at is not None
        and it.organization == head.organization
        and it.currency == head.currency
        and (it.effective_from, it.version) < place
    )
    return max(earlier, key=lambda it: (it.effective_from, it.version), default=None)


class ShownBook(msgspec.Struct, frozen=True):
    """A book without its rates; `effective_until` is inclusive, null when the book has no end.

    `rules` is the version of the rules of charging that applied when the book was loaded: 2 now.
    """

    version: int
    organization_id: str | None
    name: str
    currency: str
    status: BookStatus
    effective_from: str
    effective_until: str | None
    source: str
    rates: int
    created_at: datetime
    published_at: datetime | None
    rules: int


def show_book(book: Listed) -> ShownBook:
    """Show a book without its rates."""
    head = book.head
    return ShownBook(
        version=head.version,
        organization_id=head.organization_id,
        name=head.name,
        currency=head.currency,
        status=book.status,
        effective_from=day_of(head.effective_from).isoformat(),
        effective_until=None if book.last_day is None else day_of(book.last_day).isoformat(),
        source=head.source,
        rates=head.rates,
        created_at=instant_of(head.created_at),
        published_at=None if head.published_at is None else instant_of(head.published_at),
        rules=head.rules,
    )


def _day_before(day: int) -> int:
    earlier = day_of(day)
    return day_number(earlier - timedelta(days=1)) if earlier > date.min else day
