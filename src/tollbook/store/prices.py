"""The statements for price books and their rates."""

import msgspec

from tollbook.domain.prices import Basis, PriceBook, Rate
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import count_revision

_BOOKS = """
SELECT name, currency, effective_from, source, version
FROM price_books WHERE tenant_id = :tenant ORDER BY version
"""
_RATES = """
SELECT version, rate_id, conditions
FROM rates WHERE tenant_id = :tenant ORDER BY version, position
"""
_RATE = """
SELECT
    price_books.name, price_books.currency, price_books.effective_from, price_books.source,
    price_books.version, rates.conditions
FROM rates JOIN price_books
    ON price_books.tenant_id = rates.tenant_id AND price_books.version = rates.version
WHERE rates.rate_id = :rate AND rates.tenant_id = :tenant
"""
_rate = msgspec.json.Decoder(Rate)


def add_price_book(transaction: Transaction, tenant: str, book: PriceBook, now: int) -> int:
    """Store a book as the tenant's next version, and give the version."""
    # Taking the directory's row first makes two loads at once come one after the other.
    count_revision(transaction)
    last = transaction.row(
        "SELECT MAX(version) FROM price_books WHERE tenant_id = :tenant", tenant=tenant
    )
    version = int((last and last[0]) or 0) + 1
    transaction.execute(
        """
        INSERT INTO price_books (
            tenant_id, version, name, currency, effective_from, source, created_at
        )
        VALUES (:tenant, :version, :name, :currency, :effective_from, :source, :now)
        """,
        tenant=tenant,
        version=version,
        name=book.name,
        currency=book.currency,
        effective_from=book.effective_from,
        source=book.source,
        now=now,
    )
    transaction.execute_many(
        """
        INSERT INTO rates (
            tenant_id, version, position, meter, price, per, price_picos, per_micros, per_event,
            conditions
        )
        VALUES (
            :tenant, :version, :position, :meter, :price, :per, :price_picos, :per_micros,
            :per_event, :conditions
        )
        """,
        [
            {
                "tenant": tenant,
                "version": version,
                "position": position,
                "meter": rate.meter,
                "price": rate.pricing.price or "",
                "per": rate.pricing.per,
                "price_picos": rate.pricing.price_picos,
                "per_micros": rate.pricing.per_micros,
                "per_event": int(rate.pricing.basis is Basis.EVENT),
                # The whole rate: the columns beside it are for reading by eye.
                "conditions": msgspec.json.encode(rate).decode(),
            }
            for position, rate in enumerate(book.rates)
        ],
    )
    return version


def find_rate(snapshot: Snapshot, tenant: str, rate_id: int) -> tuple[PriceBook, Rate] | None:
    """Find a rate of a tenant by the id that an event names, with the head of its book."""
    row = snapshot.row(_RATE, tenant=tenant, rate=rate_id)
    if row is None:
        return None
    name, currency, effective_from, source, version, rate = row
    found = msgspec.structs.replace(_rate.decode(rate), id=rate_id)
    return PriceBook(name, currency, effective_from, source, (), version), found


def price_books(snapshot: Snapshot, tenant: str) -> list[PriceBook]:
    """Read a tenant's books with their rates, the oldest version first."""
    rates: dict[int, list[Rate]] = {}
    for version, number, rate in snapshot.rows(_RATES, tenant=tenant):
        read = msgspec.structs.replace(_rate.decode(rate), id=number)
        rates.setdefault(version, []).append(read)
    return [
        PriceBook(name, currency, effective_from, source, tuple(rates.get(version, ())), version)
        for name, currency, effective_from, source, version in snapshot.rows(_BOOKS, tenant=tenant)
    ]
