"""Beginning, stopping, resuming and reverting a run: each act is checked and logged."""

import msgspec

from tollbook.domain.errors import NotFound, RunConflict
from tollbook.domain.periods import day_of, month_text
from tollbook.domain.rerating import AT_WORK, RerateRange, Run, RunStatus
from tollbook.rerating.dry_run import require_whole_months
from tollbook.rerating.notices import notify_end
from tollbook.rerating.price_book_set import last_archived, require_book, require_ledger
from tollbook.store import recharge, rerating_runs
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.store.engine import TimeLimit


def begin(database: Database, actor: Actor, span: RerateRange) -> Run:
    """Record a run that applies the books as they are now; a worker then executes it."""
    with database.reading(TimeLimit.NONE) as snapshot:
        require_ledger(snapshot, actor.tenant, span)
        require_book(snapshot, actor.tenant, span, apply=True)
        require_whole_months(snapshot, actor.tenant, span, actor.at)
        expected = recharge.expected(snapshot, actor.tenant, span)
    with database.writing() as transaction:
        rerating_runs.lock_runs(transaction, actor.tenant)
        require_ledger(transaction, actor.tenant, span)
        other = rerating_runs.overlapping(transaction, actor.tenant, span, unfinished=True)
        if other:
            raise RunConflict(
                f"{describe(other)} is {other.status} and covers the same days: "
                "resume it or revert it first"
            )
        number = rerating_runs.add_run(
            transaction,
            actor.tenant,
            span,
            expected=expected,
            now=actor.at,
            created_by=actor.key_prefix,
        )
        run = require_run(transaction, actor, number)
        _log(transaction, actor, "rerating.apply", run)
        return run


def stop(transaction: Transaction, actor: Actor, number: int) -> Run:
    """Stop a run when its current day is done; stopping again changes nothing."""
    run = _lock_run(transaction, actor, number)
    if run.status is RunStatus.STOPPED:
        return run
    if run.status not in AT_WORK:
        raise RunConflict(f"{describe(run)} is {run.status}: there is nothing to stop")
    stopped = msgspec.structs.replace(run, status=RunStatus.STOPPED, reason=None)
    notify_end(transaction, actor.tenant, stopped, actor.at)
    return _store_act(transaction, actor, "rerating.stop", stopped)


def resume(transaction: Transaction, actor: Actor, number: int) -> Run:
    """Continue a run, in the direction it had.

    A run that is at work stays so: the process that worked on it may be gone.
    """
    run = _lock_run(transaction, actor, number)
    if run.status in AT_WORK:
        return run
    if run.status is not RunStatus.STOPPED:
        raise RunConflict(f"{describe(run)} is {run.status}: there is nothing to resume")
    status = RunStatus.REVERTING if run.backwards else RunStatus.RUNNING
    return _store_act(
        transaction,
        actor,
        "rerating.resume",
        msgspec.structs.replace(run, status=status, reason=None),
    )


def revert(transaction: Transaction, actor: Actor, number: int) -> Run:
    """Begin to revert a run: each event gets the charge it had before."""
    rerating_runs.lock_runs(transaction, actor.tenant)
    run = _lock_run(transaction, actor, number)
    if run.status in AT_WORK:
        raise RunConflict(f"{describe(run)} is {run.status}: stop it first")
    if run.backwards:
        half = run.status is RunStatus.STOPPED
        what = "half reverted: resume it" if half else "reverted already"
        raise RunConflict(f"{describe(run)} is {what}")
    archived = last_archived(transaction, actor.tenant, run.span)
    if archived is not None:
        raise RunConflict(
            f"{describe(run)} charged events that have been archived since; to revert it, first "
            f"run: tollbook archive --restore {month_text(archived.month)}"
        )
    later = rerating_runs.overlapping(
        transaction, actor.tenant, run.span, after=run.id, unfinished=False
    )
    if later:
        raise RunConflict(
            f"{describe(later)} charged the same days again after run {run.id}: "
            "revert that run first"
        )
    begun = msgspec.structs.replace(
        run,
        status=RunStatus.REVERTING,
        backwards=True,
        at_organization=0,
        at_day=0,
        finished_at=None,
        reason=None,
    )
    return _store_act(transaction, actor, "rerating.revert", begun)


def log_end(transaction: Transaction, tenant: str, run: Run, now: int) -> None:
    """Log that a run is done, and what it did, as an act of the key that began it."""
    actor = Actor(tenant, run.created_by, now)
    _log(transaction, actor, "rerating.done", run, events=run.events, changed=run.changed)


def require_run(snapshot: Snapshot, actor: Actor, number: int) -> Run:
    """Return a run of a tenant; raise `NotFound` when there is none."""
    run = rerating_runs.find_run(snapshot, actor.tenant, number)
    if run is None:
        raise NotFound(f"there is no rerating run {number}")
    return run


def describe(run: Run) -> str:
    """Return a run as part of a sentence."""
    first, last = day_of(run.span.first_day), day_of(run.span.last_day)
    return f"run {run.id} ({run.organization_id or 'all organizations'}, {first} to {last})"


def _lock_run(transaction: Transaction, actor: Actor, number: int) -> Run:
    rerating_runs.lock_run(transaction, actor.tenant, number)
    return require_run(transaction, actor, number)


def _store_act(transaction: Transaction, actor: Actor, action: str, run: Run) -> Run:
    rerating_runs.change_run(transaction, actor.tenant, run, actor.at)
    changed = require_run(transaction, actor, run.id)
    _log(transaction, actor, action, changed, changed=changed.changed)
    return changed


def _log(transaction: Transaction, actor: Actor, action: str, run: Run, **counts: int) -> None:
    details = {
        "start_date": day_of(run.span.first_day),
        "end_date": day_of(run.span.last_day),
        "organization_id": run.organization_id,
        "version": run.span.version,
        **counts,
    }
    what, number = f"run {run.id}", run.span.organization
    write_act(transaction, actor, action, what, details, organization=number)
