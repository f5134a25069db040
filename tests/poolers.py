"""A real PgBouncer in transaction mode, in front of the PostgreSQL of the tests."""

import os
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import pytest
from sqlalchemy import make_url

from tests.servers import free_port
from tests.waiting import PATIENCE


def program() -> str:
    """Name the program, or skip the test with the reason."""
    found = os.environ.get("TOLLBOOK_TEST_PGBOUNCER", "")
    if not found:
        pytest.skip("NO PGBOUNCER: run `make test`, or set TOLLBOOK_TEST_PGBOUNCER to its path")
    return found


class Pooler:
    """A pooler with `sessions` connections to the server, for any number of clients."""

    def __init__(self, database_url: str, program: str, sessions: int = 3) -> None:
        self._target = make_url(database_url)
        self._program = program
        self._sessions = sessions
        self._port = free_port()
        self.url = self._target.set(host="127.0.0.1", port=self._port).render_as_string(
            hide_password=False
        )

    def __enter__(self) -> Self:
        folder = tempfile.TemporaryDirectory(prefix="tollbook-pgbouncer-")
        self._folder = folder
        target = self._target
        Path(folder.name).chmod(0o755)
        settings = Path(folder.name) / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={target.host} port={target.port or 5432} "
            f"user={target.username}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self._port}\n"
            "unix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
            f"max_client_conn = 500\ndefault_pool_size = {self._sessions}\n"
        )
        settings.chmod(0o644)
        command = [self._program, str(settings)]
        if os.getuid() == 0:  # it refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/"
        )
        self._wait()
        return self

    def _wait(self) -> None:
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up and self.process.poll() is None:
            try:
                psycopg.connect(self.url, connect_timeout=3).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        self.process.kill()
        _, said = self.process.communicate()
        raise RuntimeError(f"PgBouncer did not start: {said.decode()}")

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.communicate()
        self._folder.cleanup()
