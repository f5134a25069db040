"""Reading what may be large: the body up to its bound, unpacked."""

import gzip
import io
import zlib

from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request

from tollbook.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody
from tollbook.ingest.decode import DECODERS, Decoder

MOST_BYTES = 16 * 1024 * 1024
LARGE = 64 * 1024
"""Bodies from here on are decoded beside the event loop, so that other requests go on.

One at a time: decoders in several threads would not be faster, and the writer would have to wait
for the interpreter's lock behind each of them.
"""


def media_type_of(request: Request) -> str:
    """Name the content type, JSON unless said."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0]
    return media_type.strip().lower()


def decoder_of(request: Request) -> Decoder:
    """Choose how events are read by the content type."""
    decode = DECODERS.get(media_type_of(request))
    if decode is None:
        raise UnsupportedBody(f"Content-Type must be one of {', '.join(DECODERS)}")
    return decode


async def read_bounded(request: Request, most: int) -> bytes:
    """Read a body, or raise `BodyTooLarge` as soon as it passes `most` bytes."""
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise BodyTooLarge(f"the body must have at most {most} bytes")
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise UnreadableBody("the body ended early") from error
    return b"".join(chunks)


async def read_unpacked(request: Request) -> bytes:
    """Read a body of events, gzip or not."""
    body = await read_bounded(request, MOST_BYTES)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        body = await run_sync(unpacked, request.headers["content-encoding"], body)
    return body


def unpacked(encoding: str, body: bytes) -> bytes:
    """Unpack a body; what is in it has a bound too."""
    if encoding.strip().lower() != "gzip":
        raise UnsupportedBody("Content-Encoding must be gzip, or absent")
    try:
        plain = gzip.GzipFile(fileobj=io.BytesIO(body)).read(MOST_BYTES + 1)
    except EOFError as error:
        raise UnreadableBody("the body is not gzip: it ends early") from error
    except (OSError, zlib.error) as error:
        raise UnreadableBody(f"the body is not gzip: {error}") from error
    if len(plain) > MOST_BYTES:
        raise BodyTooLarge(f"the unpacked body must have at most {MOST_BYTES} bytes")
    return plain
