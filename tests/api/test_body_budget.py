"""What requests hold of their bodies is bounded, and small requests always come in."""

import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import msgspec
import pytest
from starlette.requests import Request

from tests import plain_http
from tests.builders import Platform, event
from tests.servers import Server
from tests.waiting import wait_for
from tollbook.api.pipeline.body_budget import LARGE, BodyBudget, reservation_of
from tollbook.domain.errors import QueueFull
from tollbook.store.database import Database

MIB = 1024 * 1024


def asked() -> Request:
    return Request({"type": "http"})


def test_nothing_is_counted_of_small_bodies() -> None:
    bodies = BodyBudget(1)
    for _ in range(3):
        request = asked()
        with bodies.reserve_for(request):
            reservation_of(request).reserve(LARGE)
            assert bodies.reserved == 0


def test_what_is_beyond_is_held_until_the_answer_however_it_arrives() -> None:
    bodies, request = BodyBudget(MIB), asked()
    with bodies.reserve_for(request):
        for _ in range(3):
            reservation_of(request).reserve(LARGE - 1)
        assert bodies.reserved == 2 * LARGE - 3
    assert bodies.reserved == 0


def test_a_body_of_any_size_comes_in_alone_and_none_beside_it() -> None:
    bodies, first, second = BodyBudget(MIB), asked(), asked()
    with bodies.reserve_for(first), bodies.reserve_for(second):
        for _ in range(5):
            reservation_of(first).reserve(MIB)
        with pytest.raises(QueueFull):
            reservation_of(second).reserve(LARGE + 1)
        reservation_of(second).reserve(LARGE)
    assert bodies.reserved == 0


def held(server: Server) -> float:
    """Read in the metrics what requests hold."""
    lines = plain_http.get(f"{server.address}/metrics").text.splitlines()
    return float(next(it for it in lines if it.startswith("tollbook_body_bytes ")).split()[1])


@contextmanager
def holding(server: Server, key: str, size: int) -> Iterator[None]:
    """Send a body without its last byte; go on when it fills the budget."""
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + b" " * (size - 1))
        wait_for(lambda: held(server) > MIB)
        yield


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_server_turns_large_requests_away_while_others_hold_its_room(
    database: Database, database_url: str, packed: bool
) -> None:
    platform = Platform(database)
    platform.organization()
    key = platform.key()
    batch = msgspec.json.encode([event(id=f"call-{it}") for it in range(1000)])
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    body = batch
    if packed:
        body, headers["Content-Encoding"] = gzip.compress(batch), "gzip"
    with Server(database_url, max_body_mib="1") as server:

        def send() -> httpx.Response:
            return plain_http.post(f"{server.address}/v1/events", content=body, headers=headers)

        with holding(server, key, 2 * MIB):
            refused = send()
            assert refused.status_code == 429
            assert refused.json()["code"] == "queue_full"
            assert refused.headers["retry-after"] == "1"
            one = plain_http.post(
                f"{server.address}/v1/events", json=event(id="one"), headers={"X-API-Key": key}
            )
            assert one.status_code == 200
            assert held(server) > MIB
        wait_for(lambda: send().json()["success"])
