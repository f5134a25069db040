"""Dumps of a PostgreSQL database by its client programs: pg_dump, pg_restore and psql."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

from tollbook.domain.errors import BackupRefused
from tollbook.store.engine import Progress
from tollbook.store.file_locks import sync
from tollbook.store.postgres.connections import IS_CLUSTER

MAGIC = b"PGDMP"
_DEBIAN = Path("/usr/lib/postgresql")
_EVERY_SECONDS = 0.5
_MAX_MESSAGE = 500
# Drafts may have become archives of the database that was backed up, and what processes have cached
# of the replaced database must become invalid. Dumps of earlier schemas do not have these tables;
# their migration does the same.
_RENEW = """
DO $$ BEGIN
    IF to_regclass('public.archive_drafts') IS NOT NULL THEN
        DELETE FROM public.archive_drafts;
    END IF;
    IF to_regclass('public.directory_state') IS NOT NULL THEN
        UPDATE public.directory_state SET token = {token};
        UPDATE public.ledger_versions SET token = {token};
    END IF;
END $$;
"""
_OTHERS = (
    "FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = 'tollbook' AND pid <> pg_backend_pid()"
)
_STAY_ALONE = f"""
DO $$ BEGIN
    IF EXISTS (SELECT 1 {_OTHERS}) THEN
        RAISE 'a Tollbook has connected meanwhile: stop the server and every other command first';
    END IF;
