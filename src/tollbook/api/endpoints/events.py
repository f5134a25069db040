"""POST /v1/events: usage events in, a receipt for each out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Annotated, Any

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.responses import Response

from tollbook.api.openapi.cloud_event_schema import CLOUD_EVENT_EXAMPLES
from tollbook.api.openapi.endpoint import AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples import EVENT, EVENTS_ANSWER
from tollbook.api.openapi.links import Links, leads
from tollbook.api.openapi.parameter_types import Flag, about
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import EVENTS_REQUEST
from tollbook.api.pipeline.body_budget import LARGE
from tollbook.api.pipeline.request_body import decoder_of, read_unpacked
from tollbook.api.pipeline.responses import JSON, encode_json
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import (
    MonthNotReady,
    QueueFull,
    UnsupportedBody,
)
from tollbook.domain.event_type_errors import MappedTypesChanged
from tollbook.domain.events import instant_text
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.receipts import Outcome, Receipt
from tollbook.ingest.commit import BatchResult
from tollbook.ingest.content_types import DECODERS
from tollbook.ingest.decode import MOST_EVENTS
from tollbook.ingest.directory_cache import TermsById
from tollbook.ingest.drafts import BodyReader
from tollbook.ingest.submit import KeyInUse, Submission, SubmissionDraft, submission_of

_GOOD = (Outcome.ACCEPTED, Outcome.DUPLICATE)


_Count = Annotated[int, Meta(ge=0)]


class Counts(msgspec.Struct, frozen=True):
    """How many events had each outcome."""

    accepted: _Count
    duplicate: _Count
    quarantined: _Count
    conflict: _Count
    rejected: _Count


class EventsAnswer(msgspec.Struct):
    """The outcome of a request: counts, and a receipt for each event in order."""

    success: Annotated[bool, Meta(description="Every event accepted or a duplicate.")]
    counts: Counts
    receipts: Sequence[Receipt]
    as_of: Annotated[
        str,
        Meta(
            description="The instant of the commit; `min_as_of` of a question whose answer must "
            "hold these events.",
            extra_json_schema={"format": "date-time"},
        ),
    ]


class PostEventsQuery(Query, frozen=True, kw_only=True):
    """The query of a batch of events."""

    atomic: Annotated[
        Flag,
        about(
            "Store all events or none. When any cannot be stored and charged, nothing is.",
            True,
        ),
    ] = False


async def post_events(request: AsyncRequest[PostEventsQuery]) -> Response:
    """Decode and submit events, and respond once all accepted ones are on disk."""
    token, key = request.admission
    query, services = request.read_query(), request.services
    decode = decoder_of(request.http)
    body = await read_unpacked(request.http)
    cache = services.directory_cache
    reader = BodyReader(cache, decode, key.scope, key.event_rules, services.clock)
    prepare = _Preparation(services, key, token, query.atomic, reader)
    try:
        result = await _store(services, prepare, body)
    except MappedTypesChanged:
        whole = partial(prepare.newest, body)
        result = await services.write_queue.prepare_and_settle(whole, services.decoding)
    return receipts_response(result, services)


async def _store(services: Services, prepare: "_Preparation", body: bytes) -> BatchResult:
    # Large bodies are decoded in a thread, one at a time: decoders in several threads
    # would not be faster, and the writer would wait for the interpreter's lock behind each of them.
    if len(body) > LARGE:
        whole = partial(prepare.all, body)
        return await services.write_queue.prepare_and_settle(whole, services.decoding)
    draft = prepare.reader.draft(body)
    if draft is None:
        draft = await run_sync(prepare.reader.newest_draft, body)
    submission = prepare.submission(draft) or await _loaded(prepare, draft)
    return await services.write_queue.settle(submission)


async def _loaded(prepare: "_Preparation", draft: SubmissionDraft) -> Submission:
    return await run_sync(prepare.with_loaded_terms, draft)


@dataclass(frozen=True)
class _Preparation:
    """The steps from a body to a submission, all at once or those that never wait."""

    services: Services
    key: ApiKey
    token: int
    atomic: bool
    reader: BodyReader

    def all(self, body: bytes) -> Submission:
        """Return the submission of a body, which may block."""
        draft = self.reader.draft(body) or self.reader.newest_draft(body)
        return self.submission(draft) or self.with_loaded_terms(draft)

    def newest(self, body: bytes) -> Submission:
        """Return the submission by the newest catalog, which may block."""
        return self.with_loaded_terms(self.reader.newest_draft(body))

    def submission(self, draft: SubmissionDraft) -> Submission | None:
        """Return the submission, or None when the terms are not in memory."""
        terms = self.services.directory_cache.remembered_terms(
            draft.scope.tenant_id, draft.organizations
        )
        return self._of(draft, terms) if terms else None

    def with_loaded_terms(self, draft: SubmissionDraft) -> Submission:
        """Return the submission with terms from the database, which may block."""
        terms = self.services.directory_cache.loaded_terms(
            draft.scope.tenant_id, draft.organizations, self.services.clock()
        )
        return self._of(draft, terms)

    def _of(self, draft: SubmissionDraft, terms: tuple[int, TermsById]) -> Submission:
        return submission_of(draft, terms, KeyInUse(self.key.prefix, self.token), self.atomic)


def receipts_response(result: BatchResult, services: Services) -> Response:
    """Return the receipts as a response."""
    status, body = receipts_answer(result, services)
    return Response(body, status, media_type=JSON)


def receipts_answer(result: BatchResult, services: Services) -> tuple[int, bytes]:
    """Return the receipts, and the status that says whether all events were accepted."""
    counts, by_outcome = _count([receipt.status for receipt in result.receipts])
    services.metrics.count_events(by_outcome)
    good = counts.accepted + counts.duplicate == len(result.receipts)
    status = 200 if good else 207
    if result.refused:
        status = 409 if counts.conflict else 422
    as_of = _text_of(result.as_of)
    return status, encode_json(EventsAnswer(good, counts, result.receipts, as_of))


@lru_cache(16)
def _text_of(instant: int) -> str:
    """Return an instant as text; the requests of a group have the same."""
    return instant_text(instant)


def _count(outcomes: Sequence[Outcome]) -> tuple[Counts, dict[str, int]]:
    if len(outcomes) == 1:  # most requests have one event, and counting costs more than storing it
        return _ONE[outcomes[0]]
    found = Counter(outcomes)
    by_outcome = {outcome.value: found[outcome] for outcome in Outcome}
    return Counts(**by_outcome), by_outcome


_ONE = {
    it: (Counts(**{other.value: int(other is it) for other in Outcome}), {it.value: 1})
    for it in Outcome
}
REFUSALS = (UnsupportedBody, QueueFull, MonthNotReady)
"""The errors that replace the receipts."""
OF_RECEIPT = leads(
    "getEvent", organization_id="$request.body#/organization_id", event_id="/receipts/0/id"
)
_LINKS = OF_RECEIPT | leads(
    *("getUserAnalytics", "listEvents"),
    organization_id="$request.body#/organization_id",
    min_as_of="/as_of",
)


def receipts_body(description: str, links: Links | None = None, example: Any = None) -> Body:
    """Return the body of receipts, for one status."""
    example = EVENTS_ANSWER if example is None else example
    return Body(EventsAnswer, example, description=description, links=links or {})


POST_EVENTS = Endpoint(
    route="POST /v1/events",
    name="postEvents",
    summary="Send usage events",
    description=(
        f"One event, an array of events, or lines of JSON: up to {MOST_EVENTS:,} events or 16 MiB, "
        "gzip accepted; or CloudEvents 1.0 in any mode. The answer comes when everything accepted "
        "is on disk. An event is identified by its organization and id, permanently: sending it "
        "again is a `duplicate` and a success; another content under the same id is a `conflict` "
        "and is not stored. An event of an unknown organization, or without a price, is "
        "`quarantined`: kept, not charged, and replayed later. An event that states its `cost` is "
        "`rejected` as `permission_missing` unless the key has `events:cost`, and as "
        "`id_outside_scope` when its id does not begin with the key's `id_prefix`. Events are "
        "stored one by one unless `atomic=true`."
    ),
    permission=Permission.WRITE_EVENTS,
    request=Body(EVENTS_REQUEST, EVENT, tuple(DECODERS), examples=CLOUD_EVENT_EXAMPLES),
    answers={
        200: receipts_body("All accepted, or duplicates of events stored before.", _LINKS),
        207: receipts_body(
            "Some events are quarantined, in conflict or rejected; the receipts say.",
            OF_RECEIPT | leads("listQuarantine", organization_id="$request.body#/organization_id"),
        ),
        409: receipts_body("With `atomic=true`: an event is in conflict; nothing was stored."),
        422: receipts_body("With `atomic=true`: an event was refused; nothing was stored."),
    },
    handle=post_events,
    errors=REFUSALS,
    tag="Events",
)
