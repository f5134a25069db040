"""Cursors: where a list goes on, as a text that is read only as it was written."""

from base64 import b64decode, urlsafe_b64encode
from typing import Annotated, Any, TypeVar

import msgspec

from tollbook.domain.directory import has_control_characters
from tollbook.domain.errors import InvalidRequest, Problem

T = TypeVar("T")
_place = msgspec.json.Decoder(tuple[Annotated[int, msgspec.Meta(ge=0, le=2**62)], str])


def written(value: Any) -> str:
    """Write a cursor."""
    return urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def read(text: str, decoder: msgspec.json.Decoder[T]) -> T:
    """Read a cursor; `ValueError` for any text that `written` does not give."""
    padded = text + "=" * (-len(text) % 4)
    value = decoder.decode(b64decode(padded.encode(), b"-_", validate=True))
    if written(value) != text:
        raise ValueError(text)
    return value


def read_place(text: str) -> tuple[int, str]:
    """Read the place of a row that is known by a number and an id."""
    try:
        number, identity = read(text, _place)
        if has_control_characters(identity):
            raise ValueError(identity)
    except ValueError as error:
        sentence = "cursor must be a next_cursor of an answer before"
        raise InvalidRequest.of([Problem("cursor", "invalid_cursor", sentence)]) from error
    return number, identity
