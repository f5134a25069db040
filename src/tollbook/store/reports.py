"""The statements of reports."""

from typing import NamedTuple

import msgspec

from tollbook.domain.directory import Status
from tollbook.domain.reports import MailedReport, ReportSchedule
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.scope_check import ALL_TENANTS

_COLUMNS = (
    "reports.tenant_id, reports.id, reports.organization_id, reports.user_id, schedule, hour, "
    "endpoint_id, reports.created_at, reports.changed_at, last_period"
)
_OF_TENANT = f"SELECT {_COLUMNS} FROM reports WHERE tenant_id = :tenant ORDER BY created_at, id"
_EVERY = f"""
SELECT {_COLUMNS}, tenants.timezone, organizations.timezone, organizations.status, organizations.id
FROM reports
JOIN tenants ON tenants.tenant_id = reports.tenant_id
LEFT JOIN organizations ON organizations.organization_id = reports.organization_id
ORDER BY reports.tenant_id, reports.id {ALL_TENANTS}
"""
_ADD = """
INSERT INTO reports (
    tenant_id, id, organization_id, user_id, schedule, hour, endpoint_id, created_at, changed_at
)
VALUES (
    :tenant, :id, :organization, :user_id, :schedule, :hour, :endpoint, :created_at, :changed_at
)
"""
_MARK = """
UPDATE reports SET last_period = :period
WHERE tenant_id = :tenant AND id = :id AND (last_period IS NULL OR last_period < :period)
"""


class ScheduledReport(NamedTuple):
    """A report with the time zone of its subject, and the id of its organization if it has one."""

    report: MailedReport
    timezone: str
    organization_id: str | None


def list_reports(snapshot: Snapshot, tenant: str) -> list[MailedReport]:
    """List the reports of a tenant, the oldest first."""
    return [_from_row(row) for row in snapshot.rows(_OF_TENANT, tenant=tenant)]


def scheduled_reports(snapshot: Snapshot) -> list[ScheduledReport]:
    """List the reports of all tenants, except those on organizations that are not active."""
    found = []
    for *row, of_tenant, of_organization, status, identity in snapshot.rows(_EVERY):
        report = _from_row(tuple(row))
        if report.organization is None or status == Status.ACTIVE:
            found.append(ScheduledReport(report, of_organization or of_tenant, identity))
    return found


def add_report(transaction: Transaction, it: MailedReport) -> None:
    """Insert a report. The caller keeps parallel additions of a tenant apart."""
    bound = msgspec.structs.asdict(it) | {"schedule": it.schedule.value}
    del bound["last_period"]
    transaction.execute(_ADD, **bound)


def mark_written(transaction: Transaction, it: MailedReport, period: int) -> bool:
    """Store the first day of the period that was written; return whether it was not before."""
    return bool(transaction.execute(_MARK, tenant=it.tenant, id=it.id, period=period))


def remove_report(transaction: Transaction, tenant: str, identity: str) -> None:
    """Delete a report."""
    sql = "DELETE FROM reports WHERE tenant_id = :tenant AND id = :id"
    transaction.execute(sql, tenant=tenant, id=identity)


def _from_row(row: Row) -> MailedReport:
    tenant, identity, organization, user, schedule, hour, endpoint, created, changed, last = row
    return MailedReport(
        tenant=tenant,
        id=identity,
        organization=organization,
        user_id=user,
        schedule=ReportSchedule(schedule),
        hour=hour,
        endpoint=endpoint,
        created_at=created,
        changed_at=changed,
        last_period=last,
    )
