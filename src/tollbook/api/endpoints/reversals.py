"""POST /v1/events/reversals: single events taken back, a receipt for each."""

from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from starlette.responses import Response

from tollbook.api.endpoints.events import OF_RECEIPT, REFUSALS, receipts_body, receipts_response
from tollbook.api.openapi.endpoint import AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples_events import ALL_REVERSED, REVERSAL, REVERSALS_ANSWER
from tollbook.api.openapi.parameter_types import Flag, about
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import REVERSALS_REQUEST
from tollbook.api.pipeline.request_body import media_type_of, read_unpacked
from tollbook.domain.errors import (
    UnsupportedBody,
)
from tollbook.domain.keys import Permission
from tollbook.ingest.decode import MOST_EVENTS
from tollbook.ingest.reversals import decode_reversals, reverse


class ReversalsQuery(Query, frozen=True, kw_only=True):
    """The query of a batch of reversals."""

    atomic: Annotated[
        Flag,
        about(
            "Reverse all events or none.",
            True,
        ),
    ] = False


async def post_reversals(request: AsyncRequest[ReversalsQuery]) -> Response:
    """Reverse events, and respond once the reversals are on disk."""
    key, services = request.admission.key, request.services
    atomic = request.read_query().atomic
    if media_type_of(request.http) != "application/json":
        raise UnsupportedBody("Content-Type must be application/json")
    body = await read_unpacked(request.http)

    def work() -> Response:
        decoded = decode_reversals(body)
        by = request.actor(key)
        result = reverse(
            services.database, services.directory_cache, key, decoded, by, atomic=atomic
        )
        return receipts_response(result, services)

    return await run_sync(work)


_some = partial(receipts_body, example=REVERSALS_ANSWER)

POST_REVERSALS = Endpoint(
    route="POST /v1/events/reversals",
    name="postReversals",
    summary="Reverse events",
    description=(
        f"One reversal or an array of up to {MOST_EVENTS:,}. A reversal is an event of its own, on "
        "the day of the one it takes back, with the same figures and other signs; in tiers it is "
        "charged the difference it makes to its month. Every sum is exact from then on, and the "
        "original stays readable. Its id is an event's like any other: "
        "the same again is a `duplicate`, other content under it a `conflict`. It is `rejected` "
        "as `unknown_event`, `event_in_quarantine`, `archived`, `already_reversed` (an event is "
        "reversed once), `is_a_reversal` or `cost_out_of_range`; as `permission_missing` when the "
        "key lacks `events:reverse`, and as `id_outside_scope` when the id does not begin with the "
        "key's `id_prefix`. Reversals are stored one by one unless `atomic=true`."
    ),
    permission=Permission.WRITE_EVENTS,
    request=Body(REVERSALS_REQUEST, REVERSAL),
    answers={
        200: receipts_body("All events are reversed, now or earlier.", OF_RECEIPT, ALL_REVERSED),
        207: _some("Some reversals are in conflict or rejected; the receipts say.", OF_RECEIPT),
        409: _some("With `atomic=true`: a reversal is in conflict; nothing was stored."),
        422: _some("With `atomic=true`: a reversal was refused; nothing was stored."),
    },
    handle=post_reversals,
    errors=REFUSALS,
    tag="Events",
)
