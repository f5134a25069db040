"""Delete old notifications with their deliveries."""

from tollbook.alerts.worker import Work
from tollbook.store.notifications import remove_before

_AT_ONCE = 1_000
_PAUSE = 3600.0
_DAY = 24 * 3600 * 1_000_000


class Retention:
    """The step that deletes notifications after a number of days, 1,000 in a transaction."""

    def __init__(self, days: int) -> None:
        self._days = days

    def __call__(self, work: Work) -> float:
        """Delete some old notifications; return 0 when there may be more."""
        before = work.clock() - self._days * _DAY
        with work.lease.writing() as transaction:
            removed = remove_before(transaction, before, _AT_ONCE)
        return 0.0 if removed == _AT_ONCE else _PAUSE
