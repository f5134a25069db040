"""The statements for price books and their rates.

The rates of a book are read and stored as columns: what many rates have in common is one template,
and a row is an id, the number of a template and two prefixes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from tollbook.domain.books import BookHead
from tollbook.domain.prices import EARLIER_RULES, PriceBook, Pricing, Rate
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.price_columns import columns_of, decks_of, rate_of
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.versions import change_token

Progress = Callable[[int], None]
"""Receives how many more rates were stored."""

# All rates of a book are loaded by the same rules, so its first template has them.
_HEADS = """
SELECT
    price_books.version, price_books.organization_id, organizations.id, price_books.name,
    price_books.currency, price_books.effective_from, price_books.source, price_books.created_at,
    price_books.published_at, price_books.first_rate, price_books.last_rate, rate_templates.rate
FROM price_books
LEFT JOIN organizations ON organizations.organization_id = price_books.organization_id
LEFT JOIN rate_templates ON rate_templates.tenant_id = price_books.tenant_id
    AND rate_templates.version = price_books.version AND rate_templates.number = 0
WHERE price_books.tenant_id = :tenant
"""
_RATES = """
SELECT rate_id, template, to_prefix, from_prefix FROM rates
WHERE rate_id BETWEEN :first AND :last ORDER BY rate_id
"""
# A colon is the first character after the digits.
_RATES_TO = """
SELECT rate_id, template, to_prefix, from_prefix FROM rates
WHERE rate_id BETWEEN :first AND :last AND (
    (to_prefix = '' AND from_prefix = '')
    OR to_prefix IN :prefixes OR from_prefix IN :prefixes
    OR (to_prefix >= :least AND to_prefix < :beyond)
    OR (from_prefix >= :least AND from_prefix < :beyond)
)
ORDER BY rate_id
"""
_RATES_COLUMNS = {
    "rate_id": "BIGINT",
    "template": "INTEGER",
    "to_prefix": "TEXT",
    "from_prefix": "TEXT",
}
_TEMPLATES_COLUMNS = {
    "tenant_id": "TEXT",
    "version": "INTEGER",
    "number": "INTEGER",
    "rate": "TEXT",
}
_REPORT_AFTER = 5_000
_MOST_NAMED = 1_000
"""Above this number, all templates are read instead of single ones."""


class _RulesOfPricing(msgspec.Struct):
    rules: int = EARLIER_RULES


class _RulesOfRate(msgspec.Struct):
    pricing: _RulesOfPricing


_template = msgspec.json.Decoder(Rate)
_rules = msgspec.json.Decoder(_RulesOfRate)


def add_price_book(
    transaction: Transaction,
    tenant: str,
    book: PriceBook,
    now: int,
    organization: int | None = None,
    *,
    draft: bool = False,
    progress: Progress | None = None,
) -> int:
    """Insert a book as the tenant's next version, and return the version.

    `organization` is the number of the organization whose own book it is.
    """
    # Changing the directory's row first makes parallel loads wait for each other: each gets its own
    # version and block of rate ids.
    change_token(transaction, tenant)
    version = 1 + transaction.integer(
        "SELECT MAX(version) FROM price_books WHERE tenant_id = :tenant", tenant=tenant
    )
    first = 1 + transaction.integer(f"SELECT MAX(last_rate) FROM price_books {ALL_TENANTS}")
    columns = columns_of(book)
    transaction.execute(
        """
        INSERT INTO price_books (
            tenant_id, version, organization_id, name, currency, effective_from, source,
            created_at, published_at, first_rate, last_rate
        )
        VALUES (
            :tenant, :version, :organization, :name, :currency, :effective_from, :source,
            :now, :published, :first, :last
        )
        """,
        tenant=tenant,
        version=version,
        organization=organization,
        name=book.name,
        currency=book.currency,
        effective_from=book.effective_from,
        source=book.source,
        now=now,
        published=None if draft else now,
        first=first,
        last=first + columns.size - 1,
    )
    transaction.bulk(
        "rate_templates",
        _TEMPLATES_COLUMNS,
        (
            (tenant, version, number, msgspec.json.encode(template).decode())
            for number, template in enumerate(columns.templates)
        ),
    )
    rows = ((rate_id, *row) for rate_id, row in enumerate(columns.rows, first))
    transaction.bulk("rates", _RATES_COLUMNS, _report(rows, progress) if progress else rows)
    return version


def publish_price_book(
    transaction: Transaction, tenant: str, version: int, effective_from: int, now: int
) -> bool:
    """Publish a draft that is effective from a day; False when there is no such draft."""
    change_token(transaction, tenant)
    return bool(
        transaction.execute(
            "UPDATE price_books SET published_at = :now, effective_from = :effective_from "
            "WHERE tenant_id = :tenant AND version = :version AND published_at IS NULL",
            now=now,
            effective_from=effective_from,
            tenant=tenant,
            version=version,
        )
    )


def price_book_heads(snapshot: Snapshot, tenant: str) -> list[BookHead]:
    """List a tenant's books and those of its organizations, the oldest version first."""
    rows = snapshot.rows(_HEADS + "ORDER BY price_books.version", tenant=tenant)
    return [_head(row) for row in rows]


def find_price_book(snapshot: Snapshot, tenant: str, version: int) -> BookHead | None:
    """Find a book by its version."""
    row = snapshot.row(
        _HEADS + "AND price_books.version = :version", tenant=tenant, version=version
    )
    return _head(row) if row else None


