"""What requests share has a part left for others, however much one key or tenant wants."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import msgspec
import pytest

from tests import plain_http
from tests.api.conftest import Tenant
from tests.builders import event
from tests.servers import SECRET_KEY, Server
from tests.waiting import wait_for
from tollbook.api.pipeline.shared_budget import Owner, SharedBudget
from tollbook.domain.errors import QueueFull
from tollbook.domain.keys import Permission
from tollbook.store.database import Database

MIB = 1024 * 1024


def budget(most: int) -> SharedBudget:
    return SharedBudget(most, "large requests", QueueFull)


def taken(shared: SharedBudget, *owner: str) -> int:
    """Take one at a time until that is refused; return how many there were."""
    number = 0
    try:
        while True:
            shared.reserve(Owner(*owner), 1)
            number += 1
    except QueueFull:
        return number


def test_a_key_has_half_of_it_and_a_tenant_three_quarters() -> None:
    shared = budget(256)
    assert taken(shared, "a", "1") == 128
    assert taken(shared, "a", "2") == 64
    assert taken(shared, "a", "3") == 0
    assert shared.used == 192


def test_something_is_left_for_the_next_tenant_however_many_there_are() -> None:
    shared = budget(1_024)
    counts = [taken(shared, f"tenant {number}", "key") for number in range(8)]
    assert counts == [512, 256, 128, 64, 32, 16, 8, 4]


def test_a_refusal_says_whose_share_is_used_up() -> None:
    shared = budget(8)
    taken(shared, "a", "1")
    with pytest.raises(QueueFull, match="this key has too many large requests at once"):
        shared.reserve(Owner("a", "1"), 1)
    taken(shared, "a", "2")
    with pytest.raises(QueueFull, match="this tenant has too many large requests at once"):
        shared.reserve(Owner("a", "3"), 1)
    with pytest.raises(QueueFull, match="there are too many large requests at once"):
        shared.reserve(Owner("b", "1"), 3)


def test_a_request_that_is_alone_may_have_any_size_and_what_it_returns_is_free_again() -> None:
    shared, owner = budget(8), Owner("a", "1")
    shared.reserve(owner, 5)
    shared.reserve(owner, 50, own=5)
    with pytest.raises(QueueFull):
        shared.reserve(Owner("b", "1"), 1)
    shared.release(owner, 55)
    assert shared.used == 0
    assert taken(shared, "a", "1") == 4


@contextmanager
def stalled(server: Server, key: str, path: str, size: int, number: int) -> Iterator[None]:
    """Send bodies without their last byte; go on when the server has no more of them to read."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    ).encode()
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            try:
                client.sendall(head + b" " * (size - 1))
            except OSError:
                continue  # refused, and closed while it was still sending
        yield


def body_bytes(server: Server) -> float:
    lines = plain_http.get(f"{server.address}/metrics").text.splitlines()
    return float(next(it for it in lines if it.startswith("tollbook_body_bytes ")).split()[1])


LARGE = msgspec.json.encode([event(id=f"call-{it}") for it in range(1_000)])
HUGE = b" " * MIB + LARGE


def send(server: Server, key: str, body: bytes = LARGE) -> httpx.Response:
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    return plain_http.post(f"{server.address}/v1/events", content=body, headers=headers)


def test_stalled_uploads_of_one_key_leave_large_bodies_of_others_alone(
    database: Database, database_url: str
) -> None:
    with (
        Server(database_url, max_body_mib="16", secret_key=SECRET_KEY) as server,
        server.client() as http,
    ):
        attacker, other = Tenant(database, http), Tenant(database, http)
        for tenant in (attacker, other):
            tenant.organization()
        bound = attacker.key(Permission.WRITE_EVENTS, organization="org_1", user="user_1")
        with stalled(server, bound, "/v1/events", 2 * MIB, 8):
            wait_for(lambda: 6 * MIB < body_bytes(server) <= 8 * MIB)
            refused = send(server, bound, HUGE)
            assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
            assert send(server, attacker.admin, HUGE).status_code == 200
            assert send(server, other.admin, HUGE).status_code == 200
        wait_for(lambda: body_bytes(server) == 0)


def test_a_viewer_token_reserves_nothing_where_it_may_not_send(
    database: Database, database_url: str
) -> None:
    with (
        Server(database_url, max_body_mib="16", secret_key=SECRET_KEY) as server,
        server.client() as http,
    ):
        tenant = Tenant(database, http)
        tenant.organization()
        made = tenant.post("/v1/viewer-tokens", json={"organization_id": "org_1"}).json()
        for path in ("/v1/events", "/v1/price-books", "/v1/events/reversals"):
            with stalled(server, made["token"], path, 2 * MIB, 2):
                assert body_bytes(server) == 0


def test_tokens_use_the_share_of_the_key_that_created_them(
    database: Database, database_url: str
) -> None:
    with (
        Server(database_url, max_body_mib="2", secret_key=SECRET_KEY) as server,
        server.client() as http,
    ):
        tenant = Tenant(database, http)
        tenant.organization()
        tokens = [
            tenant.post("/v1/viewer-tokens", json={"organization_id": "org_1"}).json()["token"]
            for _ in range(4)
        ]
        with ExitStack() as stack:
            for token in tokens:
                stack.enter_context(stalled(server, token, "/v1/rate", MIB // 2, 1))
            wait_for(lambda: 0 < body_bytes(server) <= MIB)
            assert send(server, tenant.key(Permission.WRITE_EVENTS)).status_code == 200
