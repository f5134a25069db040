"""Ids that no client can put into a path: an event that would make such an id new is rejected."""

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
    """Return whether any row has such an id or user; hardly ever does one."""
    return not (
        UNADDRESSABLE.isdisjoint(map(_id_of, rows))
        and UNADDRESSABLE.isdisjoint(map(_user_of, rows))
    )


def refusals_of_new(
    transaction: Transaction, facts: Sequence[NormalizedEvent], rows: Sequence[Staged]
) -> list[Receipt | None]:
    """Return for each row the rejection of an event that would make such an id new, or None.

    An event that is stored already keeps its answer, and a user that exists takes new events.
    """
    return [
        _refusal(transaction, fact, row) if has_unaddressable((row,)) else None
        for fact, row in zip(facts, rows, strict=True)
    ]


def unknown_organization(fact: NormalizedEvent) -> Receipt:
    """Reject an event whose organization would be new under such an id."""
    return rejected(fact.index, fact.event.id, (unaddressable("organization_id"),))


def _refusal(transaction: Transaction, fact: NormalizedEvent, row: Staged) -> Receipt | None:
    if events.keys(transaction, row.organization_id, {row.id}):
        return None
    problems = []
    if row.id in UNADDRESSABLE:
        problems.append(unaddressable("id"))
    if row.user_id in UNADDRESSABLE and not directory.find_user(
        transaction, row.organization_id, row.user_id
    ):
        problems.append(unaddressable("user_id"))
    return rejected(fact.index, row.id, tuple(problems)) if problems else None
