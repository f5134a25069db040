"""Attacks that need no key: floods, silence and slowness on the connections of a server."""

import resource
import socket
from collections import Counter
from contextlib import suppress

from chaos.siege import Attack, Siege

_READINESS = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
_SIMULTANEOUS = 4_000
_SILENT = 2_000
_TRICKLING = 900
_FILES = (1_024, 2_048)


def _flood_readiness(siege: Siege) -> None:
    """Send thousands of requests at once, and read every answer."""
    rounds = 1 if siege.quick else 5
    for _ in range(rounds):
        with siege.connections(_SIMULTANEOUS) as clients:
            for client in clients:
                client.sendall(_READINESS)
            statuses = Counter(map(_status, clients))
        siege.require(set(statuses) == {"200"}, f"readiness was {dict(statuses)}")
    siege.hold()


def _status(client: socket.socket) -> str:
    return client.makefile("rb").readline().decode().split(" ")[1]


def _stay_silent(siege: Siege) -> None:
    """Keep as many connections open as the server takes, and send nothing."""
    with siege.connections(_SILENT):
        siege.hold()


def _trickle(siege: Siege) -> None:
    """Send a byte of a head from time to time, and never its end."""
    with siege.connections(_TRICKLING) as clients:
        for piece in (b"GET /healthz HTTP/1.1\r\nX: ", b"x", b"x"):
            for client in clients:
                _send(client, piece)
            siege.hold()


def _stall_bodies(siege: Siege) -> None:
    """Send heads of large bodies, and a part of each."""
    with siege.connections(_TRICKLING) as clients:
        for client in clients:
            _send(client, siege.head("POST", "/v1/events", length=16 << 20) + b" " * 10_000)
        siege.hold()


def _send(client: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # the server has closed the connection, as it should
        client.sendall(data)


def raise_file_limit() -> None:
    """Let this process open as many files as the system allows: attackers have many sockets."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


WITHOUT_KEY = (
    Attack(
        f"{_SIMULTANEOUS:,} simultaneous readiness checks",
        "no key",
        "One check runs at a time, and all requests that wait share its result.",
        _flood_readiness,
        engines=("SQLite",),
    ),
    Attack(
        f"{_SILENT:,} silent connections",
        "no key",
        "The file limit is raised. A part of the connections is reserved for clients that send a "
        "request: those that have waited longest are closed.",
        _stay_silent,
        engines=("SQLite",),
        files=_FILES,
    ),
    Attack(
        f"{_TRICKLING} request heads that never end",
        "no key",
        "A head has 10 seconds from the connection or the last response.",
        _trickle,
        engines=("SQLite",),
        settings={"max_silent_seconds": "2"},
        files=_FILES,
    ),
    Attack(
        f"{_TRICKLING} stalled bodies without a key",
        "no key",
        "The response does not wait for the body, and the connection is closed after 10 seconds.",
        _stall_bodies,
        engines=("SQLite",),
        settings={"max_silent_seconds": "2"},
        files=_FILES,
    ),
)
