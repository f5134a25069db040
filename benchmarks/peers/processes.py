"""Processes in the environment of the peers, whose packages Tollbook does not have."""

import json
import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from tests import plain_http
from tests.servers import free_port

from benchmarks.wire import WrongAnswer

_ROOT = Path(__file__).parents[2]
PYTHON = Path(__file__).parent / ".venv" / "bin" / "python"
_PATIENCE = 60


def is_installed() -> bool:
    """Return whether `make bench-peers` has installed the packages of the peers."""
    return (PYTHON.parent / "uvicorn").exists()


class Engine:
    """One engine with raw events, in a separate process."""

    def __init__(self, name: str, where: str, raw: Path, python: Path = PYTHON) -> None:
        command = [str(python), "-m", "benchmarks.peers.worker", name, where, str(raw)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._name = name
        if self._line() != "ready":
            raise WrongAnswer(f"{name} did not load the events")

    def count(self, statement: str) -> int:
        """Run a statement and return the number of its rows."""
        return int(self._ask(statement))

    def rows(self, statement: str) -> list[list[Any]]:
        """Run a statement and return its rows."""
        return list(self._ask(f"+{statement}"))

    def _ask(self, statement: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(statement) + "\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WrongAnswer(f"{self._name} ended with {self._process.wait()}")
        return line.strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()


class PlainServer:
    """The plain service in a separate process, on an empty database."""

    def __init__(self, url: str) -> None:
        self.port = free_port()
        self._environment = {**os.environ, "PEER_DATABASE_URL": url}

    def __enter__(self) -> Self:
        command = [str(PYTHON), "-m", "uvicorn", "benchmarks.peers.service:app"]
        command += ["--port", str(self.port), "--log-level", "warning", "--no-access-log"]
        self.process = subprocess.Popen(command, cwd=_ROOT, env=self._environment)
        give_up = time.monotonic() + _PATIENCE
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                raise WrongAnswer("the plain service did not start")
            try:
                plain_http.get(f"http://127.0.0.1:{self.port}/healthz", timeout=1)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return self
        self.process.terminate()
        raise WrongAnswer("the plain service does not answer")

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
