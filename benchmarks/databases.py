"""Temporary databases of both engines."""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, Self
from uuid import uuid4

import psycopg
from psycopg import sql

_IN_LIST = re.compile(r"\bIN :([a-z_]+)")
"""`= ANY(…)` on PostgreSQL, `IN (SELECT … json_each(…))` on SQLite, like in the store."""


class Databases(Protocol):
    """Databases of one engine, which are dropped at the end of a `with` block."""

    name: str

    def fresh(self) -> str:
        """Return the URL of an empty database."""
        ...

    def copy(self, url: str) -> str:
        """Copy a database that is not in use, and return the URL of the copy."""
        ...

    def settle(self, url: str) -> None:
        """Run the maintenance that the engine would run automatically after many writes."""
        ...

    def drop(self, url: str) -> None:
        """Drop a database."""
        ...

    def bare(self, url: str, statement: str, parameters: dict[str, Any]) -> Callable[[], list[Any]]:
        """Return a call of a statement through the plain driver, on a separate connection."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class SqliteFiles:
    """Files in a temporary folder on a real disk."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._end = ExitStack()
        self._folder = Path(self._end.enter_context(TemporaryDirectory(dir=folder)))

    def fresh(self) -> str:
        """Return the URL of a new file."""
        return f"sqlite:///{self._folder / uuid4().hex}.db"

    def copy(self, url: str) -> str:
        """Copy the file."""
        copied = self.fresh()
        shutil.copyfile(_path(url), _path(copied))
        return copied

    def settle(self, url: str) -> None:
        """Do nothing, because closing the last connection has moved the log into the file."""

    def drop(self, url: str) -> None:
        """Remove the file."""
        for suffix in ("", "-wal", "-shm"):
            Path(_path(url) + suffix).unlink(missing_ok=True)

    def bare(self, url: str, statement: str, parameters: dict[str, Any]) -> Callable[[], list[Any]]:
        """Return a call on a connection with SQLite's default settings."""
        connection = self._end.enter_context(_Closing(sqlite3.connect(_path(url))))
        written = _IN_LIST.sub(r"IN (SELECT value FROM json_each(:\1))", statement)
        bound = {name: _plain(value) for name, value in parameters.items()}
        return lambda: connection.execute(written, bound).fetchall()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.close()


class PostgresDatabases:
    """Databases of a running server, created and dropped by its administrator."""

    name = "PostgreSQL"

    def __init__(self, admin: str) -> None:
        self._admin = admin
        self._made: list[str] = []
        self._end = ExitStack()

    def fresh(self) -> str:
        """Create an empty database."""
        return self._create("CREATE DATABASE {}")

    def copy(self, url: str) -> str:
        """Copy the database file by file."""
        return self._create("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", _database(url))

    def settle(self, url: str) -> None:
        """Vacuum and analyze, as the server does automatically."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")

    def drop(self, url: str) -> None:
        """Drop the database, even if it is in use."""
        self._made.remove(_database(url))
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", _database(url))

    def bare(self, url: str, statement: str, parameters: dict[str, Any]) -> Callable[[], list[Any]]:
        """Return a call on a connection with the driver's default settings."""
        connection = self._end.enter_context(psycopg.connect(url, autocommit=True))
        written = _IN_LIST.sub(r"= ANY(:\1)", statement).replace("%", "%%")
        for name in sorted(parameters, key=len, reverse=True):
            written = written.replace(f":{name}", f"%({name})s")
        return lambda: connection.execute(written.encode(), parameters).fetchall()

    def version(self) -> str:
        """Return the server's version."""
        with psycopg.connect(self._admin) as connection:
            return connection.info.parameter_status("server_version") or "unknown"

    def _create(self, statement: str, *others: str) -> str:
        name = f"tollbook_bench_{uuid4().hex[:12]}"
        self._made.append(name)
        self._run(statement, name, *others)
        return f"{self._admin.rpartition('/')[0]}/{name}"

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(
                sql.SQL(statement.encode().decode()).format(*map(sql.Identifier, names))
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.close()
        for name in self._made:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


class _Closing:
    """Close a connection of sqlite3, whose own `with` only commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_error: object) -> None:
        self._connection.close()


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _database(url: str) -> str:
    return url.rpartition("/")[2]
