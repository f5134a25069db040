"""Expire deliveries that wait for long, and delete old notifications with theirs."""

from tollbook.alerts.worker import Work
from tollbook.store.notifications import expire_before, remove_before

_AT_ONCE = 1_000
_PAUSE = 3600.0
_EXPIRED_DAYS = 7
"""A delivery that still waits expires these days before its notification is deleted."""
_DAY = 24 * 3600 * 1_000_000


class Retention:
    """The step that deletes notifications after a number of days, 1,000 in a transaction.

    A delivery that still waits a week before is not sent any more.
    """

    def __init__(self, days: int) -> None:
        self._days = days

    def __call__(self, work: Work) -> float:
        """Treat some old notifications and deliveries; return 0 when there may be more."""
        before = work.clock() - self._days * _DAY
        with work.lease.writing() as transaction:
            expired = expire_before(transaction, before + _EXPIRED_DAYS * _DAY, _AT_ONCE)
            removed = remove_before(transaction, before, _AT_ONCE)
        return 0.0 if _AT_ONCE in (expired, removed) else _PAUSE
