"""Read bodies up to their limits, and unpack them."""

import gzip
import io
import zlib
from collections.abc import Iterator

from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request

from tollbook.api.pipeline.body_budget import BodyReservation, reservation_of
from tollbook.api.pipeline.request_log import REFUSAL
from tollbook.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody
from tollbook.ingest.cloud_attributes import http_headers
from tollbook.ingest.content_types import find_decoder, media_type_in
from tollbook.ingest.decode import Decoder

MOST_BYTES = 16 * 1024 * 1024
MOST_ESTIMATE_BYTES = 1024 * 1024
MOST_OTHER_BYTES = 64 * 1024
"""The limit of bodies other than events and price books."""
_UNPACKED_AT_ONCE = 1024 * 1024
_GZIP = b"\x1f\x8b"
"""How gzip begins."""


def media_type_of(request: Request) -> str:
    """Return the media type of a body; JSON by default."""
    return media_type_in(request.headers.get("content-type", "application/json"))


def decoder_of(request: Request) -> Decoder:
    """Return the decoder of events for the media type, or for the headers of a CloudEvent."""
    headers = http_headers(request.scope["headers"])
    return find_decoder(request.headers.get("content-type"), headers)


async def read_bounded(request: Request, most: int) -> bytes:
    """Read a body; raise as soon as it exceeds `most` bytes or the budget of all bodies."""
    reservation = reservation_of(request)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise BodyTooLarge(f"the body must have at most {most} bytes")
            reservation.reserve(len(chunk))
            chunks.append(chunk)
    except ClientDisconnect as error:
        ended = UnreadableBody("the body ended early")
        raise request.scope.get(REFUSAL, ended) from error
    return b"".join(chunks)


async def read_unpacked(request: Request, most: int = MOST_BYTES) -> bytes:
    """Read a body of events, gzip or not, of up to `most` bytes in both forms."""
    body = await read_bounded(request, most)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        encoding = request.headers["content-encoding"]
        body = await run_sync(unpack, encoding, body, reservation_of(request), most)
    return body


def unpack(
    encoding: str, body: bytes, reservation: BodyReservation, most: int = MOST_BYTES
) -> bytes:
    """Return an unpacked body, whose size is limited too."""
    if encoding.strip().lower() != "gzip":
        raise UnsupportedBody("Content-Encoding must be gzip, or absent")
    try:
        return b"".join(_pieces(gzip.GzipFile(fileobj=io.BytesIO(body)), reservation, most))
    except EOFError as error:
        raise UnreadableBody("the body is not gzip: it ends early") from error
    except (OSError, zlib.error) as error:
        damaged = ": it is damaged" if body.startswith(_GZIP) else ""
        raise UnreadableBody(f"the body is not gzip{damaged}") from error


def _pieces(packed: gzip.GzipFile, reservation: BodyReservation, most: int) -> Iterator[bytes]:
    size = 0
    while piece := packed.read(_UNPACKED_AT_ONCE):
        size += len(piece)
        if size > most:
            raise BodyTooLarge(f"the unpacked body must have at most {most} bytes")
        reservation.reserve(len(piece))
        yield piece
