"""The statements of the origins that tenants have registered."""

from typing import NamedTuple

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.scope_check import ALL_TENANTS


class OriginRow(NamedTuple):
    """A registered origin; `created_at` is in microseconds since 1970."""

    origin: str
    created_at: int


def list_origins(snapshot: Snapshot, tenant: str) -> list[OriginRow]:
    """List the origins of a tenant in the order of their text."""
    sql = "SELECT origin, created_at FROM origins WHERE tenant_id = :tenant"
    return sorted(OriginRow(*row) for row in snapshot.rows(sql, tenant=tenant))


def is_registered(snapshot: Snapshot, tenant: str, origin: str) -> bool:
    """Return whether a tenant has registered an origin."""
    sql = "SELECT 1 FROM origins WHERE tenant_id = :tenant AND origin = :origin"
    return snapshot.row(sql, tenant=tenant, origin=origin) is not None


def is_registered_by_any(snapshot: Snapshot, origin: str) -> bool:
    """Return whether any tenant has registered an origin: a preflight names no tenant."""
    sql = f"SELECT 1 FROM origins WHERE origin = :origin LIMIT 1 {ALL_TENANTS}"
    return snapshot.row(sql, origin=origin) is not None


def add_origin(transaction: Transaction, tenant: str, row: OriginRow) -> None:
    """Insert an origin that is not registered yet."""
    transaction.execute(
        "INSERT INTO origins (tenant_id, origin, created_at) "
        "VALUES (:tenant, :origin, :created_at)",
        tenant=tenant,
        **row._asdict(),
    )


def remove_origin(transaction: Transaction, tenant: str, origin: str) -> None:
    """Delete an origin."""
    transaction.execute(
        "DELETE FROM origins WHERE tenant_id = :tenant AND origin = :origin",
        tenant=tenant,
        origin=origin,
    )
