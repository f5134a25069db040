"""A server under load, with every kind of trouble: its log holds no key, text or number."""

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.builders import Platform, event
from tests.servers import Server
from tollbook.domain.keys import Permission
from tollbook.store.database import open_database

TEXT = "meet me at the old mill at nine"
NUMBER = "+442071838750"
E_MAIL = "jane@doe.example"


def attempts(number: int, key: str) -> list[tuple[str, str, bytes | None, str]]:
    """Return requests of which some succeed and some cannot."""
    sms = (
        f'{{"id": "{number}", "type": "sms.outbound", "organization_id": "org_1", '
        f'"user_id": "ann", "time": "2024-01-15T10:30:00Z", '
        f'"attributes": {{"to": "{NUMBER}", "body": "{TEXT}"}}}}'
    ).encode()
    return [
        ("POST", "/v1/events", sms, key),
        ("POST", "/v1/events", sms.replace(b"ann", b"bob"), key),  # a conflict
        ("POST", "/v1/events", sms[:-9], key),
        ("POST", "/v1/events", sms.replace(b"org_1", b"nobody"), key),
        ("POST", "/v1/events?atomic=true", b"[" + sms + b",{}]", key),
        ("POST", "/v1/rate", sms, key),
        ("POST", "/v1/events", sms, key[:-1]),
        ("GET", f"/v1/analytics/users?organization_id={NUMBER}", None, key),
        ("GET", f"/v1/events/org_1/{number}", None, key),
        ("GET", f"/v1/nothing/{NUMBER}?key={key}", None, key),
        ("POST", "/v1/keys", b'{"name": "x", "permissions": ["events:write"]}', key),
        ("POST", "/v1/viewer-tokens", b'{"organization_id": "org_1"}', key),
        ("GET", f"/v1/audit-log?format=csv&action={NUMBER}", None, key),
        (
            "POST",
            "/v1/organizations/org_1/users",
            f'{{"name": "Jane", "email": "{E_MAIL}"}}'.encode(),
            key,
        ),
    ]


def garbage(server: Server, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head)
        assert connection.recv(1_000).startswith(b"HTTP/1.1 400")


def test_the_log_of_a_server_under_load_holds_nothing_of_anyone(database_url: str) -> None:
    database = open_database(database_url)
    platform = Platform(database)
    platform.organization()
    platform.send(event())
    key = platform.key()
    secrets = [key, platform.key(Permission.WRITE_EVENTS)]
    server = Server(database_url, log_level="debug", max_queued_events="20")
    with server, server.client() as http:

        def ask(it: tuple[str, str, bytes | None, str]) -> httpx.Response:
            method, path, body, text = it
            headers = {"X-API-Key": text, "Content-Type": "application/json"}
            return http.request(method, path, content=body, headers=headers)

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(ask, (it for n in range(40) for it in attempts(n, key))))
            with database.writing() as transaction:
                transaction.execute("ALTER TABLE users RENAME TO gone")
            answers += threads.map(ask, (it for n in range(40, 45) for it in attempts(n, key)))
        garbage(server, f"GET /{NUMBER} HTTP/1.1\r\nHost : {key}\r\n\r\n".encode())
        logged = server.stop()
    database.close()
    assert {200, 201, 207, 400, 401, 404, 503} <= {it.status_code for it in answers}
    for answer in answers:
        made = answer.json() if answer.headers["content-type"] == "application/json" else {}
        secrets += [made[it] for it in ("api_key", "token") if it in made]
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {"request", "store_failed", "connection_refused"} <= {it["event"] for it in lines}
    of_requests = {it["request_id"]: it for it in lines if it["event"] == "request"}
    for answer in answers:
        assert of_requests[answer.headers["x-request-id"]]["status"] == answer.status_code
    for secret in (TEXT, NUMBER, NUMBER[1:], E_MAIL, *(it.rpartition("_")[2] for it in secrets)):
        assert secret not in logged
    assert not re.search(r"tbv?_[0-9A-Za-z_-]{20,}", logged)
