"""Decode the body of a message: whatever `POST /v1/events` accepts."""

import gzip
import io
import zlib

from tollbook.brokers.transport import Message
from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody
from tollbook.ingest.content_types import find_decoder
from tollbook.ingest.decode import Decoded, Decoder, decode_json, decode_lines

MOST_BYTES = 16 * 1024 * 1024
"""The largest body, packed and unpacked."""
_GZIP = b"\x1f\x8b"
_ENCODINGS = ("", "identity", "gzip")


def decoder_of(message: Message) -> Decoder:
    """Return the decoder of a message by its type and headers.

    A message without a content type is JSON, or else lines of JSON.
    """
    if message.content_type is None and not message.attributes:
        return _decode_untyped
    return find_decoder(message.content_type, message.attributes)


def unpacked(message: Message) -> bytes:
    """Return the body of a message without gzip, which its header or first bytes show."""
    body, encoding = message.body, (message.content_encoding or "").strip().lower()
    if encoding not in _ENCODINGS:
        raise UnsupportedBody("Content-Encoding must be gzip, or absent")
    if len(body) > MOST_BYTES:
        raise BodyTooLarge(f"the body must have at most {MOST_BYTES} bytes")
    if encoding != "gzip" and not body.startswith(_GZIP):
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            content = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableBody("the body is not gzip, or it is damaged") from error
    if len(content) > MOST_BYTES:
        raise BodyTooLarge(f"the unpacked body must have at most {MOST_BYTES} bytes")
    return content


def _decode_untyped(body: bytes, catalog: Catalog) -> list[Decoded]:
    try:
        return decode_json(body, catalog)
    except UnreadableBody as error:
        try:
            return decode_lines(body, catalog)
        except UnreadableBody:
            raise error from None
