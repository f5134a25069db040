"""Receipts: what became of each event of a request."""

from enum import StrEnum

import msgspec

from tollbook.domain.errors import Problem


class Outcome(StrEnum):
    """The five fates of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of the event at `index`; `code`, `error` and `field` say why it was not taken."""

    index: int
    status: Outcome
    id: str | None = None
    code: str | None = None
    error: str | None = None
    field: str | None = None
    details: tuple[Problem, ...] = ()


def rejected(index: int, identity: str | None, problems: tuple[Problem, ...]) -> Receipt:
    """Reject an event, naming its first problem and listing all of them."""
    first = problems[0]
    return Receipt(
        index, Outcome.REJECTED, identity, first.code, first.error, first.field, problems
    )


NOT_STORED = Problem(
    "", "batch_refused", "not stored: another event of this atomic batch was refused"
)
CONFLICT_SENTENCE = "this id was used before for an event with other content; the first one stands"


def conflict(index: int, identity: str) -> Receipt:
    """Report an id that already stands for other content."""
    return Receipt(index, Outcome.CONFLICT, identity, "conflict", CONFLICT_SENTENCE, "id")
