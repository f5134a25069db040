"""Attacks with one weak key: uploads that stall, exports and answers that are not read."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from chaos.siege import Attack, Siege

_MIB = 1 << 20
_STALLED = 17
_ESTIMATES = 200
_READERS = 12
_SMALL_BUFFER = 4_096
_USERS = 60_000
_QUICK_USERS = 6_000
_MONTH = "organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31"
_EXPORT = f"/v1/events?{_MONTH}&format=ndjson"
_LARGE_ANSWER = f"/v1/analytics/users?{_MONTH}"


def _stall(siege: Siege, key: str, path: str, size: int, number: int) -> None:
    """Send bodies without their last byte."""
    with siege.connections(number) as clients:
        with ThreadPoolExecutor(_STALLED) as threads:
            for client in clients:
                threads.submit(_send, client, siege.head("POST", path, key, size), size - 1)
        siege.hold()


def _send(client: socket.socket, head: bytes, size: int) -> None:
    with suppress(OSError):  # the server has refused the body and closed the connection
        client.sendall(head)
        for start in range(0, size, _MIB):
            client.sendall(b" " * min(_MIB, size - start))


def _stall_uploads(siege: Siege) -> None:
    _stall(siege, siege.user_key(), "/v1/events", 16 * _MIB, _STALLED)


def _stall_estimates(siege: Siege) -> None:
    _stall(siege, siege.viewer_token(), "/v1/rate", _MIB, _ESTIMATES)


def _read_exports_slowly(siege: Siege) -> None:
    """Begin exports with one viewer token, and read none of them."""
    head = siege.head("GET", _EXPORT, siege.viewer_token())
    with siege.connections(_READERS, _SMALL_BUFFER) as clients:
        for client in clients:
            client.sendall(head)
        statuses = [_status(client) for client in clients]
        siege.require("429" in statuses, f"no export was refused: {statuses}")
        with siege.client(siege.neighbor_key) as http:
            exported = http.get(_EXPORT)
        siege.require(exported.status_code == 200, f"the other tenant's export: {exported.text}")
        siege.hold()


def _status(client: socket.socket) -> str:
    return client.recv(12).decode()[-3:]


def _fill_with_users(siege: Siege) -> None:
    """Store one event of each of many users."""
    users = _QUICK_USERS if siege.quick else _USERS
    siege.send_events(users, users)


def _ask_much(siege: Siege) -> None:
    """Ask for all users at once, and for large pages that are not read."""
    token = siege.viewer_token()
    with siege.client(token) as http:
        refused = http.get(_LARGE_ANSWER)
    siege.require("limit_required" in refused.text, f"a large answer was {refused.status_code}")
    with siege.connections(_READERS, _SMALL_BUFFER) as clients:
        for number, client in enumerate(clients):
            page = f"{_LARGE_ANSWER}&limit={10_000 - number}"
            client.sendall(siege.head("GET", page, token))
        siege.hold()


WITH_KEY = (
    Attack(
        f"{_STALLED} stalled uploads of 16 MiB",
        "a key that is bound to one user and may send events",
        "Keys and tenants have shares of the memory for bodies, and a body must make progress.",
        _stall_uploads,
        most_mib=500,
    ),
    Attack(
        f"{_ESTIMATES} stalled estimates",
        "a viewer token",
        "An estimate has at most 1 MiB, and a token uses the share of its key.",
        _stall_estimates,
        engines=("SQLite",),
    ),
    Attack(
        f"{_READERS} exports that are not read",
        "a viewer token",
        "Keys and tenants have shares of the exports, a client must read at a minimum rate, and "
        "an export ends after an hour.",
        _read_exports_slowly,
        Siege.send_long_events,
    ),
    Attack(
        f"{_READERS} large answers that are not read",
        "a viewer token, and a key that may send events",
        "Large answers come in pages, their memory has shares, unread responses are limited, and "
        "each tenant has its part of the caches.",
        _ask_much,
        _fill_with_users,
        settings={"max_answer_rows": "5000"},
        engines=("SQLite",),
    ),
)
