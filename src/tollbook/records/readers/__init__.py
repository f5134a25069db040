"""Readers: what a mapping cannot say about the rows of a format."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tollbook.records.columns import ColumnReader, loose
from tollbook.records.mapping import Columns, Mapping
from tollbook.records.rows import RecordRow


class Reader:
    """Reads the rows of a format; the default is that of CSV with a header.

    `shapes` are what its content may be: `csv`, `json` or `lines`. Rows without an id are
    identified by their hash when `may_hash_rows`. `required` are columns that a header must have,
    when the mapping names columns that the reader adds. `left` counts rows at the end of a growing
    file that are left for the next import, because others may belong to them; `pending` is the
    first of such rows. A reader that `remembers` sees the rows before those of a later import.
    """

    shapes: tuple[str, ...] = ("csv",)
    may_hash_rows = False
    required: tuple[Columns, ...] | None = None
    left = 0
    pending: RecordRow | None = None
    remembers = False

    def prepare(self, mapping: Mapping) -> Mapping:
        """Take what the reader needs of a mapping; return the mapping as it converts rows."""
        return mapping

    def columns(self, mapping: Mapping) -> ColumnReader:
        """Return how the columns of this format are found."""
        return ColumnReader(
            is_nested=self.shapes == ("json",),
            is_loose=mapping.is_loose,
            url_encoded=mapping.url_encoded,
        )

    def names(self, cells: Sequence[str]) -> Sequence[str] | None:
        """Return the columns of a row of CSV without a header, None for a wrong number of cells."""
        raise NotImplementedError

    def has_names(self) -> bool:
        """Return whether the format has no header."""
        return type(self).names is not Reader.names

    def missing_columns(self, mapping: Mapping, names: Sequence[str]) -> list[Columns]:
        """Return the columns that a mapping requires and a header lacks."""
        found = {loose(it) for it in names} if mapping.is_loose else set(names)
        required = mapping.required if self.required is None else self.required
        return [
            it
            for it in required
            if it and not any((loose(one) if mapping.is_loose else one) in found for one in it)
        ]

    def belongs_to_header(self, cells: Sequence[str]) -> bool:  # noqa: ARG002
        """Return whether a row of CSV is a further part of the header."""
        return False

    def merged(
        self,
        batches: Iterator[list[RecordRow]],
        is_ended: Callable[[], bool],  # noqa: ARG002
    ) -> Iterator[list[RecordRow]]:
        """Yield batches of rows in which the parts of one message are one row."""
        return batches

    def derive(self, values: Any) -> None:
        """Add columns to the values of a row, or raise why it becomes no event."""


class JsonReader(Reader):
    """Reads JSON."""

    shapes = ("json",)
