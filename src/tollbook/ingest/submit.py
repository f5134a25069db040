"""Making a submission of a decoded request: what this key may send, on which terms."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tollbook.domain.keys import KeyScope
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.accept import FUTURE_ALLOWED, refusals, staged_all
from tollbook.ingest.commit import Submission
from tollbook.ingest.decode import Decoded, InvalidEvent
from tollbook.ingest.directory_cache import TermsById
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent
from tollbook.ingest.unaddressable import unknown_organization


class SubmissionDraft(msgspec.Struct, frozen=True):
    """The events of a request that may come in, and the receipts of those that may not.

    `now` is the server's clock, in microseconds.
    """

    scope: KeyScope
    now: int
    facts: list[NormalizedEvent]
    rejections: list[Receipt]
    organizations: frozenset[str]


class KeyInUse(NamedTuple):
    """The key of a request, and the token of the state of the directory that it was found in."""

    prefix: str
    token: int


def draft_of(
    decoded: Sequence[Decoded], scope: KeyScope, now: int, meters: Sequence[str] = ()
) -> SubmissionDraft:
    """Part what may come in from what may not: with `meters`, events of no other."""
    bound = scope.organization_id is not None or bool(meters)
    facts: list[NormalizedEvent] = []
    rejections: list[Receipt] = []
    latest = now + FUTURE_ALLOWED
    for it in decoded:
        if isinstance(it, NormalizedEvent):
            if bound or it.time > latest:
                event = it.event
                said = ClaimedIdentity(event.organization_id, event.user_id, event.type, it.time)
                if problems := tuple(refusals(said, scope, now, meters)):
                    rejections.append(rejected(it.index, event.id, problems))
                    continue
            facts.append(it)
        elif isinstance(it, InvalidEvent):
            # A field that is wrong already says nothing of whose it is, or when.
            wrong = {problem.field for problem in it.problems}
            found = refusals(it.said, scope, now, meters)
            more = (problem for problem in found if problem.field not in wrong)
            rejections.append(rejected(it.index, it.id, (*it.problems, *more)))
        else:
            rejections.append(it)
    organizations = frozenset(fact.event.organization_id for fact in facts)
    return SubmissionDraft(scope, now, facts, rejections, organizations)


def submission_of(
    draft: SubmissionDraft,
    terms: tuple[int, TermsById],
    key: KeyInUse | None = None,
    atomic: bool = False,
) -> Submission:
    """Make the rows by these terms."""
    token, by_id = terms
    is_of_one_state = key is None or key.token == token
    facts, rejections = draft.facts, draft.rejections
    if len(by_id) < len(draft.organizations):
        unknown = [it for it in facts if it.event.organization_id not in by_id]
        facts = [it for it in facts if it.event.organization_id in by_id]
        rejections = [*rejections, *map(unknown_organization, unknown)]
    return Submission(
        draft.scope,
        key.prefix if key else None,
        facts,
        rejections,
        token if is_of_one_state else None,
        staged_all(facts, by_id, draft.now),
        draft.now,
        atomic,
    )
