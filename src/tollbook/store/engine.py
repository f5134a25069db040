"""What every engine does, behind one class: nothing outside an engine's folder depends on it."""

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import URL, Connection
from sqlalchemy import Engine as SqlalchemyEngine

from tollbook.domain.errors import BackupRefused
from tollbook.store.driver_errors import DriverErrors
from tollbook.store.staging import Staged

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]
Driver = Any
"""A connection of the plain driver. SQLAlchemy opens, pools and commits it; the statements of the
hot paths run on it directly, which saves 50 to 100 microseconds each."""
Progress = Callable[[int, int], None]
"""Receives how much is done, of how much."""


class TimeLimit(Enum):
    """The most seconds that a statement may take on PostgreSQL, by the kind of its transaction.

    `NONE` is for transactions that read everything: exports, migrations, `verify`, archives and
    backups.
    """

    REQUEST = 30
    COMMIT = 60
    NONE = 0


class NodeProblems(NamedTuple):
    """Why nodes of a cluster cannot be used, a sentence for each.

    `can_serve` is False when no node that has events can be used.
    """

    sentences: list[str]
    can_serve: bool


class NodeFigures(NamedTuple):
    """The size of the database on a node of a cluster, and the connections to it there.

    `name` is the node's host and port. Both figures are None when the node does not answer.
    """

    name: str
    bytes: int | None
    connections: int | None


def system_clock() -> int:
    """Return the time in microseconds since 1970 in UTC."""
    return time.time_ns() // 1000


class Options(NamedTuple):
    """How a database is opened; all of it concerns PostgreSQL alone.

    Connections that are idle for longer than `idle_connection_seconds` are closed. `clock` may
    differ from the database's by `max_clock_seconds`. A refused connection is retried for
    `retry_seconds`. A cluster divides tables into `shard_count` parts.
    """

    max_write_connections: int = 32
    max_read_connections: int = 32
    idle_connection_seconds: int = 300
    max_clock_seconds: int = 300
    clock: Callable[[], int] = system_clock
    retry_seconds: int = 0
    shard_count: int = 32


class DirectoryState(NamedTuple):
    """The version of the schema, and the token of the directory."""

    schema_version: str
    token: int


STATE_TABLE = "directory_state"
STATE_COLUMNS = ", ".join(DirectoryState._fields)


def by_index(name: str) -> str:
    """Return the SQL after a table's name that makes SQLite read it by an index.

    Without statistics, SQLite prefers the key of a table that is stored in its order, also where an
    index has more of the columns that a statement names. Elsewhere it is a comment.
    """
    return f"/* by {name} */"


REMOVE_MONTH = """
DELETE FROM events WHERE organization_id = :number AND day BETWEEN :first AND :last
"""


class Backup(NamedTuple):
    """A backup to write.

    `lock` is the descriptor that holds the lock of `target`, for programs that write the file.
    `require_schema` refuses a database without a schema. `prove` checks the copy of a database and
    returns the number of its events, None when its schema is an earlier one. A `quick` backup skips
    slow checks.
    """

    target: Path
    progress: Progress
    lock: int
    quick: bool
    require_schema: Callable[[], None]
    prove: "Callable[[Engine], int | None]"


class Restoration(NamedTuple):
    """A backup to put in the place of a database.

    Only with `replace` may the database have a tenant. `finish` migrates and checks what was
    restored, and returns the number of its events.
    """

    source: Path
    progress: Progress
    replace: bool
    quick: bool
    finish: "Callable[[Engine], int]"

    def require_replaceable(self, *, is_empty: bool) -> None:
        """Raise `BackupRefused` when the database has a tenant and must not be replaced."""
        if not (self.replace or is_empty):
            raise BackupRefused(
                "the database is not empty: back it up, then add --replace, or choose another in "
                "TOLLBOOK_DATABASE_URL"
            )


