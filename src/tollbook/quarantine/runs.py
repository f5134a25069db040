"""Beginning, stopping and resuming a run: each act is checked and logged."""

from typing import Any

import msgspec

from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import NotFound, RunConflict
from tollbook.domain.events import instant_of
from tollbook.domain.quarantine import (
    QuarantineAction,
    QuarantineRun,
    QuarantineRunStatus,
    Selection,
)
from tollbook.store import directory, quarantine, quarantine_runs
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import TimeLimit
from tollbook.store.meters import read_catalog
from tollbook.store.rerating_runs import lock_runs

MOST_SHOWN = 10
"""How many of the ids that a run selects are shown."""


def begin(
    database: Database,
    actor: Actor,
    action: QuarantineAction,
    selection: Selection,
    organization: OrganizationRow | None,
) -> QuarantineRun:
    """Record a run; a worker then executes it.

    `organization` is the one that the selection names. Raise `RunConflict` while a run that may
    select the same events is running.
    """
    with database.reading(TimeLimit.NONE) as snapshot:
        # A run that is refused neither counts many events nor waits for writers.
        _refuse_another(snapshot, actor.tenant, selection)
        expected = quarantine.count_selected(snapshot, actor.tenant, selection)
    with database.writing() as transaction:
        lock_runs(transaction, actor.tenant)
        _refuse_another(transaction, actor.tenant, selection)
        first_number, first_id = quarantine.FROM_THE_START
        run = QuarantineRun(
            id=0,
            action=action,
            selection=selection,
            organization_id=organization.id if organization else None,
            status=QuarantineRunStatus.RUNNING,
            at_organization=first_number,
            at_id=first_id,
            expected=expected,
            events=0,
            released=0,
            discarded=0,
            created_at=actor.at,
            created_by=actor.key_prefix,
            moved_at=actor.at,
            finished_at=None,
            reason=None,
        )
        number = quarantine_runs.add_run(transaction, actor.tenant, run)
        run = msgspec.structs.replace(run, id=number)
        _log(transaction, actor, action.value, run)
        return run


def stop(transaction: Transaction, actor: Actor, number: int) -> QuarantineRun:
    """Stop a run after its current step; stopping again changes nothing."""
    run = _lock_run(transaction, actor, number)
    if run.status is QuarantineRunStatus.STOPPED:
        return run
    if run.status is not QuarantineRunStatus.RUNNING:
        raise RunConflict(f"{describe(run)} is {run.status}: there is nothing to stop")
    stopped = msgspec.structs.replace(run, status=QuarantineRunStatus.STOPPED, reason=None)
    return _store_act(transaction, actor, "stop", stopped)


def resume(transaction: Transaction, actor: Actor, number: int) -> QuarantineRun:
    """Continue a run where it stopped.

    A running run stays so: the process that worked on it may be gone.
    """
    lock_runs(transaction, actor.tenant)
    run = _lock_run(transaction, actor, number)
    if run.status is QuarantineRunStatus.RUNNING:
        return run
    if run.status is not QuarantineRunStatus.STOPPED:
        raise RunConflict(f"{describe(run)} is {run.status}: there is nothing to resume")
    _refuse_another(transaction, actor.tenant, run.selection)
    running = msgspec.structs.replace(run, status=QuarantineRunStatus.RUNNING, reason=None)
    return _store_act(transaction, actor, "resume", running)


def log_end(transaction: Transaction, tenant: str, run: QuarantineRun, now: int) -> None:
    """Log that a run is done, and what it did, as an act of the key that began it."""
    counts = {"released": run.released, "discarded": run.discarded, "remaining": run.remaining}
    _log(transaction, Actor(tenant, run.created_by, now), "done", run, **counts)


def require_run(snapshot: Snapshot, actor: Actor, number: int) -> QuarantineRun:
    """Return a run of a tenant; raise `NotFound` when there is none."""
    run = quarantine_runs.find_run(snapshot, actor.tenant, number)
    if run is None:
        raise NotFound(f"there is no quarantine run {number}")
    return run


def describe(run: QuarantineRun) -> str:
    """Return a run as part of a sentence."""
    return f"quarantine run {run.id} ({run.action}, {run.organization_id or 'all organizations'})"


def selection_details(selection: Selection, catalog: Catalog) -> dict[str, Any]:
    """Return a selection for the audit log and for answers, under the names of the API.

    Of the ids it has the first and their number.
    """
    meter = None if selection.meter is None else catalog.of_code(selection.meter).type
    return {
        "codes": list(selection.codes) or None,
        "ids": list(selection.ids[:MOST_SHOWN]) or None,
        "ids_count": len(selection.ids) or None,
        "type": meter,
        "start_date": None if selection.start is None else instant_of(selection.start),
        "end_date": None if selection.end is None else instant_of(selection.end),
    }


def _refuse_another(snapshot: Snapshot, tenant: str, selection: Selection) -> None:
    other = quarantine_runs.running(snapshot, tenant, selection.organization)
    if other:
        raise RunConflict(f"{describe(other)} is running: wait until it is done, or stop it")


def _lock_run(transaction: Transaction, actor: Actor, number: int) -> QuarantineRun:
    quarantine_runs.lock_run(transaction, actor.tenant, number)
    return require_run(transaction, actor, number)


def _store_act(
    transaction: Transaction, actor: Actor, action: str, run: QuarantineRun
) -> QuarantineRun:
    quarantine_runs.change_run(transaction, actor.tenant, run, actor.at)
    _log(transaction, actor, action, run)
    return msgspec.structs.replace(run, moved_at=actor.at)


def _log(
    transaction: Transaction,
    actor: Actor,
    action: str,
    run: QuarantineRun,
    **counts: int,
) -> None:
    details = {
        "action": run.action.value,
        "organization_id": run.organization_id,
        **selection_details(run.selection, read_catalog(transaction, actor.tenant)),
        **counts,
    }
    what, number = f"quarantine run {run.id}", None
    if run.organization_id is not None:
        row = directory.find_organization(transaction, actor.tenant, run.organization_id)
        # The log keeps numbers for good; an organization that only events name may be deleted.
        number = row.number if row and row.status != directory.UNKNOWN else None
    write_act(transaction, actor, f"quarantine.{action}", what, details, organization=number)
