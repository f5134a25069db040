"""The statements that find thresholds that were reached or cleared without a notification."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tollbook.domain.notifications import Notification, NotificationType
from tollbook.store.database import Snapshot
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.verification import RowDifference

CHECK = "notifications of triggers"
_AT_ONCE = 500
_REACHED = (NotificationType.TRIGGER_REACHED, NotificationType.BUDGET_REACHED)
_CLEARED = (NotificationType.TRIGGER_CLEARED, NotificationType.BUDGET_CLEARED)
# Of the whole tenant, only the trigger names the tenant: removed ones are not checked.
_STATES = f"""
SELECT
    COALESCE(organizations.tenant_id, triggers.tenant_id), trigger_states.organization_id,
    trigger_states.trigger_id, trigger_states.period_start, trigger_states.threshold,
    trigger_states.reached_at, trigger_states.cleared_at
FROM trigger_states
LEFT JOIN organizations ON organizations.organization_id = trigger_states.organization_id
LEFT JOIN triggers ON triggers.organization_id = trigger_states.organization_id
    AND triggers.id = trigger_states.trigger_id
WHERE trigger_states.notified = 1 {ALL_TENANTS}
"""
_KEPT_SINCE = f"SELECT tenant_id, MIN(written_at) FROM notifications GROUP BY 1 {ALL_TENANTS}"


class _Occasion(NamedTuple):
    """A threshold that was reached or cleared; a trigger may be that of a budget."""

    tenant: str
    number: int
    trigger_id: str
    period_start: int
    threshold: str
    types: tuple[NotificationType, NotificationType]

    def ids(self) -> set[str]:
        """Return the ids that its notification may have."""
        occasion = self.trigger_id, self.period_start, self.threshold
        return {
            Notification(tenant=self.tenant, type=it, occasion=occasion, at=0, data={}).id
            for it in self.types
        }


def notification_differences(snapshot: Snapshot) -> Iterator[RowDifference]:
    """Yield what was reached or cleared since the oldest notification, and was not notified."""
    for tenant, occasions in _occasions(snapshot).items():
        for at in range(0, len(occasions), _AT_ONCE):
            some = occasions[at : at + _AT_ONCE]
            stored = _stored(snapshot, tenant, sorted(set().union(*(it.ids() for it in some))))
            for it in some:
                if stored.isdisjoint(it.ids()):
                    yield RowDifference(CHECK, "only kept", _shown(it))


def _occasions(snapshot: Snapshot) -> dict[str, list[_Occasion]]:
    since: dict[str, int] = dict(snapshot.table(_KEPT_SINCE, {}, 2))
    found: defaultdict[str, list[_Occasion]] = defaultdict(list)
    for tenant, number, trigger, start, threshold, *instants in snapshot.rows(_STATES):
        for at, types in zip(instants, (_REACHED, _CLEARED), strict=True):
            if tenant in since and at is not None and at > since[tenant]:
                key = tenant, number, trigger, start, threshold
                found[tenant].append(_Occasion(*key, types))
    return dict(sorted(found.items()))


def _stored(snapshot: Snapshot, tenant: str, ids: Sequence[str]) -> set[str]:
    rows = snapshot.rows(
        "SELECT id FROM notifications WHERE tenant_id = :tenant AND id IN :ids",
        tenant=tenant,
        ids=list(ids),
    )
    return {identity for (identity,) in rows}


def _shown(it: _Occasion) -> dict[str, object]:
    return {
        "tenant_id": it.tenant,
        "organization_id": it.number,
        "trigger_id": it.trigger_id,
        "period_start": it.period_start,
        "threshold": it.threshold,
        "type": " or ".join(it.types),
    }
