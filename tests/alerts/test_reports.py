"""Reports are mailed once for each period, with figures, a chart and a link to unsubscribe."""

import io
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.alerts.builders import make_endpoint, notification, notify
from tests.alerts.mailboxes import Certificates, receiving_mails
from tests.alerts.test_mail import mailing
from tests.alerts.watching import Watching
from tests.builders import Json, event
from tests.waiting import wait_for
from tollbook.administration.reports import NewReport, add_report
from tollbook.alerts.reports import Reports
from tollbook.domain.endpoints import AlertEndpoint, EndpointKind
from tollbook.domain.reports import ReportSchedule
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database

ADDRESS = "boss@example.com"


class Reporting(Watching):
    """A tenant with usage of two days of January in Berlin, and one in UTC."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, timezone="Europe/Berlin")
        self.at("2024-01-15T09:00:00+00:00")
        self.endpoint = make_endpoint(
            database, None, kind=EndpointKind.MAIL, addresses=(ADDRESS,), types=("trigger.*",)
        )
        self.send(
            event(id="a", time="2024-01-15T22:30:00Z", cost="12.5", user_id="user_1"),
            event(id="b", time="2024-01-15T23:30:00Z", cost="7.123456789", user_id="user_2"),
            event(id="c", time="2024-01-10T10:00:00Z", cost="3", type="sms.outbound", quantity=1),
        )

    def add(self, schedule: str = "daily", organization: str | None = "org_1", **given: Any) -> str:
        """Add a report now; return its id."""
        number = self.number(organization) if organization else None
        new = NewReport(
            schedule=ReportSchedule(schedule),
            endpoint_id=self.endpoint.id,
            organization_id=organization,
            **given,
        )
        actor = Actor(self.tenant, COMMAND_LINE, self.now)
        with self.database.writing() as transaction:
            return add_report(transaction, actor, new, number).id

    def written_at(self, text: str) -> list[Json]:
        """Look twice at an instant, and once as another process; return what was written."""
        self.at(text)
        before = len(self.notices())
        for _ in range(2):
            self.restart()
            assert self.work.lease.hold()
            assert Reports()(self.work) == 60
            assert Reports()(self.work) == 60
        return [it["data"] for it in self.notices()[before:]]


@pytest.fixture
def reporting(database: Database) -> Reporting:
    return Reporting(database)


def test_a_report_is_written_once_for_each_day_of_its_zone(reporting: Reporting) -> None:
    reporting.add()
    assert reporting.written_at("2024-01-15T12:00:00+01:00") == []
    assert reporting.written_at("2024-01-16T06:59:00+01:00") == []
    (first,) = reporting.written_at("2024-01-16T07:00:00+01:00")
    assert first["period"] == {
        "kind": "day",
        "start": "2024-01-15",
        "end": "2024-01-15",
        "timezone": "Europe/Berlin",
    }
    assert (first["cost"], first["previous_cost"], first["events"]) == (12.5, 0, 1)
    assert first["rows"] == [{"user_id": "user_1", "cost": 12.5}]
    assert first["categories"] == [{"category": "voice", "cost": 12.5, "previous_cost": 0}]
    assert [it["cost"] for it in first["days"]] == [0] * 8 + [3] + [0] * 4 + [12.5]
    assert (first["quarantined_share"], first["currency"]) == (0, "USD")
    (second,) = reporting.written_at("2024-01-17T18:00:00+01:00")
    assert (second["cost"], second["previous_cost"]) == (7.123456789, 12.5)


def test_after_an_outage_only_the_latest_is_written(reporting: Reporting) -> None:
    reporting.add()
    found = reporting.written_at("2024-02-20T09:00:00+01:00")
    assert [it["period"]["start"] for it in found] == ["2024-02-19"]


def test_weeks_and_months_of_the_tenant_and_of_a_user(reporting: Reporting) -> None:
    reporting.organization("org_2", currency="EUR")
    reporting.send(event(id="d", organization_id="org_2", time="2024-01-16T10:00:00Z", cost="9"))
    reporting.add("weekly", None)
    reporting.add("monthly", user_id="user_2")
    (week,) = reporting.written_at("2024-01-22T07:00:00+00:00")
    assert week["period"]["start"] == "2024-01-15"
    assert (week["cost"], week["previous_cost"]) == (19.623456789, 3)
    assert week["rows"] == [{"organization_id": "org_1", "cost": 19.623456789}]
    assert week["other_currencies"] == ["EUR"]
    found = reporting.written_at("2024-02-01T12:00:00+00:00")
    (month,) = (it for it in found if it["schedule"] == "monthly")
    assert (month["user_id"], month["cost"]) == ("user_2", 7.123456789)
    assert (month["rows"], month["quarantined_share"]) == ([], None)
    assert len(month["days"]) == 31


def test_a_report_arrives_as_a_mail_of_its_own(
    reporting: Reporting, database: Database, tmp_path: Path
) -> None:
    reporting.add("weekly")
    certificates = Certificates(tmp_path)
    notify(database, *(notification(it, endpoint_ids=_only(reporting)) for it in range(6)))
    (data,) = reporting.written_at("2024-01-22T07:00:00+01:00")
    with (
        receiving_mails(certificates) as mailbox,
        mailing(database, mailbox, certificates),
    ):
        wait_for(lambda: len(mailbox.received) == 2)
    assert mailbox.subjects == ["6 notifications", "Weekly report"]
    assert mailbox.recipients == [[ADDRESS]] * 2
    text, html, image = _parts(mailbox.received[1])
    for shown in ("Cost: 19.62 USD", "Change: +554.1% (before: 3.00 USD)", "user_1  12.50"):
        assert shown in text
    assert "2024-01-15 to 2024-01-21 (Europe/Berlin)" in text
    assert 'src="cid:chart@tollbook"' in html
    assert "highest 12.50 USD on 2024-01-15" in html
    assert len(image) < 50 * 1024
    with Image.open(io.BytesIO(image)) as opened:
        assert (opened.format, opened.size) == ("PNG", (640, 240))
    assert data["organization_id"] not in str(mailbox.received[1]["Subject"])


def _only(reporting: Reporting) -> tuple[str, ...]:
    endpoint: AlertEndpoint = reporting.endpoint
    return (endpoint.id,)


def _parts(message: EmailMessage) -> tuple[str, str, bytes]:
    text, html, image = (
        part for part in message.walk() if part.get_content_maintype() != "multipart"
    )
    assert image["Content-ID"] == "<chart@tollbook>"
    return text.get_content(), html.get_content(), image.get_content()
