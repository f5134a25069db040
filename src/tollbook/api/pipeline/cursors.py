"""Cursors: texts that name the place where a list continues."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import msgspec

from tollbook.domain.directory import has_control_characters
from tollbook.domain.errors import InvalidRequest, Problem

T = TypeVar("T")
_place = msgspec.json.Decoder(tuple[Annotated[int, msgspec.Meta(ge=0, le=2**62)], str])

_id = msgspec.json.Decoder(str)


def write_cursor(value: Any) -> str:
    """Return a value as the text of a cursor."""
    return urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def read_cursor(text: str, decoder: msgspec.json.Decoder[T]) -> T:
    """Return the value of a cursor; `ValueError` for a text that `write_cursor` never returns."""
    padded = text + "=" * (-len(text) % 4)
    value = decoder.decode(b64decode(padded.encode(), b"-_", validate=True))
    if write_cursor(value) != text:
        raise ValueError(text)
    return value


def read_place(text: str) -> tuple[int, str]:
    """Return the place of a row, a number and an id; `InvalidRequest` for any other text."""
    with _refuse_others():
        number, identity = read_cursor(text, _place)
        _refuse_control_characters(identity)
    return number, identity


def read_id(text: str) -> str:
    """Return the id after which a list continues; `InvalidRequest` for any other text."""
    with _refuse_others():
        identity = read_cursor(text, _id)
        _refuse_control_characters(identity)
    return identity


@contextmanager
def _refuse_others() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        sentence = "cursor must be a next_cursor of an answer before"
        raise InvalidRequest.of([Problem("cursor", "invalid_cursor", sentence)]) from error


def _refuse_control_characters(identity: str) -> None:
    if has_control_characters(identity):
        raise ValueError(identity)
