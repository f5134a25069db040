"""What every answer carries: headers that tie a browser down, the id of its request, no innards."""

import errno
import io
import json
import re
import sys
import threading
from collections.abc import Iterator

import httpx
import pytest
import structlog

from tests.api.conftest import Site, Tenant, error_of, site_on
from tests.builders import Platform, event
from tests.inside import serving
from tollbook.api.application import ENDPOINTS
from tollbook.logs import configure_logging
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.database import open_database
from tollbook.traces import discreet

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}
PATHS = ["/v1/organizations", "/v1/keys", "/v1/nothing", "/openapi.json", "/docs", "/", "/healthz"]
USERS = "/v1/analytics/users?organization_id=org_1"
INNARDS = re.compile(r"SELECT|INSERT|Traceback|\.py\b|/src/|sqlite|psycopg|line \d+", re.IGNORECASE)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_every_answer_has_them(tenant: Tenant, method: str, path: str) -> None:
    headers = tenant.call(method, path).headers
    assert {name: headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers
    assert headers["x-request-id"]


@pytest.mark.parametrize("path", ["/v1/organizations", "/v1/keys", "/v1/nothing", "/v1/keys/self"])
def test_nobody_keeps_what_does_not_say_how_long_it_holds(tenant: Tenant, path: str) -> None:
    assert tenant.get(path).headers["cache-control"] == "no-store"
    assert tenant.get(USERS).headers["cache-control"] == "private, no-cache"


def test_browsers_come_by_https_only_where_that_is_said(sqlite_url: str) -> None:
    for site in site_on(sqlite_url, hsts_seconds="31536000"):
        header = site.http.get("/nothing").headers["strict-transport-security"]
        assert header == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("given", ["abc-123", "a" * 128, "trace/1:2+3=@_."])
def test_a_sane_id_of_a_request_comes_back(site: Site, given: str) -> None:
    answer = site.http.get("/v1/keys", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "<x>", '"'])
def test_any_other_id_is_made_anew(site: Site, given: str) -> None:
    seen = {
        site.http.get("/v1/keys", headers={"X-Request-Id": given}).headers["x-request-id"]
        for _ in range(2)
    }
    assert len(seen) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", it) for it in seen)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda it: f"{it.method} {it.path}")
def test_a_bearer_is_let_in_wherever_a_key_is(tenant: Tenant, endpoint: object) -> None:
    path = re.sub(r"\{[a-z_]+\}", "1", endpoint.path)  # type: ignore[attr-defined]
    method = endpoint.method  # type: ignore[attr-defined]
    bearer = {"Authorization": f"bearer {tenant.admin}"}
    assert tenant.call(method, path, "", headers=bearer).status_code not in (401, 500)
    nobody = {"Authorization": "Basic eDp5"}
    assert tenant.call(method, path, "", headers=nobody).status_code == 401


class Wrong(Exception):
    """Carries what no log and no answer may show."""


SECRETS = ("+442071838750", "see you at nine", "tb_0123456789ab")


@pytest.fixture
def broken(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """An application whose directory breaks with a number, a text and a key in its error."""
    database = open_database(sqlite_url)

    def fail(*_: object) -> None:
        raise Wrong(*SECRETS) from ValueError(*SECRETS)

    key = Platform(database).key()
    monkeypatch.setattr(directory, "organizations", fail)
    with serving(database, key) as client:
        yield client


def test_a_defect_shows_nothing_of_itself(
    broken: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Settings())
    answer = broken.get("/v1/organizations", headers={"X-Request-Id": "request-7"})
    structlog.reset_defaults()
    assert answer.status_code == 500
    assert error_of(answer) == {
        "success": False,
        "error": "something went wrong; the log says what",
        "code": "internal_error",
    }
    logged = capsys.readouterr().err
    assert '"request_id": "request-7"' in logged
    assert "Wrong at" in logged
    assert "because of ValueError" in logged
    assert "test_security_headers.py" in logged
    for secret in SECRETS:
        assert secret not in logged


def test_of_what_others_log_the_first_line_is_kept() -> None:
    message = "Task exception was never retrieved\nfuture: <Task exception=Wrong('+44 20')>"
    entry = discreet(None, "error", {"event": message, "stack_info": SECRETS[0], "level": "error"})
    assert entry == {"event": "Task exception was never retrieved", "level": "error"}


def test_a_thread_that_a_defect_ends_shows_nothing_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    configure_logging(Settings())

    def fail() -> None:
        raise Wrong(*SECRETS)

    thread = threading.Thread(target=fail, name="a thread")
    thread.start()
    thread.join()
    structlog.reset_defaults()
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["thread"], line["level"]) == ("thread_ended", "a thread", "error")
    assert line["exception"].startswith("Wrong at ")
    assert not any(secret in str(line) for secret in SECRETS)


def test_a_database_that_fails_shows_nothing_of_itself(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_database(sqlite_url)
    platform = Platform(database)
    platform.organization()
    key = platform.key()
    with database.writing() as transaction:
        transaction.execute("ALTER TABLE users RENAME TO gone")
    configure_logging(Settings())
    with serving(database, key) as client:
        answers = [client.get(USERS), client.post("/v1/events", json=event())]
    structlog.reset_defaults()
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert not INNARDS.search(answer.text), answer.text
    assert "store_failed" in capsys.readouterr().err


def test_no_error_of_a_client_shows_innards(tenant: Tenant) -> None:
    for path in ("/v1/events", "/v1/organizations", "/v1/keys", "/v1/rerating", "/v1/rate"):
        for body in (b"", b"{", b"[]", b"\xff", b'{"name": {}}', b"9" * 10_000):
            answer = tenant.post(path, content=body)
            assert not INNARDS.search(answer.text), answer.text


class FullDisk(io.StringIO):
    """Where a log goes that nothing can be added to."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_ends_nothing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(sqlite_url)
    platform = Platform(database)
    platform.organization()
    key = platform.key()
    monkeypatch.setattr(sys, "stderr", FullDisk())
    configure_logging(Settings())
    with serving(database, key) as client:
        with database.writing() as transaction:
            transaction.execute("ALTER TABLE users RENAME TO gone")
        failed = client.post("/v1/events", json=event())
        with database.writing() as transaction:
            transaction.execute("ALTER TABLE gone RENAME TO users")
        again = client.post("/v1/events", json=event())
    structlog.reset_defaults()
    assert (failed.status_code, failed.json()["code"]) == (503, "store_unavailable")
    assert again.status_code == 200
