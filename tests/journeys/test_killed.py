"""A server that is killed loses nothing it acknowledged; one that is asked to stop finishes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from subprocess import TimeoutExpired
from threading import Event

import httpx
import msgspec
import pytest

from tests import plain_http
from tests.builders import Platform, event
from tests.journeys.load import ORGANIZATIONS, Ledger, Request, Sender, seconds_of, statuses_of
from tests.servers import Server
from tests.waiting import PATIENCE
from tollbook.store.database import open_database

LIVES = 20
CLIENTS = 4


@pytest.fixture
def key(database_url: str) -> str:
    """The key of a platform with two organizations. Nothing stays open behind it."""
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        for organization in ORGANIZATIONS:
            platform.organization(organization, timezone="America/New_York")
        return platform.key()


@pytest.fixture
def senders() -> list[Sender]:
    return [Sender(f"client {number}") for number in range(CLIENTS)]


def stored_without_an_answer(database_url: str, senders: list[Sender]) -> list[Request]:
    """Check that nothing is lost, torn or doubled; return stored requests without an answer."""
    acknowledged = [request for sender in senders for request in sender.acknowledged]
    unanswered = [request for sender in senders for request in sender.unanswered]
    with closing(open_database(database_url)) as database:
        ledger = Ledger(database)
        assert all(ledger.holds(request) for request in acknowledged)
        more = [request for request in unanswered if ledger.holds(request)]
        assert len(ledger.quantities) == sum(map(len, acknowledged + more))
        assert ledger.sums() == seconds_of(acknowledged + more)
        assert ledger.agrees()
    return more


def test_a_server_killed_at_any_moment_keeps_what_it_acknowledged(
    database_url: str, key: str, senders: list[Sender]
) -> None:
    moments = Random(LIVES)
    server = Server(database_url)
    for _ in range(LIVES):
        server.start()
        with ThreadPoolExecutor(CLIENTS) as pool:
            sendings = [pool.submit(it.send_until_cut_off, server, key) for it in senders]
            try:
                moments.choice(senders).wait_until_told(moments.randint(1, 40))
                Event().wait(moments.uniform(0, 0.01))  # not always just after an answer
            finally:
                server.kill()
        for sending in sendings:
            sending.result()
    stored_without_an_answer(database_url, senders)


def test_a_server_asked_to_stop_answers_everything_it_stores(
    database_url: str, key: str, senders: list[Sender]
) -> None:
    with Server(database_url) as server, ThreadPoolExecutor(CLIENTS) as pool:
        sendings = [pool.submit(it.send_until_cut_off, server, key) for it in senders]
        try:
            for sender in senders:
                sender.wait_until_told(10)
        finally:
            log = server.stop()
        for sending in sendings:
            sending.result()
    assert "error" not in log
    assert stored_without_an_answer(database_url, senders) == []


def is_listening(server: Server) -> bool:
    try:
        plain_http.get(f"{server.address}/openapi.json")
    except httpx.TransportError:
        return False
    return True


def test_a_request_that_is_on_its_way_when_the_server_is_asked_to_stop_is_answered(
    database_url: str, key: str
) -> None:
    begun, stopping = Event(), Event()

    def body() -> Iterator[bytes]:
        text = msgspec.json.encode([event()])
        yield text[:20]
        begun.set()
        assert stopping.wait(PATIENCE)
        yield text[20:]

    with Server(database_url) as server, ThreadPoolExecutor(1) as pool, server.client(key) as slow:
        assert slow.get("/v1/organizations").status_code == 200
        answer = pool.submit(slow.post, "/v1/events", content=body())
        assert begun.wait(PATIENCE)
        assert server.process is not None
        server.process.terminate()
        while is_listening(server):
            pass
        with pytest.raises(TimeoutExpired):
            server.process.wait(0.5)
        stopping.set()
        assert statuses_of(answer.result()) == ["accepted"]


def test_a_server_asked_to_stop_ends_with_success(database_url: str, key: str) -> None:
    with Server(database_url) as server:
        server.stop()
        assert server.process is not None
        assert server.process.returncode == 0
