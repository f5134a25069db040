"""tollbook serve: it says where it listens, or why it cannot."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests import plain_http
from tests.cli.conftest import Tollbook
from tests.waiting import PATIENCE


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that someone listens on."""
    with socket.create_server(("127.0.0.1", 0)) as it:
        yield it.getsockname()[1]


@pytest.mark.parametrize("port", ["65536", "99999", "-1", "x", "", "1" * 30, "\u0661"])
def test_what_is_no_port_is_not_understood(tollbook: Tollbook, port: str) -> None:
    ran = tollbook("serve", f"--port={port}")
    assert (ran.code, ran.out) == (2, "")
    assert "is not a port from 0 to 65535" in ran.err


def serve(url: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tollbook", "serve", *arguments],
        env={**os.environ, "TOLLBOOK_DATABASE_URL": url},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_taken_port_is_a_sentence(sqlite_url: str, taken: int) -> None:
    with serve(sqlite_url, "--port", str(taken)) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert said == f"tollbook: cannot listen on 127.0.0.1:{taken}: Address already in use\n"
    assert process.returncode == 1


def test_an_address_that_is_not_this_machines_is_a_sentence(sqlite_url: str) -> None:
    with serve(sqlite_url, "--host", "192.0.2.1") as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert said.startswith("tollbook: cannot listen on 192.0.2.1:8000: ")
    assert (said.count("\n"), process.returncode) == (1, 1)


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0)])
def test_the_log_begins_with_the_address(sqlite_url: str, ending: int, code: int) -> None:
    with serve(sqlite_url, "--port", "0") as process:
        assert process.stderr is not None
        line = json.loads(process.stderr.readline())
        assert (line["event"], line["level"]) == ("listening", "info")
        assert line["address"].startswith("http://127.0.0.1:")
        assert plain_http.get(f"{line['address']}/healthz").status_code == 200
        process.send_signal(ending)
        assert process.wait(PATIENCE) == code
