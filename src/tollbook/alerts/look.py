"""The look: compare the figures of ledgers that moved with the thresholds of triggers.

What was seen is only in memory: another process, or this one after a restart, looks at everything
again, and the keys of the stored states prevent a second firing (decision 60).
"""

import time
from collections.abc import Iterator, Sequence

from tollbook.alerts.lease import Monotonic
from tollbook.alerts.looked_tenant import LookedTenant
from tollbook.alerts.worker import Work
from tollbook.store import triggers, watched_sums

EVERY = 0.5
"""The seconds between two looks."""
_LONGEST_REST = 1.0
_RESTS = 3
"""After a long look the worker rests three times its length."""
_WORKS_FOR = 1.0
"""The seconds after which a look leaves the rest to the next one, so that others get their turn."""


class Look:
    """A step of the worker. What it remembers is void when another process had the lease."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._term = 0
        self._tenants: dict[str, LookedTenant] = {}
        self._turn = 0

    def __call__(self, work: Work) -> float:
        """Look once at the tenants in turn; return the seconds until the next look."""
        started = self._monotonic()
        if work.lease.term != self._term:
            self._tenants, self._term = {}, work.lease.term
        with work.database.reading() as snapshot:
            tenants = triggers.tenants_with_triggers(snapshot)
            found = watched_sums.watched_organizations(snapshot)
        by_tenant: dict[str, list[watched_sums.WatchedOrganization]] = {it: [] for it in tenants}
        for it in found:
            by_tenant.get(it.tenant, []).append(it)
        deadline, is_done = started + _WORKS_FOR, True

        def may_go_on() -> bool:
            return self._monotonic() < deadline

        for tenant in self._in_turn(sorted(tenants)):
            looked = self._tenants.setdefault(tenant, LookedTenant(tenant))
            is_done &= looked.look(work, by_tenant[tenant], tenants[tenant], may_go_on)
        seconds = self._monotonic() - started
        work.counts.look(seconds, work.clock())
        rest = min(_LONGEST_REST, _RESTS * seconds)
        return max(EVERY, rest) if is_done else rest

    def _in_turn(self, tenants: Sequence[str]) -> Iterator[str]:
        """Return the tenants, each time with another one first."""
        if tenants:
            self._turn = (self._turn + 1) % len(tenants)
            yield from (*tenants[self._turn :], *tenants[: self._turn])
