"""GET /v1/events: pages, cursors, files, and what a key sees."""

import csv
import io
import json
import socket
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import closing
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pyarrow.parquet
import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tests.inside import serving
from tests.waiting import wait_for
from tollbook.domain.keys import Permission
from tollbook.store.database import open_database

PATH = "/v1/events"
JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}


def page(tenant: Tenant, **given: Any) -> Json:
    answer = tenant.get(PATH, params={**JANUARY, **given})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_an_empty_organization_answers_an_empty_list(either: Tenant) -> None:
    assert page(either) == {
        "success": True,
        "organization_id": "org_1",
        "period": {"start": "2024-01-01", "end": "2024-01-31"},
        "events": [],
        "next_cursor": None,
    }
    csv_answer = either.get(PATH, params={**JANUARY, "format": "csv"})
    assert csv_answer.text == (
        "id,type,user_id,resource_id,time,day,quantity,billed_quantity,unit,cost,country,"
        "attributes,received_at,reverses,organization_id,currency,corrects,corrected_by\r\n"
    )
    assert either.get(PATH, params={**JANUARY, "format": "ndjson"}).content == b""


def test_an_event_has_every_figure(either: Tenant) -> None:
    sent = either.post(PATH, json=event(attributes={"to": "+4930123456", "n": 1.5})).json()
    answer = either.get(PATH, params=JANUARY)
    assert answer.headers["x-quarantined"] == "0"
    assert answer.headers["etag"]
    assert answer.headers["x-as-of"]
    assert answer.json()["events"] == [
        {
            "id": "call-1",
            "type": "voice.call",
            "user_id": "user_1",
            "resource_id": None,
            "time": "2024-01-15T10:30:00Z",
            "day": "2024-01-15",
            "quantity": 61,
            "billed_quantity": 61,
            "unit": "second",
            "cost": 0.122,
            "country": "DE",
            "attributes": {"n": 1.5, "to": "+4930123456"},
            "received_at": sent["as_of"],
            "reverses": None,
            "corrects": None,
            "corrected_by": None,
        }
    ]


def test_pages_are_of_one_state(either: Tenant) -> None:
    either.send(*(event(id=f"{n}", time=f"2024-01-{n:02}T00:00:00Z") for n in range(1, 8)))
    first = page(either, limit=3)
    assert [it["id"] for it in first["events"]] == ["7", "6", "5"]
    either.send(event(id="late", time="2024-01-02T12:00:00Z"))
    second = page(either, limit=3, cursor=first["next_cursor"])
    third = page(either, limit=3, cursor=second["next_cursor"])
    assert [it["id"] for it in second["events"]] == ["4", "3", "2"]
    assert ([it["id"] for it in third["events"]], third["next_cursor"]) == (["1"], None)
    assert len(page(either)["events"]) == 8


@pytest.mark.parametrize(
    "forged",
    [
        {"as_of": 2**62},
        {"start": "2025-01-01", "end": "2024-01-01"},
        {"start": 10**18, "end": "2024-01-01"},
        {"end": 2**63},
        {"start": 2, "end": 1},
    ],
)
def test_a_cursor_that_nobody_gave_is_refused(tenant: Tenant, forged: Json) -> None:
    tenant.send(event(), event(id="2"))
    cursor = page(tenant, limit=1)["next_cursor"]
    names = ("as_of", "start", "end", "day", "time", "id", "question")
    read = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    fields = dict(zip(names, read, strict=True)) | forged
    text = urlsafe_b64encode(msgspec.json.encode(list(fields.values()))).decode().rstrip("=")
    answer = tenant.get(PATH, params={"organization_id": "org_1", "cursor": text})
    assert (answer.status_code, problems(answer)) == (400, [("cursor", "invalid_cursor")])


def test_a_cursor_belongs_to_its_question(tenant: Tenant) -> None:
    tenant.send(event(), event(id="2"))
    cursor = page(tenant, limit=1)["next_cursor"]
    for given in (
        {"cursor": cursor, "meter": "voice.call"},
        {"cursor": cursor, "user_id": "user_1"},
        {"cursor": cursor, "start_date": "2024-01-02"},
        {"cursor": "nonsense"},
        {"cursor": "!"},
        {"cursor": "bnVsbA"},
    ):
        answer = tenant.get(PATH, params={**JANUARY, **given})
        assert (answer.status_code, problems(answer)) == (400, [("cursor", "invalid_cursor")])
    days = {"organization_id": "org_1", "cursor": cursor}
    assert tenant.get(PATH, params=days).json()["period"]["end"] == "2024-01-31"


INSTANTS = {"start_date": "2024-01-03T12:00:00Z", "end_date": "2024-01-05T12:00:00+02:00"}


