"""Read the attributes of a CloudEvent in binary mode, which come as headers."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from tollbook.domain.errors import Problem
from tollbook.ingest.problems import Fields

_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_NOT_HEADERS = ("data", "data_base64")
"""Members of the JSON format that are no attributes."""
_CONTENT_TYPE = "datacontenttype"
_STARTS = frozenset({"specversion", "id", "source", "type"})
"""Headers of which one is enough to be in binary mode."""

Header = tuple[str, bytes]
"""A name in lower case and without its prefix, and a value in UTF-8."""


class CloudAttributes(NamedTuple):
    """The attributes of a CloudEvent as members of its JSON format, and their problems."""

    members: Fields
    problems: list[Problem]


def attributes_of(headers: Iterable[Header]) -> CloudAttributes | None:
    """Return the attributes of binary mode; None when these are not the headers of it."""
    headers = list(headers)
    if _STARTS.isdisjoint(name for name, _ in headers):
        return None
    members: Fields = {}
    problems: list[Problem] = []
    for name, value in headers:
        if name == _CONTENT_TYPE:  # binary mode has a header of its own for it
            continue
        if name in members:
            problems.append(Problem(name, "repeated_field", f"{name} is given twice"))
        elif name in _NOT_HEADERS:
            sentence = f"{name} must not be a header: in binary mode the body is the data"
            problems.append(Problem(name, "invalid_name", sentence))
        else:
            members[name] = _json_text(name, value, problems)
    return CloudAttributes(members, problems)


def http_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[Header]:
    """Return the headers of an HTTP request that may be attributes."""
    return [
        (name[3:].decode("latin-1"), unquoted(value))
        for name, value in headers
        if name[:3] == b"ce-"
    ]


def unquoted(value: bytes) -> bytes:
    """Return a header's value without quotes and percent-encoding, each undone once."""
    value = value.strip(b" \t")
    if len(value) > 1 and value[:1] == value[-1:] == b'"':
        value = _ESCAPED.sub(rb"\1", value[1:-1])
    return unquote_to_bytes(value)


def _json_text(name: str, value: bytes, problems: list[Problem]) -> bytes:
    try:
        return msgspec.json.encode(value.decode())
    except UnicodeDecodeError:
        problems.append(Problem(name, "invalid_utf8", f"{name} must be valid UTF-8"))
        return b'"?"'
