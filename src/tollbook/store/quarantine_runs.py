"""The statements for runs over the quarantine: replays and discards."""

import msgspec

from tollbook.domain.quarantine import (
    QuarantineRun,
    QuarantineRunStatus,
    Selection,
)
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row

_SELECTION = {
    "organization": "organization_id",
    "codes": "codes",
    "ids": "ids",
    "meter": "meter",
    "start": "start_time",
    "end": "end_time",
}
"""The column of each field of a selection."""
_LISTS = ("codes", "ids")
"""The fields of a selection that are stored as lists in JSON, null when they are empty."""
_PROGRESS = tuple(
    name for name in QuarantineRun.__struct_fields__ if name not in ("selection", "organization_id")
)
_RUN = f"""
SELECT {", ".join((*_PROGRESS, "organization", *_SELECTION.values()))} FROM quarantine_runs
WHERE tenant_id = :tenant
"""


def add_run(transaction: Transaction, tenant: str, run: QuarantineRun) -> int:
    """Insert a run with the next number of its tenant, and return the number.

    The caller holds the lock of the tenant's runs.
    """
    number = 1 + transaction.integer(
        "SELECT MAX(id) FROM quarantine_runs WHERE tenant_id = :tenant", tenant=tenant
    )
    selection = run.selection
    columns = {name: getattr(run, name) for name in _PROGRESS}
    columns |= {
        "id": number,
        "action": run.action.value,
        "status": run.status.value,
        "organization": run.organization_id,
    }
    columns |= {column: getattr(selection, name) for name, column in _SELECTION.items()}
    columns |= {name: _list_text(columns[name]) for name in _LISTS}
    transaction.execute(
        f"INSERT INTO quarantine_runs (tenant_id, {', '.join(columns)}) "
        f"VALUES (:tenant, {', '.join(f':{name}' for name in columns)})",
        tenant=tenant,
        **columns,
    )
    return number


def lock_run(transaction: Transaction, tenant: str, run: int) -> bool:
    """Wait for the process that works on a run, and lock the run until the commit."""
    return bool(
        transaction.execute(
            "UPDATE quarantine_runs SET moved_at = moved_at "
            "WHERE tenant_id = :tenant AND id = :run",
            tenant=tenant,
            run=run,
        )
    )


def find_run(snapshot: Snapshot, tenant: str, run: int) -> QuarantineRun | None:
    """Find a run of a tenant."""
    row = snapshot.row(f"{_RUN}AND id = :run", tenant=tenant, run=run)
    return _from_row(row) if row else None


def runs(
    snapshot: Snapshot, tenant: str, organization: int | None, limit: int
) -> list[QuarantineRun]:
    """List the latest runs of a tenant, or those that name an organization, the latest first."""
    of_organization = "" if organization is None else "AND organization_id = :organization "
    found = snapshot.rows(
        f"{_RUN}{of_organization}ORDER BY id DESC LIMIT :limit",
        tenant=tenant,
        limit=limit,
        **({} if organization is None else {"organization": organization}),
    )
    return [_from_row(row) for row in found]


def running(snapshot: Snapshot, tenant: str, organization: int | None) -> QuarantineRun | None:
    """Find a running run that may select events of an organization; None is all of them."""
    found = snapshot.rows(
        f"{_RUN}AND status = '{QuarantineRunStatus.RUNNING.value}' "
        "AND (organization_id IS NULL OR :every = 1 OR organization_id = :organization) "
        "ORDER BY id LIMIT 1",
        tenant=tenant,
        every=int(organization is None),
        organization=organization or 0,
    )
    return _from_row(found[0]) if found else None


def change_run(transaction: Transaction, tenant: str, run: QuarantineRun, now: int) -> None:
    """Update the status and progress of a run."""
    transaction.execute(
        """
        UPDATE quarantine_runs SET
            status = :status, at_organization = :at_organization, at_id = :at_id,
            events = :events, released = :released, discarded = :discarded, moved_at = :now,
            finished_at = :finished_at, reason = :reason
        WHERE tenant_id = :tenant AND id = :run
        """,
        tenant=tenant,
        run=run.id,
        status=run.status.value,
        at_organization=run.at_organization,
        at_id=run.at_id,
        events=run.events,
        released=run.released,
        discarded=run.discarded,
        now=now,
        finished_at=run.finished_at,
        reason=run.reason,
    )


def _from_row(row: Row) -> QuarantineRun:
    facts = dict(zip((*_PROGRESS, "organization_id", *_SELECTION), row, strict=True))
    selected = {name: facts.pop(name) for name in _SELECTION}
    selected |= {name: _list(selected[name]) for name in _LISTS}
    facts["selection"] = Selection(**selected)
    return msgspec.convert(facts, QuarantineRun)


def _list_text(values: tuple[str, ...]) -> str | None:
    return msgspec.json.encode(values).decode() if values else None


def _list(text: str | None) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...]) if text else ()
