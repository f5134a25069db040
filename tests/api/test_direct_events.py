"""Plain requests of `POST /v1/events` are answered without the application, and as by it."""

import gzip
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.api.conftest import prefix
from tests.builders import Platform, event
from tests.inside import serving
from tests.waiting import PATIENCE, wait_for
from tollbook.domain.keys import Limits, Permission
from tollbook.store.database import open_database

PATH = "/v1/events"
OWN = ("date", "x-request-id")
"""Headers that differ in every response."""


class Watched(NamedTuple):
    """A server with the requests that its application has answered."""

    http: httpx.Client
    key: str
    platform: Platform
    answered: list[str]

    def post(self, body: bytes, path: str = PATH, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, content=body, headers={"X-API-Key": self.key, **named})

    def raw(self, *parts: bytes) -> bytes:
        """Send parts of requests, and return the answers until the server hangs up."""
        port = self.http.base_url.port
        assert port
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            for part in parts:
                connection.sendall(part)
            answer = b""
            while some := connection.recv(65_536):
                answer += some
        return answer

    def request(self, body: bytes, *headers: str) -> bytes:
        lines = [f"POST {PATH} HTTP/1.1", "Host: a", f"X-API-Key: {self.key}", *headers]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@pytest.fixture(scope="module")
def started(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    path = tmp_path_factory.mktemp("direct") / "tollbook.db"
    shutil.copy(migrated_file, path)
    answered: list[str] = []

    def around(app: ASGIApp) -> ASGIApp:
        async def watch(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                answered.append(scope["path"])
            await app(scope, receive, send)

        return watch

    database = open_database(f"sqlite:///{path}")
    platform = Platform(open_database(f"sqlite:///{path}"))
    platform.organization("org_1")
    with serving(database, around=around) as http:
        yield Watched(http, platform.key(), platform, answered)
    platform.database.close()


@pytest.fixture
def watched(started: Watched) -> Watched:
    """The server with the key and the organization in memory, and no request yet."""
    assert started.post(encoded("first")).status_code == 200
    started.answered.clear()
    return started


def encoded(name: str, **fields: object) -> bytes:
    return json.dumps(event(id=name, **fields)).encode()


def shown(response: httpx.Response) -> list[tuple[str, str]]:
    return [it for it in response.headers.multi_items() if it[0] not in OWN]


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (encoded("same"), encoded("same")),
        (encoded("conflict"), encoded("conflict", quantity=7)),
        (encoded("x", quantity=-1), encoded("x", quantity=-1)),
        (b"[]", b"[]"),
    ],
)
def test_the_answer_is_that_of_the_application(
    watched: Watched, first: bytes, again: bytes
) -> None:
    watched.post(first)
    watched.answered.clear()
    direct, general = watched.post(again), watched.post(again, Content_Encoding="identity")
    assert watched.answered == [PATH]
    assert (direct.status_code, shown(direct)) == (general.status_code, shown(general))
    assert [{**it.json(), "as_of": ""} for it in (direct, general)] == [
        {**direct.json(), "as_of": ""}
    ] * 2
    assert direct.headers["x-request-id"] != general.headers["x-request-id"]


def test_a_client_names_its_request(watched: Watched) -> None:
    answer = watched.post(encoded("named"), X_Request_Id="mine")
    assert (answer.headers["x-request-id"], watched.answered) == ("mine", [])


GENERAL = {
    "a query": {"path": f"{PATH}?atomic=true"},
    "gzip": {"body": gzip.compress(encoded("gzip")), "Content_Encoding": "gzip"},
    "lines": {"Content_Type": "application/x-ndjson"},
    "an empty type": {"Content_Type": ""},
    "another path": {"path": "/v1%2Fevents"},
    "a CloudEvent": {"ce_id": "1", "ce_specversion": "1.0"},
    "a page": {"Origin": "https://a.example"},
    "an unknown key": {"X_API_Key": "tb_none"},
    "no JSON": {"body": b"{"},
    "a large body": {"body": b" " * 70_000 + encoded("large")},
    "another type": {"body": encoded("other", type="no.such")},
}


@pytest.mark.parametrize("name", GENERAL)
def test_any_other_request_is_answered_by_the_application(watched: Watched, name: str) -> None:
    watched.post(**{"body": encoded(name), **GENERAL[name]})
    assert len(watched.answered) == 1


def test_a_narrow_key_and_a_new_organization_are_left_to_the_application(watched: Watched) -> None:
    keys = (
        watched.platform.key(limits=Limits(requests_per_minute=5)),
        watched.platform.key(Permission.READ_ANALYTICS),
    )
    for key in keys:
        watched.post(encoded("narrow"), X_API_Key=key)
        watched.answered.clear()
        watched.post(encoded("narrow"), X_API_Key=key)
        assert watched.answered == [PATH]
    watched.answered.clear()
    assert watched.post(encoded("new", organization_id="new")).status_code == 207
    assert watched.answered == [PATH]


def test_requests_in_a_pipeline_are_answered_in_order(watched: Watched) -> None:
    bodies = [encoded(f"in line {number}") for number in range(5)]
    sent = [watched.request(it) for it in bodies]
    sent[2] = watched.request(bodies[2], "Content-Encoding: identity")
    sent[4] = watched.request(bodies[4], "Connection: close")
    answer = watched.raw(b"".join(sent[:3]) + sent[3][:-9], sent[3][-9:] + sent[4])
    assert watched.answered == [PATH, PATH]
    places = [answer.index(f'"in line {number}"'.encode()) for number in range(5)]
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 200 OK") == 5


def test_a_body_that_ends_early_is_left_to_the_application(watched: Watched) -> None:
    port = watched.http.base_url.port
    assert port
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(watched.request(encoded("cut off"))[:-1])
    wait_for(lambda: watched.answered == [PATH])


def test_a_revoked_key_is_refused_at_the_commit(watched: Watched) -> None:
    key = watched.platform.key()
    watched.post(encoded("before"), X_API_Key=key)
    assert watched.http.delete(
        f"/v1/keys/{prefix(key)}", headers={"X-API-Key": watched.key}
    ).is_success
    watched.answered.clear()
    answer = watched.post(encoded("after"), X_API_Key=key)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert watched.answered == []
