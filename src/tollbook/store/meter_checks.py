"""The statements that find stored codes of meters without an entry in their tenant's catalog."""

from collections.abc import Iterator

from tollbook.domain.meters import Category
from tollbook.domain.own_meters import fits_code
from tollbook.store.database import Snapshot
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.verification import MOST_SHOWN, RowDifference

CHECK = "meters"

_OWN_FROM = 1000
"""The lowest code of an own meter."""

# Sums have every meter that was ever charged, and the quarantine those that wait.
_WITHOUT_ENTRY = f"""
SELECT stored.organization_id, stored.meter, meters.type, meters.used_at IS NULL
FROM (
    SELECT DISTINCT organization_id, meter FROM organization_monthly WHERE meter >= {_OWN_FROM}
    UNION
    SELECT DISTINCT organization_id, meter FROM quarantine WHERE meter >= {_OWN_FROM}
) AS stored
JOIN organizations ON organizations.organization_id = stored.organization_id
LEFT JOIN meters
    ON meters.tenant_id = organizations.tenant_id AND meters.code = stored.meter
WHERE meters.type IS NULL OR meters.used_at IS NULL
ORDER BY 1, 2 LIMIT :most {ALL_TENANTS}
"""
_ENTRIES = f"""
SELECT tenant_id, type, code, category, unit FROM meters {ALL_TENANTS} ORDER BY tenant_id, type
"""


def meter_differences(snapshot: Snapshot) -> Iterator[RowDifference]:
    """Yield stored codes without a meter that is marked as used, and codes of other categories."""
    for number, code, type_, is_unused in snapshot.rows(_WITHOUT_ENTRY, most=MOST_SHOWN):
        side = "not marked as used" if type_ is not None and is_unused else "no such meter"
        yield RowDifference(CHECK, side, {"organization_id": number, "meter": code})
    for tenant, type_, code, category, unit in snapshot.rows(_ENTRIES):
        if not fits_code(code, Category(category), unit):
            row = {"tenant_id": tenant, "type": type_, "meter": code, "category": category}
            yield RowDifference(CHECK, "a code of another category or unit", row)
