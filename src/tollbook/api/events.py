"""POST /v1/events: usage events in, a receipt for each out."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tollbook.api.access import KEY_HEADER, authenticate, presented, require
from tollbook.api.endpoint import Body, Endpoint, Kind, Parameter
from tollbook.api.examples import EVENT, EVENTS_ANSWER
from tollbook.api.responses import json_response
from tollbook.api.schemas import EVENTS_ANSWER_SCHEMA, EVENTS_REQUEST
from tollbook.api.services import Services
from tollbook.domain.errors import (
    BodyTooLarge,
    InvalidApiKey,
    InvalidRequest,
    QueueFull,
    SumOutOfRange,
    UnreadableBody,
    UnsupportedBody,
)
from tollbook.domain.keys import ApiKey, Permission, matches
from tollbook.domain.receipts import Outcome, Receipt
from tollbook.ingest.commit import Settled
from tollbook.ingest.decode import DECODERS, MOST_EVENTS
from tollbook.ingest.submit import submission_of

MOST_BYTES = 16 * 1024 * 1024
_LARGE = 64 * 1024
"""Bodies from here on are decoded beside the event loop, so that other requests go on."""
_GZIP = 16 + zlib.MAX_WBITS
_GOOD = (Outcome.ACCEPTED, Outcome.DUPLICATE)


class Counts(msgspec.Struct):
    """How many events had each outcome."""

    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    conflict: int = 0
    rejected: int = 0


class EventsAnswer(msgspec.Struct):
    """What became of a request: counts, and a receipt for each event, in order."""

    success: bool
    counts: Counts
    receipts: Sequence[Receipt]


async def post_events(request: Request, services: Services, query: Mapping[str, Any]) -> Response:
    """Decode, submit, and answer once everything accepted is on disk."""
    key = await _key_of(request, services)
    require(key, Permission.WRITE_EVENTS)
    decode = _decoder(request)
    body = await read_bounded(request, MOST_BYTES)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        body = await run_sync(_unzipped, request.headers["content-encoding"], body)

    def work() -> Any:
        return submission_of(
            decode(body),
            key.scope,
            services.catalogue,
            services.clock(),
            key_prefix=key.prefix,
            atomic=query["atomic"],
        )

    large = len(body) > _LARGE
    submission = await run_sync(work) if large else work()
    settled = await services.inbox.settle(submission)
    return _answer(settled)


async def _key_of(request: Request, services: Services) -> ApiKey:
    """Find the key, from memory when it is there: the commit makes sure that it still holds."""
    header = request.headers.get(KEY_HEADER)
    text, prefix = presented(header)
    key = services.catalogue.remembered_key(prefix)
    if key is None:

        def look_up() -> ApiKey:
            with services.database.reading() as snapshot:
                return authenticate(services.catalogue, snapshot, header)

        return await run_sync(look_up)
    if not matches(text, key.hash):
        raise InvalidApiKey
    return key


def _decoder(request: Request) -> Any:
    media_type = request.headers.get("content-type", "application/json").partition(";")[0]
    decode = DECODERS.get(media_type.strip().lower())
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


def _unzipped(encoding: str, body: bytes) -> bytes:
    if encoding.strip().lower() != "gzip":
        raise UnsupportedBody("Content-Encoding must be gzip, or absent")
    unzip = zlib.decompressobj(_GZIP)
    try:
        plain = unzip.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise UnreadableBody(f"the body is not gzip: {error}") from error
    if len(plain) > MOST_BYTES:
        raise BodyTooLarge(f"the unpacked body must have at most {MOST_BYTES} bytes")
    if not unzip.eof:
        raise UnreadableBody("the body is not gzip: it ends early")
    return plain


def _answer(settled: Settled) -> Response:
    counts = Counts()
    for receipt in settled.receipts:
        setattr(counts, receipt.status, getattr(counts, receipt.status) + 1)
    good = counts.accepted + counts.duplicate == len(settled.receipts)
    status = 200 if good else 207
    if settled.refused:
        status = 409 if counts.conflict else 422
    return json_response(EventsAnswer(good, counts, settled.receipts), status)


POST_EVENTS = Endpoint(
    method="POST",
    path="/v1/events",
    name="postEvents",
    summary="Send usage events",
    description=(
        f"One event, an array of events, or lines of JSON: up to {MOST_EVENTS:,} events or 16 MiB, "
        "gzip accepted. The answer comes when everything accepted is on disk. An event is "
        "identified by its organization and id, for ever: sending it again is a `duplicate` and "
        "a success; another content under the same id is a `conflict` and is not stored. An event "
        "of an unknown organization, or without a price, is `quarantined`: kept, not charged, and "
        "replayed later. Events are taken one by one unless `atomic=true`."
    ),
    permission=Permission.WRITE_EVENTS,
    parameters=(
        Parameter(
            "atomic",
            "Store all events or none. When any cannot be stored and charged, nothing is.",
            Kind.BOOLEAN,
            example=True,
            default=False,
        ),
    ),
    request=Body(EVENTS_REQUEST, EVENT, tuple(DECODERS)),
    answers={
        200: Body(
            EVENTS_ANSWER_SCHEMA,
            EVENTS_ANSWER,
            description="All accepted, or duplicates of events stored before.",
        ),
        207: Body(
            EVENTS_ANSWER_SCHEMA,
            EVENTS_ANSWER,
            description="Some events are quarantined, in conflict or rejected; the receipts say.",
        ),
        409: Body(
            EVENTS_ANSWER_SCHEMA,
            EVENTS_ANSWER,
            description="With `atomic=true`: an event is in conflict; nothing was stored.",
        ),
        422: Body(
            EVENTS_ANSWER_SCHEMA,
            EVENTS_ANSWER,
            description="With `atomic=true`: an event was refused; nothing was stored.",
        ),
    },
    take=post_events,
    errors=(
        InvalidRequest,
        UnreadableBody,
        BodyTooLarge,
        UnsupportedBody,
        SumOutOfRange,
        QueueFull,
    ),
    tag="Events",
)
