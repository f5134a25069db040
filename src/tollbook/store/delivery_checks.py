"""The statement that finds endpoints whose deliveries have gaps."""

from collections.abc import Iterator

from tollbook.store.database import Snapshot
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.verification import MOST_SHOWN, RowDifference

CHECK = "deliveries"

# A mail has a delivery for each address. Retention deletes the oldest deliveries only, so those
# that are kept end with the last one.
_GAPS = f"""
SELECT
    deliveries.tenant_id, deliveries.endpoint_id, MIN(deliveries.sequence),
    MAX(deliveries.sequence), COUNT(DISTINCT deliveries.sequence), endpoints.sequence
FROM deliveries
LEFT JOIN endpoints
    ON endpoints.tenant_id = deliveries.tenant_id AND endpoints.id = deliveries.endpoint_id
GROUP BY deliveries.tenant_id, deliveries.endpoint_id, endpoints.sequence
HAVING MAX(deliveries.sequence) - MIN(deliveries.sequence) + 1
        <> COUNT(DISTINCT deliveries.sequence)
    OR MAX(deliveries.sequence) <> endpoints.sequence
ORDER BY 1, 2 LIMIT :most {ALL_TENANTS}
"""
_COLUMNS = ("tenant_id", "endpoint_id", "first", "last", "deliveries", "last_of_endpoint")


def delivery_differences(snapshot: Snapshot) -> Iterator[RowDifference]:
    """Yield endpoints whose sequence has gaps among the deliveries that are kept."""
    for row in snapshot.rows(_GAPS, most=MOST_SHOWN):
        yield RowDifference(CHECK, "a gap", dict(zip(_COLUMNS, row, strict=True)))
