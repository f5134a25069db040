"""Mailed reports as they are stored, and the subjects of those that are due."""

from typing import Any

import pytest

from tests.builders import TENANT
from tests.store.directories import AT, organization
from tollbook.domain.directory import Status
from tollbook.domain.reports import MailedReport, ReportSchedule
from tollbook.store import directory, reports
from tollbook.store.database import Transaction


def report(identity: str = "rep_1", **given: Any) -> MailedReport:
    usual: dict[str, Any] = {
        "tenant": TENANT,
        "id": identity,
        "organization": None,
        "user_id": None,
        "schedule": ReportSchedule.WEEKLY,
        "hour": 7,
        "endpoint": "end_1",
        "created_at": AT,
        "changed_at": AT + 1,
    }
    return MailedReport(**{**usual, **given})


def add(transaction: Transaction, *found: MailedReport) -> None:
    for it in found:
        reports.add_report(transaction, it)


def ids(found: list[MailedReport]) -> list[str]:
    return [it.id for it in found]


@pytest.mark.parametrize(
    "made",
    [
        report(),
        report(organization=7, user_id="Ü", schedule=ReportSchedule.DAILY, hour=0),
        report(organization=7, schedule=ReportSchedule.MONTHLY, hour=23, endpoint="con_7"),
    ],
)
def test_a_report_comes_back_as_it_was_added(transaction: Transaction, made: MailedReport) -> None:
    add(transaction, made)
    assert reports.list_reports(transaction, TENANT) == [made]


def test_reports_are_listed_by_age_then_id(tx: Transaction) -> None:
    add(tx, report("c"), report("b"), report("a", created_at=AT + 1), report("d", created_at=1))
    add(tx, report("e", tenant="other"))
    assert ids(reports.list_reports(tx, TENANT)) == ["d", "b", "c", "a"]
    assert ids(reports.list_reports(tx, "other")) == ["e"]


def test_a_period_is_written_once_and_in_order(transaction: Transaction) -> None:
    one, other = report(), report(tenant="other")
    add(transaction, one, other)
    written = [
        reports.mark_written(transaction, one, it)
        for it in (20240108, 20240108, 20240101, 20240115)
    ]
    assert written == [True, False, False, True]
    (found,) = reports.list_reports(transaction, TENANT)
    assert found.last_period == 20240115
    assert reports.list_reports(transaction, "other") == [other]
    assert not reports.mark_written(transaction, report("unknown"), 20240101)


def test_a_removed_report_is_gone_from_its_tenant_only(tx: Transaction) -> None:
    add(tx, report("a"), report("b"), report("a", tenant="other"))
    reports.remove_report(tx, TENANT, "a")
    assert ids(reports.list_reports(tx, TENANT)) == ["b"]
    assert ids(reports.list_reports(tx, "other")) == ["a"]


def test_a_report_has_the_time_zone_of_its_subject(transaction: Transaction) -> None:
    number = organization(transaction, "org_1", timezone="Asia/Tokyo")
    tenant = directory.find_tenant(transaction, TENANT)
    assert tenant is not None
    directory.change_tenant(transaction, tenant._replace(timezone="Europe/Berlin"))
    add(transaction, report("of org", organization=number), report("of all"))
    found = {
        it.report.id: (it.timezone, it.organization_id)
        for it in reports.scheduled_reports(transaction)
    }
    assert found == {"of org": ("Asia/Tokyo", "org_1"), "of all": ("Europe/Berlin", None)}


@pytest.mark.parametrize("status", Status)
def test_only_an_active_organization_gets_reports(tx: Transaction, status: Status) -> None:
    number = organization(tx, "org_1", status=status)
    add(tx, report("of org", organization=number), report("of all"))
    wanted = ["of all", "of org"] if status is Status.ACTIVE else ["of all"]
    assert [it.report.id for it in reports.scheduled_reports(tx)] == wanted


def test_reports_without_a_tenant_or_an_organization_are_not_sent(tx: Transaction) -> None:
    number = organization(tx)
    add(tx, report("gone", organization=number + 1), report("kept", organization=number))
    add(tx, report("no tenant", tenant="removed"))
    assert [it.report.id for it in reports.scheduled_reports(tx)] == ["kept"]


def test_reports_of_all_tenants_are_scheduled_in_their_order(tx: Transaction) -> None:
    for tenant in ("b", "a"):
        organization(tx, tenant=tenant)
        add(tx, report("2", tenant=tenant), report("1", tenant=tenant, created_at=AT + 9))
    found = [(it.report.tenant, it.report.id) for it in reports.scheduled_reports(tx)]
    assert found == [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]
