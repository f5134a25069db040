"""What the two engines have in common, as a protocol: all that differs is behind it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy import Engine as SqlalchemyEngine

from tollbook.store.staging import Staged

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]
Driver = Any
"""A connection of the plain driver. SQLAlchemy opens, pools and commits it; the statements of the
hot paths run on it directly, which saves 50 to 100 microseconds each."""


OVERFLOWS = ("integer overflow", "cannot store REAL value in", "bigint out of range")
"""How drivers say that a sum passes 64 bits."""

REMOVE_MONTH = """
DELETE FROM events WHERE organization_id = :number AND day BETWEEN :first AND :last
"""


class Engine(Protocol):
    """One kind of database behind one URL."""

    name: str
    sqlalchemy: SqlalchemyEngine

    def reader(self) -> Connection:
        """Open a connection whose transaction reads one snapshot and cannot write."""
        ...

    def streamer(self) -> Connection:
        """Open a reader that keeps no pages: whoever reads all there is reads each page once."""
        ...

    def writer(self) -> Connection:
        """Open a connection whose transaction writes."""
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

    def make_room(self, months: Iterable[int]) -> None:
        """See to it that events of these months can be stored."""
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

    def leave_no_traces(self, driver: Driver) -> None:
        """Have what this transaction overwrites overwritten on disk too, where that can be."""
        ...

    def flush_traces(self) -> None:
        """Have what was overwritten leave the log of writes, where that can be."""
        ...

    def size_in_bytes(self) -> int:
        """Give the size of the database on disk."""
        ...
