"""The statements for rerating runs."""

import msgspec

from tollbook.domain.margin import Purchases
from tollbook.domain.rerating import (
    AT_WORK,
    FINISHED,
    UNFINISHED,
    Bought,
    Costs,
    LeftAsItWas,
    RerateRange,
    Run,
    RunStatus,
)
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row

MOST_LISTED = 1_000
"""The number of unpriced events that a run lists; it counts all of them."""

_PROGRESS = tuple(name for name in Run.__struct_fields__ if name not in ("span", "organization_id"))
_FIELDS = (*_PROGRESS, *RerateRange.__struct_fields__, "organization_id")
_RUN = f"""
SELECT
    {", ".join(f"runs.{name}" for name in _PROGRESS)},
    runs.first_day, runs.last_day, runs.organization_id, runs.version, organizations.id
FROM rerating_runs AS runs
LEFT JOIN organizations ON organizations.organization_id = runs.organization_id
WHERE runs.tenant_id = :tenant
"""
# Sums of a whole tenant may exceed the range of a column, so they are stored as digits.
_purchases = msgspec.json.Decoder(dict[str, tuple[list[str], list[str]]])
_costs = msgspec.json.Decoder(dict[str, tuple[str, str]])


def add_run(
    transaction: Transaction,
    tenant: str,
    span: RerateRange,
    expected: int,
    now: int,
    created_by: str,
) -> int:
    """Insert a run, and return its number. The caller holds the lock of the tenant's runs."""
    number = 1 + transaction.integer(
        "SELECT MAX(id) FROM rerating_runs WHERE tenant_id = :tenant", tenant=tenant
    )
    transaction.execute(
        """
        INSERT INTO rerating_runs (
            tenant_id, id, organization_id, first_day, last_day, version, status, backwards,
            at_organization, at_day, expected, events, changed, unpriced, restored, costs,
            created_at, created_by, moved_at
        )
        VALUES (
            :tenant, :id, :organization, :first_day, :last_day, :version, :status, 0,
            0, 0, :expected, 0, 0, 0, 0, '{}',
            :now, :created_by, :now
        )
        """,
        tenant=tenant,
        id=number,
        organization=span.organization,
        first_day=span.first_day,
        last_day=span.last_day,
        version=span.version,
        status=RunStatus.RUNNING.value,
        expected=expected,
        now=now,
        created_by=created_by,
    )
    return number


def lock_runs(transaction: Transaction, tenant: str) -> bool:
    """Lock the runs of a tenant until the commit; False when there is no such tenant."""
    return bool(
        transaction.execute(
            "UPDATE tenants SET name = name WHERE tenant_id = :tenant", tenant=tenant
        )
    )


def lock_run(transaction: Transaction, tenant: str, run: int) -> bool:
    """Wait for the process that works on a run, and lock the run until the commit."""
    return bool(
        transaction.execute(
            "UPDATE rerating_runs SET moved_at = moved_at WHERE tenant_id = :tenant AND id = :run",
            tenant=tenant,
            run=run,
        )
    )


def find_run(snapshot: Snapshot, tenant: str, run: int) -> Run | None:
    """Find a run of a tenant."""
    row = snapshot.row(_RUN + "AND runs.id = :run", tenant=tenant, run=run)
    return _from_row(row) if row else None


def runs(snapshot: Snapshot, tenant: str, limit: int) -> list[Run]:
    """List a tenant's latest runs, the latest first."""
    found = snapshot.rows(_RUN + "ORDER BY runs.id DESC LIMIT :limit", tenant=tenant, limit=limit)
    return [_from_row(row) for row in found]


def at_work(snapshot: Snapshot, tenant: str) -> list[Run]:
    """List the runs of a tenant that are at work."""
    sql = f"{_RUN} AND runs.status IN :wanted ORDER BY runs.id"
    found = snapshot.rows(sql, tenant=tenant, wanted=[it.value for it in AT_WORK])
    return [_from_row(row) for row in found]


