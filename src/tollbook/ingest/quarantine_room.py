"""How many more events of a tenant may go to quarantine."""

from collections import OrderedDict
from collections.abc import Collection, Sequence

from tollbook.domain.errors import Problem
from tollbook.domain.quarantine import PENDING, Selection
from tollbook.store import events, quarantine
from tollbook.store.database import Transaction
from tollbook.store.staging import Staged

_PENDING = Selection(codes=(PENDING,))
_SHARE = 16
_MOST_TENANTS = 1_000


class QuarantineRoom:
    """The limit on quarantined events, and what is left of it for each tenant.

    Events that wait for their carrier's price have a limit of their own.

    The number of a tenant's events is a sum over its organizations. Until a sixteenth of the room
    is used, it is not read again: servers may exceed the limit by as much together.
    """

    is_for_pending = False

    def __init__(self, most: int) -> None:
        self._most = most
        self._left: OrderedDict[str, int] = OrderedDict()

    def refused(
        self, transaction: Transaction, tenant: str, rows: Sequence[Staged]
    ) -> Collection[int]:
        """Return the indexes of rows that would exceed the limit, and count the others.

        An event that is stored already adds nothing, and keeps its receipt.
        """
        going = [
            index
            for index, row in enumerate(rows)
            if row.code and (row.code == PENDING) == self.is_for_pending
        ]
        if not going or self._take(tenant, len(going)):
            return ()
        room = max(0, self._most - self._count(transaction, tenant))
        if room >= len(going):
            self._keep(tenant, room // _SHARE - len(going))
            return ()
        known = stored_identities(transaction, [rows[index] for index in going])
        added = [
            index for index in going if (rows[index].organization_id, rows[index].id) not in known
        ]
        self._keep(tenant, 0)
        return added[room:]

    def problem(self) -> Problem:
        """Return why an event is rejected."""
        return Problem(
            "",
            "too_many_quarantined",
            f"the quarantine is full: {self._most:,} events wait in it; create the organizations "
            "or load the prices that are missing and replay it, or discard events, then send this "
            "event again",
        )

    def _count(self, transaction: Transaction, tenant: str) -> int:
        everything = quarantine.count_selected(transaction, tenant)
        return everything - quarantine.count_selected(transaction, tenant, _PENDING)

    def _take(self, tenant: str, count: int) -> bool:
        left = self._left.get(tenant, 0)
        if left < count:
            return False
        self._keep(tenant, left - count)
        return True

    def _keep(self, tenant: str, left: int) -> None:
        self._left[tenant] = max(0, left)
        self._left.move_to_end(tenant)
        if len(self._left) > _MOST_TENANTS:
            self._left.popitem(last=False)


class PendingRoom(QuarantineRoom):
    """The limit on events that wait for their carrier's price, which is separate."""

    is_for_pending = True

    def problem(self) -> Problem:
        """Return why an event is rejected."""
        return Problem(
            "",
            "too_many_pending",
            f"{self._most:,} events wait for their carrier's price already; correct them with "
            "their cost, or discard events, then send this event again",
        )

    def _count(self, transaction: Transaction, tenant: str) -> int:
        return quarantine.count_selected(transaction, tenant, _PENDING)


def stored_identities(transaction: Transaction, rows: Sequence[Staged]) -> set[tuple[int, str]]:
    """Return the identities of these rows that are stored already."""
    by_number: dict[int, set[str]] = {}
    for row in rows:
        by_number.setdefault(row.organization_id, set()).add(row.id)
    return {
        (number, identity)
        for number, ids in by_number.items()
        for identity in events.keys(transaction, number, ids)
    }
