"""What the two engines have in common, as a protocol: all that differs is behind it."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection
from sqlalchemy import Engine as SqlalchemyEngine

from tollbook.store.staging import Staged

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]
Driver = Any
"""A connection of the plain driver. SQLAlchemy opens, pools and commits it; the statements of the
hot paths run on it directly, which saves 50 to 100 microseconds each."""


class TimeLimit(Enum):
    """The most seconds that a statement may take on PostgreSQL, by the kind of its transaction.

    `NONE` is for what reads all there is: exports, migrations, `verify`, archives and backups.
    """

    REQUEST = 30
    COMMIT = 60
    NONE = 0


def system_clock() -> int:
    """Return the time in microseconds since 1970 in UTC."""
    return time.time_ns() // 1000


class Options(NamedTuple):
    """How a database is opened; all of it concerns PostgreSQL alone.

    Connections that are idle for longer than `idle_connection_seconds` are closed. `clock` may
    differ from the database's by `max_clock_seconds`. A connection that is refused is tried again
    for `retry_seconds`.
    """

    max_write_connections: int = 32
    max_read_connections: int = 32
    idle_connection_seconds: int = 300
    max_clock_seconds: int = 300
    clock: Callable[[], int] = system_clock
    retry_seconds: int = 0


class DirectoryState(NamedTuple):
    """The version of the schema, and the token of the directory."""

    schema_version: str
    token: int


STATE_TABLE = "directory_state"
STATE_COLUMNS = ", ".join(DirectoryState._fields)

OVERFLOWS = ("integer overflow", "cannot store REAL value in", "bigint out of range")
"""How drivers say that a sum passes 64 bits."""

REMOVE_MONTH = """
DELETE FROM events WHERE organization_id = :number AND day BETWEEN :first AND :last
"""


class Engine(Protocol):
    """One kind of database behind one URL."""

    name: str
    sqlalchemy: SqlalchemyEngine
    folder: Path | None
    """The folder that the database is in, when it is a file of this machine."""
    has_clock: bool
    """Whether the database has a clock of its own, which is compared with this server's."""
    clock_ahead: int
    """By how many microseconds this server's clock was ahead of the database's when last seen."""

    def reader(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction reads one snapshot and cannot write.

        Its first statement reads what `state` returns when the transaction `is_checked`.
        """
        ...

    def streamer(self, *, is_checked: bool = False) -> Connection:
        """Open a reader that keeps no pages: whoever reads all there is reads each page once."""
        ...

    def writer(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction writes."""
        ...

    def state(self, connection: Connection) -> DirectoryState:
        """Return the state that the first statement of a checked transaction has read."""
        ...

    def replayed_at(self, driver: Driver) -> int | None:
        """Return up to when a standby had caught up before the transaction of a driver began.

        That is the time of the latest commit that was replayed, in microseconds by the clock of the
        database, or 0 when it is not known. None on a primary, which has every commit.
        """
        ...

    def close(self) -> None:
        """Close every connection."""
        ...

    def run(self, driver: Driver, sql: str, parameters: Parameters) -> Any:
        """Run a statement whose parameters are written `:name`; give its cursor."""
        ...

    def table(self, driver: Driver, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read many rows of `width` columns without starving beside a busy thread.

        A list among the parameters stands for `IN :name`, as one parameter of any length.
        """
        ...

    def lacks(self, months: Iterable[int]) -> bool:
        """Tell whether events of these months may have nowhere to go; without a statement."""

    def run_in_range(
        self, driver: Driver, statements: Sequence[str], parameters: Parameters
    ) -> int:
        """Run statements up to one that makes a sum pass 64 bits; return how many are done.

        The transaction goes on.
        """
        ...

    def table_within(
        self, driver: Driver, sql: str, parameters: Parameters, width: int
    ) -> list[Row] | None:
        """Read as `table` does; None when a sum passes 64 bits, and the transaction goes on."""
        ...

    def ensure_partitions(self, months: Iterable[int]) -> None:
        """See to it that events of these months can be stored."""
        ...

    def try_to_make_room(self, months: Iterable[int]) -> bool:
        """See to it that events of these months can be stored; False when a lock is not free."""
        ...

    def forget_room(self) -> None:
        """Look again for which months there is room."""
        ...

    def serve(self) -> str | None:
        """Answer requests from now on; return what is wrong with the number of connections."""
        ...

    def upkeep(self) -> None:
        """Give back what nobody has used for long."""
        ...

    def clock_problem(self) -> str | None:
        """Say by how much this server's clock is wrong, when that is more than is allowed."""
        ...

    def stage(self, driver: Driver, rows: Sequence[Staged]) -> int:
        """Put rows into the empty staging table; give how many of its columns they need."""
        ...

    def bulk(
        self, driver: Driver, table: str, columns: Mapping[str, str], rows: Iterable[Row]
    ) -> None:
        """Put many rows into a table, in as few steps as can be; `columns` have their types."""
        ...

    def remove_events(self, driver: Driver, organization: int, month: int) -> None:
        """Take the events of an organization's month out of the ledger."""
        ...

    def secure_delete(self, driver: Driver) -> None:
        """Have what this transaction overwrites overwritten on disk too, where that can be."""
        ...

    def flush_traces(self) -> None:
        """Have what was overwritten leave the log of writes, where that can be."""
        ...

    def size_in_bytes(self) -> int:
        """Give the size of the database on disk."""
        ...
