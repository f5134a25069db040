"""The reports that are mailed on a schedule: /v1/reports."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tollbook.administration.reports import NewReport, add_report, remove_report
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import organization_of, require_organization_key, user_of
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.endpoint_errors import TooManyReports
from tollbook.domain.errors import NotFound
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.periods import day_of
from tollbook.domain.reports import MailedReport, ReportSchedule
from tollbook.store import endpoints, reports
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import owners_of_numbers


class ReportPath(Path, frozen=True, kw_only=True):
    """The path of a report."""

    report_id: Annotated[str, Meta(max_length=40, examples=["rep_0123456789abcdef0123456789"])]


class ShownReport(msgspec.Struct, frozen=True):
    """A report; `last_period` is the first day of the last period that was mailed."""

    id: str
    organization_id: str | None
    user_id: str | None
    schedule: ReportSchedule
    hour: int
    endpoint_id: str
    last_period: str | None
    created_at: datetime


def list_reports(request: ApiRequest, snapshot: Snapshot) -> Response:
    """List the reports that the key may see."""
    found = shown_reports(snapshot, _visible(snapshot, request.key))
    return json_response({"success": True, "reports": found})


def get_report(request: ApiRequest[Query, ReportPath], snapshot: Snapshot) -> Response:
    """Return one report."""
    return _one(snapshot, _find(request, snapshot))


def post_report(request: ApiRequest, transaction: Transaction) -> Response:
    """Add a report."""
    key = request.key
    require_organization_key(key, "add reports")
    new = read_body(request.body, NewReport)
    bound = key.scope.organization_id
    named = new.organization_id or bound
    row = None if named is None else organization_of(transaction, key, named)
    if row is not None and new.user_id is not None:
        user_of(transaction, key, row, new.user_id)
    number = None if row is None else row.number
    owned_by = None if bound is None else number
    added = add_report(transaction, request.actor, new, number, owned_by=owned_by)
    return _one(transaction, added, 201)


def delete_report(request: ApiRequest[Query, ReportPath], transaction: Transaction) -> Response:
    """Remove a report."""
    found = _find(request, transaction)
    answer = _one(transaction, found)
    remove_report(transaction, request.actor, found)
    return answer


def shown_reports(snapshot: Snapshot, found: list[MailedReport]) -> list[ShownReport]:
    """Return reports for an answer."""
    numbers = {it.organization for it in found if it.organization is not None}
    owners = owners_of_numbers(snapshot, numbers) if numbers else {}
    return [
        ShownReport(
            id=it.id,
            organization_id=None if it.organization is None else owners[it.organization][1],
            user_id=it.user_id,
            schedule=it.schedule,
            hour=it.hour,
            endpoint_id=it.endpoint,
            last_period=None if it.last_period is None else day_of(it.last_period).isoformat(),
            created_at=instant_of(it.created_at),
        )
        for it in found
    ]


def _visible(snapshot: Snapshot, key: ApiKey) -> list[MailedReport]:
    """Return the reports that a key may see: an organization those to its own endpoints."""
    require_organization_key(key, "see reports")
    tenant, bound = key.scope.tenant_id, key.scope.organization_id
    found = reports.list_reports(snapshot, tenant)
    if bound is None:
        return found
    number = organization_of(snapshot, key, bound).number
    own = {it.id for it in endpoints.list_endpoints(snapshot, tenant) if it.organization == number}
    return [it for it in found if it.endpoint in own]


def _find(request: ApiRequest[Any, ReportPath], snapshot: Snapshot) -> MailedReport:
    for it in _visible(snapshot, request.key):
        if it.id == request.path.report_id:
            return it
    raise NotFound("Report not found")


def _one(snapshot: Snapshot, found: MailedReport, status: int = 200) -> Response:
    (shown,) = shown_reports(snapshot, [found])
    return json_response({"success": True, "report": shown}, status)


_EXAMPLE = {
    "id": "rep_0123456789abcdef0123456789",
    "organization_id": "org_abc123",
    "user_id": None,
    "schedule": "weekly",
    "hour": 7,
    "endpoint_id": "end_0123456789abcdef0123456789",
    "last_period": "2024-01-08",
    "created_at": "2024-01-02T09:00:00Z",
}
_LEADS = leads("getReport", "removeReport", report_id="/report/id")
_ONE = Body(answer_schema(report=ShownReport), {"success": True, "report": _EXAMPLE}, links=_LEADS)
_PATH = "/v1/reports"
_TAG = "Alerts"
_OWN = "A key of an organization has reports to its own endpoints only; one of a user has none."

REPORT_ENDPOINTS = (
    Endpoint(
        route=f"GET {_PATH}",
        name="listReports",
        summary="List reports",
        description=f"The reports that are mailed on a schedule, the oldest first. {_OWN}",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(reports=list[ShownReport]),
            {"success": True, "reports": [_EXAMPLE]},
            links=leads("getReport", "removeReport", report_id="/reports/0/id"),
        ),
        read=list_reports,
        tells_usage=False,
        tag=_TAG,
    ),
    Endpoint(
        route=f"POST {_PATH}",
        name="addReport",
        summary="Add a report",
        description=(
            "Mails the figures of each day, week or month to an endpoint of the kind `mail`, once, "
            "after `hour` in the time zone of the organization, or of the tenant. The first one is "
            f"about the period that ends next. Written to the audit log. {_OWN}"
        ),
        permission=Permission.ADMIN,
        request=Body(
            NewReport,
            {
                "organization_id": "org_abc123",
                "schedule": "weekly",
                "endpoint_id": "end_0123456789abcdef0123456789",
            },
        ),
        answers={201: _ONE},
        write=post_report,
        errors=(NotFound, TooManyReports),
        tells_usage=False,
        tag=_TAG,
    ),
    Endpoint(
        route=f"GET {_PATH}/{{report_id}}",
        name="getReport",
        summary="Get a report",
        description="One report.",
        permission=Permission.ADMIN,
        answers=_ONE,
        read=get_report,
        tells_usage=False,
        tag=_TAG,
    ),
    Endpoint(
        route=f"DELETE {_PATH}/{{report_id}}",
        name="removeReport",
        summary="Remove a report",
        description="Mails that wait are still sent. Written to the audit log.",
        permission=Permission.ADMIN,
        answers=_ONE,
        write=delete_report,
        tells_usage=False,
        tag=_TAG,
    ),
)