END $$;
"""
# Without notices about dropped objects, which would hide an error.
_EMPTY_FIRST = (
    "SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n"
)


def dump_database(url: URL, target: Path, progress: Progress, lock: int) -> None:
    """Dump a database that is in use to a file, as it is at one moment.

    pg_dump inherits the descriptor of the file's `lock`, and so holds the lock while it writes,
    even when the process that started it was killed.
    """
    program = _program("pg_dump", _major(url))
    command = [program, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"]
    with _FileProgress(target, _size(url), progress):
        _run([*command, f"--dbname={_address(url)}"], url, (lock,))
    sync(target)


def check_dump(path: Path) -> None:
    """Refuse a file that is not a complete dump of a Tollbook database."""
    if not path.is_file():
        raise BackupRefused(f"{path} is not a file")
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupRefused(f"{path} is not a backup of a PostgreSQL database")
    program = _program("pg_restore", 0)
    listed = _run([program, "--list", str(path)], None)
    if " alembic_version " not in listed:
        raise BackupRefused(f"{path} is a dump, but not of a Tollbook database")
    _run([program, "--file=/dev/null", str(path)], None)  # reads all of it


def is_empty(url: URL) -> bool:
    """Return whether a database has no tables, or no tenant, so that it may be replaced."""
    with _connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        if ("tenants",) not in tables:
            return not tables
        return connection.execute("SELECT 1 FROM tenants LIMIT 1").fetchone() is None


def is_on_cluster(url: URL) -> bool:
    """Return whether a database is on a cluster, by a connection that is not one of Tollbook."""
    with _connect(url) as connection:
        row = connection.execute(f"SELECT {IS_CLUSTER}".encode()).fetchone()
    return row is not None and row[0] is True


def restore_dump(url: URL, path: Path, token: int) -> None:
    """Replace everything in a database with a dump, in one transaction; `token` names its state."""
    with _connect(url) as connection:
        others = connection.execute(f"SELECT COUNT(*) {_OTHERS}".encode()).fetchone()
    if others and others[0]:
        raise BackupRefused(
            f"the database is in use by {others[0]} connections of Tollbook: stop the server and "
            "every other command on it first"
        )
    major = _major(url)
    reader = [_program("pg_restore", 0), "--no-owner", "--no-privileges", "--file=-", str(path)]
    writer = [
        _program("psql", major),
        *("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"),
        *("--output=/dev/null", f"--dbname={_address(url)}"),
    ]
    _pipe(reader, writer, url, _RENEW.format(token=token))


def _pipe(reader: Sequence[str], writer: Sequence[str], url: URL, renewal: str) -> None:
    """Pipe the output of one program into another, which applies all of it or nothing.

    When the reader fails, a statement that fails is added: otherwise psql would commit part of a
    dump.
    """
    environment = _environment(url)
    with (
        subprocess.Popen(reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source,  # noqa: S603
        subprocess.Popen(  # noqa: S603
            writer, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        ) as target,
    ):
        assert source.stdout and target.stdin and source.stderr and target.stderr  # noqa: S101, PT018
        output: dict[str, bytes] = {}
        listeners = [
            threading.Thread(target=lambda n=name, p=pipe: output.update({n: p.read()}))
            for name, pipe in (("reader", source.stderr), ("writer", target.stderr))
        ]
        for listener in listeners:
            listener.start()
        try:
            target.stdin.write(_EMPTY_FIRST.encode())
            shutil.copyfileobj(source.stdout, target.stdin, 1 << 20)
            if source.wait() != 0:
                target.stdin.write(b"\nDO $$ BEGIN RAISE 'the backup ends early'; END $$;\n")
            target.stdin.write(renewal.encode())
            target.stdin.write(_STAY_ALONE.encode())
            target.stdin.close()
        except BrokenPipeError:
            source.kill()
        code = target.wait()
        for listener in listeners:
            listener.join()
    if code or source.returncode:
        message = output.get("writer") or output.get("reader") or b""
        raise BackupRefused(f"nothing was restored: {_shorten(message)}")


def _run(command: Sequence[str], url: URL | None, inherited: Sequence[int] = ()) -> str:
    done = subprocess.run(  # noqa: S603  the programs of PostgreSQL, without a shell
        command, env=_environment(url), capture_output=True, check=False, pass_fds=inherited
    )
    if done.returncode:
        raise BackupRefused(f"{Path(command[0]).name} failed: {_shorten(done.stderr)}")
    return done.stdout.decode(errors="replace")


def _shorten(message: bytes) -> str:
    return " ".join(message.decode(errors="replace").split())[:_MAX_MESSAGE]


def _program(name: str, least: int) -> str:
    """Return the path of a program that is not older than the server."""
    found = map(str, sorted(_DEBIAN.glob(f"*/bin/{name}"), key=_folder_version, reverse=True))
    on_path = shutil.which(name)
    candidates = [*([on_path] if on_path else []), *found]
    if not candidates:
        raise BackupRefused(
            f"{name} is not installed: backups of PostgreSQL need its client programs; "
            "on Debian: apt-get install postgresql-client"
        )
    versions = {program: _version_of(program) for program in candidates}
    for program, version in versions.items():
        if version >= least:
            return program
    newest = max(versions.values())
    raise BackupRefused(
        f"{name} is of PostgreSQL {newest} and the server of {least}: install the client programs "
        f"of version {least} or later"
    )


def _folder_version(program: Path) -> int:
    return int(program.parts[-3]) if program.parts[-3].isdecimal() else 0


def _version_of(program: str) -> int:
    found = re.search(r"(\d+)", _run([program, "--version"], None))
    return int(found[1]) if found else 0


def _major(url: URL) -> int:
    with _connect(url) as connection:
        return connection.info.server_version // 10_000


def _size(url: URL) -> int:
    with _connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _connect(url: URL) -> psycopg.Connection[tuple[Any, ...]]:
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(text, connect_timeout=10)


def _address(url: URL) -> str:
    """Return the address without the password, which other users of the machine could read."""
    return url._replace(drivername="postgresql", password=None).render_as_string()


def _environment(url: URL | None) -> Mapping[str, str]:
    password = {"PGPASSWORD": str(url.password)} if url is not None and url.password else {}
    return {**os.environ, "PGCONNECT_TIMEOUT": "10", **password}


class _FileProgress:
    """Reports the size of a file while another program writes it."""

    def __init__(self, target: Path, total: int, progress: Progress) -> None:
        self._target = target
        self._total = total
        self._progress = progress
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_EVERY_SECONDS):
            if self._target.exists():
                self._progress(min(self._target.stat().st_size, self._total), self._total)
