"""POST /v1/events: a receipt for each event, in order, and what the statuses say."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.both_ways import way  # noqa: F401  each test runs over both ways
from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tollbook.domain.events import instant_text
from tollbook.domain.keys import Limits, Permission

PATH = "/v1/events"
LINES = {"Content-Type": "application/x-ndjson"}


def send(tenant: Tenant, *events: Any, key: str | None = None, **query: str) -> httpx.Response:
    return tenant.post(PATH, key, json=list(events), params=query)


def fates(response: httpx.Response) -> list[tuple[str, str | None]]:
    return [(it["status"], it.get("code")) for it in response.json()["receipts"]]


def stored(tenant: Tenant, organization: str = "org_1") -> list[str]:
    found = tenant.rows(
        "SELECT id_text(id) FROM events WHERE organization_id = :number ORDER BY id",
        number=tenant.number(organization),
    )
    return [row[0] for row in found]


def counts(**given: int) -> Json:
    fates = ("accepted", "duplicate", "quarantined", "conflict", "rejected")
    return {fate: given.get(fate, 0) for fate in fates}


def test_one_event_is_accepted(either: Tenant) -> None:
    answer = either.post(PATH, json=event())
    assert answer.status_code == 200
    [(received_at,)] = either.rows(
        "SELECT received_at FROM ledger_versions WHERE organization_id = :number",
        number=either.number("org_1"),
    )
    assert answer.json() == {
        "success": True,
        "counts": counts(accepted=1),
        "receipts": [{"index": 0, "status": "accepted", "id": "call-1"}],
        "as_of": instant_text(received_at),
    }
    assert stored(either) == ["call-1"]


def test_an_array_gets_receipts_in_its_order(either: Tenant) -> None:
    answer = send(either, *(event(id=it) for it in ("z", "a", "m")))
    assert answer.status_code == 200
    assert [(it["index"], it["id"]) for it in answer.json()["receipts"]] == [
        (0, "z"),
        (1, "a"),
        (2, "m"),
    ]


def test_an_empty_array_is_a_success_with_nothing(either: Tenant) -> None:
    answer = either.post(PATH, json=[])
    assert (answer.status_code, answer.json()["receipts"]) == (200, [])


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/jsonl"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
def test_lines_of_json_get_a_receipt_each(tenant: Tenant, media_type: str, end: str) -> None:
    lines = "\n".join(json.dumps(event(id=it)) for it in ("b", "a")) + end
    answer = tenant.post(PATH, content=lines, headers={"Content-Type": media_type})
    assert (answer.status_code, fates(answer)) == (200, [("accepted", None)] * 2)


def test_the_same_event_again_is_a_success(either: Tenant) -> None:
    either.post(PATH, json=event())
    answer = either.post(PATH, json=event())
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert fates(answer) == [("duplicate", None)]


def test_every_fate_in_one_batch_is_207_with_each_told(either: Tenant) -> None:
    either.send(event(id="known"), event(id="taken"))
    answer = send(
        either,
        event(id="new"),
        event(id="known"),
        event(id="lost", organization_id="nobody"),
        event(id="taken", quantity=1),
        event(id="bad", quantity=-1),
        event(id="new"),
    )
    assert answer.status_code == 207
    shown = answer.json()
    assert shown["success"] is False
    assert shown["counts"] == counts(accepted=1, duplicate=2, quarantined=1, conflict=1, rejected=1)
    assert shown["receipts"] == [
        {"index": 0, "status": "accepted", "id": "new"},
        {"index": 1, "status": "duplicate", "id": "known"},
        {
            "index": 2,
            "status": "quarantined",
            "id": "lost",
            "code": "unknown_organization",
            "error": "no organization has this id yet",
            "ways_out": ["replay", "discard"],
        },
        {
            "index": 3,
            "status": "conflict",
            "id": "taken",
            "code": "conflict",
            "error": "this id already belongs to an event with other content, which is kept",
            "field": "id",
        },
        {
            "index": 4,
            "status": "rejected",
            "id": "bad",
            "code": "negative",
            "error": "quantity must not be negative",
            "field": "quantity",
            "details": [
                {
                    "field": "quantity",
                    "code": "negative",
                    "error": "quantity must not be negative",
                }
            ],
        },
        {"index": 5, "status": "duplicate", "id": "new"},
    ]
    assert stored(either) == ["known", "new", "taken"]


def test_all_problems_of_an_event_are_listed_at_once(tenant: Tenant) -> None:
    bad = {
        "id": "",
        "type": "fax",
        "organization_id": "a\x00",
        "time": "2024-01-15T10:30:00",
        "quantity": "1.0000001",
        "user_id": 7,
        "cost": -1,
        "attributes": {"a": {"b": 1}, "c": [1]},
        "colour": "red",
    }
    answer = tenant.post(PATH, json=bad)
    assert answer.status_code == 207
    details = answer.json()["receipts"][0]["details"]
    assert sorted((it["field"], it["code"]) for it in details) == [
        ("attributes.a", "nested"),
        ("attributes.c", "nested"),
        ("colour", "unknown_field"),
        ("cost", "negative"),
        ("id", "empty"),
        ("organization_id", "control_characters"),
        ("quantity", "too_many_decimals"),
        ("time", "time_without_offset"),
        ("type", "unknown_type"),
        ("user_id", "not_a_string"),
    ]


@pytest.mark.parametrize("field", ["id", "type", "organization_id", "time"])
def test_a_missing_field_is_named(tenant: Tenant, field: str) -> None:
    receipt = tenant.post(PATH, json=event(**{field: None})).json()["receipts"][0]
    assert (receipt["status"], receipt["field"], receipt["code"]) == (
        "rejected",
        field,
        "missing_field",
    )


@pytest.mark.parametrize("value", [1, "text", None, True, [], [[]]])
def test_an_event_that_is_no_object_is_rejected_alone(tenant: Tenant, value: Any) -> None:
    answer = send(tenant, value, event())
    assert fates(answer) == [("rejected", "not_an_object"), ("accepted", None)]


def test_a_problem_in_a_line_names_the_line(tenant: Tenant) -> None:
    lines = f"\n{json.dumps(event())}\n\n{{oops\n{json.dumps(event(id='2'))}\n"
    answer = tenant.post(PATH, content=lines, headers=LINES)
    assert answer.status_code == 207
    receipt = answer.json()["receipts"][1]
    assert (receipt["index"], receipt["code"]) == (1, "unreadable_line")
    assert receipt["error"].startswith("line 4 is not JSON: ")
    assert fates(answer) == [
        ("accepted", None),
        ("rejected", "unreadable_line"),
        ("accepted", None),
    ]


def test_lines_of_which_none_can_be_read_are_400(tenant: Tenant) -> None:
    answer = tenant.post(PATH, content="\n{oops\nno\n", headers=LINES)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable_body")
    assert answer.json()["error"].startswith("line 2 is not JSON: ")


@pytest.mark.parametrize(
    ("ahead", "fate"),
    [
        (timedelta(hours=23, minutes=58), ("accepted", None)),
        (timedelta(hours=23, minutes=59, seconds=30), ("quarantined", "ends_in_future")),
        (timedelta(hours=24, minutes=1), ("rejected", "in_future")),
    ],
)
def test_events_may_be_ahead_by_24_hours(tenant: Tenant, ahead: timedelta, fate: tuple) -> None:
    time = (datetime.now(UTC) + ahead).isoformat()
    assert fates(tenant.post(PATH, json=event(time=time))) == [fate]


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"])
def test_the_end_of_time_is_refused_and_breaks_nothing(either: Tenant, time: str) -> None:
    either.organization("east", timezone="Pacific/Kiritimati")
    answer = either.post(PATH, json=event(organization_id="east", time=time))
    assert (answer.status_code, fates(answer)[0][0]) == (207, "rejected")


def test_the_beginning_of_time_is_taken_west_of_greenwich(either: Tenant) -> None:
    either.organization("west", timezone="Pacific/Pago_Pago")
    answer = either.post(PATH, json=event(organization_id="west", time="1970-01-01T00:00:00Z"))
    assert fates(answer) == [("accepted", None)]


def test_an_atomic_batch_with_a_conflict_is_409_and_leaves_nothing(either: Tenant) -> None:
    either.send(event(id="taken"))
    answer = send(either, event(id="new"), event(id="taken", quantity=1), atomic="true")
    assert answer.status_code == 409
    assert answer.json()["counts"] == counts(conflict=1, rejected=1)
    assert fates(answer) == [("rejected", "batch_refused"), ("conflict", "conflict")]
    assert stored(either) == ["taken"]


@pytest.mark.parametrize(
    ("other", "fate"),
    [
        (event(id="bad", quantity=-1), ("rejected", "negative")),
        (event(id="lost", organization_id="nobody"), ("rejected", "unknown_organization")),
        (event(id="late", time="9999-01-01T00:00:00Z"), ("rejected", "in_future")),
    ],
)
def test_an_atomic_batch_with_a_refusal_is_422_and_leaves_nothing(
    either: Tenant, other: Json, fate: tuple
) -> None:
    answer = send(either, event(id="new"), other, event(id="newer"), atomic="true")
    assert answer.status_code == 422
    assert fates(answer) == [("rejected", "batch_refused"), fate, ("rejected", "batch_refused")]
    assert stored(either) == []
    assert either.get("/v1/quarantine").json()["quarantine"] == []


def test_an_atomic_batch_without_a_refusal_is_200(either: Tenant) -> None:
    answer = send(either, event(id="a"), event(id="b"), atomic="true")
    assert (answer.status_code, stored(either)) == (200, ["a", "b"])


@pytest.mark.parametrize("text", ["yes", "1", "True", ""])
def test_atomic_is_true_or_false(tenant: Tenant, text: str) -> None:
    answer = send(tenant, event(), atomic=text)
    assert (answer.status_code, problems(answer)) == (400, [("atomic", "invalid_boolean")])
    assert stored(tenant) == []


def test_a_key_of_an_organization_sends_for_it_alone(either: Tenant) -> None:
    either.organization("org_2")
    bound = either.key(Permission.WRITE_EVENTS, organization="org_1")
    answer = send(either, event(), event(id="2", organization_id="org_2"), key=bound)
    assert answer.status_code == 207
    assert fates(answer) == [("accepted", None), ("rejected", "not_for_this_key")]
    assert answer.json()["receipts"][1]["field"] == "organization_id"
    assert stored(either, "org_2") == []


def test_a_key_of_a_user_sends_for_that_user_alone(either: Tenant) -> None:
    bound = either.key(Permission.WRITE_EVENTS, organization="org_1", user="user_1")
    others = [event(id="2", user_id="user_2"), event(id="3", user_id=None)]
    answer = send(either, event(), *others, key=bound)
    refused = ("rejected", "not_for_this_key")
    assert fates(answer) == [("accepted", None), refused, refused]
    assert [it.get("field") for it in answer.json()["receipts"]] == [None, "user_id", "user_id"]


def test_whatever_is_wrong_and_refused_is_said_at_once(either: Tenant) -> None:
    limits = Limits(meters=("voice.call",))
    key = either.key(Permission.WRITE_EVENTS, organization="org_1", user="user_1", limits=limits)
    late = "9999-01-01T00:00:00Z"
    all_wrong = event(
        id="1",
        quantity="0.1234567",
        time=late,
        organization_id="x",
        user_id="y",
        type="api.storage",
    )
    half = event(id="2", quantity=-1, time="soon", organization_id="", user_id=None)
    sound = event(id="3", time=late, organization_id="x", type="api.storage")
    not_for_it = "not_for_this_key"
    expected = [
        [
            ("quantity", "too_many_decimals"),
            ("time", "in_future"),
            ("organization_id", not_for_it),
            ("user_id", not_for_it),
            ("type", not_for_it),
        ],
        [
            ("organization_id", "empty"),
            ("time", "invalid_time"),
            ("quantity", "negative"),
            ("user_id", not_for_it),
        ],
        [("time", "in_future"), ("organization_id", not_for_it), ("type", not_for_it)],
    ]
    answer = send(either, all_wrong, half, sound, key=key)
    shown = [it["details"] for it in answer.json()["receipts"]]
    assert [[(it["field"], it["code"]) for it in details] for details in shown] == expected
    alone = either.post(PATH, json=event(quantity="0.1234567", time=late))
    details = alone.json()["receipts"][0]["details"]
    assert [it["code"] for it in details] == ["too_many_decimals", "in_future"]


def test_another_tenants_organization_of_the_same_id_is_another(either: Tenant) -> None:
    stranger = Tenant(either.database, either.http)
    answer = stranger.post(PATH, json=event())
    assert fates(answer) == [("quarantined", "unknown_organization")]
    assert stored(either) == []


def test_one_organization_can_spend_more_than_64_bits_hold(either: Tenant) -> None:
    most = [event(id=str(n), cost=100_000_000) for n in range(180)]
    assert send(either, *most[:92]).status_code == 200
    assert send(either, *most[92:]).status_code == 200
    users = either.get(
        "/v1/analytics/users",
        params={"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-12-31"},
    )
    assert users.json()["users"][0]["total_cost"] == 18_000_000_000


@pytest.mark.parametrize("value", ["\x00", "\x1b[31m", "\u2028", "\U0001f600", "a" * 2000, ""])
def test_an_attribute_may_hold_any_text(either: Tenant, value: str) -> None:
    one = event(attributes={"to": value, value[:64] or "x": value})
    assert fates(either.post(PATH, json=one)) == [("accepted", None)]
    lost = {**one, "id": "lost", "organization_id": "nobody"}
    assert fates(either.post(PATH, json=lost)) == [("quarantined", "unknown_organization")]
    waiting = either.get("/v1/quarantine").json()["quarantine"]
    assert waiting[0]["event"]["attributes"] == one["attributes"]
