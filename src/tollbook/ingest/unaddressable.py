"""Reject events that would create an id that no client can put into a path."""

from collections.abc import Sequence
from operator import itemgetter

from tollbook.domain.directory import UNADDRESSABLE, unaddressable
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.store import directory, events
from tollbook.store.database import Transaction
from tollbook.store.staging import Staged

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


def unknown_organization(normalized: NormalizedEvent) -> Receipt:
    """Reject an event that would create an organization with such an id."""
    return rejected(normalized.index, normalized.event.id, (unaddressable("organization_id"),))


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
    return rejected(normalized.index, row.id, tuple(problems)) if problems else None
