"""The log of requests: a line for each, that names the route, the key and the id, and no more."""

import errno
import json
import threading
from typing import Any

import pytest

from tests.api.conftest import prefix, site_on
from tests.builders import Json, event
from tollbook.api.pipeline import request_log
from tollbook.api.pipeline.request_log import RequestLog
from tollbook.domain.keys import ApiKey, KeyScope, Limits

FIELDS = (
    *("event", "level", "timestamp", "request_id", "method", "route"),
    *("status", "milliseconds", "key", "tenant"),
)
EVENT = "/v1/events/{organization_id}/{event_id}"


def logged(text: str) -> list[Json]:
    lines = [json.loads(line) for line in text.splitlines()]
    return [it for it in lines if it["event"] == "request"]


def test_every_request_has_a_line_under_the_id_of_its_answer(sqlite_url: str) -> None:
    for site in site_on(sqlite_url):
        tenant = site.tenant()
        tenant.organization()
        tenant.send(event())
        slow = tenant.key(limits=Limits(requests_per_minute=1))
        token = tenant.post("/v1/viewer-tokens", json={"organization_id": "org_1"}).json()
        asked: list[tuple[str, str, str | None, int, str | None]] = [
            ("GET", "/v1/events/org_1/call-1", None, 200, EVENT),
            ("GET", "/v1/events/org_1/a/b", None, 404, EVENT),
            ("GET", "/v1/keys/self?x=1", None, 400, "/v1/keys/self"),
            ("HEAD", "/v1/keys", None, 200, "/v1/keys"),
            ("OPTIONS", "/v1/keys", None, 405, "/v1/keys"),
            ("GET", "/v1/keys", "", 401, "/v1/keys"),
            ("GET", "/v1/keys", "tb_000000000000_x", 401, "/v1/keys"),
            ("GET", "/v1/keys", token["token"], 403, "/v1/keys"),
            ("GET", "/v1/keys", slow, 200, "/v1/keys"),
            ("GET", "/v1/keys", slow, 429, "/v1/keys"),
            ("GET", "/v1/audit-log?format=csv", None, 200, "/v1/audit-log"),
            ("GET", "/v1/nothing/+442071838750", None, 404, None),
            ("GET", "/healthz", "", 200, "/healthz"),
        ]
        answers = [tenant.call(method, path, key) for method, path, key, _, _ in asked]
        lines = {it["request_id"]: it for it in logged(site.server.stop())}
    for (method, _, key, status, route), answer in zip(asked, answers, strict=True):
        line = lines[answer.headers["x-request-id"]]
        assert tuple(line) == FIELDS
        assert (line["method"], line["route"], line["status"]) == (method, route, status)
        assert answer.status_code == status
        assert line["milliseconds"] > 0
        if status >= 400 and method == "GET":
            assert answer.json()["request_id"] == line["request_id"]
        known = status not in (401, 405) and route not in (None, "/healthz")
        assert line["tenant"] == (tenant.tenant if known else None)
        names = {tenant.admin: prefix(tenant.admin), token["token"]: token["viewer_token"]["id"]}
        names[slow] = prefix(slow)
        assert line["key"] == (names[key or tenant.admin] if known else None)


def test_without_them_there_are_none(sqlite_url: str) -> None:
    for site in site_on(sqlite_url, log_level="warning"):
        assert site.http.get("/healthz").status_code == 200
        assert site.server.stop() == ""


def test_an_answer_that_never_began_has_no_status() -> None:
    written: list[str] = []
    log = RequestLog(written.append)
    log.note({"method": "GET"}, b"1", None, 0.0)
    log.write()
    (line,) = logged("".join(written))
    assert (line["status"], line["route"], line["key"]) == (None, None, None)
    log.write()
    assert len(written) == 1


def test_a_line_holds_no_character_that_acts_on_a_terminal() -> None:
    written: list[str] = []
    log = RequestLog(written.append)
    scope = KeyScope("tenant\u202e\x9b\x7f")
    key = ApiKey("tb_0", "", "", scope, (), 0)
    log.note({"method": "GET", request_log.KEY: key}, b"1", 200, 0.0)
    log.write()
    (line,) = logged("".join(written))
    assert line["tenant"] == scope.tenant_id
    assert "".join(written).removesuffix("\n").isprintable()


def test_lines_that_nobody_takes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "_MOST_WAITING", 3)
    written: list[str] = []
    log = RequestLog(written.append)
    for n in range(5):
        log.note({"method": "GET"}, str(n).encode(), 200, 0.0)
    log.write()
    lines: list[dict[str, Any]] = [json.loads(it) for it in "".join(written).splitlines()]
    assert [it["event"] for it in lines] == ["request"] * 3 + ["requests_not_logged"]
    assert (lines[-1]["requests"], lines[-1]["level"]) == (2, "warning")


def test_lines_that_a_full_disk_refuses_are_counted_once_it_has_room() -> None:
    written: list[str] = []
    full = True

    def write(lines: str) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(lines)

    log = RequestLog(write)
    for n in range(3):
        log.note({"method": "GET"}, str(n).encode(), 200, 0.0)
        log.write()
    full = False
    log.write()
    log.write()
    (line,) = [json.loads(it) for it in "".join(written).splitlines()]
    assert (line["event"], line["requests"]) == ("requests_not_logged", 3)


def test_a_server_ends_though_nobody_takes_its_last_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_log, "_PATIENCE", 0.1)
    taken = threading.Event()
    log = RequestLog(lambda _lines: taken.wait())
    log.note({"method": "GET"}, b"1", 200, 0.0)
    log.open()
    log.close()
    taken.set()
