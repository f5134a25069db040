"""Executing a run: a few events in each transaction."""

import time
from collections.abc import Callable, Iterator

import msgspec

from tollbook.domain.errors import RunConflict
from tollbook.domain.quarantine import QuarantineAction, QuarantineRun, QuarantineRunStatus
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.quarantine.discard import discard
from tollbook.quarantine.replay import months_of, replay
from tollbook.quarantine.runs import log_end
from tollbook.run_worker import Pause, Throttle, throttled
from tollbook.store import placeholders, quarantine, quarantine_runs
from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.store.engine import TimeLimit
from tollbook.store.quarantine import Quarantined

Clock = Callable[[], int]

_AT_ONCE = 200
"""The most events of a transaction: other writers wait for a few milliseconds."""
_THROTTLE = Throttle(works_for=0.05)


class QuarantineExecutor:
    """Works on a run, a few events in each transaction.

    Each transaction checks and moves the run's place under the run's own lock: a run may be
    stopped, killed and resumed at any moment, and two processes that work on one run take turns.
    """

    def __init__(
        self,
        database: Database,
        directory_cache: DirectoryCache,
        tenant: str,
        number: int,
        clock: Clock,
        pause: Pause = time.sleep,
    ) -> None:
        self._database = database
        self._directory_cache = directory_cache
        self._tenant = tenant
        self._number = number
        self._clock = clock
        self._pause = pause
        self._created_at: int | None = None

    def steps(self) -> Iterator[QuarantineRun]:
        """Execute step by step; yield the run after each. Others can write in between."""
        for run in throttled(self._step, _THROTTLE, self._pause):
            yield run
            if run.status is not QuarantineRunStatus.RUNNING:
                return

    def halt(self, reason: str) -> None:
        """Mark the run as stopped, with the reason; nobody requested it, so it is not logged."""
        with self._database.writing(TimeLimit.NONE) as transaction:
            run = self._locked(transaction)
            if run is not None:
                status = QuarantineRunStatus.STOPPED
                stopped = msgspec.structs.replace(run, status=status, reason=reason)
                self._store(transaction, stopped)

    def _step(self) -> QuarantineRun | None:
        """Work on the next events; return None when the run is not, or no longer, running."""
        with self._database.reading(TimeLimit.NONE) as snapshot:
            run = self._running(snapshot)
            if run is None:
                return None
            place = run.at_organization, run.at_id
            token = self._directory_cache.token(snapshot, self._tenant)
            waiting = quarantine.waiting(snapshot, self._tenant, run.selection, place, _AT_ONCE)

        def work(transaction: Transaction) -> QuarantineRun | None:
            run = self._locked(transaction)
            # A number may belong to another organization when the directory has changed.
            is_same = self._directory_cache.token(transaction, self._tenant) == token
            if run is None or not is_same or (run.at_organization, run.at_id) != place:
                return run
            return self._store(transaction, self._advance(transaction, run, waiting))

        is_replay = run.action is QuarantineAction.REPLAY
        return self._database.write_events(lambda: months_of(waiting) if is_replay else (), work)

    def _advance(
        self, transaction: Transaction, run: QuarantineRun, waiting: list[Quarantined]
    ) -> QuarantineRun:
        """Replay or discard events; without any, finish the run."""
        now, tenant = self._clock(), self._tenant
        if not waiting:
            return self._finish(transaction, run, now)
        events, released, discarded = 0, 0, 0
        if run.action is QuarantineAction.REPLAY:
            events, released = replay(transaction, self._directory_cache, tenant, waiting, now)
        else:
            events = discarded = discard(transaction, tenant, waiting, now)
        return msgspec.structs.replace(
            run,
            at_organization=waiting[-1].number,
            at_id=waiting[-1].id,
            events=run.events + events,
            released=run.released + released,
            discarded=run.discarded + discarded,
        )

    def _finish(self, transaction: Transaction, run: QuarantineRun, now: int) -> QuarantineRun:
        if run.action is QuarantineAction.DISCARD:
            number = run.selection.organization
            if placeholders.forget(transaction, self._tenant, number, now):
                return run  # there may be more
        done = msgspec.structs.replace(run, status=QuarantineRunStatus.DONE, finished_at=now)
        log_end(transaction, self._tenant, done, now)
        return done

    def _store(self, transaction: Transaction, run: QuarantineRun) -> QuarantineRun:
        now = self._clock()
        quarantine_runs.change_run(transaction, self._tenant, run, now)
        return msgspec.structs.replace(run, moved_at=now)

    def _locked(self, transaction: Transaction) -> QuarantineRun | None:
        quarantine_runs.lock_run(transaction, self._tenant, self._number)
        return self._running(transaction)

    def _running(self, snapshot: Snapshot) -> QuarantineRun | None:
        run = quarantine_runs.find_run(snapshot, self._tenant, self._number)
        if run is None or self._created_at not in (None, run.created_at):
            raise RunConflict(
                f"quarantine run {self._number} is not in the database any more, which is in an "
                "earlier state than before; nothing more was changed"
            )
        self._created_at = run.created_at
        return run if run.status is QuarantineRunStatus.RUNNING else None
