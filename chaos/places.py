"""Databases for tests: a file, or a separate PostgreSQL cluster that may be killed."""

import atexit
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any, Protocol

import psycopg
from tests.servers import free_port

_PATIENCE = 60.0


class Place(Protocol):
    """A database that exists until it is dropped."""

    @property
    def engine(self) -> str:
        """Return the name of the engine."""
        ...

    @property
    def url(self) -> str:
        """Return the URL of the database."""
        ...

    def drop(self) -> None:
        """Stop the database and remove its files."""
        ...


class SqliteFile:
    """An SQLite file in a folder."""

    engine = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "tollbook.db"

    @property
    def url(self) -> str:
        """Return the URL of the file."""
        return f"sqlite:///{self.path}"

    def drop(self) -> None:
        """Remove the file and its log."""
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)


class Cluster:
    """A PostgreSQL cluster, run by its own user because PostgreSQL refuses to run as root."""

    engine = "PostgreSQL"
    database = "postgres"

    def __init__(self, folder: Path, options: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self._data = folder / "data"
        self._options = options
        _give_to_postgres(folder)

    @property
    def url(self) -> str:
        """Return the URL of the database."""
        return self.url_of(self.database)

    def url_of(self, database: str) -> str:
        """Return the URL of another database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    @property
    def process(self) -> int:
        """Return the id of the first process, whose children serve connections."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def create(self) -> "Cluster":
        """Create and start the cluster."""
        _run("cp", "-a", str(_initialized()), str(self._data))
        self.start()
        return self

    def follow(self, primary: "Cluster", *, synchronous: bool = True) -> "Cluster":
        """Create a replica of another cluster, whose commits wait for it if `synchronous`."""
        source = f"host=127.0.0.1 port={primary.port} user=postgres application_name=replica"
        self._run("pg_basebackup", "-D", str(self._data), "-R", "-X", "stream", "-d", source)
        self.start()
        if synchronous:
            primary.configure("synchronous_standby_names = 'replica'")
        return self

    def pause_replay(self) -> None:
        """Make a replica lag behind: it receives changes but does not apply them."""
        self.execute("SELECT pg_wal_replay_pause()")
        self.wait_until("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def resume_replay(self) -> None:
        """Make a replica apply the received changes."""
        self.execute("SELECT pg_wal_replay_resume()")

    def stop_following(self) -> None:
        """Disconnect a replica, so that a promotion loses later commits."""
        self.configure("primary_conninfo = ''")
        self.wait_until("SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")

    def catch_up(self, primary: "Cluster") -> None:
        """Wait until a replica has applied all commits of its primary."""
        end = primary.value("SELECT pg_current_wal_flush_lsn()")
        self.wait_until(f"SELECT pg_last_wal_replay_lsn() >= '{end}'")

    def start(self) -> None:
        """Start the cluster; after a crash, its processes may take a moment to end."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c max_connections=200 "
            f"-c unix_socket_directories={self.folder} {self._options}"
        )
        log = str(self.folder / "log")
        arguments = ("-D", str(self._data), "-w", "-t", "60", "-l", log, "-o", options, "start")
        give_up = monotonic() + _PATIENCE
        while True:
            try:
                self._run("pg_ctl", *arguments)
            except RuntimeError as error:
                if monotonic() > give_up:
                    tail = (self.folder / "log").read_text(errors="replace")[-500:]
                    raise RuntimeError(f"{error}{tail}") from error
                sleep(0.5)
            else:
                return

    def stop(self, mode: str = "fast") -> None:
        """Stop the cluster with `pg_ctl`."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """Kill every process; the postmaster is suspended first so that it starts no others."""
        postmaster = self.process
        with suppress(ProcessLookupError):
            os.kill(postmaster, signal.SIGSTOP)
        children = subprocess.run(
            ["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=False
        )
        for process in (postmaster, *map(int, children.stdout.split())):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def promote(self) -> None:
        """Promote a replica to primary."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "promote")

    def execute(self, statement: str, database: str | None = None) -> None:
        """Run a statement as the administrator."""
        url = self.url_of(database or self.database)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def configure(self, setting: str) -> None:
        """Change a setting, such as `fsync = off`, of the running cluster."""
        self.execute(f"ALTER SYSTEM SET {setting}")
        self.execute("SELECT pg_reload_conf()")

    def wait_until(self, question: str) -> None:
        """Wait until the answer to a query of the administrator is true."""
        give_up = monotonic() + _PATIENCE
        while not self.value(question):
            if monotonic() > give_up:
                raise RuntimeError(f"not within {_PATIENCE:.0f} seconds: {question}")
            sleep(0.02)

    def value(self, question: str, database: str | None = None) -> Any:
        """Return the value of a query as the administrator."""
        url = self.url_of(database or self.database)
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None

    def drop(self) -> None:
        """Kill the cluster; its files are removed with the parent folder."""
        if (self._data / "postmaster.pid").exists():
            self.kill()

    def _run(self, program: str, *arguments: str) -> None:
        _run(str(binaries() / program), *arguments)


@cache
def _initialized() -> Path:
    """Initialize the files of a cluster once: to copy them takes a fraction of the time."""
    folder = Path(mkdtemp(dir="/var/tmp", prefix="tollbook-cluster-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _give_to_postgres(folder)
    data = folder / "data"
    _run(str(binaries() / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "-N")
    return data


def _give_to_postgres(folder: Path) -> None:
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")


def _run(*command: str) -> None:
    """Run a program, as the user of PostgreSQL if this one may become any."""
    if os.getuid() == 0:
        command = ("runuser", "-u", "postgres", "--", *command)
    done = subprocess.run(
        command,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")


def binaries() -> Path:
    """Return the folder of the latest PostgreSQL programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda it: float(it.parent.name))
    if not found:
        raise RuntimeError("no PostgreSQL found; on Debian: apt-get install postgresql")
    return found[-1]
