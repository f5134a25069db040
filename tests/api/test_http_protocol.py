"""What comes over the wire and is no request, or one without an end."""

import json
import re
import socket
from pathlib import Path

import pytest

from tests.api.conftest import Site, site_on
from tests.builders import event
from tests.waiting import PATIENCE
from tollbook.api.pipeline.http_protocol import MOST_HEAD_BYTES

CHUNK = b"x" * 10_000


def sent(site: Site, *pieces: bytes) -> bytes:
    """Send pieces until the server hangs up; give what it answered."""
    with socket.create_connection(("127.0.0.1", site.server.port)) as connection:
        connection.settimeout(PATIENCE)
        try:
            for piece in pieces:
                connection.sendall(piece)
            answer = b""
            while some := connection.recv(65_536):
                answer += some
        except (ConnectionResetError, BrokenPipeError):
            return b"reset"
        return answer


def parted(answer: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return (
        int(first.split()[1]),
        dict(line.split(": ", 1) for line in lines),
        json.loads(body),
    )


HOST = b"Host: a\r\n"


EVENTS = b"POST /v1/events HTTP/1.1\r\n" + HOST
HEALTH = b"GET /healthz HTTP/1.1\r\n"
AMBIGUOUS = [
    b"nonsense\r\n\r\n",
    HEALTH + b"Host : a\r\n\r\n",
    HEALTH + HOST + b"X: a\r\n folded\r\n\r\n",
    HEALTH + HOST + b"X: a\0b\r\n\r\n",
    b"GET /healthz HTTP/1.1\nHost: a\n\n",
    EVENTS + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    EVENTS + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    EVENTS + b"Content-Length: +5\r\n\r\nhello",
    EVENTS + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    EVENTS + b"Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("request_", AMBIGUOUS)
def test_what_two_servers_might_read_differently_is_no_request(site: Site, request_: bytes) -> None:
    hidden = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = sent(site, request_ + hidden)
    assert answer.count(b"HTTP/1.1 ") == 1
    status, headers, body = parted(answer)
    assert (status, body["code"], headers["connection"]) == (400, "unreadable_request", "close")
    assert body["request_id"] == headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"


ENDLESS = {
    "a path": [b"GET /"],
    "a header": [b"GET / HTTP/1.1\r\nHost: a\r\nX: "],
    "a name": [b"GET / HTTP/1.1\r\nHost: a\r\nX"],
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_head_without_an_end_is_given_up(site: Site, name: str) -> None:
    answer = sent(site, *ENDLESS[name], *[CHUNK] * 7)
    assert 7 * len(CHUNK) > MOST_HEAD_BYTES
    status, headers, body = parted(answer)
    assert (status, body["code"]) == (431, "head_too_large")
    assert body["request_id"] == headers["x-request-id"]


def test_headers_without_an_end_are_given_up(site: Site) -> None:
    lines = [b"X-%d: %b\r\n" % (n, b"y" * 1_000) for n in range(70)]
    assert parted(sent(site, b"GET / HTTP/1.1\r\n", *lines))[0] == 431


def test_a_trailer_without_an_end_is_given_up(site: Site) -> None:
    head = b"POST /v1/events HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    first = head + b"1\r\n[\r\n0\r\nX: "
    answer = sent(site, first, *[CHUNK] * 200)
    assert b"HTTP/1.1 200" not in answer


def test_a_long_head_gets_its_answer_however_much_comes_after_it(site: Site) -> None:
    answer = sent(site, b"GET / HTTP/1.1\r\nX: ", *[CHUNK] * 40)
    assert parted(answer)[0] == 431


def test_a_whole_request_gets_its_own_answer_whatever_comes_after_it(site: Site) -> None:
    tenant = site.tenant()
    tenant.organization()
    body = json.dumps([event(id=f"call-{it}") for it in range(500)]).encode()
    head = EVENTS + b"X-API-Key: %b\r\nContent-Length: %d\r\n\r\n"
    whole = head % (tenant.admin.encode(), len(body)) + body
    status, headers, answered = parted(sent(site, whole, b"nonsense\r\n\r\n"))
    assert (status, answered["success"], headers["connection"]) == (200, True, "close")


def test_every_whole_request_is_answered_before_what_is_none(site: Site) -> None:
    asked = HEALTH + HOST + b"\r\n"
    answer = sent(site, asked * 3 + b"nonsense\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == answer.count(b"HTTP/1.1 ") == 3


def test_a_broken_body_is_answered_once(site: Site) -> None:
    head = EVENTS + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = sent(site, head + b"1\r\n[\r\n", b"no length\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_what_has_an_end_is_read(site: Site) -> None:
    long = b"GET /healthz HTTP/1.1\r\nConnection: close\r\nX: " + b"y" * 60_000 + b"\r\n\r\n"
    assert sent(site, long).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0"])
@pytest.mark.parametrize("together", [True, False])
def test_a_request_after_one_to_upgrade_is_answered(
    site: Site, protocol: bytes, together: bool
) -> None:
    head = b"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
    upgrade = head + b"Upgrade: %b\r\n\r\n" % protocol
    health = HEALTH + HOST + b"\r\n"
    last = HEALTH + HOST + b"Connection: close\r\n\r\n"
    pieces = [upgrade + health + last] if together else [upgrade, health, last]
    answer = sent(site, *pieces)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"404", b"200", b"200"]


@pytest.mark.parametrize("length", [b"Content-Length: %d", b"Transfer-Encoding: chunked"])
def test_the_body_of_a_request_to_upgrade_is_never_read_as_a_request(
    site: Site, length: bytes
) -> None:
    hidden = HEALTH + HOST + b"\r\n"
    head = EVENTS + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + length + b"\r\n\r\n"
    request = head % len(hidden) if b"%d" in head else head
    answer = sent(site, request + hidden)
    assert answer.count(b"HTTP/1.1 ") == 1
    status, headers, body = parted(answer)
    assert (status, body["code"], headers["connection"]) == (400, "unreadable_request", "close")
    assert "Upgrade" in str(body["error"])


@pytest.mark.parametrize("piece", [1_000, 200_000])
def test_a_head_may_have_so_many_bytes_however_they_come(site: Site, piece: int) -> None:
    def answered(size: int) -> int:
        line, header = b"GET /healthz HTTP/1.1\r\n", b"Connection: close\r\nX: %b\r\n\r\n"
        whole = line + header % (b"y" * size)
        pieces = [whole[at : at + piece] for at in range(0, len(whole), piece)]
        return parted(sent(site, *pieces))[0]

    counted = len(b"/healthz") + len(b"ConnectioncloseX") + 2 * 4
    assert answered(MOST_HEAD_BYTES - counted - 1_000) == 200
    assert answered(MOST_HEAD_BYTES - counted + 1) == 431
    assert answered(120_000) == 431


def test_no_head_takes_the_memory_of_the_server(sqlite_url: str) -> None:
    for site in site_on(sqlite_url):
        before = resident(site)
        for _ in range(4):
            sent(site, b"GET / HTTP/1.1\r\nX: ", *[CHUNK * 100] * 20)
        assert resident(site) < before + 20_000


def resident(site: Site) -> int:
    """Return the memory of a server in KiB."""
    assert site.server.process
    status = Path(f"/proc/{site.server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
