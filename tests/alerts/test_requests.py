"""A request reaches checked addresses only, follows nothing, and ends in time."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from tests.alerts.certificates import contexts
from tests.alerts.receivers import Answer, Receiver, receiving
from tests.waiting import PATIENCE
from tollbook.alerts.requests import Requests, Resolve, resolve
from tollbook.domain.addresses import Address
from tollbook.domain.deliveries import AttemptCode, AttemptOutcome
from tollbook.domain.destinations import Destination, parse_url

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def post(
    url: str,
    networks: tuple[object, ...] = LOOPBACK,
    names: Resolve = resolve,
    seconds: float = 15.0,
    times: int = 1,
    context: ssl.SSLContext | None = None,
) -> AttemptOutcome:
    async def send() -> AttemptOutcome:
        requests = Requests(networks, names, context, seconds)  # type: ignore[arg-type]
        try:
            for _ in range(times):
                outcome = await requests.post(destination, {"webhook-id": "ntf_1"}, b'{"a":1}')
            return outcome
        finally:
            await requests.close()

    destination: Destination = parse_url(url, LOOPBACK)
    return asyncio.run(send())


def test_a_body_arrives_with_its_headers(receiver: Receiver) -> None:
    receiver.decide = lambda _: Answer(202, b"thank\x00 you\n" + b"x" * 5_000)
    outcome = post(f"{receiver.url}?a=1")
    assert (outcome.status, outcome.is_delivered) == (202, True)
    assert outcome.excerpt == "thank  you " + "x" * 189
    (found,) = receiver.received
    assert (found.path, found.body) == ("/hook?a=1", b'{"a":1}')
    assert found.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert found.headers["accept-encoding"] == "identity"
    assert found.headers["webhook-id"] == "ntf_1"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.decide = lambda _: Answer(302, headers=(("location", f"{receiver.url}/other"),))
    outcome = post(receiver.url)
    assert (outcome.status, outcome.code) == (302, AttemptCode.HTTP_STATUS)
    assert len(receiver.received) == 1


def test_a_cookie_is_not_kept(receiver: Receiver) -> None:
    receiver.decide = lambda _: Answer(headers=(("set-cookie", "a=1"),))
    post(receiver.url, times=2)
    assert ["cookie" in it.headers for it in receiver.received] == [False, False]


def test_the_delay_that_a_receiver_names_is_read(receiver: Receiver) -> None:
    receiver.decide = lambda _: Answer(429, headers=(("retry-after", "120"),))
    assert post(receiver.url).retry_after == 120


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0x7f000001", "2130706433", "127.1", "[::ffff:127.0.0.1]", "localhost"]
)
def test_no_writing_of_loopback_is_reached(receiver: Receiver, host: str) -> None:
    url = f"http://{host}:{receiver.port}/"
    assert post(url, networks=()).code is AttemptCode.ADDRESS_NOT_ALLOWED
    assert receiver.received == []


def test_the_checked_address_is_the_one_connected_to(receiver: Receiver) -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1", "10.0.0.1"]]
    asked: list[str] = []

    async def changing(host: str, port: int) -> list[Address]:
        asked.append(host)
        return [ip_address(it) for it in answers[len(asked) - 1]]

    url = f"http://rebinding.example:{receiver.port}/"
    assert post(url, names=changing).status == 204
    assert post(url, names=changing).code is AttemptCode.ADDRESS_NOT_ALLOWED
    assert post(url, names=changing).code is AttemptCode.ADDRESS_NOT_ALLOWED
    assert asked == ["rebinding.example"] * 3
    (found,) = receiver.received
    assert found.headers["host"] == f"rebinding.example:{receiver.port}"


def test_a_name_without_addresses_is_reported() -> None:
    async def unknown(host: str, port: int) -> list[Address]:
        raise socket.gaierror("no such name")

    assert post("https://nowhere.example/", names=unknown).code is AttemptCode.DNS_FAILED


def test_a_name_service_that_hangs_is_a_timeout() -> None:
    async def hanging(host: str, port: int) -> list[Address]:
        await asyncio.Event().wait()
        return []

    outcome = post("https://slow.example/", names=hanging, seconds=0.2)
    assert outcome.code is AttemptCode.TIMEOUT


def test_a_receiver_that_hangs_is_a_timeout(receiver: Receiver) -> None:
    released = threading.Event()
    receiver.decide = lambda _: (released.wait(PATIENCE), Answer())[1]
    assert post(receiver.url, seconds=0.3).code is AttemptCode.TIMEOUT
    released.set()


def test_a_port_that_is_closed_is_reported() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/").code is AttemptCode.CONNECT_FAILED


class Raw:
    """Where bytes are answered, and whether all were sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sent = False


@contextmanager
def answering(raw: bytes, context: ssl.SSLContext | None = None) -> Iterator[Raw]:
    """A receiver that answers bytes as they are, and then only waits for the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        scheme = "https" if context else "http"
        found = Raw(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/")

        def answer() -> None:
            connection, _ = server.accept()
            if context:
                connection = context.wrap_socket(connection, server_side=True)
            with connection, suppress(OSError):
                connection.recv(65_536)
                connection.sendall(raw)
                found.sent = True
                connection.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        yield found
        thread.join()


def head_of(length: int, *lines: str) -> bytes:
    """Return the head of an answer that has exactly a length."""
    start = "\r\n".join(("HTTP/1.1 200 OK", *lines, "x: ")).encode()
    return start + b"x" * (length - len(start) - 4) + b"\r\n\r\n"


def test_a_head_of_8_kib_is_read_and_no_more() -> None:
    with answering(head_of(8_192, "content-length: 2") + b"ok") as raw:
        assert post(raw.url) == AttemptOutcome(200, excerpt="ok")
    with answering(head_of(8_193, "content-length: 2") + b"ok") as raw:
        assert post(raw.url).code is AttemptCode.BAD_RESPONSE


def test_an_encrypted_answer_is_bounded_too(tmp_path: Path) -> None:
    server, client = contexts(tmp_path)
    with answering(head_of(8_192, "content-length: 2") + b"ok", server) as raw:
        assert post(raw.url, context=client) == AttemptOutcome(200, excerpt="ok")
    with answering(head_of(8_193), server) as raw:
        assert post(raw.url, context=client).code is AttemptCode.BAD_RESPONSE


def test_answers_before_the_answer_count_as_its_head() -> None:
    with answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 400 + head_of(200)) as raw:
        assert post(raw.url).code is AttemptCode.BAD_RESPONSE


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("content-length: 100000000",), b"x" * 5_000_000),
        (("transfer-encoding: chunked",), b"1\r\nx\r\n" * 1_000_000),
        (("connection: close",), b"x" * 5_000_000),
    ],
)
def test_a_body_that_never_ends_is_not_read(lines: tuple[str, ...], body: bytes) -> None:
    with answering(head_of(200, *lines) + body) as raw:
        assert post(raw.url) == AttemptOutcome(200, excerpt="x" * 200)
    assert not raw.sent


def test_a_receiver_that_speaks_no_tls_is_reported(receiver: Receiver) -> None:
    assert post(f"https://127.0.0.1:{receiver.port}/").code is AttemptCode.TLS_FAILED
