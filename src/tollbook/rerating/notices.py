"""The notification of the end of a rerating, in the transaction of the end."""

from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.periods import day_of
from tollbook.domain.rerating import Run, RunStatus
from tollbook.store.database import Transaction
from tollbook.store.notifications import add_notifications


def notify_end(transaction: Transaction, tenant: str, run: Run, now: int) -> None:
    """Notify the tenant that a run is done, reverted or stopped; each end is one occasion."""
    is_stopped = run.status is RunStatus.STOPPED
    notification = Notification(
        tenant=tenant,
        type=NotificationType.RERATING_STOPPED if is_stopped else NotificationType.RERATING_DONE,
        occasion=(run.id, run.status.value, now),
        at=now,
        data={
            "run": run.id,
            "organization_id": run.organization_id,
            "start_date": day_of(run.span.first_day).isoformat(),
            "end_date": day_of(run.span.last_day).isoformat(),
            "events": run.events,
            "changed": run.changed,
            "reason": run.reason,
        },
        organization=run.span.organization,
    )
    add_notifications(transaction, [notification], now)
