"""Attacks that need no key."""

import resource
import socket
from collections import Counter

from chaos.siege import Attack, Siege

_READINESS = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
_SIMULTANEOUS = 4_000


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
)
