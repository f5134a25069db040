"""Rows of JSON: objects a line, in an array, over many lines, or inside a page of an API."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from tollbook.records.columns import loose, text_of
from tollbook.records.csv_rows import BATCH, COMMENT
from tollbook.records.rows import RecordRow, RefusedRow

LONGEST_DOCUMENT = 16 * 1024 * 1024
"""The longest JSON object, in bytes. An array may be longer: its objects are read one by one."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]"]', re.DOTALL)
_BETWEEN = b" \t\r\n,\0\xef\xbb\xbf"
_any = msgspec.json.Decoder()
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_sorted = msgspec.json.Encoder(order="sorted")

Found = tuple[bytes, int, int]
"""The bytes of an object, its first line, and the offset after it."""


class JsonRows:
    """The rows of one JSON file.

    `lists` are the fields of a page that hold its rows, such as `calls`. `is_loose` compares the
    names of fields without case and punctuation. `has_half_line` is as in `CsvRows`.
    """

    header = b""

    def __init__(self, lists: Sequence[str] = (), *, is_loose: bool = False) -> None:
        self.has_half_line = False
        self._lists = lists
        self._is_loose = is_loose

    def batches(
        self, pieces: Iterator[bytes], finished: Callable[[], bool], line: int = 1, start: int = 0
    ) -> Iterator[list[RecordRow]]:
        """Yield the rows in batches; `finished` is asked after the last piece."""
        batch: list[RecordRow] = []
        scanner = _Scanner(line, start)
        for piece in pieces:
            for found in scanner.feed(piece):
                batch += self._rows(*found)
            if len(batch) >= BATCH:
                yield batch
                batch = []
        for found in scanner.end(finished()):
            batch += self._rows(*found)
        self.has_half_line = scanner.is_incomplete
        if batch:
            yield batch

    def _rows(self, raw: bytes, line: int, end: int) -> Iterator[RecordRow]:
        try:
            value = _any.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            sentence = "this is no JSON object"
            yield RecordRow(line, end, raw + b"\n", {}, (), RefusedRow("", "not_json", sentence))
            return
        inside = self._inside(value)
        if inside is None:
            yield self._row(raw, value, line, end)
            return
        for name in inside:
            items = _raw_list.decode(_raw_object.decode(raw)[name])
            for item in items:
                yield self._row(bytes(item), _any.decode(item), line, end)

    def _inside(self, value: Any) -> list[str] | None:
        """Return the fields of a page that are lists of rows, None for a row."""
        if not isinstance(value, dict):
            return None
        return [it for it in self._lists if isinstance(value.get(it), list)] or None

    def _row(self, raw: bytes, value: Any, line: int, end: int) -> RecordRow:
        raw += b"\n"
        if not isinstance(value, dict):
            refusal = RefusedRow("", "not_an_object", "a row must be a JSON object")
            return RecordRow(line, end, raw, {}, (), refusal)
        cells = (_sorted.encode(value).decode(),)
        if self._is_loose:
            value = {loose(name): text_of(it) for name, it in value.items()}
        return RecordRow(line, end, raw, value, cells)


class _Scanner:
    """Finds the objects of a stream of JSON: in arrays, or one after the other."""

    def __init__(self, line: int, start: int) -> None:
        self.is_incomplete = False
        self._buffer = b""
        self._offset = start
        self._line = line

    def feed(self, piece: bytes) -> Iterator[Found]:
        """Yield the objects that are complete with this piece."""
        self._buffer += piece
        yield from self._scan(is_last=False)
        if len(self._buffer) > LONGEST_DOCUMENT:
            yield self._cut_line()
            yield from self._scan(is_last=False)

    def end(self, finished: bool) -> Iterator[Found]:
        """Yield what is left; an incomplete object of a file that still grows stays."""
        yield from self._scan(is_last=True)
        while self._buffer.strip(_BETWEEN + b"]"):
            if not (finished or self._has_object_on_a_line()):
                self.is_incomplete = True
                return
            yield self._cut_line()
            yield from self._scan(is_last=True)

    def _has_object_on_a_line(self) -> bool:
        """Return whether another object begins a later line, so that this one is broken."""
        return any(_is_object(it) for it in self._buffer.splitlines()[1:] if it[:1] in (b"{", b"["))

    def _scan(self, *, is_last: bool) -> Iterator[Found]:
        buffer, at = self._buffer, 0
        while True:
            at = self._skip(buffer, at)
            if buffer[at : at + 1] != b"{":
                if not buffer[at : at + 1]:
                    break
                end = buffer.find(b"\n", at)
                if end < 0 and not is_last:
                    break
                end = len(buffer) if end < 0 else end + 1
                if not buffer.startswith(COMMENT, at):
                    yield buffer[at:end].rstrip(), self._line, self._offset + end
            else:
                end = _end_of_object(buffer, at)
                if end < 0:
                    break
                yield buffer[at:end], self._line, self._offset + _with_line_end(buffer, end)
            self._line += buffer.count(b"\n", at, end)
            at = end
        self._buffer = buffer[at:]
        self._offset += at

    def _skip(self, buffer: bytes, at: int) -> int:
        """Return where the next object begins: behind white space, commas and brackets."""
        while at < len(buffer) and buffer[at] in b" \t\r\n,\0\xef\xbb\xbf[]":
            self._line += buffer[at] == 10
            at += 1
        return at

    def _cut_line(self) -> Found:
        """Remove the first line, which belongs to no object that ends."""
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        self._offset += end
        self._line += 1
        return line.rstrip() + b" ", self._line - 1, self._offset


def _end_of_object(buffer: bytes, start: int) -> int:
    """Return the offset after the object that begins at `start`, -1 when it does not end here."""
    line = buffer.find(b"\n", start)
    if line >= 0 and _is_object(buffer[start:line]):
        return start + len(buffer[start:line].rstrip())
    depth = 0
    for token in _TOKEN.finditer(buffer, start):
        first = buffer[token.start()]
        if first in b"{[":
            depth += 1
        elif first in b"}]":
            depth -= 1
            if not depth:
                return token.end()
        elif token.end() - token.start() == 1:
            return -1  # the rest is the beginning of a text
    return -1


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(_any.decode(line), dict | list)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _with_line_end(buffer: bytes, end: int) -> int:
    """Return the offset after the line feed that follows an object."""
    while buffer[end : end + 1] in (b"\r", b",", b" "):
        end += 1
    return end + 1 if buffer[end : end + 1] == b"\n" else end
