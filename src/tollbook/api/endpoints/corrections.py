"""POST /v1/events/corrections: events replaced by others, a receipt for each."""

from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from starlette.responses import Response

from tollbook.api.endpoints.events import OF_RECEIPT, REFUSALS, receipts_body, receipts_response
from tollbook.api.openapi.endpoint import AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples_events import ALL_CORRECTED, CORRECTION, CORRECTIONS_ANSWER
from tollbook.api.openapi.parameter_types import Flag, about
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import CORRECTIONS_REQUEST
from tollbook.api.pipeline.body_budget import LARGE
from tollbook.api.pipeline.request_body import media_type_of, read_unpacked
from tollbook.domain.catalog import Catalog, HintingCatalog
from tollbook.domain.errors import UnsupportedBody
from tollbook.domain.keys import Permission
from tollbook.ingest.correction_submission import CorrectionSubmission, correction_submission
from tollbook.ingest.decode import MOST_EVENTS
from tollbook.ingest.decode_corrections import DECODERS


class CorrectionsQuery(Query, frozen=True, kw_only=True):
    """The query of a batch of corrections."""

    atomic: Annotated[Flag, about("Correct and charge all events or none.", True)] = False


async def post_corrections(request: AsyncRequest[CorrectionsQuery]) -> Response:
    """Correct events, and respond once everything accepted is on disk."""
    key, services = request.admission.key, request.services
    atomic = request.read_query().atomic
    decode = DECODERS.get(media_type_of(request.http))
    if decode is None:
        raise UnsupportedBody(f"Content-Type must be one of {', '.join(DECODERS)}")
    body = await read_unpacked(request.http)
    actor = request.actor(key)

    cache, tenant, meters = services.directory_cache, key.scope.tenant_id, key.limits.meters

    def prepare(catalog: Catalog) -> CorrectionSubmission:
        return correction_submission(decode(body, catalog), key.scope, actor, key, atomic=atomic)

    def remembered() -> CorrectionSubmission | None:
        """Return the submission by the catalog in memory; None if only the newest can decide."""
        found = cache.remembered_catalog(tenant)
        submission = prepare(found[1]) if found else None
        return None if submission and submission.has_unknown_types else submission

    def newest() -> CorrectionSubmission:
        return prepare(HintingCatalog(cache.loaded_catalog(tenant)[1], meters))

    def prepare_all() -> CorrectionSubmission:
        return remembered() or newest()

    if len(body) > LARGE:
        result = await services.write_queue.prepare_and_settle(prepare_all, services.decoding)
    else:
        submission = remembered()
        if submission is None:
            submission = await run_sync(newest)
        result = await services.write_queue.settle(submission)
    return receipts_response(result, services)


_some = partial(receipts_body, example=CORRECTIONS_ANSWER)

POST_CORRECTIONS = Endpoint(
    route="POST /v1/events/corrections",
    name="postCorrections",
    summary="Correct events",
    description=(
        f"One correction, an array or lines of JSON: up to {MOST_EVENTS:,}. A correction replaces "
        "an event by another with an id of its own; fields that it does not name keep their "
        "values. A charged event is reversed under the id `<id>.reversal`, returned as "
        "`reversal_id`, and the new event is charged like a late event. An event in quarantine is "
        "replaced there; if the new one can be charged, it is. Both happen in one transaction. A "
        "correction is `rejected` as `unknown_event`, `already_corrected` (the error names the "
        "correction), `already_reversed`, `is_a_reversal`, `event_discarded`, `archived`, "
        "`nothing_changed`, `not_for_this_key`, or with the reason why a charged event could not "
        "be charged again. It requires `events:reverse`, and `events:cost` to name `cost` or "
        "`cost_pending`. Corrections are stored one by one unless `atomic=true`."
    ),
    permission=Permission.WRITE_EVENTS,
    request=Body(CORRECTIONS_REQUEST, CORRECTION, tuple(DECODERS)),
    answers={
        200: receipts_body("All events are corrected, now or earlier.", OF_RECEIPT, ALL_CORRECTED),
        207: _some(
            "Some events are still in quarantine, in conflict or rejected; the receipts say.",
            OF_RECEIPT,
        ),
        409: _some("With `atomic=true`: a correction is in conflict; nothing was stored."),
        422: _some("With `atomic=true`: a correction was refused; nothing was stored."),
    },
    handle=post_corrections,
    errors=REFUSALS,
    tag="Events",
)
