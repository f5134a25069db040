"""Brokers of the tests' own, each with its own port and folder, and consumers as processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.servers import free_port
from tests.waiting import PATIENCE

NATS = shutil.which("nats-server") or "/usr/sbin/nats-server"


def wait_for_port(port: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on {port}")


class Nats:
    """A NATS server with JetStream; what it has stored survives that it is killed."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._settings = settings
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "nats.conf"
        lines = [f"listen: 127.0.0.1:{self.port}", f'jetstream {{ store_dir: "{self.folder}" }}']
        lines += [f"{name}: {value}" for name, value in self._settings.items()]
        config.write_text("\n".join(lines))
        self.process = subprocess.Popen(
            [NATS, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self) -> "Nats":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Consuming:
    """`tollbook consume` in a process of its own."""

    def __init__(
        self, database_url: str, key: str, url: str, *options: str, **settings: Any
    ) -> None:
        self._command = [sys.executable, "-m", "tollbook", "consume", url, *options]
        self._environment = {
            **os.environ,
            "TOLLBOOK_DATABASE_URL": database_url,
            "TOLLBOOK_API_KEY": key,
            **{f"TOLLBOOK_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command,
            env=self._environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    def terminate(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        assert self.process is not None
        self.errors = self.process.communicate(timeout=PATIENCE + 30)[1].decode()
        return self.process.returncode

    def run(self) -> int:
        """Start it and wait for its end."""
        self.start()
        return self.wait()
