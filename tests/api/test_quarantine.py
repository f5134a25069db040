"""Quarantine over HTTP: listed a page at a time, and replayed into the ledger."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event, reversal
from tests.waiting import run_over_quarantine
from tollbook.domain.keys import Permission
from tollbook.domain.quarantine import EVERYTHING, QuarantineAction
from tollbook.quarantine import runs
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.event_ids import encode_id
from tollbook.wiring import now

PATH = "/v1/quarantine"
REPLAY = f"{PATH}/replay"


def pages(tenant: Tenant, limit: int, **query: str) -> list[list[str]]:
    """Follow the cursor to the end."""
    found: list[list[str]] = []
    asked: Json = {"limit": limit, **query}
    while True:
        answer = tenant.get(PATH, params=asked)
        assert answer.status_code == 200, answer.text
        found.append([it["id"] for it in answer.json()["quarantine"]])
        if answer.json()["next_cursor"] is None:
            return found
        asked["cursor"] = answer.json()["next_cursor"]


def test_an_empty_quarantine_lists_nothing(either: Tenant) -> None:
    answer = either.get(PATH)
    assert answer.json() == {"success": True, "quarantine": [], "next_cursor": None}
    assert either.replay_over_http() == (0, 0)


def test_an_event_is_listed_as_it_came_with_the_reason(either: Tenant) -> None:
    one = event(organization_id="org_2", quantity="61.50", attributes={"to": "+1"}, cost=0.10)
    either.post("/v1/events", json=one)
    shown = either.get(PATH).json()["quarantine"][0]
    assert shown.pop("received_at").endswith("Z")
    assert shown == {
        "organization_id": "org_2",
        "id": "call-1",
        "code": "unknown_organization",
        "reason": "no organization has this id yet",
        "event": one,
        "ways_out": ["replay", "discard"],
    }


def test_an_event_without_a_price_is_listed_with_the_reason(either: Tenant) -> None:
    either.organization("org_2", currency="EUR")
    either.post("/v1/events", json=event(organization_id="org_2"))
    shown = either.get(PATH).json()["quarantine"][0]
    assert (shown["code"], shown["reason"]) == (
        "currency_mismatch",
        "price book version 1 is in USD, the organization in EUR",
    )


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (2, [["a0", "a1"], ["a2", "b0"], ["b1", "b2"]]),
        (4, [["a0", "a1", "a2", "b0"], ["b1", "b2"]]),
        (6, [["a0", "a1", "a2", "b0", "b1", "b2"]]),
        (1000, [["a0", "a1", "a2", "b0", "b1", "b2"]]),
    ],
)
def test_pages_are_in_a_stable_order_and_none_is_empty(
    either: Tenant, limit: int, expected: list
) -> None:
    for organization in "ab":
        either.send(*(event(id=f"{organization}{n}", organization_id=organization) for n in "201"))
    assert pages(either, limit) == expected


def test_ids_of_any_length_and_script_can_be_paged_through(either: Tenant) -> None:
    ids = ["ü" * 255, "漢" * 255, "\U0001f600" * 255, "a" * 255, "a+/b?=&"]
    ids.sort(key=encode_id)
    either.send(*(event(id=it, organization_id="org_2") for it in ids))
    assert pages(either, 1) == [[it] for it in ids]


def test_one_organizations_events_are_listed_alone(either: Tenant) -> None:
    either.send(*(event(id=it, organization_id=it) for it in ("a", "b")))
    assert pages(either, 1, organization_id="b") == [["b"]]
    unknown = either.get(PATH, params={"organization_id": "nobody"})
    assert (unknown.status_code, unknown.json()["error"]) == (404, "Organization not found")


def test_causes_are_counted_beside_any_page(either: Tenant) -> None:
    assert either.get(PATH, params={"include": "causes"}).json()["causes"] == []
    either.organization("euro", currency="EUR")
    lost = [event(id=it, organization_id="lost") for it in "ab"]
    either.send(*lost, event(id="c", organization_id="euro"))
    whole = either.get(PATH).json()["quarantine"]
    causes = [
        {
            "code": "unknown_organization",
            "events": 2,
            "example": next(it for it in whole if it["id"] == "a"),
            "ways_out": ["replay", "discard"],
        },
        {
            "code": "currency_mismatch",
            "events": 1,
            "example": next(it for it in whole if it["id"] == "c"),
            "ways_out": ["replay", "correct", "discard"],
        },
    ]
    for query in ({}, {"limit": 1}, {"codes": "no_price"}):
        assert either.get(PATH, params={"include": "causes", **query}).json()["causes"] == causes
    own = either.get(PATH, params={"include": "causes", "organization_id": "euro"}).json()
    assert own["causes"] == causes[1:]
    stranger = Tenant(either.database, either.http)
    assert stranger.get(PATH, params={"include": "causes"}).json()["causes"] == []


def test_the_events_of_one_cause_are_listed_alone(either: Tenant) -> None:
    either.organization("euro", currency="EUR")
    either.send(*(event(id=it, organization_id="lost") for it in "abc"))
    either.send(event(id="d", organization_id="euro"))
    assert pages(either, 2, codes="unknown_organization") == [["a", "b"], ["c"]]
    assert pages(either, 2, codes="currency_mismatch", organization_id="euro") == [["d"]]
    assert pages(either, 2, codes="no_price") == [[]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("include=counts", [("include", "invalid_choice")]),
        ("codes=", [("codes", "invalid_choice")]),
        ("limit=0", [("limit", "invalid_integer")]),
        ("limit=1001", [("limit", "invalid_integer")]),
        ("limit=-1", [("limit", "invalid_integer")]),
        ("limit=1.0", [("limit", "invalid_integer")]),
        ("limit=%D9%A1", [("limit", "invalid_integer")]),
        ("limit=", [("limit", "invalid_integer")]),
        ("limit=99999999999999999999", [("limit", "invalid_integer")]),
        ("cursor=", [("cursor", "missing_parameter")]),
        ("cursor=abc", [("cursor", "invalid_cursor")]),
        ("cursor=%C3%A4", [("cursor", "invalid_cursor")]),
        ("page=2", [("page", "unknown_parameter")]),
        (
            "limit=x&cursor=&page=2",
            [
                ("limit", "invalid_integer"),
                ("cursor", "missing_parameter"),
                ("page", "unknown_parameter"),
            ],
        ),
    ],
)
def test_a_malformed_query_is_refused(tenant: Tenant, query: str, found: list) -> None:
    answer = tenant.get(f"{PATH}?{query}")
    assert (answer.status_code, problems(answer)) == (400, found)


@pytest.mark.parametrize(
    "text", ["[1]", "[1,2]", '["1","a"]', '[-1,"a"]', '[99999999999999999999,"a"]', '[1,"\\u0000"]']
)
def test_a_forged_cursor_is_refused(either: Tenant, text: str) -> None:
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    answer = either.get(PATH, params={"cursor": cursor})
    assert (answer.status_code, problems(answer)) == (400, [("cursor", "invalid_cursor")])


def test_a_cursor_of_another_tenant_shows_nothing_of_it(either: Tenant) -> None:
    either.send(*(event(id=it, organization_id="org_2") for it in "ab"))
    cursor = either.get(PATH, params={"limit": 1}).json()["next_cursor"]
    stranger = Tenant(either.database, either.http)
    assert stranger.get(PATH, params={"cursor": cursor}).json()["quarantine"] == []


def test_a_replay_charges_what_can_be_charged_by_now(either: Tenant) -> None:
    either.send(event(id="a", organization_id="a"), event(id="b", organization_id="b"))
    assert either.replay_over_http() == (0, 2)
    either.post("/v1/organizations", json={"id": "a", "name": "A"})
    assert either.replay_over_http() == (1, 1)
    assert pages(either, 10) == [["b"]]
    users = either.users("a")["users"]
    assert [(it["user_id"], it["total_cost"]) for it in users] == [("user_1", 0.122)]
    assert either.replay_over_http() == (0, 1)


def test_what_a_replay_cannot_release_stays_with_the_reason_it_has_by_now(either: Tenant) -> None:
    either.send(event(id="a", organization_id="a"), event(id="b", organization_id="b"))
    either.organization("a", currency="EUR")
    assert either.replay_over_http() == (0, 2)
    shown = {it["id"]: (it["code"], it["reason"]) for it in either.get(PATH).json()["quarantine"]}
    mismatch = "currency_mismatch", "price book version 1 is in USD, the organization in EUR"
    assert shown == {
        "a": mismatch,
        "b": ("unknown_organization", "no organization has this id yet"),
    }
    found = either.get("/v1/events/a/a").json()
    assert (found["quarantine"]["code"], found["quarantine"]["error"]) == mismatch


def test_a_replay_of_one_organization_leaves_the_others(either: Tenant) -> None:
    either.send(*(event(id=it, organization_id=it) for it in "ab"))
    for identity in "ab":
        either.post("/v1/organizations", json={"id": identity, "name": identity})
    assert either.replay_over_http(organization_id="b") == (1, 0)
    assert pages(either, 10) == [["a"]]


def test_an_event_sent_again_while_in_quarantine_and_after(either: Tenant) -> None:
    one = event(organization_id="org_2")
    either.send(one)
    receipt = either.post("/v1/events", json=one).json()["receipts"][0]
    assert (receipt["status"], receipt["code"]) == ("quarantined", "in_quarantine")
    either.post("/v1/organizations", json={"id": "org_2", "name": "Two"})
    either.replay_over_http()
    assert either.post("/v1/events", json=one).json()["counts"]["duplicate"] == 1


def test_a_replay_may_pass_64_bits(either: Tenant) -> None:
    most = [event(id=str(n), cost=100_000_000, organization_id="org_2") for n in range(93)]
    either.send(*most)
    either.post("/v1/organizations", json={"id": "org_2", "name": "Two"})
    assert either.replay_over_http() == (93, 0)
    assert pages(either, 1000) == [[]]


def test_an_organizations_admin_sees_and_replays_its_own_only(either: Tenant) -> None:
    either.organization("mine", currency="EUR")
    either.send(event(id="mine", organization_id="mine"), event(id="other", organization_id="x"))
    admin = either.key(Permission.ADMIN, organization="mine")
    assert [it["id"] for it in either.get(PATH, admin).json()["quarantine"]] == ["mine"]
    assert either.get(PATH, admin, params={"organization_id": "x"}).status_code == 404
    assert either.replay_over_http(admin) == (0, 1)
    assert either.post(REPLAY, admin, params={"organization_id": "x"}).status_code == 404


def test_events_are_selected_by_type_and_time(either: Tenant) -> None:
    sms = {"type": "sms.outbound", "quantity": 1}
    either.send(
        event(id="a", organization_id="x", time="2024-01-15T00:00:00Z"),
        event(id="b", organization_id="x", time="2024-01-15T23:59:59Z"),
        event(id="c", organization_id="x", time="2024-01-16T00:00:00Z", **sms),
    )
    for query, expected in (
        ({"type": "sms.outbound"}, ["c"]),
        ({"start_date": "2024-01-15", "end_date": "2024-01-15"}, ["a", "b"]),
        ({"start_date": "2024-01-15T23:59:59Z"}, ["b", "c"]),
        ({"end_date": "2024-01-15T23:59:59Z"}, ["a"]),
        ({"type": "voice.call", "end_date": "2024-01-14"}, []),
    ):
        assert pages(either, 10, **query) == [expected], query


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=fax", [("type", "invalid_choice")]),
        ("codes=no_such_code", [("codes", "invalid_choice")]),
        ("ids=", [("ids", "missing_parameter")]),
        ("organization_id=x&ids=a,,b", [("ids", "empty")]),
        ("ids=" + ",".join(map(str, range(1001))), [("ids", "too_many")]),
        ("ids=a", [("organization_id", "missing_parameter")]),
        ("start_date=yesterday", [("start_date", "invalid_time")]),
        ("start_date=2024-01-02&end_date=2024-01-01", [("start_date", "invalid_period")]),
    ],
)
def test_a_malformed_selection_is_refused_everywhere(
    tenant: Tenant, query: str, found: list
) -> None:
    for method, path in (("GET", PATH), ("DELETE", PATH), ("POST", REPLAY)):
        answer = tenant.call(method, f"{path}?{query}")
        assert (answer.status_code, problems(answer)) == (400, found)


@pytest.mark.parametrize("query", ["", "all=false", "all=true&codes=no_price"])
def test_everything_is_discarded_only_when_that_is_said(tenant: Tenant, query: str) -> None:
    answer = tenant.delete(f"{PATH}?{query}")
    assert (answer.status_code, problems(answer)[0][0]) == (400, "all")


def test_selected_events_are_discarded_by_a_run(either: Tenant) -> None:
    either.organization("euro", currency="EUR")
    either.send(*(event(id=it, organization_id="euro") for it in "ab"))
    either.send(event(id="c", organization_id="x"))
    begun = either.delete(PATH, params={"codes": "currency_mismatch"})
    run = run_over_quarantine(either.get, begun)
    assert (run["action"], run["codes"], run["discarded"]) == ("discard", ["currency_mismatch"], 2)
    assert pages(either, 10) == [["c"]]
    assert either.get("/v1/quarantine-runs").json()["runs"] == [run]
    gone = either.get("/v1/events/euro/a")
    assert (gone.status_code, gone.json()["code"]) == (410, "discarded")
    back = either.post("/v1/events/reversals", json=reversal("a", organization_id="euro"))
    assert back.json()["receipts"][0]["code"] == "event_discarded"
    every = run_over_quarantine(either.get, either.delete(f"{PATH}?all=true"))
    assert every["discarded"] == 1
    assert pages(either, 10) == [[]]


def test_one_event_is_discarded(either: Tenant) -> None:
    either.send(event(id="a/b", organization_id="x"), event(id="c", organization_id="x"))
    answer = either.delete(f"{PATH}/x/a/b")
    assert answer.json() == {"success": True, "organization_id": "x", "id": "a/b"}
    assert either.delete(f"{PATH}/x/a/b").status_code == 404
    assert either.delete(f"{PATH}/nobody/c").status_code == 404
    assert pages(either, 10) == [["c"]]


def test_of_many_requests_to_replay_one_begins_a_run(either: Tenant) -> None:
    actor = Actor(either.tenant, COMMAND_LINE, now())
    run = runs.begin(either.database, actor, QuarantineAction.REPLAY, EVERYTHING, None)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: either.post(REPLAY), range(16)))
    assert {it.status_code for it in answers} == {409}
    assert "quarantine run 1 (replay, all organizations) is running" in answers[0].text
    path = f"/v1/quarantine-runs/{run.id}"
    assert either.post(f"{path}/stop").json()["run"]["status"] == "stopped"
    assert run_over_quarantine(either.get, either.post(f"{path}/resume"))["events"] == 0


def test_an_organization_sees_and_stops_its_own_runs_only(either: Tenant) -> None:
    either.organization("mine")
    admin = either.key(Permission.ADMIN, organization="mine")
    assert either.replay_over_http() == (0, 0)
    assert either.replay_over_http(admin) == (0, 0)
    own = either.get("/v1/quarantine-runs", admin).json()["runs"]
    assert [(it["id"], it["organization_id"]) for it in own] == [(2, "mine")]
    assert either.get("/v1/quarantine-runs/1", admin).status_code == 404
    assert either.post("/v1/quarantine-runs/1/stop", admin).status_code == 404
    assert either.delete(f"{PATH}?organization_id=mine", admin).status_code == 403


@pytest.mark.parametrize("run", ["7", "x", "-1", "99999999999999999999"])
def test_a_run_that_is_not_there_is_404(tenant: Tenant, run: str) -> None:
    assert tenant.get(f"/v1/quarantine-runs/{run}").status_code == 404
    for act in ("stop", "resume"):
        assert tenant.post(f"/v1/quarantine-runs/{run}/{act}").status_code == 404
