"""Connections: how many, how long one may be silent, and what a client does not read."""

import re
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
import structlog
from structlog.testing import LogCapture

from tests import plain_http
from tests.api.conftest import Site, Tenant, site_on
from tests.api.test_http_protocol import parted, sent
from tests.builders import event
from tests.servers import Server
from tests.waiting import PATIENCE, wait_for
from tollbook.api.operation import refusals as refusals_module
from tollbook.api.operation.refusals import Refusals
from tollbook.api.pipeline.connections import LEAST_RATE, ConnectionLimits, Connections

EVENTS = b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


class Time:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """A connection as the table of connections sees it."""

    def __init__(self, tenant: str | None = None) -> None:
        self.tenant = tenant
        self.is_upload_expected = True
        self.unread_bytes = 0
        self.ended = ""

    def refuse(self, kind: str) -> None:
        self.ended = kind

    def abort(self) -> None:
        self.ended = "aborted"


class Table:
    """Connections whose time passes when a test says so."""

    def __init__(self, **limits: float) -> None:
        self.time = Time()
        self.counted: list[str] = []
        refusals = Refusals(self.counted.append, self.time)
        self.connections = Connections(ConnectionLimits(**limits), refusals, self.time)  # type: ignore[arg-type]

    def open(self, tenant: str | None = None) -> Client:
        client = Client(tenant)
        self.connections.opened(client)
        return client

    def request(self, tenant: str | None = None) -> Client:
        client = self.open(tenant)
        self.connections.requested(client)
        return client

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / self.connections.sweep_seconds)):
            self.time.now += self.connections.sweep_seconds
            self.connections.sweep()


def test_a_connection_without_a_complete_head_is_closed_at_its_deadline() -> None:
    table = Table(silent_seconds=10)
    silent, busy = table.open(), table.request()
    table.wait(9)
    assert (silent.ended, busy.ended) == ("", "")
    table.wait(1)
    assert (silent.ended, busy.ended) == ("head_timeout", "")
    assert table.counted == []  # the connection itself knows whether it was closing already
    table.connections.closed(silent)
    assert table.connections.number == 1


def test_the_deadline_of_the_next_head_counts_from_the_response() -> None:
    table = Table(silent_seconds=10)
    client = table.request()
    table.wait(60)
    table.connections.wait(client)
    table.wait(9)
    assert client.ended == ""
    table.wait(1)
    assert client.ended == "head_timeout"


def test_those_that_have_waited_longest_are_closed_for_new_ones() -> None:
    table = Table(most=6)
    busy = [table.request() for _ in range(3)]
    waiting = [table.open() for _ in range(5)]
    assert [it.ended for it in waiting] == ["aborted", "aborted", "", "", ""]
    assert {it.ended for it in busy} == {""}
    assert table.counted == ["too_many_connections"] * 2


def test_a_connection_is_refused_when_all_others_have_requests() -> None:
    table = Table(most=3)
    busy = [table.request() for _ in range(3)]
    assert table.open().ended == "aborted"
    table.connections.closed(busy[0])
    assert table.open().ended == ""


