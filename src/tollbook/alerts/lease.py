"""The lease of the worker: one process at a time looks, fans out and delivers."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tollbook.domain.errors import TollbookError
from tollbook.store import leases
from tollbook.store.database import Database, Transaction

ALERTS = "alerts"
SECONDS, RENEWED_AFTER = 10, 3
"""How long the lease holds, and when it is renewed."""
_SECOND = 1_000_000
Clock = Callable[[], int]
Monotonic = Callable[[], float]


class LeaseLost(TollbookError):
    """Another process has taken the lease; nothing was stored."""

    status = 503
    code = "lease_lost"


class Lease:
    """A lease that is taken, renewed, checked in each write transaction, and released.

    `clock` returns microseconds since 1970; on PostgreSQL it is corrected by the database's. A
    second clock, which nothing sets back, decides whether the lease still holds here.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        monotonic: Monotonic = time.monotonic,
        name: str = ALERTS,
    ) -> None:
        self.term = 0
        """How often the lease was taken: what was remembered in another term may be old."""
        self._database = database
        self._clock = clock
        self._monotonic = monotonic
        self._name = name
        self._holder = secrets.token_hex(8)
        self._holds_until = 0.0
        self._renew_at = 0.0

    def hold(self) -> bool:
        """Take the lease, or renew it when that is due; return whether it holds."""
        if self.is_held and self._monotonic() < self._renew_at:
            return True
        started = self._monotonic()
        with self._database.writing() as transaction:
            now = self._now()
            taken = leases.take(transaction, self._name, self._holder, now, now + SECONDS * _SECOND)
        if not taken:
            self._holds_until = 0.0
            return False
        if not self.is_held:
            self.term += 1
        self._holds_from(started)
        return True

    @property
    def is_held(self) -> bool:
        """Return whether no other process can have taken the lease by now."""
        return self._monotonic() < self._holds_until

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Write in one transaction, during which nobody can take over.

        Raise `LeaseLost` when somebody has.
        """
        started = self._monotonic()
        with self._database.writing() as transaction:
            self.require(transaction)
            yield transaction
        self._holds_from(started)

    def require(self, transaction: Transaction) -> None:
        """Renew the lease in a transaction, before anything is written in it.

        Raise `LeaseLost` when another process has it.
        """
        until = self._now() + SECONDS * _SECOND
        if not leases.renew(transaction, self._name, self._holder, until):
            self._holds_until = 0.0
            raise LeaseLost("another process has taken over the alerts; nothing was stored")

    def release(self) -> None:
        """Let another process take over at once."""
        self._holds_until = 0.0
        with self._database.writing() as transaction:
            leases.release(transaction, self._name, self._holder)

    def _now(self) -> int:
        return self._clock() - self._database.engine.clock_ahead

    def _holds_from(self, started: float) -> None:
        self._holds_until = started + SECONDS
        self._renew_at = started + RENEWED_AFTER
