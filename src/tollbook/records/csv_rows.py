"""Rows of CSV: whole records from lines, and their cells by column.

A quoted line break belongs to its record (RFC 4180). Asterisk, FreeSWITCH, Kamailio and all
carriers double a quote within a quoted cell.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from tollbook.records.columns import loose
from tollbook.records.contents import LONGEST_RECORD, decode
from tollbook.records.rows import RecordRow, RefusedRow

BATCH = 5_000
"""The rows that are read, converted and stored at once."""
COMMENT = b"#tollbook:"
"""Begins the lines of a file of refused rows that are no rows."""
TOO_LONG = RefusedRow("", "too_long", f"the row is longer than {LONGEST_RECORD:,} bytes")

_LONGEST_CELL = 2 * LONGEST_RECORD + 4
"""A record that is too long is refused after its cells are read: its lines before the last one have
at most `LONGEST_RECORD` bytes together, and the last one two more."""
_DELIMITERS = (",", ";", "\t", "|")
_BOM = b"\xef\xbb\xbf"

Names = Callable[[Sequence[str]], Sequence[str] | None]
"""Returns the columns of a row without a header, None when it has another number of cells."""


class CsvRules(NamedTuple):
    """How CSV is read: without a delimiter, the one that the first line has most of.

    `names` returns the columns of rows without a header. `is_loose` compares names without case,
    spaces and punctuation. `ignored` returns whether a row belongs to the header.
    """

    delimiter: str | None = None
    encoding: str | None = None
    names: Names | None = None
    is_loose: bool = False
    ignored: Callable[[Sequence[str]], bool] | None = None


class _Record(NamedTuple):
    line: int
    end: int
    raw: bytes
    refusal: RefusedRow | None = None


class CsvRows:
    """The rows of one CSV file.

    `header` is the line of the header as it is in the file. `has_half_line` is set when the last
    record is incomplete and the file is not `finished`; it is then no row.
    """

    def __init__(self, rules: CsvRules, check_header: Callable[[Sequence[str]], None]) -> None:
        self.header = b""
        self.has_half_line = False
        self._rules = rules
        self._check_header = check_header
        self._columns: list[str] = []
        self._delimiter = rules.delimiter or ","

    def read_header(self, lines: Iterator[tuple[bytes, int]]) -> None:
        """Read the header again, before rows that follow it somewhere in the file."""
        for _ in self._rows_after_header(_whole(lines, self, True, 1)):
            return

    def batches(
        self, lines: Iterator[tuple[bytes, int]], finished: Callable[[], bool], line: int = 1
    ) -> Iterator[list[RecordRow]]:
        """Yield the rows in batches; `finished` is asked after the last line."""
        records = _whole(lines, self, finished, line)
        rest = records if self._columns else self._rows_after_header(records)
        while batch := list(islice(rest, BATCH)):
            yield self._read(batch)

    def _rows_after_header(self, records: Iterator[_Record]) -> Iterator[_Record]:
        for record in records:
            text = decode(record.raw, self._rules.encoding).rstrip("\r\n")
            if text.startswith("sep=") and len(text) == 5:
                self._delimiter = text[4]
                continue
            if self._rules.delimiter is None and not text.startswith("sep="):
                self._delimiter = max(_DELIMITERS, key=text.count)
            if self._rules.names is not None:
                yield record
            else:
                self.header = record.raw
                self._set_columns(self._cells((text,))[0])
            break
        yield from records

    def _set_columns(self, header: Sequence[str]) -> None:
        names = [it.strip() for it in header]
        self._check_header(names)
        self._columns = [loose(it) for it in names] if self._rules.is_loose else names

    def _read(self, batch: Sequence[_Record]) -> list[RecordRow]:
        texts = [decode(it.raw, self._rules.encoding).rstrip("\r\n") for it in batch]
        cells = self._cells(texts)
        rows = (self._row(record, found) for record, found in zip(batch, cells, strict=True))
        return [row for row in rows if row is not None]

    def _cells(self, texts: Sequence[str]) -> list[list[str]]:
        csv.field_size_limit(_LONGEST_CELL)
        try:
            rows = list(csv.reader(texts, delimiter=self._delimiter))
        except csv.Error:
            rows = []
        if len(rows) == len(texts):
            return rows
        # A quote inside a cell without quotes swallows lines: read each record alone.
        return [self._cells_alone(it) for it in texts]

    def _cells_alone(self, text: str) -> list[str]:
        """Return the cells of a record; a carriage return outside quotes counts as a space."""
        try:
            return next(csv.reader((text,), delimiter=self._delimiter), [])
        except csv.Error:
            text = text.replace("\r", " ")
            return next(csv.reader((text,), delimiter=self._delimiter), [])

    def _row(self, record: _Record, cells: list[str]) -> RecordRow | None:
        line, end, raw, refusal = record
        if refusal is None and len(raw) > LONGEST_RECORD:
            refusal = TOO_LONG
        if refusal is not None:
            return RecordRow(line, end, raw, {}, cells, refusal)
        columns: Sequence[str] | None = self._columns
        names = self._rules.names
        if names is not None:
            columns = names(cells)
        elif self._is_header(cells):
            return None
        if self._rules.ignored is not None and self._rules.ignored(cells):
            return None
        if columns is None or len(cells) != len(columns):
            wanted = f", the header {len(self._columns)}" if self._columns else ""
            sentence = f"the row has {len(cells)} cells{wanted}"
            refusal = RefusedRow("", "wrong_column_count", sentence)
            return RecordRow(line, end, raw, {}, cells, refusal)
        values: Mapping[str, str] = dict(zip(columns, map(str.strip, cells), strict=True))
        return RecordRow(line, end, raw, values, cells)

    def _is_header(self, cells: Sequence[str]) -> bool:
        """Return whether a row is the header again, as in files that were joined."""
        first = cells[0].strip()
        if (
            not self._columns
            or (loose(first) if self._rules.is_loose else first) != (self._columns[0])
        ):
            return False
        found = [it.strip() for it in cells]
        return (list(map(loose, found)) if self._rules.is_loose else found) == self._columns


def _whole(
    lines: Iterator[tuple[bytes, int]],
    rows: CsvRows,
    finished: Callable[[], bool] | bool,
    line: int,
) -> Iterator[_Record]:
    """Yield whole records: lines, joined while a quote is open, without blank and comment lines."""
    pending: list[tuple[bytes, int]] = []
    size, is_open, number = 0, False, line
    for raw, end in lines:
        is_odd = raw.count(b'"') % 2 == 1
        is_whole = raw[-1:] == b"\n"
        if not pending and ((is_whole and not is_odd) or raw.startswith(COMMENT)):
            if not _is_no_row(raw):
                yield _Record(number, end, raw)
            number += 1
            continue
        pending.append((raw, end))
        size += len(raw)
        is_open ^= is_odd
        if is_whole and not is_open:
            yield _Record(number, end, b"".join(it for it, _ in pending))
        elif size > LONGEST_RECORD:
            yield from _separate(pending, number)
        else:
            continue
        number += len(pending)
        pending, size, is_open = [], 0, False
    if not pending:
        return
    if not (finished() if callable(finished) else finished):
        rows.has_half_line = True
    elif is_open:
        yield from _separate(pending, number)
    elif not _is_no_row(pending[0][0]):
        yield _Record(number, pending[-1][1], b"".join(it for it, _ in pending))


def _separate(lines: Sequence[tuple[bytes, int]], number: int) -> Iterator[_Record]:
    """Refuse the line that opens a quote and never closes it; the lines after it are records."""
    (raw, end), *others = lines
    sentence = "a quote is opened and never closed"
    yield _Record(number, end, raw, RefusedRow("", "open_quote", sentence))
    for n, (other, at) in enumerate(others, number + 1):
        if not _is_no_row(other):
            is_open = other.count(b'"') % 2 == 1
            refusal = RefusedRow("", "open_quote", sentence) if is_open else None
            yield _Record(n, at, other, refusal)


def _is_no_row(raw: bytes) -> bool:
    if raw[:1].isalnum() or raw[:1] == b'"':
        return False
    return not raw.strip(b" \t\r\n\0\xef\xbb\xbf") or raw.startswith(COMMENT)
