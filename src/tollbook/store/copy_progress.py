"""How far a copy has come, in a table of its target that exists until the copy is complete."""

from typing import NamedTuple

import msgspec

from tollbook.store.copied_tables import (
    LEDGER_TABLES,
    CopiedTable,
    Position,
    TableContent,
    content_of,
)
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import STATE_TABLE, Row
from tollbook.store.tables.schema import SCHEMA_VERSION, UNFINISHED_COPY

_TABLE = "copy_progress"
_CREATE = f"""
CREATE TABLE IF NOT EXISTS {_TABLE} (
    name TEXT PRIMARY KEY, position TEXT NOT NULL, copied BIGINT NOT NULL, digest TEXT NOT NULL
)
"""
_WRITE = f"""
INSERT INTO {_TABLE} (name, position, copied, digest) VALUES (:name, :position, :copied, :digest)
ON CONFLICT (name) DO UPDATE SET
    position = excluded.position, copied = excluded.copied, digest = excluded.digest
"""
_SOURCE = "source"
_positions = msgspec.json.Decoder(tuple[int | str, ...])


class CopyProgress(NamedTuple):
    """The position of the last row of a table that was copied, and the content up to it."""

    position: Position
    content: TableContent


def is_unfinished(snapshot: Snapshot) -> bool:
    """Return whether a database is the target of a copy that has not been completed."""
    (row,) = snapshot.rows(f"SELECT schema_version FROM {STATE_TABLE} WHERE id = 1")
    return bool(row[0] == UNFINISHED_COPY)


def begin(transaction: Transaction, source: str) -> None:
    """Close the target to every server, and go on with a copy of the same state of the source.

    Whatever was copied of another state is removed.
    """
    _set_version(transaction, UNFINISHED_COPY)
    transaction.execute(_CREATE)
    known = transaction.row(f"SELECT digest FROM {_TABLE} WHERE name = :name", name=_SOURCE)
    if known == (source,):
        return
    for table in LEDGER_TABLES:
        transaction.execute(f"DELETE FROM {table.name}")
    transaction.execute(f"DELETE FROM {_TABLE}")
    transaction.execute(_WRITE, name=_SOURCE, position="[]", copied=0, digest=source)


def read(snapshot: Snapshot) -> dict[str, CopyProgress]:
    """Return how far each table is that was begun."""
    rows = snapshot.rows(
        f"SELECT name, position, copied, digest FROM {_TABLE} WHERE name <> :source", source=_SOURCE
    )
    return {
        name: CopyProgress(_positions.decode(position), TableContent(count, int(digest)))
        for name, position, count, digest in rows
    }


def write(
    transaction: Transaction, table: CopiedTable, rows: list[Row], before: TableContent
) -> TableContent:
    """Record that these rows were copied too; return the content up to them."""
    content = before.add(content_of(rows))
    transaction.execute(
        _WRITE,
        name=table.name,
        position=msgspec.json.encode(table.position_of(rows[-1])).decode(),
        copied=content.rows,
        digest=str(content.digest),
    )
    return content


def finish(transaction: Transaction) -> None:
    """Open the target to servers."""
    transaction.execute(f"DROP TABLE {_TABLE}")
    _set_version(transaction, SCHEMA_VERSION)


def _set_version(transaction: Transaction, version: str) -> None:
    transaction.execute(f"UPDATE {STATE_TABLE} SET schema_version = :version", version=version)
