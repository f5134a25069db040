"""What narrows a key: its end, its meters, its addresses, its rate; and how it is rotated."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.conftest import Clocked, Site, Tenant, prefix, problems, site_on
from tests.builders import Json, event, reversal
from tests.waiting import wait_for
from tollbook.api.operation.key_usage import KeyUsageRecorder
from tollbook.domain.addresses import networks_of
from tollbook.domain.keys import Limits, Permission
from tollbook.store import keys
from tollbook.wiring import now

PATH = "/v1/keys"
USERS = "/v1/analytics/users?organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31"
WRITE = {"name": "sender", "permissions": ["events:write"]}


def issued(tenant: Tenant, key: str | None = None, **given: Any) -> Json:
    answer = tenant.post(PATH, key, json={"name": "n", "permissions": ["analytics:read"], **given})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def in_a_day() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def test_a_key_is_shown_with_all_that_narrows_it(either: Tenant) -> None:
    end = in_a_day()
    given = {
        "expires_at": end,
        "meters": ["voice.call"],
        "allowed_addresses": ["127.0.0.0/8", "2001:db8::1"],
        "requests_per_minute": 60,
    }
    key = issued(either, **given)["key"]
    assert key["expires_at"].replace("Z", "+00:00") == end
    assert {**given, "expires_at": 0, "allowed_addresses": 0}.items() <= {
        **key,
        "expires_at": 0,
        "allowed_addresses": 0,
    }.items()
    assert key["allowed_addresses"] == ["127.0.0.0/8", "2001:db8::1/128"]
    assert key in either.get(PATH).json()["keys"]


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "in_past"),
        ({"expires_at": "2020-01-01T00:00:00"}, "expires_at", "invalid_field"),
        ({"meters": ["fax"]}, "meters", "invalid_meters"),
        ({"meters": ["voice.call"], "permissions": ["admin"]}, "meters", "invalid_meters"),
        ({"allowed_addresses": ["here"]}, "allowed_addresses", "invalid_network"),
        ({"allowed_addresses": ["10.0.0.1/8"]}, "allowed_addresses", "invalid_network"),
        ({"requests_per_minute": 0}, "requests_per_minute", "invalid_field"),
    ],
)
def test_limits_that_make_no_sense_are_refused(
    tenant: Tenant, given: Json, field: str, code: str
) -> None:
    answer = tenant.post(PATH, json={"name": "n", "permissions": ["analytics:read"], **given})
    assert (answer.status_code, problems(answer)) == (400, [(field, code)])


def test_a_key_past_its_end_is_refused_for_reading_and_writing(clocked: Clocked) -> None:
    tenant = clocked.tenant
    end = Limits(expires_at=now() + 120_000_000)
    read = tenant.key(Permission.READ_ANALYTICS, limits=end)
    write = tenant.key(Permission.WRITE_EVENTS, limits=end)
    assert tenant.get(USERS, read).status_code == 200
    assert tenant.post("/v1/events", write, json=event()).status_code == 200
    clocked.clock.seconds = 120
    for answer in (tenant.get(USERS, read), tenant.post("/v1/events", write, json=event(id="2"))):
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")


def test_a_key_sends_events_of_its_meters_only(either: Tenant) -> None:
    granted = (Permission.WRITE_EVENTS, Permission.REVERSE_EVENTS)
    key = either.key(*granted, limits=Limits(meters=("voice.call",)))
    sms = event(id="2", type="sms.outbound", quantity=1)
    answer = either.post("/v1/events", key, json=[event(), sms])
    assert answer.status_code == 207
    first, second = answer.json()["receipts"]
    assert first["status"] == "accepted"
    assert (second["status"], second["code"], second["field"]) == (
        *("rejected", "not_for_this_key", "type"),
    )
    assert either.post("/v1/events", json=sms).status_code == 200
    back = either.post("/v1/events/reversals", key, json=[reversal("2"), reversal("call-1")])
    assert [it.get("code") for it in back.json()["receipts"]] == ["unknown_event", None]


def test_a_key_of_some_meters_sees_no_sums_that_hold_others(either: Tenant) -> None:
    key = either.key(Permission.READ_ANALYTICS, limits=Limits(meters=("voice.call",)))
    for path in (USERS, "/v1/events/org_1/call-1"):
        answer = either.get(path, key)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
        assert "voice.call only" in answer.json()["error"]
    assert either.get("/v1/organizations", key).status_code == 200
    rated = either.post("/v1/rate", key, json=[event(), event(type="sms.outbound", quantity=1)])
    assert [it["status"] for it in rated.json()["charges"]] == ["priced", "rejected"]


@pytest.mark.parametrize(
    ("allowed", "status"),
    [(["127.0.0.1"], 200), (["127.0.0.0/8", "::1"], 200), (["192.0.2.1"], 403), (["::/0"], 403)],
)
def test_a_key_is_used_from_its_addresses_only(
    either: Tenant, allowed: list[str], status: int
) -> None:
    key = either.key(limits=Limits(networks=networks_of(allowed)))
    headers = {"X-Forwarded-For": "192.0.2.1"}  # nobody who is trusted says so
    for answer in (
        either.get(USERS, key, headers=headers),
        either.post("/v1/events", key, json=event(), headers=headers),
        either.get("/v1/quarantine", key, headers=headers),
        either.patch("/v1/organizations/org_1", key, json={"name": "New"}, headers=headers),
    ):
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["code"] == "address_refused"


def test_behind_a_trusted_proxy_the_address_is_what_it_says(sqlite_url: str) -> None:
    for site in behind_proxy(sqlite_url):
        tenant = site.tenant()
        tenant.organization()
        key = tenant.key(limits=Limits(networks=networks_of(["192.0.2.1"])))
        seen = [
            tenant.get(USERS, key, headers={"X-Forwarded-For": it} if it else {}).status_code
            for it in ("192.0.2.1", "203.0.113.1, 192.0.2.1", "192.0.2.1, 203.0.113.1", "")
        ]
        assert seen == [200, 200, 403, 403]
        # A proxy may add a line of its own to those that a client made up.
        for claimed, added in (("192.0.2.1", "203.0.113.1"), ("203.0.113.1", "192.0.2.1")):
            lines = [("X-API-Key", key), *(("X-Forwarded-For", it) for it in (claimed, added))]
            status = tenant.http.get(USERS, headers=lines).status_code
            assert status == (200 if added == "192.0.2.1" else 403)
        inside = tenant.key(limits=Limits(networks=networks_of(["127.0.0.0/8"])))
        unreadable = {"X-Forwarded-For": "203.0.113.1:4711"}
        assert tenant.get(USERS, inside, headers=unreadable).status_code == 403
        tenant.post(PATH, json=WRITE, headers={"X-Forwarded-For": "192.0.2.9"})
        assert tenant.get("/v1/audit-log").json()["acts"][0]["address"] == "192.0.2.9"


def behind_proxy(url: str) -> Iterator[Site]:
    yield from site_on(url, trusted_proxies="127.0.0.1, 10.0.0.0/8")


def rate(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]


def test_a_key_asks_so_often_a_minute_and_is_told_so(either: Tenant) -> None:
    key = either.key(limits=Limits(requests_per_minute=3))
    answers = [either.get(USERS, key), either.post("/v1/events", key, json=event())]
    answers.append(either.get("/v1/organizations/nobody", key))
    assert [it.status_code for it in answers] == [200, 200, 404]
    assert [rate(it) for it in answers] == [("3", "2"), ("3", "1"), ("3", "0")]
    refused = either.get(USERS, key)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]
    assert either.get(USERS).status_code == 200
    assert "ratelimit-limit" not in either.get(USERS).headers


def test_a_bucket_fills_again(either: Tenant) -> None:
    key = either.key(limits=Limits(requests_per_minute=40))
    assert either.get(USERS, key).status_code == 200
    wait_for(lambda: either.get(USERS, key).status_code == 429)
    wait_for(lambda: either.get(USERS, key).status_code == 200)


def test_a_narrowed_admin_passes_on_no_more_than_it_has(either: Tenant) -> None:
    end = now() + 3_600_000_000
    limits = Limits(end, (), networks_of(["127.0.0.0/8"]), 1000)
    admin = either.key(limits=limits)
    body = {"name": "n", "permissions": ["admin"]}
    answer = either.post(PATH, admin, json=body)
    assert answer.status_code == 400
    assert problems(answer) == [
        (it, "beyond_asking_key")
        for it in ("expires_at", "allowed_addresses", "requests_per_minute")
    ]
    ends = datetime.fromtimestamp(end / 1_000_000 - 1, UTC).isoformat()
    within = {
        "expires_at": ends,
        "allowed_addresses": ["127.0.0.1"],
        "requests_per_minute": 10,
    }
    assert either.post(PATH, admin, json={**body, **within}).status_code == 201
    broad = prefix(either.key())
    assert either.post(f"{PATH}/{broad}/rotation", admin, json={}).status_code == 400


def rotated(tenant: Tenant, key: str, **body: Any) -> httpx.Response:
    return tenant.post(f"{PATH}/{prefix(key)}/rotation", json=body)


def test_both_keys_work_until_the_overlap_is_over(clocked: Clocked) -> None:
    tenant = clocked.tenant
    limits = Limits(meters=("voice.call",), requests_per_minute=1000)
    old = tenant.key(Permission.WRITE_EVENTS, organization="org_1", limits=limits)
    answer = rotated(tenant, old, overlap_seconds=120)
    assert answer.status_code == 201
    made = answer.json()
    new = made["api_key"]
    same = ("name", "permissions", "organization_id", "user_id", "meters", "requests_per_minute")
    assert [made["key"][it] for it in same] == [made["old_key"][it] for it in same]
    assert made["key"]["expires_at"] is None
    assert made["old_key"]["expires_at"] is not None
    for key in (old, new):
        assert tenant.post("/v1/events", key, json=event()).status_code == 200
    clocked.clock.seconds = 121
    assert tenant.post("/v1/events", old, json=event()).status_code == 401
    assert tenant.post("/v1/events", new, json=event()).status_code == 200


def test_without_an_overlap_the_old_key_ends_at_once(either: Tenant) -> None:
    old = either.key()
    new = rotated(either, old, overlap_seconds=0).json()["api_key"]
    assert [either.get(USERS, it).status_code for it in (old, new)] == [401, 200]
    again = rotated(either, old)
    assert (again.status_code, again.json()["code"]) == (409, "key_ended")


def test_a_key_that_follows_lasts_as_long_as_the_one_before_was_meant_to(either: Tenant) -> None:
    old = issued(either, expires_at=in_a_day())
    new = rotated(either, old["api_key"]).json()["key"]
    lengths = [_seconds(it) for it in (old["key"], new)]
    assert lengths[0] == pytest.approx(lengths[1], abs=1)
    given = rotated(either, old["api_key"], expires_at=in_a_day())
    assert given.status_code == 201


def test_a_key_may_expire_at_the_end_of_all_dates_and_be_rotated(either: Tenant) -> None:
    last = "9999-12-31T23:59:59.999999Z"
    old = issued(either, expires_at=last)
    assert old["key"]["expires_at"] == last
    assert rotated(either, old["api_key"]).json()["key"]["expires_at"] == last
    early = issued(either, expires_at="9999-12-31T00:00:00+23:59")
    assert rotated(either, early["api_key"]).status_code == 201


@pytest.mark.parametrize("offset", ["-23:59", "-00:01"])
def test_an_end_after_all_dates_in_utc_is_refused(either: Tenant, offset: str) -> None:
    late = {"expires_at": f"9999-12-31T23:59:59{offset}"}
    asked = [
        either.post(PATH, json={"name": "n", "permissions": ["analytics:read"], **late}),
        rotated(either, either.key(), **late),
    ]
    for answer in asked:
        assert (answer.status_code, problems(answer)) == (400, [("expires_at", "invalid_field")])
        assert "in the years 1 to 9999" in answer.json()["error"]


def _seconds(key: Json) -> float:
    start, end = (datetime.fromisoformat(key[it]) for it in ("created_at", "expires_at"))
    return (end - start).total_seconds()


def test_the_overlap_never_makes_a_key_last_longer(either: Tenant) -> None:
    old = either.key(limits=Limits(expires_at=now() + 60_000_000))
    ends = rotated(either, old, overlap_seconds=3600).json()["old_key"]["expires_at"]
    assert datetime.fromisoformat(ends) < datetime.now(UTC) + timedelta(seconds=61)


@pytest.mark.parametrize("seconds", [-1, 30 * 24 * 3600 + 1, "1", 1.5])
def test_an_overlap_that_makes_no_sense_is_refused(tenant: Tenant, seconds: object) -> None:
    answer = rotated(tenant, tenant.key(), overlap_seconds=seconds)
    assert (answer.status_code, problems(answer)) == (400, [("overlap_seconds", "invalid_field")])
    assert "overlap_seconds must be a whole number" in answer.json()["details"][0]["error"]


def test_when_a_key_was_last_used_is_written_down_now_and_then(either: Tenant) -> None:
    key = either.api_key(either.key())
    uses = KeyUsageRecorder(either.database)
    at = now()
    uses.note(key, at)
    uses.note(key, at + 30_000_000)  # not noted again within a minute
    uses.write()
    assert last_used(either, key.prefix) == at
    uses.note(key, at + 61_000_000)
    uses.write()
    assert last_used(either, key.prefix) == at + 61_000_000
    older = KeyUsageRecorder(either.database)
    older.note(key, at)
    older.write()
    assert last_used(either, key.prefix) == at + 61_000_000


def last_used(tenant: Tenant, key: str) -> int | None:
    with tenant.database.reading() as snapshot:
        row = keys.find_row(snapshot, tenant.tenant, key)
    assert row is not None
    return row.last_used_at


def test_a_server_writes_down_who_asked_before_it_ends(sqlite_url: str) -> None:
    for site in site_on(sqlite_url):
        tenant = site.tenant()
        assert tenant.get("/v1/organizations").status_code == 200
        site.server.stop()
        assert last_used(tenant, prefix(tenant.admin)) is not None


@pytest.mark.parametrize("scope", [{}, {"organization": "org_1"}])
def test_a_key_can_ask_what_it_is(either: Tenant, scope: dict[str, str]) -> None:
    limits = Limits(now() + 60_000_000, ("voice.call",), (), 1000)
    key = either.key(Permission.WRITE_EVENTS, limits=limits, **scope)
    answer = either.get("/v1/keys/self", key)
    assert answer.status_code == 200
    assert {**answer.json()["key"], "expires_at": ""} == {
        "prefix": prefix(key),
        "name": "test",
        "tenant_id": either.tenant,
        "organization_id": scope.get("organization"),
        "user_id": None,
        "permissions": ["events:write"],
        "expires_at": "",
        "meters": ["voice.call"],
        "requests_per_minute": 1000,
        "id_prefix": None,
    }
    assert either.get("/v1/keys/self?x=1", key).status_code == 400
    either.revoke(key)
    assert either.get("/v1/keys/self", key).status_code == 401


def created(tenant: Tenant, by: str, per_minute: int) -> str:
    body = {"name": "child", "permissions": ["admin"], "requests_per_minute": per_minute}
    answer = tenant.post("/v1/keys", by, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["api_key"])


def asked(tenant: Tenant, *keys: str) -> list[int]:
    return [tenant.get("/v1/keys/self", key).status_code for key in keys]


def test_the_rate_of_a_key_covers_the_keys_that_it_creates(either: Tenant) -> None:
    root = either.key(limits=Limits(requests_per_minute=6))
    child = created(either, root, 4)
    grandchild = created(either, child, 4)
    # The root has 4 left: it created a key, and so did its child, which has 3 left.
    assert asked(either, grandchild, grandchild, child, child) == [200, 200, 200, 429]
    assert asked(either, grandchild, root, root) == [429, 200, 429]
    other = either.key(limits=Limits(requests_per_minute=6))
    assert asked(either, other) == [200]


def test_a_rotated_key_and_its_successor_share_one_limit(either: Tenant) -> None:
    old = either.key(limits=Limits(requests_per_minute=3))
    new = rotated(either, old).json()["api_key"]
    assert asked(either, old, new, old, new) == [200, 200, 200, 429]


def test_a_key_without_a_limit_gives_its_keys_their_own(either: Tenant) -> None:
    one, other = created(either, either.admin, 2), created(either, either.admin, 2)
    assert asked(either, one, one, one, other) == [200, 200, 429, 200]


def test_limits_get_lower_so_often(tenant: Tenant) -> None:
    key = tenant.key(limits=Limits(requests_per_minute=100))
    for per_minute in range(99, 92, -1):
        key = created(tenant, key, per_minute)
    body = {"name": "child", "permissions": ["admin"], "requests_per_minute": 90}
    answer = tenant.post("/v1/keys", key, json=body)
    assert problems(answer) == [("requests_per_minute", "too_many_limits")]
    assert created(tenant, key, 93)