@pytest.mark.parametrize(
    ("rate", "ended"), [(0, "body_timeout"), (LEAST_RATE // 2, "body_timeout"), (LEAST_RATE, "")]
)
def test_a_body_must_make_progress_in_every_window(rate: int, ended: str) -> None:
    table = Table(silent_seconds=10)
    client = table.request()
    table.connections.uploading(client)
    table.connections.moved(client, 2**24)  # what came before does not pay for what comes later
    table.wait(10)
    for _ in range(10):
        table.connections.moved(client, rate)
        table.wait(1)
    assert client.ended == ended


def test_a_body_that_the_server_does_not_read_has_no_deadline() -> None:
    table = Table(silent_seconds=10)
    client = table.request()
    client.is_upload_expected = False
    table.connections.uploading(client)
    table.wait(100)
    assert client.ended == ""
    client.is_upload_expected = True
    table.wait(10)
    assert client.ended == "body_timeout"


def test_a_complete_body_has_no_deadline() -> None:
    table = Table(silent_seconds=10)
    client = table.request()
    table.connections.uploading(client)
    table.wait(9)
    table.connections.uploaded(client)
    table.wait(100)
    assert client.ended == ""


@pytest.mark.parametrize(("rate", "ended"), [(LEAST_RATE // 2, "aborted"), (2 * LEAST_RATE, "")])
def test_a_response_must_be_read_at_a_rate_whatever_its_pieces(rate: int, ended: str) -> None:
    table = Table(unread_seconds=60)
    client = table.request()
    for _ in range(13):
        client.unread_bytes = 10 * rate
        table.connections.paused(client)
        table.wait(5)
        client.unread_bytes = 5 * rate
        table.wait(5)
        client.unread_bytes = 0
        table.connections.resumed(client)
    assert client.ended == ended
    assert table.connections.unread_bytes == 0


def test_an_unread_response_is_measured_after_its_connection_has_waited_too_long() -> None:
    table = Table(silent_seconds=10, unread_seconds=60)
    client = table.open()
    client.unread_bytes = 10**6
    table.connections.paused(client)
    table.wait(59)
    assert client.ended == "head_timeout"
    table.wait(1)
    assert client.ended == "aborted"


def test_the_tenant_with_the_most_unread_bytes_loses_what_has_waited_longest() -> None:
    table = Table(unread_bytes=100)
    clients = [table.request(tenant) for tenant in ("b", "a", "a", "a")]
    for client in clients:
        client.unread_bytes = 30
        table.connections.paused(client)
    assert [it.ended for it in clients] == ["", "aborted", "", ""]
    assert table.connections.unread_bytes == 90
    assert table.counted == ["unread_limit"]


def test_nothing_is_closed_after_a_moment_in_which_nobody_was_heard() -> None:
    table = Table(silent_seconds=10)
    client = table.open()
    table.time.now += 60
    table.connections.sweep()
    assert client.ended == ""
    table.wait(1)
    assert client.ended == "head_timeout"


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory, migrated_file: object) -> Iterator[Site]:
    """A server on which a client may be silent for a second."""
    path = tmp_path_factory.mktemp("quick") / "tollbook.db"
    path.write_bytes(migrated_file.read_bytes())  # type: ignore[attr-defined]
    yield from site_on(
        f"sqlite:///{path}",
        max_silent_seconds="1",
        max_unread_seconds="1",
        max_connections="40",
    )


def refusals(site: Site, kind: str) -> float:
    text = site.http.get("/metrics").text
    found = re.search(rf'tollbook_refusals_total{{kind="{kind}"}} (\S+)', text)
    return float(found[1]) if found else 0


def test_a_head_that_does_not_end_gets_408_and_silence_no_response(quick: Site) -> None:
    status, headers, body = parted(sent(quick, b"GET /healthz HTTP/1.1\r\nX: "))
    assert (status, body["code"], headers["connection"]) == (408, "request_timeout", "close")
    assert sent(quick) == b""
    assert refusals(quick, "head_timeout") >= 2


def test_a_second_head_that_does_not_end_is_closed_too(quick: Site) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = sent(quick, whole + b"GET /healthz HTTP/1.1\r\nX: ")
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"408"]


def test_a_body_that_stops_gets_408_and_is_logged_as_such(quick: Site) -> None:
    tenant = quick.tenant()
    head = EVENTS + b"X-API-Key: %b\r\nContent-Length: 100\r\n\r\n[" % tenant.admin.encode()
    status, headers, body = parted(sent(quick, head))
    assert (status, body["code"], headers["connection"]) == (408, "request_timeout", "close")
    wait_for(lambda: 'endpoint="postEvents",status="408"' in quick.http.get("/metrics").text)


def test_a_connection_whose_request_was_refused_before_its_body_is_closed(quick: Site) -> None:
    answer = sent(quick, EVENTS + b"Content-Length: 100\r\n\r\n[")
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"401"]


def test_clients_with_a_request_are_served_while_others_are_silent(quick: Site) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", quick.server.port)))
            for _ in range(100)
        ]
        for _ in range(20):
            assert plain_http.get(f"{quick.server.address}/healthz").status_code == 200
        clients[0].settimeout(PATIENCE)
        assert clients[0].recv(1) == b""
    assert refusals(quick, "too_many_connections") >= 60


@contextmanager
def unread(site: Site, tenant: Tenant, path: str) -> Iterator[socket.socket]:
    """Send a request, and read nothing of its response."""
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", site.server.port))
        head = f"GET {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: {tenant.admin}\r\n\r\n"
        client.sendall(head.encode())
        yield client


def test_a_response_that_is_not_read_is_given_up(quick: Site) -> None:
    tenant = quick.tenant()
    tenant.organization()
    for start in range(0, 10_000, 2_000):
        tenant.send(*(event(id=str(it), user_id=f"u{it}") for it in range(start, start + 2_000)))
    path = "/v1/analytics/users?organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31"
    before = refusals(quick, "response_unread")
    with unread(quick, tenant, path):
        wait_for(lambda: refusals(quick, "response_unread") > before)
    assert quick.http.get(path, headers={"X-API-Key": tenant.admin}).status_code == 200


def test_refusals_are_logged_once_in_a_while_with_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, counted, lines = Time(), list[str](), LogCapture()
    log = structlog.wrap_logger(None, processors=[lines], wrapper_class=structlog.BoundLogger)
    monkeypatch.setattr(refusals_module, "_log", log)  # whatever level other tests have set
    noted = Refusals(counted.append, time)
    for _ in range(1_000):
        noted.note("head_timeout")
    noted.log()
    time.now += 10
    noted.log()
    assert [(it["event"], it["count"]) for it in lines.entries] == [
        ("connection_refused", 1),
        ("connection_refused", 999),
    ]
    assert len(counted) == 1_000


def test_a_server_raises_its_file_limit_and_leaves_files_for_its_database(sqlite_url: str) -> None:
    server = Server(sqlite_url)
    server.wrapper = ("prlimit", "--nofile=64:512")
    with server, server.client() as http:
        assert server.process is not None
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        assert limits == (512, 512)
        with ExitStack() as stack:
            for _ in range(600):
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            assert http.get("/readyz").status_code == 200
            text = http.get("/metrics").text
        assert float(re.findall(r"^tollbook_connections (\S+)", text, re.MULTILINE)[0]) <= 384
        assert "process_max_fds 512.0" in text
