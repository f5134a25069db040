"""One input of an import: its content as batches of rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from tollbook.records.contents import InputContent, lines_of
from tollbook.records.csv_rows import CsvRows, CsvRules
from tollbook.records.json_rows import JsonRows
from tollbook.records.mapping import Mapping
from tollbook.records.readers import Reader
from tollbook.records.rows import RecordRow, SourceRefused
from tollbook.records.text_rows import TextRows

_SPACE = b" \t\r\n\0\xef\xbb\xbf"


class RecordSource:
    """The rows of one file or of standard input.

    `is_finished` inputs end with their last row, even if it has no line feed: others may be
    written on, so that half a row is left for the next import. A packed file is finished.
    """

    def __init__(
        self, name: str, file: BinaryIO, mapping: Mapping, reader: Reader, *, is_finished: bool
    ) -> None:
        self.name = name
        self.content = InputContent(file)
        self._mapping = mapping
        self._reader = reader
        self._is_finished = is_finished
        self._rows: CsvRows | JsonRows | TextRows | None = None

    @property
    def has_half_line(self) -> bool:
        """Return whether the last row is incomplete and left for the next import."""
        return self._rows is not None and self._rows.has_half_line

    @property
    def header(self) -> bytes:
        """Return the line of the header as it is in the file; empty when there is none."""
        return self._rows.header if self._rows else b""

    def batches(self) -> Iterator[list[RecordRow]]:
        """Yield the rows in batches."""
        pieces = self.content.pieces()
        first = b""
        for piece in pieces:
            first += piece
            if first.strip(_SPACE):
                break
        pieces = _chained(first, pieces)
        if self._is_json(first):
            mapping = self._mapping
            rows = JsonRows(mapping.lists, is_loose=mapping.is_loose)
            self._rows = rows
            yield from rows.batches(pieces, self.is_ended)
        elif self._reader.shapes == ("lines",):
            texts = TextRows(self._mapping.csv.encoding)
            self._rows = texts
            yield from texts.batches(lines_of(pieces), self.is_ended)
        else:
            lines = CsvRows(csv_rules(self._mapping, self._reader), self._check_header)
            self._rows = lines
            yield from lines.batches(lines_of(pieces), self.is_ended)

    def _is_json(self, first: bytes) -> bool:
        shapes = self._reader.shapes
        if len(shapes) == 1:
            return shapes[0] == "json"
        return first.lstrip(_SPACE)[:1] in (b"{", b"[")

    def is_ended(self) -> bool:
        """Return whether the content ends where it was read to, and is not written on."""
        if self.content.damage is not None:
            return False
        return self._is_finished or self.content.packed

    def _check_header(self, names: Sequence[str]) -> None:
        check_header(self._mapping, self._reader, names, self.name)


def csv_rules(mapping: Mapping, reader: Reader) -> CsvRules:
    """Return how the rows of a mapping are read from CSV."""
    header = mapping.csv.header
    names: Callable[[Sequence[str]], Sequence[str] | None] | None = None
    if reader.has_names():
        names = reader.names
    elif header is not None:

        def listed(cells: Sequence[str]) -> Sequence[str] | None:
            return header if len(cells) == len(header) else None

        names = listed
    return CsvRules(
        delimiter=mapping.csv.delimiter,
        encoding=mapping.csv.encoding,
        names=names,
        is_loose=mapping.is_loose,
        ignored=reader.belongs_to_header,
    )


def check_header(mapping: Mapping, reader: Reader, names: Sequence[str], file: str) -> None:
    """Refuse a file whose header lacks a column that every event needs."""
    missing = reader.missing_columns(mapping, names)
    if missing:
        wanted = "; ".join(" or ".join(it) for it in missing)
        raise SourceRefused(
            f"{file}: the first line must name the column {wanted}; its columns are "
            f"{', '.join(names)}"
        )


def _chained(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from pieces
