"""Receipts: the result for each event of a request."""

from enum import StrEnum

import msgspec

from tollbook.domain.errors import Problem
from tollbook.domain.quarantine import WayOut, ways_out


class Outcome(StrEnum):
    """The five results for an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The result for the event at `index`; `code`, `error` and `field` state why it was refused.

    `ways_out` are those of a quarantined event.
    """

    index: int
    status: Outcome
    id: str | None = None
    code: str | None = None
    error: str | None = None
    field: str | None = None
    details: tuple[Problem, ...] = ()
    reversal_id: str | None = None
    """The reversal of the corrected event, when it had been charged."""
    ways_out: tuple[WayOut, ...] = ()


def rejected(index: int, identity: str | None, problems: tuple[Problem, ...]) -> Receipt:
    """Return the receipt of a rejected event, with its first problem and a list of all."""
    first = problems[0]
    return Receipt(
        index, Outcome.REJECTED, identity, first.code, first.error, first.field, problems
    )


def quarantined(index: int, identity: str, code: str, reason: str) -> Receipt:
    """Return the receipt of an event that goes to quarantine, with the ways out."""
    return Receipt(index, Outcome.QUARANTINED, identity, code, reason, ways_out=ways_out(code))


NOT_STORED = Problem(
    "", "batch_refused", "not stored: another event of this atomic batch was not accepted"
)
CONFLICT_SENTENCE = "this id already belongs to an event with other content, which is kept"


def conflict(index: int, identity: str) -> Receipt:
    """Return the receipt of an id that already belongs to other content."""
    return Receipt(index, Outcome.CONFLICT, identity, "conflict", CONFLICT_SENTENCE, "id")