class Engine(ABC):
    """One kind of database behind one URL; the defaults are for a database in a file."""

    example_url: ClassVar[str]
    errors: ClassVar[DriverErrors]
    """How the errors of the driver become Tollbook's."""
    backup_magic: ClassVar[bytes]
    """The first bytes of every backup."""
    companions: ClassVar[tuple[str, ...]] = ()
    """The suffixes of files that the engine keeps next to a database or an unfinished backup."""
    sqlalchemy: SqlalchemyEngine
    folder: Path | None = None
    """The folder of a database that is a file of this machine."""
    secret_key_file: Path | None = None
    """The file next to such a database that has the secrets which must not be in it."""
    has_clock: bool = False
    """Whether the database has a clock of its own, which is compared with this server's."""
    has_processes: bool = False
    """Whether several processes of a server may write to the database."""
    clock_ahead: int = 0
    """By how many microseconds this server's clock was ahead of the database's when last seen."""

    @staticmethod
    @abstractmethod
    def accepts(url: URL) -> bool:
        """Return whether a URL names a database of this engine."""

    @abstractmethod
    def __init__(self, url: URL, options: Options) -> None:
        """Prepare to connect; nothing is connected yet."""

    @abstractmethod
    def reader(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction reads one snapshot and cannot write.

        Its first statement reads what `state` returns when the transaction `is_checked`.
        """

    @abstractmethod
    def streamer(self, *, is_checked: bool = False) -> Connection:
        """Open a reader that keeps no pages: a stream reads each page once."""

    @abstractmethod
    def writer(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction writes."""

    @abstractmethod
    def state(self, connection: Connection) -> DirectoryState:
        """Return the state that the first statement of a checked transaction has read."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""

    def statement(self, sql: str) -> str:
        """Return a statement for SQLAlchemy, which does not call `run`."""
        return sql

    @abstractmethod
    def run(self, driver: Driver, sql: str, parameters: Parameters) -> Any:
        """Run a statement whose parameters are written `:name`; return its cursor."""

    @abstractmethod
    def table(self, driver: Driver, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read many rows of `width` columns, fast even next to a busy thread.

        A list among the parameters stands for `IN :name`, as one parameter of any length.
        """

    def columns(
        self, driver: Driver, sql: str, parameters: Parameters, width: int
    ) -> list[list[Any]]:
        """Read as `table` does, but return the columns."""
        rows = self.table(driver, sql, parameters, width)
        return [list(it) for it in zip(*rows, strict=True)] or [[] for _ in range(width)]

    def table_by_key(
        self, driver: Driver, sql: str, parameters: Parameters, width: int
    ) -> list[Row]:
        """Read as `table` does, by an index, however many rows are looked up."""
        return self.table(driver, sql, parameters, width)

    @abstractmethod
    def insert(self, driver: Driver, sql: str, parameters: Parameters) -> int:
        """Run an INSERT that ends with `RETURNING 1`; return how many rows were stored."""

    @abstractmethod
    def run_in_range(
        self, driver: Driver, statements: Sequence[str], parameters: Parameters
    ) -> int:
        """Run statements up to one that makes a sum pass 64 bits; return how many are done.

        The transaction goes on.
        """

    @abstractmethod
    def table_within(
        self, driver: Driver, sql: str, parameters: Parameters, width: int
    ) -> list[Row] | None:
        """Read as `table` does; None when a sum passes 64 bits, and the transaction goes on."""

    @abstractmethod
    def stage(self, driver: Driver, rows: Sequence[Staged]) -> int:
        """Put rows into the empty staging table; return how many of its columns they need."""

    @abstractmethod
    def bulk(
        self, driver: Driver, table: str, columns: Mapping[str, str], rows: Iterable[Row]
    ) -> None:
        """Insert many rows into a table in few steps; `columns` have their types."""

    def replace_rows(
        self, driver: Driver, table: str, columns: Mapping[str, str], rows: Sequence[Row]
    ) -> None:
        """Replace the rows of a temporary table, whose first column is the organization."""
        self.run(driver, f"DELETE FROM {table}", {})
        self.bulk(driver, table, columns, rows)

    @abstractmethod
    def size_in_bytes(self) -> int:
        """Return the size of the database on disk."""

    def problems_of_nodes(self) -> NodeProblems | None:
        """Return why nodes of a cluster cannot be used; None when this is not a cluster."""
        return None

    def nodes(self) -> list[NodeFigures]:
        """Return the figures of each node of a cluster; none when this is not a cluster."""
        return []

    @abstractmethod
    def back_up(self, backup: Backup) -> int | None:
        """Write a checked backup of the database as it is at one moment, while it is in use.

        Return the number of events in it, None when that is not known.
        """

    @abstractmethod
    def restore(self, restoration: Restoration) -> int:
        """Replace the database with a backup; return the number of its events.

        Raise `BackupRefused`, and change nothing, when the backup cannot be used or the database is
        in use.
        """

    def free_bytes(self) -> int | None:
        """Return the free bytes on the disk of the database; None when it is not of this machine.

        The disk of a server is for its administrator to watch.
        """
        return None if self.folder is None else shutil.disk_usage(self.folder).free

    def replayed_at(self, driver: Driver) -> int | None:
        """Return up to when a standby had caught up before the transaction of a driver began.

        That is the time of the latest commit that was replayed, in microseconds by the clock of the
        database, or 0 when it is not known. None on a primary, which has every commit.
        """
        del driver
        return None

    def is_divided(self, driver: Driver) -> bool:
        """Return whether a driver is connected to a cluster that divides tables over its nodes."""
        del driver
        return False

    def log_position(self) -> int:
        """Return the place in the log of writes that the database has reached; 0 without one.

        A standby has every commit of its primary up to the place that it has replayed.
        """
        return 0

    def lacks_partitions(self, months: Iterable[int]) -> bool:
        """Return whether a partition of these months may be missing; without a statement."""
        del months
        return False

    def ensure_partitions(self, months: Iterable[int]) -> None:
        """Make missing partitions of these months; raise `MonthNotReady` when that lasts."""

    def try_to_ensure_partitions(self, months: Iterable[int]) -> bool:
        """Make missing partitions of these months; False when a lock is not free."""
        del months
        return True

    def forget_partitions(self) -> None:
        """Forget which partitions there are: one of them is gone."""

    def has_emptied(self, driver: Driver, months: Iterable[int]) -> bool:
        """Return whether events of these months were removed that a transaction should still see.

        None are removed so from now until the transaction ends.
        """
        del driver, months
        return False

    def remove_events(self, driver: Driver, organization: int, month: int) -> None:
        """Remove the events of an organization's month from the ledger."""
        parameters = {"number": organization, "first": month * 100, "last": month * 100 + 99}
        self.run(driver, REMOVE_MONTH, parameters)

    def continue_numbers(self, driver: Driver) -> None:
        """Make the next organization's number follow the highest one in the database."""

    def serve(self, processes: int = 1) -> str | None:
        """Answer requests from now on; return what is wrong with the number of connections."""

    def upkeep(self) -> None:
        """Close connections that have been idle for long."""

    def clock_problem(self) -> str | None:
        """Return by how much this server's clock is wrong, when that is more than is allowed."""

    def lock_migrations(self, connection: Connection) -> None:
        """Wait until no other process migrates the database; the transaction holds the lock."""

    def must_divide(self) -> bool:
        """Return whether this is a cluster that does not keep all tables as planned."""
        return False

    def divide(self, progress: Progress) -> None:
        """Divide the tables over the nodes of a cluster; nobody else may use the database."""
        del progress

    def exclude_others(self, connection: Connection) -> None:
        """Wait for every transaction on the database; let none begin until this one has ended."""

    def flush_traces(self) -> bool:
        """Remove what was overwritten from the log of writes, where that is possible.

        Return False when others use the log now, and it still has what was overwritten.
        """
        return True

    def readable_files(self) -> list[Path]:
        """Return the files of the database that others than their owner can read."""
        return []
