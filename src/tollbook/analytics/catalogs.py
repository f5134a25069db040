"""The meters of a tenant, as of the snapshot that its usage is read from."""

from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.meters import Category, Meter
from tollbook.domain.own_meters import MeterTerms, own_meter
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

_OWN = """
SELECT
    type, code, name, unit, category, whole, resource_required, used_at, created_at, retired_at
FROM meters
WHERE tenant_id = :tenant
"""


def catalog_of(snapshot: Snapshot, tenant: str) -> Catalog:
    """Return the catalog of a tenant: the built-in meters, and its own."""
    rows = snapshot.rows(_OWN, tenant=tenant)
    return Catalog(map(_own, rows)) if rows else BUILT_IN


def _own(row: Row) -> Meter:
    type_, code, name, unit, category, whole, resource, used_at, created_at, retired_at = row
    terms = MeterTerms(type_, unit, Category(category), name, bool(whole), bool(resource))
    return own_meter(terms, code, created_at, used_at, retired_at)