def overlapping(
    snapshot: Snapshot, tenant: str, span: RerateRange, *, after: int = 0, unfinished: bool
) -> Run | None:
    """Find a run after `after` that covers some of the same days of the same organization.

    With `unfinished`, only a run that is not finished; otherwise any that was not reverted.
    """
    wanted = UNFINISHED if unfinished else (*UNFINISHED, FINISHED[0])
    found = snapshot.rows(
        _RUN
        + """
        AND runs.id > :after AND runs.status IN :wanted
        AND runs.first_day <= :last_day AND runs.last_day >= :first_day
        AND (
            runs.organization_id IS NULL OR :every = 1
            OR runs.organization_id = :organization
        )
        ORDER BY runs.id LIMIT 1
        """,
        tenant=tenant,
        after=after,
        wanted=[status.value for status in wanted],
        first_day=span.first_day,
        last_day=span.last_day,
        every=int(span.organization is None),
        organization=span.organization or 0,
    )
    return _from_row(found[0]) if found else None


def change_run(transaction: Transaction, tenant: str, run: Run, now: int) -> None:
    """Update the status and progress of a run."""
    transaction.execute(
        """
        UPDATE rerating_runs SET
            status = :status, backwards = :backwards, at_organization = :at_organization,
            at_day = :at_day, events = :events, changed = :changed, unpriced = :unpriced,
            buy_changed = :buy_changed, purchases = :purchases,
            restored = :restored, costs = :costs, moved_at = :now, finished_at = :finished_at,
            reason = :reason
        WHERE tenant_id = :tenant AND id = :run
        """,
        tenant=tenant,
        run=run.id,
        status=run.status.value,
        backwards=int(run.backwards),
        at_organization=run.at_organization,
        at_day=run.at_day,
        events=run.events,
        changed=run.changed,
        unpriced=run.unpriced,
        restored=run.restored,
        costs=_costs_text(run.costs),
        buy_changed=run.buy_changed,
        purchases=_purchases_text(run.purchases),
        now=now,
        finished_at=run.finished_at,
        reason=run.reason,
    )


def list_unpriced(
    transaction: Transaction, tenant: str, run: int, left: list[tuple[int, LeftAsItWas]]
) -> None:
    """Insert events that keep their charge, each with its organization's number."""
    transaction.execute_many(
        """
        INSERT INTO rerating_unpriced (tenant_id, run_id, organization_id, day, id, code, reason)
        VALUES (:tenant, :run, :organization, :day, :id, :code, :reason)
        """,
        [
            {
                "tenant": tenant,
                "run": run,
                "organization": number,
                "day": it.day,
                "id": it.id,
                "code": it.code,
                "reason": it.reason,
            }
            for number, it in left
        ],
    )


def unpriced(snapshot: Snapshot, tenant: str, run: int, limit: int) -> list[LeftAsItWas]:
    """List events that a run could not price, in the order of the run."""
    rows = snapshot.rows(
        """
        SELECT organizations.id, left_out.day, left_out.id, left_out.code, left_out.reason
        FROM rerating_unpriced AS left_out
        JOIN organizations ON organizations.organization_id = left_out.organization_id
        WHERE left_out.tenant_id = :tenant AND left_out.run_id = :run
        ORDER BY left_out.organization_id, left_out.day, left_out.id LIMIT :limit
        """,
        tenant=tenant,
        run=run,
        limit=limit,
    )
    return [LeftAsItWas(*row) for row in rows]


def _from_row(row: Row) -> Run:
    facts = dict(zip(_FIELDS, row, strict=True))
    span = RerateRange(*(facts.pop(name) for name in RerateRange.__struct_fields__))
    facts["status"] = RunStatus(facts["status"])
    facts["backwards"] = bool(facts["backwards"])
    costs = _costs.decode(facts["costs"])
    facts["costs"] = {currency: (int(old), int(new)) for currency, (old, new) in costs.items()}
    facts["purchases"] = {
        currency: (Purchases(*map(int, old)), Purchases(*map(int, new)))
        for currency, (old, new) in _purchases.decode(facts["purchases"]).items()
    }
    return Run(span=span, **facts)


def _costs_text(costs: Costs) -> str:
    words = {currency: (str(old), str(new)) for currency, (old, new) in costs.items()}
    return msgspec.json.encode(words).decode()


def _purchases_text(purchases: Bought) -> str:
    words = {
        currency: [[str(it) for it in sums] for sums in both]
        for currency, both in purchases.items()
    }
    return msgspec.json.encode(words).decode()
