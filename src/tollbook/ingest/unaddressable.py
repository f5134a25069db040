"""Reject events that would create an id that no client can put into a path."""

from collections.abc import Sequence
from operator import itemgetter

from tollbook.domain.directory import UNADDRESSABLE, unaddressable
from tollbook.domain.errors import Problem
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.cloud_events import rename_problems
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.store import directory, events
from tollbook.store.database import Transaction
from tollbook.store.staging import Staged

_TOO_MANY = Problem(
    "organization_id",
    "too_many_unknown_organizations",
    "no organization has this id, and events name too many of such organizations already; create "
    "it, or discard their events from quarantine, then send this event again",
)
_id_of = itemgetter(Staged._fields.index("id"))
_user_of = itemgetter(Staged._fields.index("user_id"))


def has_unaddressable(rows: Sequence[Staged]) -> bool:
    """Return whether any row has such an id or user, which is rare."""
    return not (
        UNADDRESSABLE.isdisjoint(map(_id_of, rows))
        and UNADDRESSABLE.isdisjoint(map(_user_of, rows))
    )


def refusals_of_new(
    transaction: Transaction, normalized: Sequence[NormalizedEvent], rows: Sequence[Staged]
) -> list[Receipt | None]:
    """Return for each row None, or the rejection of an event that would create such an id.

    A stored event keeps its receipt, and an existing user gets new events.
    """
    return [
        _refusal(transaction, event, row) if has_unaddressable((row,)) else None
        for event, row in zip(normalized, rows, strict=True)
    ]


def without_number(normalized: NormalizedEvent) -> Receipt:
    """Reject an event whose organization gets no number: for its id, or beyond the limit."""
    is_addressable = normalized.event.organization_id not in UNADDRESSABLE
    problem = _TOO_MANY if is_addressable else unaddressable("organization_id")
    problems = rename_problems((problem,), normalized.origin)
    return rejected(normalized.index, normalized.event.id, problems)


def _refusal(transaction: Transaction, normalized: NormalizedEvent, row: Staged) -> Receipt | None:
    if events.keys(transaction, row.organization_id, {row.id}):
        return None
    problems = []
    if row.id in UNADDRESSABLE:
        problems.append(unaddressable("id"))
    if row.user_id in UNADDRESSABLE and not directory.find_user(
        transaction, row.organization_id, row.user_id
    ):
        problems.append(unaddressable("user_id"))
    found = rename_problems(problems, normalized.origin)
    return rejected(normalized.index, row.id, found) if found else None
