"""Making a submission of a decoded request: what this key may send, on which terms."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tollbook.domain.keys import Scope
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.accept import FUTURE_ALLOWED, refusal, staged_all
from tollbook.ingest.catalogue import TermsById
from tollbook.ingest.commit import Submission
from tollbook.ingest.decode import Decoded
from tollbook.ingest.facts import Fact


class Draft(msgspec.Struct, frozen=True):
    """The events of a request that may come in, and the receipts of those that may not."""

    scope: Scope
    facts: list[Fact]
    rejections: list[Receipt]
    organizations: frozenset[str]


class KeyInUse(NamedTuple):
    """The key of a request, and the revision of the directory it was found to hold at."""

    prefix: str
    revision: int


def draft_of(
    decoded: Sequence[Decoded], scope: Scope, now: int, meters: Sequence[str] = ()
) -> Draft:
    """Part what may come in from what may not: with `meters`, events of no other."""
    bound = scope.organization_id is not None or bool(meters)
    facts: list[Fact] = []
    rejections: list[Receipt] = []
    latest = now + FUTURE_ALLOWED
    for it in decoded:
        if isinstance(it, Receipt):
            rejections.append(it)
        elif (bound or it.time > latest) and (problem := refusal(it, scope, now, meters)):
            rejections.append(rejected(it.index, it.event.id, (problem,)))
        else:
            facts.append(it)
    organizations = frozenset(fact.event.organization_id for fact in facts)
    return Draft(scope, facts, rejections, organizations)


def submission_of(
    draft: Draft,
    terms: tuple[int, TermsById],
    key: KeyInUse | None = None,
    atomic: bool = False,
) -> Submission:
    """Make the rows by these terms.

    A submission is as old as the older of what it relies on: its key and its terms.
    """
    revision, by_id = terms
    if key is not None:
        revision = min(revision, key.revision)
    return Submission(
        draft.scope,
        key.prefix if key else None,
        draft.facts,
        draft.rejections,
        revision,
        staged_all(draft.facts, by_id),
        atomic,
    )
