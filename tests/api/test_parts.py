"""What a key of a user or of meters sees in headers and counts is of its own data only."""

from typing import Any

import httpx
import pytest

from tests.api.conftest import Tenant
from tests.builders import Json, event
from tollbook.domain.keys import Limits, Permission

READ = Permission.READ_ANALYTICS
JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
QUESTIONS = (
    "/v1/analytics/users",
    "/v1/analytics/usage",
    "/v1/analytics/series",
    "/v1/events",
)
TOO_LONG = {"quantity": 90_000}


def ask(tenant: Tenant, path: str, key: str, **headers: str) -> httpx.Response:
    days: Json = {} if path.endswith("usage") else JANUARY
    answer = tenant.get(path, key, params={"organization_id": "org_1", **days}, headers=headers)
    assert answer.status_code in (200, 304), answer.text
    return answer


def of_ann(tenant: Tenant) -> list[str]:
    body = {"organization_id": "org_1", "user_id": "ann"}
    return [
        tenant.key(READ, organization="org_1", user="ann"),
        tenant.post("/v1/viewer-tokens", json=body).json()["token"],
    ]


@pytest.mark.parametrize("path", QUESTIONS)
def test_others_events_change_neither_tag_nor_count(either: Tenant, path: str) -> None:
    either.send(event(id="1", user_id="ann"), event(id="2", user_id="ann", **TOO_LONG))
    for number, key in enumerate(of_ann(either)):
        before = ask(either, path, key)
        assert before.headers["X-Quarantined"] == "1"
        bobs = (event(id=f"bob {number}", user_id="bob"), event(id=f"long {number}", user_id="bob"))
        either.send(bobs[0], {**bobs[1], **TOO_LONG})
        after = ask(either, path, key)
        assert after.headers["X-Quarantined"] == "1"
        assert after.headers["ETag"] == before.headers["ETag"]
        again = ask(either, path, key, **{"If-None-Match": before.headers["ETag"]})
        assert (again.status_code, again.headers["X-Quarantined"]) == (304, "1")
        assert ask(either, path, either.admin).headers["X-Quarantined"] == str(number + 2)


@pytest.mark.parametrize("path", QUESTIONS)
def test_own_events_change_both(either: Tenant, path: str) -> None:
    for key in of_ann(either):
        either.send(event(id=f"1 {key}", user_id="ann"))
        before = ask(either, path, key)
        either.send(event(id=f"2 {key}", user_id="ann"))
        after = ask(either, path, key, **{"If-None-Match": before.headers["ETag"]})
        assert after.status_code == 200
        assert after.headers["ETag"] != before.headers["ETag"]
        either.send(event(id=f"3 {key}", user_id="ann", **TOO_LONG))
        counted = int(ask(either, path, key).headers["X-Quarantined"])
        assert counted == int(after.headers["X-Quarantined"]) + 1


def test_meta_counts_the_own_quarantined_events(either: Tenant) -> None:
    either.send(
        event(id="1", user_id="ann"),
        event(id="2", user_id="ann", **TOO_LONG),
        event(id="3", user_id="bob", **TOO_LONG),
        event(id="4", user_id="bob", **TOO_LONG),
    )
    query: dict[str, Any] = {"organization_id": "org_1", "include": "meta", **JANUARY}
    for key, expected in ((either.admin, 3), *((key, 1) for key in of_ann(either))):
        for limit in ({}, {"limit": 1}):
            answer = either.get("/v1/analytics/users", key, params={**query, **limit}).json()
            assert answer["meta"]["quarantined_events"] == expected


def test_a_tag_with_meta_shows_no_time_at_which_others_sent(either: Tenant) -> None:
    either.send(event(id="1", user_id="ann"))
    query = {"organization_id": "org_1", "include": "meta", **JANUARY}
    key = of_ann(either)[0]

    def notices() -> tuple[str, str]:
        answer = either.get("/v1/analytics/users", key, params=query)
        return answer.json()["meta"]["as_of"], answer.headers["ETag"]

    # An answer that was kept until others sent something would show when that was.
    assert notices() != notices()


def test_a_key_of_meters_counts_these(either: Tenant) -> None:
    key = either.key(READ, organization="org_1", limits=Limits(meters=("sms.outbound",)))
    whole = either.key(READ, limits=Limits(meters=("voice.call",)))
    either.send(
        event(id="1", user_id="ann", **TOO_LONG),
        event(id="2", type="sms.outbound", quantity=1, attributes={"to": "1"}, organization_id="x"),
    )
    path = "/v1/analytics/users"
    for asked, meter, expected in ((key, "sms.outbound", "0"), (whole, "voice.call", "1")):
        query = {"organization_id": "org_1", "meter": meter, **JANUARY}
        assert either.get(path, asked, params=query).headers["X-Quarantined"] == expected
    query = {"meter": "voice.call", "include": "meta", **JANUARY}
    answer = either.get("/v1/analytics/organizations", whole, params=query)
    assert (answer.headers["X-Quarantined"], answer.json()["meta"]["quarantined_events"]) == (
        "1",
        1,
    )
