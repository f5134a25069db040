"""Choose the decoder of a body by its content type and its headers."""

from collections.abc import Sequence

from tollbook.domain.errors import UnsupportedBody
from tollbook.ingest.cloud_attributes import Header, attributes_of
from tollbook.ingest.cloud_bodies import binary_decoder, decode_batch, decode_structured
from tollbook.ingest.decode import Decoder, decode_json, decode_lines

DECODERS: dict[str, Decoder] = {
    "application/json": decode_json,
    "application/x-ndjson": decode_lines,
    "application/jsonl": decode_lines,
    "application/cloudevents+json": decode_structured,
    "application/cloudevents-batch+json": decode_batch,
}
"""The decoder of each content type of `POST /v1/events`, except in binary mode."""
_CLOUD_EVENTS = "application/cloudevents"


def media_type_in(content_type: str) -> str:
    """Return the media type of a `Content-Type`, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def find_decoder(content_type: str | None, headers: Sequence[Header]) -> Decoder:
    """Return the decoder of events; raise `UnsupportedBody` for another content type.

    `headers` are those that may be the attributes of a CloudEvent in binary mode. Without a content
    type, a body is JSON.
    """
    media_type = "application/json" if content_type is None else media_type_in(content_type)
    if headers and not media_type.startswith(_CLOUD_EVENTS):
        attributes = attributes_of(headers)
        if attributes is not None:
            return binary_decoder(attributes, content_type)
    decode = DECODERS.get(media_type)
    if decode is None:
        raise UnsupportedBody(f"Content-Type must be one of {', '.join(DECODERS)}")
    return decode
