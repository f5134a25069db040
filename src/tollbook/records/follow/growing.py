"""A file that grows: the rows after what is imported of it."""

from collections.abc import Iterator

from tollbook.records.contents import lines_of
from tollbook.records.csv_rows import CsvRows
from tollbook.records.follow.contents import Opened, pieces_from, size_of
from tollbook.records.follow.state import FileState
from tollbook.records.json_rows import JsonRows
from tollbook.records.mapping import Mapping
from tollbook.records.readers import Reader
from tollbook.records.rows import RecordRow, RefusedRow, SkippedRow, SourceRefused
from tollbook.records.source import check_header, csv_rules
from tollbook.records.text_rows import TextRows

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_REMEMBERED = 64 * 1024
_SPACE = b" \t\r\n\0\xef\xbb\xbf"


class GrowingFile:
    """An open file with its state; a packed one is complete and does not grow.

    `grew_at` is when it last had new rows, and `left_at` when its name began to lead to another
    file or to none, both on the clock of the caller.
    """

    header = b""

    def __init__(
        self, file: Opened, state: FileState, mapping: Mapping, reader: Reader, now: float
    ) -> None:
        self.file = file
        self.state = state
        self.grew_at = now
        self.left_at: float | None = None
        self._mapping = mapping
        self._reader = reader
        state.device, state.inode = file.key
        state.gone_since = None

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return self.file.path

    @property
    def behind(self) -> int:
        """Return the bytes that are not imported."""
        return max(0, size_of(self.file.content) - self.state.offset)

    def is_replaced(self) -> bool:
        """Return whether the content is not what was imported any more, as after copytruncate."""
        state, content = self.state, self.file.content
        return state.head.bytes > 0 and not state.matches(content, size_of(content), self.file.key)

    def batches(self) -> Iterator[list[RecordRow]]:
        """Yield the whole rows after what is imported, in batches."""
        content, state = self.file.content, self.state
        content.seek(0)
        first = content.read(_REMEMBERED)
        if first[:2] in _UTF_16:
            raise SourceRefused(f"{self.name} is in UTF-16, which cannot be followed")
        pieces = pieces_from(content, state.offset)
        shapes = self._reader.shapes
        if shapes == ("lines",):
            rows = TextRows(self._mapping.csv.encoding)
            found = rows.batches(lines_of(pieces, state.offset), self._is_ended, state.line)
        elif "json" in shapes and (len(shapes) == 1 or first.lstrip(_SPACE)[:1] in (b"{", b"[")):
            objects = JsonRows(self._mapping.lists, is_loose=self._mapping.is_loose)
            found = objects.batches(pieces, self._is_ended, state.line, state.offset)
        else:
            found = self._csv_batches(pieces)
        yield from self._reader.merged(found, self._is_ended)

    def advance(self, rows: list[RecordRow]) -> None:
        """Note that rows are stored, except those whose parts may still follow."""
        last = max(rows, key=lambda it: it.end)
        end, line = last.end, last.line + last.raw.count(b"\n")
        pending = self._reader.pending
        if pending is not None and pending.end - len(pending.raw) < end:
            end, line = pending.end - len(pending.raw), pending.line
        if end > self.state.offset:
            self.state.advance(self.file.content, end, line)

    def remember(self) -> None:
        """Let the reader see the rows just before the offset, for what it remembers of them."""
        if not self._reader.remembers or not self.state.offset:
            return
        start = max(0, self.state.offset - _REMEMBERED)
        self.file.content.seek(start)
        content = self.file.content.read(self.state.offset - start)
        if start:
            content = content.partition(b"\n")[2]
        rows = self._csv_rows()
        for batch in rows.batches(lines_of(iter((content,))), lambda: True):
            for row in batch:
                self._see(row)

    def close(self) -> None:
        """Close the file."""
        self.file.content.close()

    def _see(self, row: RecordRow) -> None:
        if row.refusal is None:
            try:
                self._reader.derive(row.values)
            except (SkippedRow, RefusedRow):
                return

    def _csv_rows(self) -> CsvRows:
        return CsvRows(
            csv_rules(self._mapping, self._reader),
            lambda names: check_header(self._mapping, self._reader, names, self.name),
        )

    def _csv_batches(self, pieces: Iterator[bytes]) -> Iterator[list[RecordRow]]:
        rows = self._csv_rows()
        if self.state.offset:
            rows.read_header(lines_of(pieces_from(self.file.content, 0)))
        self.header = rows.header
        for batch in rows.batches(
            lines_of(pieces, self.state.offset), self._is_ended, self.state.line
        ):
            self.header = rows.header
            yield batch

    def _is_ended(self) -> bool:
        return self.file.is_packed
