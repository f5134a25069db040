"""`serve --workers`: several processes on one port answer as one server does."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from tests.builders import Platform, event
from tests.commands import run_command
from tests.servers import Server
from tests.waiting import PATIENCE, wait_for
from tollbook.store.database import open_database

SENDERS = 8


@pytest.fixture
def platform(postgres_url: str) -> Iterator[Platform]:
    with closing(open_database(postgres_url)) as database:
        platform = Platform(database)
        platform.organization("org_1")
        yield platform


@pytest.fixture
def server(postgres_url: str) -> Iterator[Server]:
    server = Server(postgres_url, max_write_connections="2", max_read_connections="2")
    server.options = ("--workers", "2")
    with server:
        wait_for(lambda: len(accepted(server)) == 2)
        yield server


def processes(server: Server) -> set[int]:
    """Return the processes of the workers."""
    assert server.process
    pid = server.process.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def accepted(server: Server) -> dict[str, int]:
    """Return the number of requests that each worker has answered with receipts."""
    with server.client() as client:
        text = client.get("/metrics").text
    assert len(re.findall("^tollbook_database_bytes ", text, re.MULTILINE)) == 1
    workers = re.findall(r'^tollbook_queue_events\{worker="(\d)"\}', text, re.MULTILINE)
    pattern = r'^tollbook_events_total\{outcome="accepted",worker="(\d)"\} (\d+)'
    counts = re.findall(pattern, text, re.MULTILINE)
    return dict.fromkeys(workers, 0) | {worker: int(count) for worker, count in counts}


def begun(server: Server, key: str, body: bytes) -> socket.socket:
    """Return a connection whose request is answered once its body has come."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    connection.sendall(head.encode())
    assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return connection


def is_refused(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False
    return False


def test_workers_share_a_port_are_replaced_and_stop_together(
    server: Server, platform: Platform
) -> None:
    key, first, names = platform.key(), processes(server), count()

    def send() -> bool:
        with server.client(key) as client:
            answer = client.post("/v1/events", json=event(id=str(next(names))))
        assert answer.status_code == 200
        return min(accepted(server).values()) > 0

    wait_for(send)
    os.kill(min(first), signal.SIGKILL)
    wait_for(lambda: len(processes(server) - first) == 1 and len(accepted(server)) == 2)
    bodies = [json.dumps(event(id=str(next(names)))).encode() for _ in range(SENDERS)]
    connections = [begun(server, key, body) for body in bodies]
    assert server.process
    server.process.send_signal(signal.SIGTERM)
    wait_for(lambda: is_refused(server))
    for connection, body in zip(connections, bodies, strict=True):
        connection.sendall(body)
    for connection in connections:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.close()
    log = server.stop()
    assert platform.rows("SELECT count(*) FROM events") == [(next(names),)]
    lines = [json.loads(line) for line in log.splitlines()]
    ended = [it for it in lines if it["event"] == "worker_ended"]
    assert [it["exit_code"] for it in ended] == [-signal.SIGKILL]
    assert {it["level"] for it in lines if it not in ended} == {"info"}
    assert server.process.poll() == 0


def test_workers_end_with_the_process_that_started_them(server: Server) -> None:
    left = processes(server)
    server.kill()
    wait_for(lambda: not any(Path(f"/proc/{it}").exists() for it in left))


def test_a_file_is_written_by_one_process(sqlite_url: str) -> None:
    ran = run_command(sqlite_url, "serve", "--port", "0", "--workers", "2")
    assert ran.returncode == 1
    assert ran.stderr == (
        "tollbook: a database in a file is written by one process, so --workers must be 1: leave "
        "it out, or set TOLLBOOK_DATABASE_URL to a PostgreSQL database\n"
    )
