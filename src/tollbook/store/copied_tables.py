"""Tables as they are copied to another database: row by row, unchanged, in order of their keys."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from sqlalchemy import Table

from tollbook.store.database import CHUNK, Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.event_ids import encode_id, encode_optional
from tollbook.store.tables.columns import type_of
from tollbook.store.tables.placement import is_divided
from tollbook.store.tables.schema import metadata

_NOT_COPIED = frozenset({"directory_state", "archive_drafts"})
"""The state is the target's own, and drafts may have become archives of the source."""
_DIGESTS = 1 << 64
_ID = "BYTEA"
_encode = msgspec.json.Encoder().encode
Position = tuple[int | str, ...]
"""The key of a row."""


class TableContent(NamedTuple):
    """How many rows there are, and the sum of their digests, which no order changes."""

    rows: int = 0
    digest: int = 0

    def add(self, other: "TableContent") -> "TableContent":
        """Return the content of both."""
        return TableContent(self.rows + other.rows, (self.digest + other.digest) % _DIGESTS)


class CopiedTable:
    """One table, and the statements that read it a page at a time."""

    def __init__(self, table: Table) -> None:
        self.name = table.name
        self.columns = {it.name: type_of(it) for it in table.columns}
        self._ids = [place for place, kind in enumerate(self.columns.values()) if kind == _ID]
        self._key = [it.name for it in table.primary_key.columns]
        self._key_kinds = [self.columns[it] for it in self._key]
        self._places = [list(self.columns).index(it) for it in self._key]

    @cached_property
    def _pages(self) -> tuple[str, str]:
        """Return the statements of the first page, and of the pages after a position."""
        keys = ", ".join(self._key)
        columns = (f"id_text({it})" if kind == _ID else it for it, kind in self.columns.items())
        read = f"SELECT {', '.join(columns)} FROM {self.name} "
        after = f"WHERE ({keys}) > ({', '.join(f':{it}' for it in self._key)}) "
        ordered = f"ORDER BY {keys} LIMIT :limit"
        return read + ordered, read + after + ordered

    def pages(self, snapshot: Snapshot, position: Position | None = None) -> Iterator[list[Row]]:
        """Read the rows after a position, or all, a page at a time."""
        first, following = self._pages
        while True:
            stored = [_as_stored(*it) for it in zip(self._key_kinds, position or (), strict=False)]
            named = dict(zip(self._key, stored, strict=position is not None))
            rows = snapshot.table(
                following if position else first, {**named, "limit": CHUNK}, len(self.columns)
            )
            if rows:
                yield rows
            if len(rows) < CHUNK:
                return
            position = self.position_of(rows[-1])

    def position_of(self, row: Row) -> Position:
        """Return the key of a row."""
        return tuple(row[it] for it in self._places)

    def months_of(self, rows: Iterable[Row]) -> set[int]:
        """Return the months of the days in the key of rows."""
        place = self._places[self._key.index("day")]
        return {int(row[place]) // 100 for row in rows}

    def count(self, snapshot: Snapshot) -> int:
        """Return how many rows there are."""
        return snapshot.integer(f"SELECT COUNT(*) FROM {self.name}")

    def insert(self, transaction: Transaction, rows: Iterable[Row]) -> None:
        """Insert rows."""
        stored = map(self._stored, rows) if self._ids else rows
        transaction.bulk(self.name, self.columns, stored)

    def _stored(self, row: Row) -> Row:
        """Return a row with its ids as they are stored."""
        values = list(row)
        for place in self._ids:
            values[place] = encode_optional(row[place])
        return tuple(values)

    def content(self, snapshot: Snapshot) -> TableContent:
        """Read the whole table, and return its content."""
        content = TableContent()
        for rows in self.pages(snapshot):
            content = content.add(content_of(rows))
        return content


def _as_stored(kind: str, value: int | str) -> int | str | bytes:
    return encode_id(value) if kind == _ID and isinstance(value, str) else value


def content_of(rows: list[Row]) -> TableContent:
    """Return the content of some rows."""
    digests = (blake2b(_encode(row), digest_size=8).digest() for row in rows)
    return TableContent(len(rows), sum(int.from_bytes(it) for it in digests) % _DIGESTS)


_TABLES = [it for name, it in sorted(metadata.tables.items()) if name not in _NOT_COPIED]
LEDGER_TABLES = [CopiedTable(it) for it in _TABLES if is_divided(it)]
"""What each organization has: these tables grow with events and users."""
DIRECTORY_TABLES = [CopiedTable(it) for it in _TABLES if not is_divided(it)]
"""Tenants, organizations, keys, prices, runs and the audit log, which are copied at the end."""
