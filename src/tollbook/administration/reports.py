"""Add and remove the reports that are mailed on a schedule."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tollbook.domain.endpoint_errors import TooManyReports
from tollbook.domain.endpoints import AlertEndpoint, EndpointKind
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.reports import (
    LAST_HOUR,
    MOST_REPORTS,
    USUAL_HOUR,
    MailedReport,
    ReportSchedule,
    new_report_id,
)
from tollbook.store import reports
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.endpoints import find_endpoint
from tollbook.store.notifications import hold_numbers


class NewReport(msgspec.Struct):
    """A report to add: on an organization, on one of its users, or on the whole tenant.

    It is sent to a mail endpoint after `hour`, in the time zone of its subject.
    """

    schedule: ReportSchedule
    endpoint_id: str
    hour: Annotated[int, Meta(ge=0, le=LAST_HOUR)] = USUAL_HOUR
    organization_id: str | None = None
    user_id: str | None = None


def add_report(
    transaction: Transaction,
    actor: Actor,
    new: NewReport,
    organization: int | None,
    *,
    owned_by: int | None = None,
) -> MailedReport:
    """Add a report, and return it; its first period is the next one that ends.

    `organization` is the number of the subject, `owned_by` that of the organization whose key acts.
    """
    # Additions of a tenant wait for each other, and for the removal of an endpoint.
    hold_numbers(transaction, actor.tenant)
    endpoint = find_endpoint(transaction, actor.tenant, new.endpoint_id)
    if not _may_receive(endpoint, organization, owned_by):
        sentence = "endpoint_id must be that of an endpoint of the kind mail, of the same owner"
        raise InvalidRequest.of([Problem("endpoint_id", "invalid_endpoint", sentence)])
    if new.user_id is not None and organization is None:
        sentence = "user_id requires organization_id"
        raise InvalidRequest.of([Problem("user_id", "missing_organization", sentence)])
    if len(reports.list_reports(transaction, actor.tenant)) >= MOST_REPORTS:
        raise TooManyReports(f"a tenant may have at most {MOST_REPORTS} reports")
    report = MailedReport(
        tenant=actor.tenant,
        id=new_report_id(),
        organization=organization,
        user_id=new.user_id,
        schedule=new.schedule,
        hour=new.hour,
        endpoint=new.endpoint_id,
        created_at=actor.at,
        changed_at=actor.at,
    )
    reports.add_report(transaction, report)
    details = {"schedule": report.schedule.value, "endpoint": report.endpoint}
    write_act(transaction, actor, "report.add", f"report {report.id}", details, organization)
    return report


def _may_receive(
    endpoint: AlertEndpoint | None, organization: int | None, owned_by: int | None
) -> bool:
    """Return whether an endpoint gets reports on a subject: its owner must see the subject."""
    if endpoint is None or endpoint.is_contact or endpoint.kind is not EndpointKind.MAIL:
        return False
    if owned_by is not None and endpoint.organization != owned_by:
        return False
    return endpoint.organization in (None, organization)


def remove_report(transaction: Transaction, actor: Actor, report: MailedReport) -> None:
    """Remove a report; mails that wait are still sent."""
    reports.remove_report(transaction, report.tenant, report.id)
    what = f"report {report.id}"
    write_act(transaction, actor, "report.remove", what, {}, report.organization)
