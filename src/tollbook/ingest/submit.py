"""Build the submission of a decoded request: the events that its key may send, with rows."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tollbook.domain.keys import KeyScope
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.accept import FUTURE_ALLOWED, refusals, stage_rows
from tollbook.ingest.commit import Submission
from tollbook.ingest.decode import Decoded, InvalidEvent
from tollbook.ingest.directory_cache import TermsById
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent
from tollbook.ingest.unaddressable import unknown_organization


class SubmissionDraft(msgspec.Struct, frozen=True):
    """The allowed events of a request, and the receipts of rejected ones.

    `now` is the server's clock, in microseconds.
    """

    scope: KeyScope
    now: int
    events: list[NormalizedEvent]
    rejections: list[Receipt]
    organizations: frozenset[str]


class KeyInUse(NamedTuple):
    """The key of a request, and the token of the directory's state that it was found in."""

    prefix: str
    token: int


def draft_of(
    decoded: Sequence[Decoded], scope: KeyScope, now: int, meters: Sequence[str] = ()
) -> SubmissionDraft:
    """Separate allowed events from rejected ones. `meters` limits the types, if there are any."""
    bound = scope.organization_id is not None or bool(meters)
    events: list[NormalizedEvent] = []
    rejections: list[Receipt] = []
    latest = now + FUTURE_ALLOWED
    for it in decoded:
        if isinstance(it, NormalizedEvent):
            if bound or it.time > latest:
                event = it.event
                claimed = ClaimedIdentity(event.organization_id, event.user_id, event.type, it.time)
                if problems := tuple(refusals(claimed, scope, now, meters)):
                    rejections.append(rejected(it.index, event.id, problems))
                    continue
            events.append(it)
        elif isinstance(it, InvalidEvent):
            # A field with a problem proves nothing about the key or the time.
            wrong = {problem.field for problem in it.problems}
            found = refusals(it.claimed, scope, now, meters)
            more = (problem for problem in found if problem.field not in wrong)
            rejections.append(rejected(it.index, it.id, (*it.problems, *more)))
        else:
            rejections.append(it)
    organizations = frozenset(normalized.event.organization_id for normalized in events)
    return SubmissionDraft(scope, now, events, rejections, organizations)


def submission_of(
    draft: SubmissionDraft,
    terms: tuple[int, TermsById],
    key: KeyInUse | None = None,
    atomic: bool = False,
) -> Submission:
    """Build the rows by these terms."""
    token, by_id = terms
    is_of_one_state = key is None or key.token == token
    events, rejections = draft.events, draft.rejections
    if len(by_id) < len(draft.organizations):
        unknown = [it for it in events if it.event.organization_id not in by_id]
        events = [it for it in events if it.event.organization_id in by_id]
        rejections = [*rejections, *map(unknown_organization, unknown)]
    return Submission(
        scope=draft.scope,
        key_prefix=key.prefix if key else None,
        events=events,
        rejections=rejections,
        token=token if is_of_one_state else None,
        rows=stage_rows(events, by_id, draft.now),
        now=draft.now,
        atomic=atomic,
    )