def test_events_between_two_instants(either: Tenant) -> None:
    either.send(
        *(
            event(id=f"{day} {hour}", time=f"2024-01-0{day}T{hour}:00:00Z", resource_id=f"r{hour}")
            for day in range(2, 7)
            for hour in ("00", "10", "12")
        )
    )
    answer = page(either, **INSTANTS)
    ids = ["5 00", "4 12", "4 10", "4 00", "3 12"]
    assert [it["id"] for it in answer["events"]] == ids
    assert answer["period"] == {"start": INSTANTS["start_date"], "end": "2024-01-05T10:00:00Z"}
    lines = either.get(PATH, params=JANUARY | INSTANTS | {"format": "ndjson"})
    assert sorted(json.loads(it)["id"] for it in lines.text.splitlines()) == sorted(ids)
    resource = page(either, resource_id="r12", **INSTANTS)
    assert [it["id"] for it in resource["events"]] == ["4 12", "3 12"]
    mixed = page(either, start_date="2024-01-05", end_date=INSTANTS["end_date"])
    assert [it["id"] for it in mixed["events"]] == ["5 00"]
    until = {"organization_id": "org_1", "end_date": "2024-01-02T10:00:00Z"}
    answer = either.get(PATH, params=until).json()
    assert [it["id"] for it in answer["events"]] == ["2 00"]
    assert answer["period"] == {"start": "2023-12-03", "end": "2024-01-02T10:00:00Z"}


def test_a_cursor_keeps_its_instants(either: Tenant) -> None:
    either.send(*(event(id=f"{n}", time=f"2024-01-0{n}T12:00:00Z") for n in range(3, 9)))
    end = {"end_date": "2024-01-07T12:00:00Z"}
    first = page(either, limit=2, **end)
    given = {"organization_id": "org_1", "limit": 2, "cursor": first["next_cursor"]}
    second = either.get(PATH, params=given).json()
    assert second["period"] == {"start": "2024-01-01", "end": "2024-01-07T12:00:00Z"}
    assert [it["id"] for it in first["events"] + second["events"]] == ["6", "5", "4", "3"]
    other = {"end_date": "2024-01-07T12:00:01Z", "cursor": first["next_cursor"]}
    assert problems(either.get(PATH, params=JANUARY | other)) == [("cursor", "invalid_cursor")]


def test_events_of_a_resource_are_listed_by_page_and_as_a_file(either: Tenant) -> None:
    kb = [event(id=f"kb {n}", type="kb.usage", resource_id="kb_1") for n in range(3)]
    either.send(*kb, event(resource_id="kb_1"), event(id="2", type="kb.usage", resource_id="kb_2"))
    first = page(either, resource_id="kb_1", meter="kb.usage", limit=2)
    cursor = {"cursor": first["next_cursor"]}
    rest = page(either, resource_id="kb_1", meter="kb.usage", **cursor)
    assert [it["id"] for it in first["events"] + rest["events"]] == ["kb 2", "kb 1", "kb 0"]
    for other in ({}, {"resource_id": "kb_2", "meter": "kb.usage"}):
        answer = either.get(PATH, params=JANUARY | cursor | other)
        assert problems(answer) == [("cursor", "invalid_cursor")]
    lines = either.get(PATH, params={**JANUARY, "resource_id": "kb_1", "format": "ndjson"}).text
    assert len(lines.splitlines()) == 4
    assert page(either, resource_id="nothing")["events"] == []


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"limit": 1001}, "limit", "invalid_integer"),
        ({"meter": "voice.cal"}, "meter", "invalid_choice"),
        ({"format": "xml"}, "format", "invalid_choice"),
        ({"country": "DEU"}, "country", "invalid_country"),
        ({"start_date": "2024-02-01"}, "start_date", "start_after_end"),
        ({"start_date": "2024-02-01T00:00:00Z"}, "start_date", "start_after_end"),
        (dict.fromkeys(INSTANTS, "2024-01-03T12:00:00Z"), "start_date", "start_after_end"),
        ({"end_date": "2024-01-03T12:00:00"}, "end_date", "time_without_offset"),
        ({"resource_id": ""}, "resource_id", "missing_parameter"),
        ({"user_id": "u", "organization_level": "true"}, "organization_level", "contradiction"),
        ({"order": "asc"}, "order", "unknown_parameter"),
    ],
)
def test_what_is_wrong_is_named(tenant: Tenant, given: Json, field: str, code: str) -> None:
    answer = tenant.get(PATH, params={**JANUARY, **given})
    assert (answer.status_code, problems(answer)) == (400, [(field, code)])


