"""The statements of a tenant's own meters; the built-in ones are code."""

from collections.abc import Iterable

from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.meters import Category, Meter
from tollbook.domain.own_meters import MeterTerms, own_meter, terms_of
from tollbook.store import event_types
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row

_METERS = """
SELECT
    type, code, name, unit, category, whole, resource_required, used_at, created_at, retired_at
FROM meters
WHERE tenant_id = :tenant
"""


def read_catalog(snapshot: Snapshot, tenant: str) -> Catalog:
    """Return the catalog of a tenant: the built-in meters, its own, and its mapped types."""
    rows = snapshot.rows(_METERS, tenant=tenant)
    codes = event_types.find_codes(snapshot, tenant)
    if not rows and not codes:
        return BUILT_IN
    own = list(map(_from_row, rows))
    meters = Catalog(own)
    return Catalog(own, {name: meters.of_code(code).type for name, code in codes.items()})


def find_own(snapshot: Snapshot, tenant: str, type_: str) -> Meter | None:
    """Find an own meter of a tenant by its type."""
    row = snapshot.row(_METERS + "AND type = :type", tenant=tenant, type=type_)
    return _from_row(row) if row else None


def add_meter(transaction: Transaction, tenant: str, meter: Meter) -> None:
    """Insert an own meter. The caller has changed the token of the tenant."""
    transaction.execute(
        """
        INSERT INTO meters (
            tenant_id, type, code, name, unit, category, whole, resource_required, used_at,
            created_at, retired_at
        )
        VALUES (
            :tenant, :type, :code, :name, :unit, :category, :whole, :resource_required, :used_at,
            :created_at, :retired_at
        )
        """,
        tenant=tenant,
        created_at=meter.created_at,
        used_at=meter.used_at,
        **_changeable(meter),
    )


def change_meter(transaction: Transaction, tenant: str, meter: Meter) -> None:
    """Replace what may change of an own meter."""
    transaction.execute(
        """
        UPDATE meters SET
            code = :code, name = :name, unit = :unit, category = :category, whole = :whole,
            resource_required = :resource_required, retired_at = :retired_at
        WHERE tenant_id = :tenant AND type = :type
        """,
        tenant=tenant,
        **_changeable(meter),
    )


def hold_meter(transaction: Transaction, tenant: str, type_: str) -> Meter | None:
    """Lock an own meter until the commit, and return it as its last writer has left it.

    A transaction that stores the meter's first event waits, or has set `used_at`.
    """
    if "\0" in type_:  # PostgreSQL refuses to look for it
        return None
    transaction.execute(
        "UPDATE meters SET type = type WHERE tenant_id = :tenant AND type = :type",
        tenant=tenant,
        type=type_,
    )
    return find_own(transaction, tenant, type_)


def mark_used(transaction: Transaction, tenant: str, codes: Iterable[int], now: int) -> None:
    """Lock meters that get their first events, and store that they have some.

    A transaction that changes one of them waits, or has changed the token of the directory.
    """
    for code in sorted(codes):
        transaction.execute(
            "UPDATE meters SET used_at = :now "
            "WHERE tenant_id = :tenant AND code = :code AND used_at IS NULL",
            now=now,
            tenant=tenant,
            code=code,
        )


def _changeable(meter: Meter) -> dict[str, object]:
    terms = terms_of(meter)
    return {
        "type": meter.type,
        "code": meter.code,
        "name": terms.name,
        "unit": terms.unit,
        "category": terms.category.value,
        "whole": int(terms.whole),
        "resource_required": int(terms.resource_required),
        "retired_at": meter.retired_at,
    }


def _from_row(row: Row) -> Meter:
    type_, code, name, unit, category, whole, resource, used_at, created_at, retired_at = row
    terms = MeterTerms(type_, unit, Category(category), name, bool(whole), bool(resource))
    return own_meter(terms, code, created_at, used_at, retired_at)
