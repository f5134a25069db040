"""A new platform, from its first key to its first answer, over HTTP."""

import subprocess
from pathlib import Path

import httpx

from tests.builders import Json
from tests.commands import run_command
from tests.servers import Server
from tests.waiting import run_over_quarantine

KYIV = "Europe/Kyiv"
MARCH = {"organization_id": "org_kyiv", "start_date": "2024-03-01", "end_date": "2024-03-31"}


def usage(identity: str, kind: str, time: str, **given: object) -> Json:
    event = {
        "id": identity,
        "type": kind,
        "organization_id": "org_kyiv",
        "user_id": "olha",
        "time": time,
    }
    return {**event, **given}


EVENTS = [
    # The clocks went forward on the 31st: the month ends at 21:00 UTC and began at 22:00.
    usage("call-1", "voice.call", "2024-02-29T22:00:00Z", quantity=90),
    usage("call-2", "voice.call", "2024-03-31T20:59:59Z", quantity="30.5"),
    usage("call-3", "voice.call", "2024-03-31T21:00:00Z", quantity=1000),
    usage("sms-1", "sms.outbound", "2024-03-10T09:00:00+02:00", quantity=3, user_id="taras"),
    usage("sms-2", "sms.inbound", "2024-03-10T09:00:05+02:00", user_id="nobody-knew"),
    usage("brand-1", "brand.registration", "2024-03-05T12:00:00Z"),
]


def test_the_whole_story(server: Server, tmp_path: Path) -> None:
    def tollbook(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(server.database_url, *arguments, folder=tmp_path)

    made = tollbook("keys", "create", "--permission", "admin", "--name", "bootstrap")
    assert made.returncode == 0, made.stderr
    loaded = tollbook("prices", "load", "--example")
    assert loaded.returncode == 0, loaded.stderr
    with server.client(made.stdout.strip()) as admin:
        _create_everything(admin)
        writer, reader = _issue_keys(admin)
        with server.client(writer["api_key"]) as sender, server.client(reader) as viewer:
            _send_and_read(sender, viewer)
            _send_early_and_replay(admin, sender)
            _retry_and_revoke(admin, sender, viewer, writer["key"]["prefix"])
    checked = tollbook("verify")
    assert checked.returncode == 0, checked.stdout


def _create_everything(admin: httpx.Client) -> None:
    assert admin.get("/v1/organizations").json()["organizations"] == []
    organization = {"id": "org_kyiv", "name": "Київ Телеком", "timezone": KYIV}
    assert admin.post("/v1/organizations", json=organization).status_code == 201
    for user in ({"id": "olha", "name": "Ольга"}, {"id": "taras", "name": "Taras"}):
        assert admin.post("/v1/organizations/org_kyiv/users", json=user).status_code == 201
    answer = admin.get("/v1/analytics/users", params=MARCH).json()
    assert [(it["user_name"], it["total_cost"]) for it in answer["users"]] == [
        ("Ольга", 0),
        ("Taras", 0),
    ]


def _issue_keys(admin: httpx.Client) -> tuple[Json, str]:
    writer = {"name": "collector", "permissions": ["events:write"]}
    reader = {
        "name": "dashboard",
        "permissions": ["analytics:read"],
        "organization_id": "org_kyiv",
    }
    return (
        admin.post("/v1/keys", json=writer).json(),
        admin.post("/v1/keys", json=reader).json()["api_key"],
    )


def _send_and_read(sender: httpx.Client, viewer: httpx.Client) -> None:
    assert sender.get("/v1/analytics/users", params=MARCH).status_code == 403
    assert viewer.post("/v1/events", json=EVENTS).status_code == 403
    sent = sender.post("/v1/events", json=EVENTS)
    assert (sent.status_code, sent.json()["counts"]["accepted"]) == (200, 6)
    answer = viewer.get("/v1/analytics/users", params=MARCH).json()
    assert answer["organization_name"] == "Київ Телеком"
    assert answer["period"] == {"start": "2024-03-01", "end": "2024-03-31"}
    costs = {
        it["user_name"]: (it["total_voice_calls"], it["total_voice_seconds"], it["total_cost"])
        for it in answer["users"]
    }
    assert costs == {
        "Ольга": (2, 120.5, 0.241),
        "Taras": (0, 0, 0.09),
        "nobody-knew": (0, 0, 0.01),
    }


def _send_early_and_replay(admin: httpx.Client, sender: httpx.Client) -> None:
    early = usage("early-1", "voice.call", "2024-03-15T12:00:00Z", organization_id="org_lviv")
    early["quantity"] = 500
    sent = sender.post("/v1/events", json=early)
    assert (sent.status_code, sent.json()["counts"]["quarantined"]) == (207, 1)
    waiting = admin.get("/v1/quarantine").json()["quarantine"]
    assert [(it["organization_id"], it["event"]) for it in waiting] == [("org_lviv", early)]
    lviv = {"id": "org_lviv", "name": "Lviv", "timezone": KYIV}
    assert admin.post("/v1/organizations", json=lviv).status_code == 201
    replayed = run_over_quarantine(admin.get, admin.post("/v1/quarantine/replay"))
    assert (replayed["released"], replayed["remaining"]) == (1, 0)
    answer = admin.get("/v1/analytics/users", params={**MARCH, "organization_id": "org_lviv"})
    assert [(it["user_id"], it["total_cost"]) for it in answer.json()["users"]] == [("olha", 1)]
    assert sender.post("/v1/events", json=early).json()["counts"]["duplicate"] == 1


def _retry_and_revoke(
    admin: httpx.Client, sender: httpx.Client, viewer: httpx.Client, prefix: str
) -> None:
    before = viewer.get("/v1/analytics/users", params=MARCH).content
    retried = sender.post("/v1/events", json=EVENTS)
    assert (retried.status_code, retried.json()["counts"]["duplicate"]) == (200, 6)
    changed = sender.post("/v1/events", json={**EVENTS[0], "quantity": 91})
    assert (changed.status_code, changed.json()["counts"]["conflict"]) == (207, 1)
    assert viewer.get("/v1/analytics/users", params=MARCH).content == before

    assert admin.delete(f"/v1/keys/{prefix}").status_code == 200
    refused = sender.post("/v1/events", json=usage("late", "voice.call", "2024-03-20T00:00:00Z"))
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_api_key")
    assert viewer.get("/v1/analytics/users", params=MARCH).content == before
