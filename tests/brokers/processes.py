"""Brokers of the tests' own, each with its own port and folder, and consumers as processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.forks import Fork
from tests.servers import free_port
from tests.waiting import PATIENCE
from tollbook.cli.main import run

NATS = shutil.which("nats-server") or "/usr/sbin/nats-server"
EPMD = shutil.which("epmd") or "/usr/bin/epmd"
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"


_LONG = 10 * PATIENCE
"""For what a loaded machine may slow down, when its end would be noticed."""


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process listens, or has ended."""
    give_up = time.monotonic() + _LONG
    while process.poll() is None and time.monotonic() < give_up:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on {port}; exit code {process.poll()}")


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
        wait_for_port(self.port, self.process)

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def errors(self) -> str:
        return ""

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(_LONG)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Consuming:
    """`tollbook consume` in a process of its own, forked from one that has imported Tollbook."""

    def __init__(
        self,
        database_url: str,
        key: str,
        url: str,
        *options: str,
        state: Path | None = None,
        **settings: Any,
    ) -> None:
        self._verb = ["consume", url, *options]
        self._environment = {
            **os.environ,
            **({"STATE_DIRECTORY": str(state)} if state else {}),
            "TOLLBOOK_DATABASE_URL": database_url,
            "TOLLBOOK_API_KEY": key,
            **{f"TOLLBOOK_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self.process: Fork | None = None

    def start(self) -> None:
        self._log = tempfile.NamedTemporaryFile()  # noqa: SIM115  read when the process has ended
        self.process = Fork(self._environment, self._log.name, run, self._verb)

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(_LONG)

    def terminate(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(_LONG)

    @property
    def errors(self) -> str:
        return Path(self._log.name).read_text()

    def run(self) -> int:
        """Start it and wait for its end."""
        self.start()
        return self.wait()


class Rabbit:
    """A RabbitMQ server with its own node and folder; durable queues survive that it is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"amqp://127.0.0.1:{self.port}"
        self._node = f"tollbook{self.port}@localhost"
        self._distribution = free_port()
        self._daemon = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        # Erlang would start this one itself, and leave it behind.
        self._names = subprocess.Popen(
            [EPMD, "-address", "127.0.0.1", "-port", str(self._daemon)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self._daemon, self._names)
        (self.folder / "plugins").write_text("[].\n")
        config = self.folder / "rabbitmq.conf"
        config.write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._daemon),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
            # Otherwise the server is a child of a shell, and nobody can wait for its end: one that
            # was killed would still listen when the next one starts.
            "RUNNING_UNDER_SYSTEMD": "yes",
        }
        self.process = subprocess.Popen(
            [RABBITMQ],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for_port(self.port, self.process)
        except RuntimeError:
            self.kill()
            raise

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def errors(self) -> str:
        """The end of the server's log."""
        return "".join(it.read_text()[-4_000:] for it in (self.folder / "log").glob("*.log"))

    def kill(self) -> None:
        """Kill the server and what it has started, all in the process group of its own."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_LONG)
        self._names.kill()
        self._names.wait(_LONG)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class KafkaCluster:
    """The test cluster of librdkafka in a process; its broker goes down and up with its data."""

    def __init__(self) -> None:
        self.server = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the cluster, or bring its broker up again."""
        if self.process is not None:
            self._request("up")
            return
        command = [sys.executable, "-m", "tests.brokers.kafka_cluster"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.server = self.process.stdout.readline().strip()

    def kill(self) -> None:
        """Take the broker down: the data is in the memory of the process."""
        self._request("down")

    def _request(self, what: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)
