"""The price books of a rerating: the same set from its first day to its last."""

from zoneinfo import ZoneInfo

import msgspec

from tollbook.domain.books import BookHead, BookStatus, list_books
from tollbook.domain.catalog import Catalog
from tollbook.domain.directory import zone
from tollbook.domain.errors import InvalidRequest, NotFound, Problem
from tollbook.domain.periods import month_text
from tollbook.domain.prices import FIRST_DAY, LAST_DAY
from tollbook.domain.rerating import RerateRange
from tollbook.rating.choose import Books
from tollbook.rating.tariff import Tariff
from tollbook.store import archive_files, directory, meters, prices
from tollbook.store.archive_files import Archived
from tollbook.store.database import Snapshot


class PricedOrganization(msgspec.Struct, frozen=True):
    """An organization whose events are charged again, with its books."""

    number: int
    id: str
    zone: ZoneInfo
    currency: str
    books: Books
    number_format: str
    catalog: Catalog


class PriceBookSet:
    """The books that were in force at a moment: those published later do not count.

    With a version, that book replaces all books of the same currency that are the tenant's or the
    same organization's, on every day. An organization's own book still goes before the tenant's.
    """

    def __init__(self, tenant: str, version: int | None, as_of: int) -> None:
        self._tenant = tenant
        self._version = version
        self._as_of = as_of
        self._directory_token = 0
        self._heads: list[BookHead] | None = None
        self._tariffs: dict[BookHead, Tariff] = {}
        self._organizations: dict[int, PricedOrganization] = {}
        self._sequences: set[tuple[int | None, str]] = set()
        self.tiered = False
        """Whether any price of the books met so far depends on the month."""

    def organization(self, snapshot: Snapshot, number: int) -> PricedOrganization:
        """Return an organization with the books that price its events."""
        if snapshot.directory_token != self._directory_token:
            self._directory_token = snapshot.directory_token
            self._heads, self._organizations = None, {}
        if number not in self._organizations:
            row = directory.organization_numbered(snapshot, self._tenant, number)
            own = self._tariffs_of(snapshot, number)
            common = self._tariffs_of(snapshot, None)
            books = (own, common) if own else (common,)
            self._sequences |= {(number, row.currency), (None, row.currency)}
            number_format = directory.number_format(snapshot, self._tenant, row)
            self._organizations = {
                number: PricedOrganization(
                    number=number,
                    id=row.id,
                    zone=zone(row.timezone),
                    currency=row.currency,
                    books=books,
                    number_format=number_format,
                    catalog=meters.read_catalog(snapshot, self._tenant),
                )
            }
        return self._organizations[number]

    def books_in(self, span: RerateRange) -> list[BookHead]:
        """List the books that are in force on a day of a span for the organizations met so far."""
        found, complete = [], set()
        for head in self._heads or ():
            sequence = head.organization, head.currency
            start = FIRST_DAY if head.version == self._version else head.effective_from
            is_asked = sequence in self._sequences and sequence not in complete
            if is_asked and start <= span.last_day:
                found.append(head)
            if start <= span.first_day:
                complete.add(sequence)
        return found

    def _tariffs_of(self, snapshot: Snapshot, organization: int | None) -> tuple[Tariff, ...]:
        if self._heads is None:
            self._heads = self._choose_heads(snapshot)
        heads = [head for head in self._heads if head.organization == organization]
        return tuple(self._tariff(snapshot, head) for head in heads)

    def _choose_heads(self, snapshot: Snapshot) -> list[BookHead]:
        """List the books that price some day, the latest first."""
        heads = prices.price_book_heads(snapshot, self._tenant)
        known = [head for head in heads if (head.published_at or LAST_DAY * 10**9) <= self._as_of]
        used = [book.head for book in list_books(known, LAST_DAY) if book.prices_some_day]
        chosen = [head for head in heads if head.version == self._version]
        if chosen:
            sequence = chosen[0].organization, chosen[0].currency
            used = [
                head for head in used if (head.organization, head.currency) != sequence
            ] + chosen
        return sorted(used, key=lambda head: (head.effective_from, head.version), reverse=True)

    def _tariff(self, snapshot: Snapshot, head: BookHead) -> Tariff:
        if head not in self._tariffs:
            book = prices.read_price_book(snapshot, self._tenant, head)
            if head.version == self._version:
                book = msgspec.structs.replace(book, effective_from=FIRST_DAY)
            self._tariffs[head] = Tariff(book)
            templates = (template for deck in book.decks for template in deck.templates)
            self.tiered |= any(template.pricing.tier_group is not None for template in templates)
        return self._tariffs[head]


def require_ledger(snapshot: Snapshot, tenant: str, span: RerateRange) -> None:
    """Refuse a period with archived events: they cannot be charged again."""
    archived = last_archived(snapshot, tenant, span)
    if archived is not None:
        month = month_text(archived.month)
        sentence = (
            f"events of {month} are archived: start_date must be after that month, or first run: "
            f"tollbook archive --restore {month}"
        )
        raise InvalidRequest.of([Problem("start_date", "archived", sentence)])


def last_archived(snapshot: Snapshot, tenant: str, span: RerateRange) -> Archived | None:
    """Find the last month of a span that has archived events."""
    months = span.first_day // 100, span.last_day // 100
    found = archive_files.files(snapshot, tenant, span.organization, months)
    return max(found, key=lambda file: file.month, default=None)


def require_book(snapshot: Snapshot, tenant: str, span: RerateRange, *, apply: bool) -> None:
    """Refuse a version that does not exist, is for other organizations, or is still a draft."""
    if span.version is None:
        return
    head = prices.find_price_book(snapshot, tenant, span.version)
    if head is None:
        raise NotFound(f"there is no price book version {span.version}")
    if head.organization not in (None, span.organization):
        sentence = (
            f"version {head.version} is the own book of {head.organization_id}: "
            "name that organization"
        )
        raise InvalidRequest.of([Problem("organization_id", "book_of_organization", sentence)])
    if apply and head.published_at is None:
        sentence = f"version {head.version} is a {BookStatus.DRAFT}: publish it before applying it"
        raise InvalidRequest.of([Problem("version", "book_is_draft", sentence)])
