"""Ids of events as they are stored: bytes, in which a UUID or 32 hexadecimal digits take 16.

| id | stored form |
|---|---|
| a UUID in lower case with hyphens | its 16 bytes |
| a text and such a UUID | 01, the text, the 16 bytes |
| 32 hexadecimal digits in lower case, or a text and these | 02, the text, the 16 bytes |
| any other text of 16 bytes | 03, the text |
| any other text | the text |

Ids have no control characters, so the first byte and the length show the form. The order of events
is that of these bytes: within each form, and after the same text, it is that of the ids.
Statements read an id as `id_text(column)`.
"""

from collections.abc import Iterable
from typing import Any

_UUID_LENGTH, _HEX_LENGTH, _BYTES = 36, 32, 16
_SPACE = ord(" ")
_from_hex = bytes.fromhex
_HYPHEN = 13
"""The place of the last hyphen of a UUID, from its end."""
_AND_UUID, _AND_HEX, _OF_16_BYTES = b"\x01", b"\x02", b"\x03"
_OF_NO_EVENT = b"\x00"
"""The form of a text that begins with a control character, which is the id of no event."""

BEFORE_ALL = b""
"""A position before all ids."""


def encode_id(identity: str) -> bytes:
    """Return the stored form of an id."""
    length = len(identity)
    if length >= _HEX_LENGTH:
        if identity[-_HYPHEN] != "-":
            number = _number(identity[-_HEX_LENGTH:])
            if number and length == _HEX_LENGTH:
                return _AND_HEX + number
            if number:
                return _AND_HEX + _as_utf8(identity[:-_HEX_LENGTH]) + number
        elif length >= _UUID_LENGTH:
            number = _number_of_uuid(identity[-_UUID_LENGTH:])
            if number and length == _UUID_LENGTH:
                return number
            if number:
                return _AND_UUID + _as_utf8(identity[:-_UUID_LENGTH]) + number
    found = _as_utf8(identity)
    if found and found[0] < _SPACE:
        return _OF_NO_EVENT
    return _OF_16_BYTES + found if len(found) == _BYTES else found


# A regular expression takes several times as long as to read the digits and write them again.
def _number(digits: str) -> bytes | None:
    """Return the bytes of hexadecimal digits in lower case; None for another text."""
    try:
        number = _from_hex(digits)
    except ValueError:
        return None
    return number if number.hex() == digits else None


def _number_of_uuid(text: str) -> bytes | None:
    """Return the bytes of a UUID in lower case; None for another text."""
    if not text[8] == text[13] == text[18] == text[23] == "-":
        return None
    return _number(text.replace("-", ""))


def _as_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def decode_id(stored: bytes) -> str:
    """Return the id of a stored form."""
    if len(stored) == _BYTES:
        return _uuid_text(stored)
    form = stored[:1]
    if form == _AND_UUID:
        return stored[1:-_BYTES].decode() + _uuid_text(stored[-_BYTES:])
    if form == _AND_HEX:
        return stored[1:-_BYTES].decode() + stored[-_BYTES:].hex()
    return stored.removeprefix(_OF_16_BYTES).decode()


def _uuid_text(stored: bytes) -> str:
    digits = stored.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def encode_optional(identity: str | None) -> bytes | None:
    """Return the stored form of an id that may be missing."""
    return None if identity is None else encode_id(identity)


def encode_ids(ids: Iterable[str]) -> list[bytes]:
    """Return the stored forms of ids."""
    return [encode_id(identity) for identity in ids]


def texts(names: Iterable[str], table: str = "") -> str:
    """Return columns as a statement selects them, ids of events as texts."""
    prefix = f"{table}." if table else ""
    return ", ".join(
        f"id_text({prefix}{name})" if name in ID_COLUMNS else f"{prefix}{name}" for name in names
    )


ID_COLUMNS = frozenset({"id", "reverses", "corrects", "reversal_id"})
"""The columns of ids in the tables of events."""


def decode_row(row: Iterable[Any]) -> tuple[Any, ...]:
    """Return the values of a row that was read without `id_text`, with its ids as texts."""
    return tuple(decode_id(it) if isinstance(it, bytes) else it for it in row)
