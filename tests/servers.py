"""Starting and stopping real servers."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx

from tests import plain_http
from tests.forks import Fork
from tests.waiting import PATIENCE
from tollbook.cli.main import run

SECRET_KEY = "the secret key of servers in tests"
_PORTS = range(20_000, 32_000)
"""Below those that the system gives to connections: a server that starts again finds its own."""


def free_port() -> int:
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


class Server:
    """`tollbook serve` in a process of its own; stopped by its process id.

    The tests have `forks` of a process that has imported it, measurements and faults have not.
    """

    forks = False

    def __init__(self, database_url: str, **settings: str) -> None:
        self.database_url = database_url
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.settings = settings
        self._settings = {f"TOLLBOOK_{name.upper()}": value for name, value in settings.items()}
        self.module = "tollbook"
        self.defaults = {"TOLLBOOK_ALERTS": "false"}
        """Settings that an earlier version may not know."""
        self.environment: dict[str, str] = {}
        self.wrapper: tuple[str, ...] = ()
        self.options: tuple[str, ...] = ()
        self.process: subprocess.Popen[bytes] | Fork | None = None

    def start(self) -> None:
        environment = {**self.defaults, **os.environ, **self._settings, **self.environment}
        environment["TOLLBOOK_DATABASE_URL"] = self.database_url
        verb = ["serve", "--port", str(self.port), *self.options]
        self._log = tempfile.NamedTemporaryFile()  # noqa: SIM115  a pipe that nobody reads would stop the server
        is_plain = self.module == "tollbook" and not self.environment and not self.wrapper
        if self.forks and is_plain:
            self.process = Fork(environment, self._log.name, run, verb)
        else:
            command = [*self.wrapper, sys.executable, "-m", self.module, *verb]
            self.process = subprocess.Popen(command, env=environment, stderr=self._log)
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server did not start: {self._errors()}")
            try:
                plain_http.get(f"{self.address}/healthz", timeout=1)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the server does not answer")

    def _errors(self) -> str:
        assert self.process is not None
        self.process.wait(PATIENCE + 10)
        self._log.seek(0)
        text = self._log.read().decode()
        self._log.close()
        return text

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self._errors()

    def stop(self) -> str:
        """Ask the server to finish; give what it logged."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._errors()

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {"X-API-Key": key} if key else {}
        return plain_http.client(base_url=self.address, headers=headers, timeout=PATIENCE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.stop()
