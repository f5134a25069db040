"""POST /v1/rate: what would it cost; nothing is stored."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec
from anyio.to_thread import run_sync
from starlette.responses import Response

from tollbook.api.endpoints.amounts import AmountsQuery
from tollbook.api.endpoints.charges import ShownCharge, sees_buy, show_charge, show_match
from tollbook.api.openapi.cloud_event_schema import CLOUD_EVENT_EXAMPLES
from tollbook.api.openapi.endpoint import AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples import EVENT, RATED_ANSWER
from tollbook.api.openapi.examples_events import UNRATED_ANSWER
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.schemas import EVENTS_REQUEST
from tollbook.api.pipeline.request_body import (
    MOST_ESTIMATE_BYTES,
    decoder_of,
    read_unpacked,
)
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import (
    BodyTooLarge,
    Problem,
    QueueFull,
    UnsupportedBody,
)
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.receipts import Receipt
from tollbook.ingest.content_types import DECODERS
from tollbook.ingest.decode import Decoder
from tollbook.ingest.drafts import BodyReader
from tollbook.ingest.estimate import NotRated, Rated, rate
from tollbook.ingest.submit import complete

MOST_ESTIMATES = 1_000
"""The most events of a request; viewer tokens may send it too, and it costs more than storing."""


class RatedStatus(StrEnum):
    """What rating came to: a charge, a reason for quarantine, or an event that cannot be read."""

    PRICED = "priced"
    UNPRICED = "unpriced"
    REJECTED = "rejected"


class RatedEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The charge that the event at `index` would have, or why it would have none."""

    index: int
    status: RatedStatus
    id: str | None = None
    charge: ShownCharge | None = None
    code: str | None = None
    error: str | None = None
    field: str | None = None
    details: tuple[Problem, ...] = ()


class RatedCounts(msgspec.Struct, frozen=True):
    """How many events came to what."""

    priced: int = 0
    unpriced: int = 0
    rejected: int = 0


class RateAnswer(msgspec.Struct, frozen=True):
    """What events would cost, in order."""

    success: bool
    counts: RatedCounts
    charges: Sequence[RatedEvent]


async def post_rate(request: AsyncRequest[AmountsQuery]) -> Response:
    """Rate what a body brings, from one snapshot."""
    request.read_query()
    decode = decoder_of(request.http)
    body = await read_unpacked(request.http, MOST_ESTIMATE_BYTES)
    answer = await run_sync(_rated, request, decode, body, limiter=request.services.estimating)
    return json_response(answer, 200 if answer.success else 207)


def _rated(request: AsyncRequest, decode: Decoder, body: bytes) -> RateAnswer:
    services, key = request.services, request.admission.key
    # No id is taken, so any id will do.
    rules = msgspec.structs.replace(key.event_rules, id_prefix="")
    reader = BodyReader(services.directory_cache, decode, key.scope, rules, services.clock)
    draft = complete(reader.newest_draft(body))
    count = len(draft.events) + len(draft.rejections)
    if count > MOST_ESTIMATES:
        sentence = f"a request may estimate at most {MOST_ESTIMATES} events"
        raise BodyTooLarge(f"{sentence}; this one has {count}")
    with services.database.reading() as snapshot:
        request.authenticate(snapshot)
        rated = rate(snapshot, services.directory_cache, draft)
    charges = [_shown(it, key) for it in rated] + [_rejected(it) for it in draft.rejections]
    charges.sort(key=lambda it: it.index)
    found = Counter(it.status for it in charges)
    counts = RatedCounts(*(found[status] for status in RatedStatus))
    return RateAnswer(counts.priced == len(charges), counts, charges)


def _shown(it: Rated | NotRated, key: ApiKey) -> RatedEvent:
    index, identity = it.normalized.index, it.normalized.event.id
    if isinstance(it, NotRated):
        because = it.unpriced
        return RatedEvent(
            index, RatedStatus.UNPRICED, identity, code=because.code, error=because.reason
        )
    rate_ = it.chosen.rate if it.chosen else None
    charge = show_charge(
        it.explanation,
        it.normalized.meter.unit,
        it.currency,
        show_match(rate_, it.explanation, it.chosen.tariff.name if it.chosen else None),
        (it.tier_key, it.position),
        with_buy=sees_buy(key.scope),
    )
    return RatedEvent(index, RatedStatus.PRICED, identity, charge)


def _rejected(it: Receipt) -> RatedEvent:
    return RatedEvent(
        it.index,
        RatedStatus.REJECTED,
        it.id,
        code=it.code,
        error=it.error,
        field=it.field,
        details=it.details,
    )


POST_RATE = Endpoint(
    route="POST /v1/rate",
    name="postRate",
    summary="Estimate a cost",
    description=(
        f"Events as for `POST /v1/events`, up to {MOST_ESTIMATES:,} or 1 MiB, rated on the same "
        "way up to the commit; nothing is stored. Each is rated as if it were new and came now, "
        "one after the other: tiers go on from where the month stands, through the request. Ids "
        "are not looked up. What would go to quarantine is `unpriced`, with the reason. An event "
        "that states its `cost` is `rejected` unless the key has `events:cost`."
    ),
    permission=Permission.READ_ANALYTICS,
    request=Body(EVENTS_REQUEST, EVENT, tuple(DECODERS), examples=CLOUD_EVENT_EXAMPLES),
    answers={
        200: Body(
            RateAnswer,
            RATED_ANSWER,
            description="All have a charge.",
            links=leads("getPriceBook", version="/charges/0/charge/rate/book/version"),
        ),
        207: Body(RateAnswer, UNRATED_ANSWER, description="Some have none; each says why."),
    },
    handle=post_rate,
    errors=(UnsupportedBody, QueueFull),
    tag="Events",
)
