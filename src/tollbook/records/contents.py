"""The content of a file or of standard input: unpacked, piece by piece, in bounded memory."""

import codecs
import zlib
from collections.abc import Iterator
from typing import BinaryIO

LONGEST_RECORD = 1024 * 1024
"""The longest line, and the longest record with quoted line breaks, in bytes."""

NO_ENCODING = (
    "is not the name of an encoding such as windows-1252 (UTF-16 is read by its byte order mark)"
)
_PIECE = 256 * 1024
_GZIP = b"\x1f\x8b"
_AUTOMATIC_GZIP = 31
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class InputContent:
    """The pieces of an input.

    `packed` is whether it is compressed by gzip. After the last piece, `damage` is None, or why
    nothing more can be read. `consumed` counts the packed bytes that were read, for progress.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.packed = False
        self.damage: str | None = None
        self.consumed = 0
        self._file = file

    def pieces(self) -> Iterator[bytes]:
        """Yield the unpacked content in UTF-8 or another encoding of single bytes.

        UTF-16 with a byte order mark becomes UTF-8.
        """
        pieces = self._unpacked()
        first = next(pieces, b"")
        while len(first) < 2 and (more := next(pieces, b"")):
            first += more
        if first[:2] in _UTF_16:
            yield from self._from_utf_16(first, pieces)
        elif first:
            yield first
            yield from pieces

    def _from_utf_16(self, first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        yield decoder.decode(first).encode()
        for piece in pieces:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()

    def _unpacked(self) -> Iterator[bytes]:
        try:
            first = self._read()
            self.packed = first[:2] == _GZIP
            yield from self._members(first) if self.packed else self._plain(first)
        except (OSError, EOFError, zlib.error) as error:
            self.damage = str(error)

    def _plain(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            yield piece
            piece = self._read()

    def _members(self, piece: bytes) -> Iterator[bytes]:
        """Yield what is in the members of a gzip file, up to where one is damaged."""
        unpacker = zlib.decompressobj(_AUTOMATIC_GZIP)
        while piece:
            unpacked = unpacker.decompress(piece, _PIECE)
            if unpacked:
                yield unpacked
            if unpacker.eof:
                piece = (unpacker.unused_data or self._read()).lstrip(b"\0")
                if piece:
                    unpacker = zlib.decompressobj(_AUTOMATIC_GZIP)
            else:
                piece = unpacker.unconsumed_tail or self._read()
        if not unpacker.eof:
            raise EOFError("the compressed file ends before its end-of-stream marker")

    def _read(self) -> bytes:
        piece = self._file.read(_PIECE)
        self.consumed += len(piece)
        return piece


def lines_of(pieces: Iterator[bytes], start: int = 0) -> Iterator[tuple[bytes, int]]:
    """Yield lines with their line feed, each with the offset after it; a last one may lack it.

    A line that is too long is cut to one byte more than `LONGEST_RECORD`.
    """
    rest, end, dropped = b"", start, 0
    for piece in pieces:
        parts = (rest + piece if rest else piece).split(b"\n")
        rest = parts.pop()
        for part in parts:
            end += len(part) + 1 + dropped
            dropped = 0
            yield part[: LONGEST_RECORD + 1] + b"\n", end
        if len(rest) > LONGEST_RECORD + 1:
            dropped += len(rest) - LONGEST_RECORD - 1
            rest = rest[: LONGEST_RECORD + 1]
    if rest:
        yield rest, end + len(rest) + dropped


def decode(line: bytes, encoding: str | None = None) -> str:
    """Decode a line in UTF-8, else in Windows-1252, without NULs and a byte order mark."""
    if b"\0" in line:
        line = line.replace(b"\0", b"")
    if encoding:
        return line.decode(encoding, errors="replace").removeprefix("\ufeff")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
    return text.removeprefix("\ufeff")


def is_encoding(name: str) -> bool:
    """Return whether a name is that of an encoding that `decode` can read lines in.

    UTF-16 is none: its lines do not end with a byte, and its byte order mark says what it is.
    """
    try:
        return b"-".decode(name, errors="replace") == "-"
    except (LookupError, UnicodeError):
        return False