def read_price_book(snapshot: Snapshot, tenant: str, head: BookHead) -> PriceBook:
    """Read a whole book, with its rates as columns."""
    rows = snapshot.table(_RATES, {"first": head.first_rate, "last": head.last_rate}, 4)
    templates = templates_of(snapshot, tenant, head.version)
    return PriceBook(
        name=head.name,
        currency=head.currency,
        effective_from=head.effective_from,
        source=head.source,
        rates=(),
        version=head.version,
        decks=tuple(decks_of(rows, templates)),
    )


def price_book_rates(
    snapshot: Snapshot,
    tenant: str,
    head: BookHead,
    after: int,
    limit: int,
    digits: str | None = None,
) -> list[Rate]:
    """Read a page of a book's rates with ids after `after`, in order.

    With `digits`, return only rates without a prefix, and rates for whose prefix, of the called or
    calling number, one of the two begins with the other.
    """
    first, last = max(head.first_rate, after + 1), max(head.last_rate, 0)
    if digits is None:
        rows = snapshot.rows(_RATES + "LIMIT :limit", first=first, last=last, limit=limit)
    else:
        rows = snapshot.rows(
            _RATES_TO + "LIMIT :limit",
            first=first,
            last=last,
            limit=limit,
            prefixes=[digits[:length] for length in range(1, len(digits) + 1)],
            least=digits,
            beyond=digits + ":",
        )
    numbers = {row[1] for row in rows}
    templates: Mapping[int, Rate]
    if len(numbers) > _MOST_NAMED:
        templates = dict(enumerate(templates_of(snapshot, tenant, head.version)))
    else:
        templates = _templates(snapshot, tenant, head.version, numbers)
    return [rate_of(row, templates[row[1]]) for row in rows]


def find_rate(snapshot: Snapshot, tenant: str, rate_id: int) -> tuple[BookHead, Rate] | None:
    """Find a rate of a tenant by the id that an event names, with its book."""
    row = snapshot.row(
        _HEADS + "AND :rate BETWEEN price_books.first_rate AND price_books.last_rate",
        tenant=tenant,
        rate=rate_id,
    )
    if row is None:
        return None
    head = _head(row)
    rates = price_book_rates(snapshot, tenant, head, rate_id - 1, 1)
    return (head, rates[0]) if rates and rates[0].id == rate_id else None


def templates_of(snapshot: Snapshot, tenant: str, version: int) -> list[Rate]:
    """List the templates of a book's rates; the index is the number in its rows."""
    rows = snapshot.table(
        "SELECT number, rate FROM rate_templates "
        "WHERE tenant_id = :tenant AND version = :version ORDER BY number",
        {"tenant": tenant, "version": version},
        2,
    )
    # Thousands of templates differ in the name of the destination alone, and share a pricing.
    pricings: dict[Pricing, Pricing] = {}
    return [_share_pricing(_template.decode(row[1]), pricings) for row in rows]


def _share_pricing(template: Rate, pricings: dict[Pricing, Pricing]) -> Rate:
    shared = pricings.setdefault(template.pricing, template.pricing)
    if shared is template.pricing:
        return template
    return msgspec.structs.replace(template, pricing=shared)


def count_by_template(snapshot: Snapshot, head: BookHead) -> dict[int, int]:
    """Count the rates of a book by the number of their template."""
    rows = snapshot.rows(
        "SELECT template, COUNT(*) FROM rates "
        "WHERE rate_id BETWEEN :first AND :last GROUP BY template",
        first=head.first_rate,
        last=head.last_rate,
    )
    return {row[0]: row[1] for row in rows}


def rates_of_template(
    snapshot: Snapshot, head: BookHead, number: int, template: Rate, limit: int
) -> list[Rate]:
    """Read the first rates of a book that share a template."""
    rows = snapshot.rows(
        "SELECT rate_id, template, to_prefix, from_prefix FROM rates "
        "WHERE rate_id BETWEEN :first AND :last AND template = :template "
        "ORDER BY rate_id LIMIT :limit",
        first=head.first_rate,
        last=head.last_rate,
        template=number,
        limit=limit,
    )
    return [rate_of(row, template) for row in rows]


def versions_with_meter(snapshot: Snapshot, tenant: str, meter: str) -> list[int]:
    """List the versions of a tenant's books, drafts included, that have a rate for a meter."""
    start = f'{{"meter":"{meter}",'
    rows = snapshot.rows(
        "SELECT DISTINCT version FROM rate_templates "
        "WHERE tenant_id = :tenant AND substr(rate, 1, :length) = :start ORDER BY version",
        tenant=tenant,
        length=len(start),
        start=start,
    )
    return [version for (version,) in rows]


def own_meters_in(snapshot: Snapshot, tenant: str, version: int) -> dict[str, str]:
    """Return the own meters that a book has rates for, each with its unit."""
    return {it.meter: it.unit for it in templates_of(snapshot, tenant, version) if it.unit}


def _head(row: Row) -> BookHead:
    template = row[-1]
    rules = _rules.decode(template).pricing.rules if template else EARLIER_RULES
    return BookHead(*(*row[:-1], rules))


def _report(rows: Iterable[Row], progress: Progress) -> Iterator[Row]:
    count = 0
    for row in rows:
        yield row
        count += 1
        if count == _REPORT_AFTER:
            progress(count)
            count = 0
    progress(count)


def _templates(
    snapshot: Snapshot, tenant: str, version: int, numbers: Iterable[int]
) -> dict[int, Rate]:
    rows = snapshot.rows(
        "SELECT number, rate FROM rate_templates "
        "WHERE tenant_id = :tenant AND version = :version AND number IN :numbers",
        tenant=tenant,
        version=version,
        numbers=sorted(numbers) or [0],
    )
    return {row[0]: _template.decode(row[1]) for row in rows}
