"""The statements of the types of CloudEvents that tenants have mapped to meters."""

from typing import NamedTuple

from tollbook.store.database import Snapshot, Transaction


class MappedType(NamedTuple):
    """A type that is mapped to the meter of a code; `created_at` is in microseconds since 1970."""

    name: str
    code: int
    created_at: int


def list_types(snapshot: Snapshot, tenant: str) -> list[MappedType]:
    """List the mapped types of a tenant by name."""
    sql = "SELECT name, meter, created_at FROM event_types WHERE tenant_id = :tenant"
    return sorted(MappedType(*row) for row in snapshot.table(sql, {"tenant": tenant}, 3))


def find_codes(snapshot: Snapshot, tenant: str) -> dict[str, int]:
    """Return the code of the meter of each mapped type of a tenant."""
    return {it.name: it.code for it in list_types(snapshot, tenant)}


def add_type(transaction: Transaction, tenant: str, it: MappedType) -> None:
    """Insert a type that is not mapped yet. The caller has changed the token of the tenant."""
    transaction.execute(
        "INSERT INTO event_types (tenant_id, name, meter, created_at) "
        "VALUES (:tenant, :name, :code, :created_at)",
        tenant=tenant,
        **it._asdict(),
    )


def change_code(transaction: Transaction, tenant: str, code: int, new: int) -> None:
    """Keep the types of a meter whose code changes."""
    transaction.execute(
        "UPDATE event_types SET meter = :new WHERE tenant_id = :tenant AND meter = :code",
        tenant=tenant,
        code=code,
        new=new,
    )


def remove_type(transaction: Transaction, tenant: str, name: str) -> None:
    """Delete a type. The caller has changed the token of the tenant."""
    transaction.execute(
        "DELETE FROM event_types WHERE tenant_id = :tenant AND name = :name",
        tenant=tenant,
        name=name,
    )
