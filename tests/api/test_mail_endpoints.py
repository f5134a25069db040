"""/v1/endpoints of the kind mail."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.alerts.builders import notification, notify
from tests.alerts.mailboxes import Mailbox, receiving_mails
from tests.api.conftest import error_of
from tests.builders import TENANT, Json, Platform
from tests.inside import serving
from tests.waiting import wait_for
from tollbook.settings import Settings
from tollbook.store.audit import acts
from tollbook.store.database import Database
from tollbook.wiring import services

ENDPOINTS = "/v1/endpoints"
TO = ["a@example.com", "b@example.com"]


class Running(NamedTuple):
    """A server that sends mails to a server on this machine, as an admin."""

    http: httpx.Client
    platform: Platform
    mailbox: Mailbox

    def add(self, **given: Any) -> Json:
        answer = self.http.post(ENDPOINTS, json={"name": "Bills", "kind": "mail", **given})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["endpoint"])

    def deliveries(self, identity: str, **query: str) -> Json:
        answer = self.http.get(f"{ENDPOINTS}/{identity}/deliveries", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def running(database: Database) -> Iterator[Running]:
    platform = Platform(database)
    with receiving_mails(None) as mailbox:
        settings = Settings(
            secret_key="s" * 32,
            smtp_url=f"smtp://127.0.0.1:{mailbox.port}?starttls=off",
            mail_from="Tollbook <alerts@example.com>",
            public_url="https://ledger.example.com/",
        )
        parts = services(settings, database)
        with serving(database, platform.key(), parts) as http:
            yield Running(http, platform, mailbox)


def test_mails_arrive_and_are_listed(running: Running, database: Database) -> None:
    added = running.add(to=TO)
    assert (added["to"], added["url"]) == (TO, None)
    (identity,) = notify(database, notification("a"))
    wait_for(lambda: len(running.mailbox.received) == 2)
    wait_for(lambda: states(running, added["id"]) == ["delivered"] * 2)
    first, second = running.deliveries(added["id"])["deliveries"]
    assert [it["address"] for it in (first, second)] == TO
    assert first["notification_id"] == identity
    assert first["attempts"][0]["status"] == 250
    page = running.deliveries(added["id"], limit="1")
    assert page["deliveries"] == [first]
    following = running.deliveries(added["id"], limit="1", cursor=page["next_cursor"])
    assert following["deliveries"] == [second]
    (listed,) = running.http.get("/v1/notifications").json()["notifications"]
    assert (listed["delivered"], listed["pending"]) == (2, 0)


def states(running: Running, identity: str) -> list[str]:
    return [it["status"] for it in running.deliveries(identity)["deliveries"]]


def last_statuses(running: Running, identity: str) -> list[int | None]:
    return [it["last_status"] for it in running.deliveries(identity)["deliveries"]]


def test_addresses_change_and_what_waits_for_others_is_discarded(
    running: Running, database: Database
) -> None:
    running.mailbox.refuse = lambda _: "450 later"
    added = running.add(to=TO)
    path = f"{ENDPOINTS}/{added['id']}"
    (identity,) = notify(database, notification("a"))
    wait_for(lambda: last_statuses(running, added["id"]) == [450] * 2)
    running.mailbox.refuse = lambda _: None
    changed = running.http.patch(path, json={"to": TO[1:]}).json()["endpoint"]
    assert changed["to"] == TO[1:]
    wait_for(lambda: states(running, added["id"]) == ["discarded", "delivered"])
    body = {"endpoint_id": added["id"]}
    resent = running.http.post(f"/v1/notifications/{identity}/resend", json=body)
    assert resent.status_code == 202
    wait_for(lambda: len(running.mailbox.received) == 2)
    assert running.mailbox.recipients == [TO[1:]] * 2


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"kind": "mail"}, "to", "invalid_address"),
        ({"kind": "mail", "to": ["Bills <a@b.com>"]}, "to", "invalid_address"),
        ({"kind": "mail", "to": TO, "url": "https://a.com"}, "url", "not_for_kind"),
        ({"kind": "slack", "url": "https://a.com", "to": TO}, "to", "not_for_kind"),
        ({"kind": "webhook"}, "url", "invalid_url"),
    ],
)
def test_each_kind_has_its_fields(running: Running, body: Json, field: str, code: str) -> None:
    refused = running.http.post(ENDPOINTS, json={"name": "Bills", **body})
    assert refused.status_code == 400
    assert (field, code) in [(it["field"], it["code"]) for it in error_of(refused)["details"]]


def test_the_audit_log_has_no_addresses(running: Running, database: Database) -> None:
    running.add(to=TO)
    with database.reading() as snapshot:
        (act,) = acts(snapshot, TENANT)[:1]
    assert "example.com" not in str(act)


def test_a_link_in_a_mail_ends_the_mails_to_its_address(
    running: Running, database: Database
) -> None:
    added = running.add(to=TO)
    identity = added["id"]
    notify(database, notification("a"))
    wait_for(lambda: states(running, identity) == ["delivered"] * 2)
    mail = next(it for it in running.mailbox.received if it["To"] == TO[0])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(mail["List-Unsubscribe"]).strip("<>").removeprefix("https://ledger.example.com")
    page = httpx.get(str(running.http.base_url).rstrip("/") + link)
    assert (page.status_code, "<button" in page.text) == (200, True)
    assert running.http.get(f"{ENDPOINTS}/{identity}").json()["endpoint"]["unsubscribed"] == []
    for _ in range(2):
        ended = httpx.post(str(page.url), data={"List-Unsubscribe": "One-Click"})
        assert ended.status_code == 200
    shown = running.http.get(f"{ENDPOINTS}/{identity}").json()["endpoint"]
    assert (shown["to"], shown["unsubscribed"]) == (TO, TO[:1])
    (second,) = notify(database, notification("b"))
    wait_for(lambda: states(running, identity)[:2] == ["discarded", "delivered"])
    body = {"endpoint_id": identity}
    running.http.post(f"/v1/notifications/{second}/resend", json=body)
    wait_for(lambda: len(running.mailbox.received) == 4)
    again = running.http.patch(f"{ENDPOINTS}/{identity}", json={"resubscribe": True})
    assert again.json()["endpoint"]["unsubscribed"] == []
    notify(database, notification("c"))
    wait_for(lambda: len(running.mailbox.received) == 6)
    assert [it["To"] for it in running.mailbox.received].count(TO[0]) == 2
    with database.reading() as snapshot:
        found = acts(snapshot, TENANT)
    assert [it.action for it in found if it.action == "endpoint.unsubscribe"] == [
        "endpoint.unsubscribe"
    ]
    assert "example.com" not in str(found)


@pytest.mark.parametrize("code", ["0" * 64, "%C3%A4", "x"])
def test_a_made_up_link_ends_nothing(running: Running, code: str) -> None:
    identity = running.add(to=TO)["id"]
    for tenant, endpoint in ((TENANT, identity), ("other", identity), (TENANT, "end_other")):
        url = str(running.http.base_url).rstrip("/") + f"/unsubscribe/{tenant}/{endpoint}/{code}"
        assert (httpx.get(url).status_code, httpx.post(url).status_code) == (404, 404)
    assert running.http.get(f"{ENDPOINTS}/{identity}").json()["endpoint"]["unsubscribed"] == []


def test_mails_need_a_mail_server(database: Database) -> None:
    platform = Platform(database)
    parts = services(Settings(secret_key="s" * 32), database)
    with serving(database, platform.key(), parts) as http:
        refused = http.post(ENDPOINTS, json={"name": "Bills", "kind": "mail", "to": TO})
    assert (refused.status_code, error_of(refused)["code"]) == (409, "mail_not_configured")


def test_reports_are_added_listed_and_removed_with_their_endpoint(running: Running) -> None:
    running.platform.organization()
    endpoint = running.add(to=TO)["id"]
    new = {"schedule": "monthly", "endpoint_id": endpoint}
    added = running.http.post("/v1/reports", json={**new, "organization_id": "org_1", "hour": 6})
    assert added.status_code == 201, added.text
    report = added.json()["report"]
    assert (report["organization_id"], report["hour"], report["last_period"]) == ("org_1", 6, None)
    path = f"/v1/reports/{report['id']}"
    assert running.http.get(path).json()["report"] == report
    whole = running.http.post("/v1/reports", json=new).json()["report"]
    assert running.http.get("/v1/reports").json()["reports"] == [report, whole]
    assert running.http.delete(path).json()["report"] == report
    assert running.http.get(path).status_code == 404
    assert running.http.post("/v1/reports", json={**new, "hour": 24}).status_code == 400
    for unknown in ("end_1", "\0"):
        refused = running.http.post("/v1/reports", json={**new, "endpoint_id": unknown})
        assert (refused.status_code, "endpoint_id must be" in refused.text) == (400, True)
    assert running.http.delete(f"{ENDPOINTS}/{endpoint}").status_code == 200
    assert running.http.get("/v1/reports").json()["reports"] == []
