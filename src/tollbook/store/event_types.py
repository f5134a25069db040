"""The statements of the types of CloudEvents that tenants have mapped to meters."""

from typing import NamedTuple

from tollbook.domain.event_types import EventTypes
from tollbook.domain.meters import BY_CODE, BY_TYPE
from tollbook.store import versions
from tollbook.store.database import Snapshot, Transaction


class MappedType(NamedTuple):
    """A type that is mapped to a meter; `created_at` is in microseconds since 1970."""

    name: str
    meter: str
    created_at: int


def list_types(snapshot: Snapshot, tenant: str) -> list[MappedType]:
    """List the mapped types of a tenant by name."""
    rows = snapshot.table(
        "SELECT name, meter, created_at FROM event_types WHERE tenant_id = :tenant",
        {"tenant": tenant},
        3,
    )
    return sorted(MappedType(name, BY_CODE[code].type, at) for name, code, at in rows)


def find_all(snapshot: Snapshot, tenant: str) -> EventTypes:
    """Return the meter of each mapped type of a tenant."""
    return {it.name: it.meter for it in list_types(snapshot, tenant)}


def lock_types(transaction: Transaction, tenant: str) -> None:
    """Lock the types of a tenant for a change, and make every process read them again."""
    versions.change_token(transaction, tenant)


def add_type(transaction: Transaction, tenant: str, it: MappedType) -> None:
    """Insert a type that is not mapped yet, under the lock."""
    transaction.execute(
        "INSERT INTO event_types (tenant_id, name, meter, created_at) "
        "VALUES (:tenant, :name, :meter, :created_at)",
        tenant=tenant,
        name=it.name,
        meter=BY_TYPE[it.meter].code,
        created_at=it.created_at,
    )


def remove_type(transaction: Transaction, tenant: str, name: str) -> None:
    """Delete a type, under the lock."""
    transaction.execute(
        "DELETE FROM event_types WHERE tenant_id = :tenant AND name = :name",
        tenant=tenant,
        name=name,
    )
