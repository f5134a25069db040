"""Executing a run: one day of one organization in each transaction."""

import time
from collections.abc import Callable, Iterator

import msgspec

from tollbook.domain.errors import RunConflict
from tollbook.domain.rerating import (
    AT_WORK,
    LeftAsItWas,
    Run,
    RunStatus,
    added,
    added_purchases,
)
from tollbook.ingest.months import Months
from tollbook.rerating.notices import notify_end
from tollbook.rerating.price_book_set import PriceBookSet, PricedOrganization
from tollbook.rerating.recharge import RechargedChunk, recharge_day, restore_day
from tollbook.rerating.runs import log_end
from tollbook.run_worker import Pause, Throttle, throttled
from tollbook.store import ledger, recharge, rerating_runs, versions
from tollbook.store.database import Database, Transaction
from tollbook.store.engine import TimeLimit
from tollbook.store.recharge import OrganizationDay

Clock = Callable[[], int]

_THROTTLE = Throttle(works_for=0.4)


class RunExecutor:
    """Works on a run, one day in each transaction.

    Each transaction reads and moves the run's place under the run's own lock: a run may be stopped,
    killed and resumed at any moment, and two processes that work on one run take turns.
    """

    def __init__(
        self, database: Database, tenant: str, number: int, clock: Clock, pause: Pause = time.sleep
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._number = number
        self._clock = clock
        self._pause = pause
        self._book_set: PriceBookSet | None = None
        self._created_at: int | None = None

    def steps(self) -> Iterator[Run]:
        """Charge one day after the other; yield the run after each. Others can write in between."""
        for run in throttled(self._run_day, _THROTTLE, self._pause):
            yield run
            if run.status not in AT_WORK:
                return

    def halt(self, reason: str) -> None:
        """Mark the run as stopped, with the reason; nobody requested it, so it is not logged."""
        with self._database.writing(TimeLimit.NONE) as transaction:
            run = self._at_work(transaction)
            if run is not None:
                stopped = msgspec.structs.replace(run, status=RunStatus.STOPPED, reason=reason)
                now = self._clock()
                rerating_runs.change_run(transaction, self._tenant, stopped, now)
                notify_end(transaction, self._tenant, stopped, now)

    def _run_day(self) -> Run | None:
        """Charge the next day; return None when the run is not, or no longer, at work."""
        now = self._clock()
        with self._database.writing(TimeLimit.NONE) as transaction:
            run = self._at_work(transaction)
            if run is None:
                return None
            at = OrganizationDay(run.at_organization, run.at_day)
            place = recharge.next_place(transaction, self._tenant, run.span, at)
            if place is None:
                status = RunStatus.REVERTED if run.backwards else RunStatus.DONE
                run = msgspec.structs.replace(run, status=status, finished_at=now)
                if status is RunStatus.DONE:
                    log_end(transaction, self._tenant, run, now)
                notify_end(transaction, self._tenant, run, now)
            else:
                ledger.hold_ledgers(transaction, [place.organization])
                charge = self._restore if run.backwards else self._apply
                run = charge(transaction, run, place, now)
            rerating_runs.change_run(transaction, self._tenant, run, now)
            return run

    def _at_work(self, transaction: Transaction) -> Run | None:
        rerating_runs.lock_run(transaction, self._tenant, self._number)
        run = rerating_runs.find_run(transaction, self._tenant, self._number)
        if run is None or self._created_at not in (None, run.created_at):
            raise RunConflict(
                f"rerating {self._number} is not in the database any more, which is in an earlier "
                "state than before; nothing more was charged"
            )
        self._created_at = run.created_at
        return run if run.status in AT_WORK else None

    def _apply(self, transaction: Transaction, run: Run, place: OrganizationDay, now: int) -> Run:
        if self._book_set is None:
            self._book_set = PriceBookSet(self._tenant, run.span.version, run.created_at)
        organization = self._book_set.organization(transaction, place.organization)
        months = Months(transaction)
        touched = False
        for chunk in recharge_day(transaction, place, organization, months, run.span.first_day):
            if chunk.changes:
                recharge.recharge(transaction, place, chunk.changes, run.id)
                touched = True
            self._list_unpriced(transaction, run, place, organization, chunk)
            run = _add_counts(run, chunk, organization.currency)
        if touched:
            versions.touch(transaction, place.organization, now)
        return msgspec.structs.replace(run, at_organization=place.organization, at_day=place.day)

    def _restore(self, transaction: Transaction, run: Run, place: OrganizationDay, now: int) -> Run:
        restored, touched = 0, False
        for chunk in restore_day(transaction, place, self._tenant, run.id):
            recharge.recharge(transaction, place, chunk.changes, None)
            restored += chunk.changed
            touched |= bool(chunk.changes)
        if touched:
            versions.touch(transaction, place.organization, now)
        return msgspec.structs.replace(
            run,
            at_organization=place.organization,
            at_day=place.day,
            restored=run.restored + restored,
        )

    def _list_unpriced(
        self,
        transaction: Transaction,
        run: Run,
        place: OrganizationDay,
        organization: PricedOrganization,
        chunk: RechargedChunk,
    ) -> None:
        room = max(0, rerating_runs.MOST_LISTED - run.unpriced)
        left = [
            (
                place.organization,
                LeftAsItWas(organization.id, place.day, identity, unpriced.code, unpriced.reason),
            )
            for identity, unpriced in chunk.unpriced[:room]
        ]
        rerating_runs.list_unpriced(transaction, self._tenant, run.id, left)


def _add_counts(run: Run, chunk: RechargedChunk, currency: str) -> Run:
    costs, purchases = run.costs, run.purchases
    for amounts in chunk.sums.values():
        costs = added(costs, currency, amounts.old, amounts.new)
        purchases = added_purchases(purchases, currency, amounts.before, amounts.after)
    return msgspec.structs.replace(
        run,
        events=run.events + sum(amounts.events for amounts in chunk.sums.values()),
        changed=run.changed + chunk.changed,
        buy_changed=run.buy_changed + chunk.buy_changed,
        unpriced=run.unpriced + len(chunk.unpriced),
        costs=costs,
        purchases=purchases,
    )
