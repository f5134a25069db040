"""Decode the bodies of CloudEvents: structured, batch and binary mode."""

from codecs import BOM_UTF8
from functools import partial
from typing import TypeVar

import msgspec

from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import Problem, UnreadableBody
from tollbook.domain.receipts import rejected
from tollbook.ingest.cloud_attributes import CloudAttributes
from tollbook.ingest.cloud_events import is_json
from tollbook.ingest.decode import (
    MOST_EVENTS,
    Decoded,
    Decoder,
    decode_members,
    too_many,
    why_unreadable,
)
from tollbook.ingest.problems import LARGEST_READ, TOO_LARGE, fields_of

_raw = msgspec.json.Decoder(msgspec.Raw)
_raw_many = msgspec.json.Decoder(list[msgspec.Raw])
_NO_OBJECT = Problem("", "not_an_object", "a CloudEvent must be a JSON object")
_T = TypeVar("_T")


def decode_structured(body: bytes, catalog: Catalog) -> list[Decoded]:
    """Read one CloudEvent; `UnreadableBody` when the body is not JSON."""
    return [_decode_one(0, bytes(_read(_raw, body)), catalog)]


def decode_batch(body: bytes, catalog: Catalog) -> list[Decoded]:
    """Read an array of CloudEvents; `UnreadableBody` when the body is not a JSON array."""
    raws = _read(_raw_many, body)
    if len(raws) > MOST_EVENTS:
        raise too_many("events", len(raws))
    return [_decode_one(index, bytes(raw), catalog) for index, raw in enumerate(raws)]


def binary_decoder(attributes: CloudAttributes, content_type: str | None) -> Decoder:
    """Return the decoder of a body that is the data of one CloudEvent with these attributes."""
    return partial(_decode_binary, attributes, content_type)


def _decode_binary(
    attributes: CloudAttributes, content_type: str | None, body: bytes, catalog: Catalog
) -> list[Decoded]:
    if len(body) > LARGEST_READ:
        return [rejected(0, None, (TOO_LARGE,))]
    members = dict(attributes.members)
    if content_type is not None:
        members["datacontenttype"] = msgspec.json.encode(content_type)
    if content_type is not None and not is_json(content_type):
        if body:
            members["data"] = b"{}"  # rejected for its type, whatever it is
    elif body.removeprefix(BOM_UTF8).strip():
        members["data"] = bytes(_read(_raw, body))
    return [decode_members(0, members, catalog, attributes.problems)]


def _decode_one(index: int, raw: bytes, catalog: Catalog) -> Decoded:
    if len(raw) > LARGEST_READ:
        return rejected(index, None, (TOO_LARGE,))
    try:
        members = fields_of(raw)
    except msgspec.ValidationError:
        return rejected(index, None, (_NO_OBJECT,))
    return decode_members(index, members, catalog)


def _read(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    body = body.removeprefix(BOM_UTF8)
    try:
        body.decode()  # the decoder does not check the bytes of raw parts
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBody(f"the body is not JSON: {why_unreadable(error, body)}") from error
