"""/v1/endpoints and /v1/notifications: where notifications go, and whether they arrived."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pytest
from standardwebhooks import Webhook

from tests.alerts.builders import notification, notify
from tests.alerts.receivers import Answer, Receiver, receiving
from tests.api.conftest import error_of
from tests.builders import TENANT, Json, Platform
from tests.inside import serving
from tests.waiting import wait_for
from tollbook.domain.events import microseconds
from tollbook.domain.keys import Limits, Permission
from tollbook.settings import Settings
from tollbook.store.audit import acts
from tollbook.store.database import Database
from tollbook.wiring import services

_DAY = 24 * 3600 * 1_000_000
ENDPOINTS, NOTIFICATIONS = "/v1/endpoints", "/v1/notifications"


class Running(NamedTuple):
    """A server that delivers to this machine, as an admin."""

    http: httpx.Client
    platform: Platform
    receiver: Receiver

    def add(self, **given: Any) -> Json:
        body = {"name": "Billing", "url": self.receiver.url, **given}
        answer = self.http.post(ENDPOINTS, json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def get(self, path: str, key: str | None = None, **query: str) -> Json:
        headers = {"X-API-Key": key} if key else {}
        answer = self.http.get(path, headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def statuses(self, key: str | None = None, **query: str) -> list[str]:
        found = self.get(NOTIFICATIONS, key, **query)["notifications"]
        return [state["status"] for it in found for state in it["deliveries"]]


@pytest.fixture
def running(database: Database) -> Iterator[Running]:
    platform = Platform(database)
    settings = Settings(secret_key="s" * 32, webhook_networks="127.0.0.0/8")
    parts = services(settings, database)
    with receiving() as receiver, serving(database, platform.key(), parts) as http:
        yield Running(http, platform, receiver)


def test_a_webhook_arrives_and_is_listed(running: Running, database: Database) -> None:
    added = running.add(types=["trigger.*"])
    (identity,) = notify(database, notification("a"))
    wait_for(lambda: running.statuses() == ["delivered"])
    (found,) = running.receiver.received
    assert Webhook(added["secret"]).verify(found.body, found.headers)["id"] == identity
    (listed,) = running.get(NOTIFICATIONS)["notifications"]
    assert (listed["id"], listed["data"]["value"]) == (identity, 51.27)
    assert (listed["delivered"], listed["pending"]) == (1, 0)
    (delivery,) = running.get(f"{ENDPOINTS}/{added['endpoint']['id']}/deliveries")["deliveries"]
    assert (delivery["notification_id"], delivery["attempts"][0]["status"]) == (identity, 204)


def test_a_secret_is_shown_once_and_stored_encrypted(running: Running, database: Database) -> None:
    added = running.add()
    identity = added["endpoint"]["id"]
    assert "secret" not in running.get(f"{ENDPOINTS}/{identity}")["endpoint"]
    with database.reading() as snapshot:
        row = snapshot.row(
            "SELECT url, secrets FROM endpoints WHERE tenant_id = :tenant", tenant=TENANT
        )
        (act,) = acts(snapshot, TENANT)[:1]
    assert row is not None
    stored = " ".join(row) + str(act)
    assert added["secret"] not in stored
    assert running.receiver.url not in stored


def test_both_secrets_sign_during_a_rotation(running: Running) -> None:
    added = running.add()
    path = f"{ENDPOINTS}/{added['endpoint']['id']}"
    rotated = running.http.post(f"{path}/rotation", json={"overlap_seconds": 60}).json()
    assert running.http.post(f"{path}/test").status_code == 202
    wait_for(lambda: len(running.receiver.received) == 1)
    running.http.post(f"{path}/rotation", json={"overlap_seconds": 0})
    running.http.post(f"{path}/test")
    wait_for(lambda: len(running.receiver.received) == 2)
    first, second = running.receiver.received
    for secret in (rotated["secret"], added["secret"]):
        Webhook(secret).verify(first.body, first.headers)
    assert len(first.headers["webhook-signature"].split()) == 2
    assert len(second.headers["webhook-signature"].split()) == 1


def test_a_notification_is_sent_again(running: Running, database: Database) -> None:
    added = running.add()["endpoint"]["id"]
    (identity,) = notify(database, notification("a"))
    wait_for(lambda: running.statuses() == ["delivered"])
    path = f"{NOTIFICATIONS}/{identity}/resend"
    assert running.http.post(path, json={"endpoint_id": added}).status_code == 202
    wait_for(lambda: len(running.receiver.received) == 2)
    first, second = running.receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert second.headers["tollbook-sequence"] == "1"
    acts = running.http.get("/v1/audit-log").json()["acts"]
    assert (acts[0]["action"], acts[0]["details"]["notification"]) == ("endpoint.resend", identity)
    other = f"{NOTIFICATIONS}/ntf_other/resend"
    assert running.http.post(other, json={"endpoint_id": added}).status_code == 404


def test_tests_and_resends_are_limited(running: Running) -> None:
    path = f"{ENDPOINTS}/{running.add()['endpoint']['id']}/test"
    found = [running.http.post(path).status_code for _ in range(11)]
    assert found == [202] * 10 + [429]


def test_what_waits_is_sent_in_order_or_discarded(running: Running, database: Database) -> None:
    running.receiver.decide = lambda _: Answer(410)
    path = f"{ENDPOINTS}/{running.add(types=['trigger.*'])['endpoint']['id']}"
    identities = notify(database, notification("a"), notification("b"))
    wait_for(lambda: running.get(path)["endpoint"]["status"] == "gone")
    refused = running.http.post(f"{path}/test")
    assert (refused.status_code, error_of(refused)["code"]) == (409, "endpoint_disabled")
    running.receiver.decide = lambda _: Answer()
    assert running.http.patch(path, json={"enabled": True}).status_code == 200
    wait_for(lambda: running.statuses(type="trigger.reached") == ["delivered"] * 2)
    assert running.receiver.ids == [identities[0], *identities]
    running.http.patch(path, json={"enabled": False})
    notify(database, notification("c"))
    wait_for(lambda: len(running.get(NOTIFICATIONS)["notifications"]) == 4)
    running.http.patch(path, json={"enabled": True, "skip_pending": True})
    assert running.receiver.ids == [identities[0], *identities]


def test_a_removed_endpoint_discards_what_waits(running: Running, database: Database) -> None:
    running.receiver.decide = lambda _: Answer(500)
    path = f"{ENDPOINTS}/{running.add()['endpoint']['id']}"
    notify(database, notification("a"))
    wait_for(lambda: len(running.receiver.received) == 1)
    assert running.http.delete(path).status_code == 200
    assert running.http.get(path).status_code == 404
    assert running.statuses() == ["discarded"]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"url": "ftp://example.com"}, "invalid_url", "url"),
        ({"url": "https://user@example.com"}, "invalid_url", "url"),
        ({"url": "https://10.0.0.1/"}, "address_not_allowed", "url"),
        ({"url": "https://[::ffff:169.254.169.254]/"}, "address_not_allowed", "url"),
        ({"types": ["trigger"]}, "invalid_type", "types"),
        ({"types": ["other.*"]}, "invalid_type", "types"),
        ({"name": ""}, "empty", "name"),
        ({"name": "x" * 101}, "too_long", "name"),
        ({"kind": "pigeon"}, "invalid_field", "kind"),
        ({"color": "red"}, "unknown_field", "color"),
    ],
)
def test_a_wrong_endpoint_is_refused(running: Running, given: Json, code: str, field: str) -> None:
    body = {"name": "Billing", "url": "https://example.com/", **given}
    answer = running.http.post(ENDPOINTS, json=body)
    assert answer.status_code == 400
    (detail,) = error_of(answer)["details"]
    assert (detail["code"], detail["field"]) == (code, field)


def test_a_chat_shows_no_path(running: Running) -> None:
    url = "https://hooks.example.com/services/T0/B0/secret"
    added = running.add(url=url, kind="slack")
    assert (added["endpoint"]["url"], added["secret"]) == ("https://hooks.example.com", None)


def test_an_organization_sees_and_gets_its_own(running: Running, database: Database) -> None:
    for identity in ("org_1", "org_2"):
        running.http.post("/v1/organizations", json={"id": identity, "name": "Acme"})
    key = running.platform.key(organization="org_1")
    other = running.platform.key(organization="org_2")
    user = running.platform.key(organization="org_1", user="user_1")
    reader = running.platform.key(Permission.READ_ANALYTICS, organization="org_1")
    body = {"name": "Own", "url": running.receiver.url}
    own = running.http.post(ENDPOINTS, json=body, headers={"X-API-Key": key}).json()["endpoint"]
    assert own["organization_id"] == "org_1"
    found = running.http.get(f"{ENDPOINTS}/{own['id']}", headers={"X-API-Key": other})
    assert found.status_code == 404
    for refused in (user, reader):
        assert running.http.get(ENDPOINTS, headers={"X-API-Key": refused}).status_code == 403
    number = running.platform.number("org_1")
    about = {"organization": number, "to_organization": True}
    notify(
        database,
        notification("own", **about),
        notification("of a user", user_id="user_1", **about),
        notification("of the tenant", organization=number),
        notification("of all"),
    )
    wait_for(lambda: len(running.receiver.received) == 2)
    assert len(running.get(NOTIFICATIONS)["notifications"]) == 4
    assert len(running.get(NOTIFICATIONS, key)["notifications"]) == 2
    (of_user,) = running.get(NOTIFICATIONS, user)["notifications"]
    assert (of_user["user_id"], of_user["deliveries"]) == ("user_1", None)
    assert running.get(NOTIFICATIONS, other)["notifications"] == []
    assert len(running.get(NOTIFICATIONS, organization_id="org_1")["notifications"]) == 3


def test_pages_follow_each_other(running: Running, database: Database) -> None:
    identities = notify(database, *map(notification, range(5)))
    found: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = running.get(NOTIFICATIONS, **query)
        found += [it["id"] for it in page["notifications"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == identities[::-1]


def test_the_number_of_endpoints_is_limited(running: Running) -> None:
    running.http.post("/v1/organizations", json={"id": "org_1", "name": "Acme"})
    for _ in range(10):
        running.add(organization_id="org_1")
    body = {"name": "More", "url": running.receiver.url, "organization_id": "org_1"}
    refused = running.http.post(ENDPOINTS, json=body)
    assert (refused.status_code, error_of(refused)["code"]) == (409, "too_many_endpoints")


def test_notifications_are_filtered(running: Running, database: Database) -> None:
    first = microseconds(datetime(2024, 1, 15, tzinfo=UTC))
    days = [notification(day, at=first + day * _DAY, user_id=f"user_{day}") for day in range(4)]
    identities = notify(database, *days)
    span = {"start": "2024-01-16T00:00:00Z", "end": "2024-01-18T01:00:00+01:00"}
    found = running.get(NOTIFICATIONS, **span)["notifications"]
    assert [it["id"] for it in found] == [identities[2], identities[1]]
    (of_user,) = running.get(NOTIFICATIONS, user_id="user_3")["notifications"]
    assert of_user["id"] == identities[3]
    refused = running.http.get(NOTIFICATIONS, params={"start": "yesterday"})
    (detail,) = error_of(refused)["details"]
    assert (refused.status_code, detail["field"]) == (400, "start")


def test_a_key_limited_to_meters_sees_those_of_its_meters(
    running: Running, database: Database
) -> None:
    limits = Limits(meters=("voice.call", "sms.outbound"))
    key = running.platform.key(Permission.READ_ANALYTICS, limits=limits)
    identities = notify(
        database,
        notification("a", meter="voice.call"),
        notification("b", meter="sms.inbound"),
        notification("of all"),
        notification("c", meter="sms.outbound"),
    )
    found = running.get(NOTIFICATIONS, key)["notifications"]
    assert [it["id"] for it in found] == [identities[3], identities[0]]


def test_notifications_are_a_file(running: Running, database: Database) -> None:
    added = running.add()["endpoint"]
    reader = running.platform.key(Permission.READ_ANALYTICS)
    notify(database, notification("a"), notification("b", user_id="=user"))
    wait_for(lambda: running.statuses() == ["delivered"] * 2)
    listed = running.get(NOTIFICATIONS)["notifications"]
    assert (added["name"], added["kind"]) == tuple(
        listed[0]["deliveries"][0][name] for name in ("name", "kind")
    )
    text = running.http.get(NOTIFICATIONS, params={"format": "ndjson"}).text
    assert [without_instants(json.loads(line)) for line in text.splitlines()] == [
        without_instants(it) for it in listed
    ]
    answer = running.http.get(f"{NOTIFICATIONS}?format=csv&limit=1", headers={"X-API-Key": reader})
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert list(row) == list(listed[0])
    assert (row["id"], row["user_id"], row["deliveries"]) == (listed[0]["id"], "'=user", "")
    assert json.loads(row["data"]) == listed[0]["data"]
    assert answer.headers["x-next-cursor"]


def without_instants(shown: Json) -> Json:
    """Return a notification without the instant, which files write in a form of their own."""
    return {name: value for name, value in shown.items() if name != "timestamp"}


def test_a_removed_endpoint_has_no_name(running: Running, database: Database) -> None:
    added = running.add()["endpoint"]
    notify(database, notification("a"))
    wait_for(lambda: running.statuses() == ["delivered"])
    running.http.delete(f"{ENDPOINTS}/{added['id']}")
    (state,) = running.get(NOTIFICATIONS)["notifications"][0]["deliveries"]
    assert (state["endpoint_id"], state["name"], state["kind"]) == (added["id"], None, None)


def test_data_keep_their_digits(running: Running, database: Database) -> None:
    value = "12345678901234567.123456789"
    notify(database, notification("a", data=json.loads(f'{{"value": "{value}"}}')))
    (found,) = running.get(NOTIFICATIONS)["notifications"]
    assert found["data"] == {"value": value}
