"""Verifying reversals in tiers, whose charges are replayed."""

from collections.abc import Iterator

from tollbook.domain.charges import Unpriced
from tollbook.ingest.reversal_rows import RatesById
from tollbook.store import reversals
from tollbook.store.database import Snapshot
from tollbook.store.events import Stored
from tollbook.store.verification import RowDifference

CHECK = "reversals in tiers"


def reversal_differences(snapshot: Snapshot) -> Iterator[RowDifference]:
    """Replay the cost of each reversal in tiers; yield those that have a different cost.

    A reversal costs the opposite of its event at the reversal's own position, with the connect fee
    that the event bore.
    """
    rates: dict[str, RatesById] = {}
    for tenant, row, charged_at in reversals.in_tiers(snapshot):
        of_tenant = rates.setdefault(tenant, RatesById(snapshot, tenant))
        event = row._replace(quantity=-row.quantity)
        charge = of_tenant.charge(row.rate_id, event.usage(), row.position, charged_at)
        if isinstance(charge, Unpriced):
            yield _different(row, charge.reason)
        elif charge.cost != -row.cost:
            yield _different(row, "its cost is not the difference that it makes to its month")


def _different(row: Stored, sentence: str) -> RowDifference:
    shown: dict[str, object] = {"organization_id": row.organization_id, "id": row.id}
    return RowDifference(CHECK, "only in events", {**shown, "cost": row.cost, "problem": sentence})