def test_a_key_sees_its_own_events_only(either: Tenant) -> None:
    either.organization("org_2")
    either.send(event(), event(id="2", user_id="user_2"), event(id="3", organization_id="org_2"))
    read = Permission.READ_ANALYTICS
    user = either.key(read, organization="org_1", user="user_1")
    organization = either.key(read, organization="org_1")
    writer = either.key(Permission.WRITE_EVENTS)

    def ids(key: str, **given: Any) -> list[str]:
        answer = either.get(PATH, key, params={**JANUARY, **given}).json()
        lines = either.get(PATH, key, params={**JANUARY, "format": "ndjson", **given}).text
        found = [it["id"] for it in answer["events"]]
        assert sorted(json.loads(it)["id"] for it in lines.splitlines()) == sorted(found)
        return found

    assert ids(user) == ids(user, user_id="user_1") == ["call-1"]
    stranger = {"params": {**JANUARY, "user_id": "user_2"}}
    assert either.get(PATH, user, **stranger).status_code == 404
    assert ids(organization) == ["call-1", "2"]
    other = {"params": {**JANUARY, "organization_id": "org_2"}}
    assert either.get(PATH, user, **other).status_code == 404
    assert either.get(PATH, organization, **other).status_code == 404
    assert either.get(PATH, writer, params=JANUARY).status_code == 403
    level = {"params": {**JANUARY, "organization_level": "true"}}
    assert either.get(PATH, user, **level).status_code == 403
    stranger = Tenant(either.database, either.http)
    for form in ("json", "csv"):
        answer = stranger.get(PATH, params={**JANUARY, "format": form})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_files_hold_all_events_exactly(either: Tenant) -> None:
    either.send(*(event(id=f"{n:04}", quantity=n, cost=f"0.{n:09}") for n in range(1, 2_501)))
    params = {**JANUARY, "format": "csv"}
    answer = either.get(PATH, params=params)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="events-org_1-2024-01-01-2024-01-31.csv"'
    )
    assert answer.headers["x-quarantined"] == "0"
    assert answer.headers["x-as-of"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    lines = either.get(PATH, params=JANUARY, headers={"Accept": "application/x-ndjson"})
    objects = [json.loads(it, parse_float=Decimal) for it in lines.text.splitlines()]
    parquet = either.get(PATH, params={**JANUARY, "format": "parquet"})
    table = pyarrow.parquet.read_table(io.BytesIO(parquet.content)).to_pylist()
    total = sum(Decimal(n) for n in range(1, 2_501)) / 10**9
    assert len(rows) == len(objects) == len(table) == 2_500
    assert sum(Decimal(it["cost"]) for it in rows) == total
    assert sum(Decimal(it["cost"]) for it in objects) == total
    assert sum(it["cost"] for it in table) == total
    assert [it["id"] for it in rows] == [it["id"] for it in objects] == [it["id"] for it in table]


def test_a_page_is_a_file_with_the_next_cursor_beside_it(tenant: Tenant) -> None:
    tenant.send(event(), event(id="2"), event(id="3"))
    seen, cursor = [], None
    for _ in range(3):
        params = {**JANUARY, "format": "csv", "limit": 1} | ({"cursor": cursor} if cursor else {})
        for _ in range(2):  # the second is from the cache
            answer = tenant.get(PATH, params=params)
        cursor = answer.headers.get("x-next-cursor")
        seen += [it["id"] for it in csv.DictReader(io.StringIO(answer.text))]
    assert (seen, cursor) == (["call-1", "3", "2"], None)


def test_head_sends_no_file(tenant: Tenant) -> None:
    tenant.send(event())
    answer = tenant.call("HEAD", PATH, params={**JANUARY, "format": "csv"})
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_client_that_goes_away_ends_the_reading(sqlite_url: str) -> None:
    with closing(open_database(sqlite_url)) as database, serving(open_database(sqlite_url)) as http:
        _reading_ends(Tenant(database, http))


def _reading_ends(tenant: Tenant) -> None:
    """A reading that its client's end did not end would use its share for an hour."""
    tenant.organization()
    for start in range(0, 30_000, 10_000):
        tenant.send(*(event(id=f"{start + n}", attributes={"a": "x" * 900}) for n in range(10_000)))
    query = "&".join(f"{name}={value}" for name, value in JANUARY.items())
    asked = (
        f"GET {PATH}?{query}&format=csv HTTP/1.1\r\nHost: t\r\nX-API-Key: {tenant.admin}\r\n\r\n"
    )
    gone = [socket.create_connection(("127.0.0.1", tenant.http.base_url.port)) for _ in range(4)]
    for connection in gone:
        connection.sendall(asked.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")

    def another() -> httpx.Response:
        return tenant.get(PATH, params={**JANUARY, "format": "csv"})

    assert (another().status_code, another().json()["code"]) == (429, "too_many_exports")
    for connection in gone:
        connection.close()
    wait_for(lambda: another().status_code == 200)
    assert another().text.count("\n") == 30_001
