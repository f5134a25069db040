"""The statements that keep the number of quarantined events, by organization and code."""

from collections import Counter
from collections.abc import Iterable, Mapping

from tollbook.store.database import Transaction
from tollbook.store.unpriced_groups import mark_left

OfCode = tuple[int, str]
"""The number of an organization, and the code of a reason."""

_CHANGE = """
INSERT INTO quarantine_counts (organization_id, code, events) VALUES (:number, :code, :events)
ON CONFLICT (organization_id, code) DO UPDATE SET
    events = quarantine_counts.events + excluded.events
"""


def change_counts(transaction: Transaction, changes: Mapping[OfCode, int]) -> None:
    """Add to the numbers of events; the transaction holds the ledgers."""
    transaction.execute_many(
        _CHANGE,
        [
            {"number": number, "code": code, "events": events}
            for (number, code), events in sorted(changes.items())
            if events
        ],
    )


def subtract(transaction: Transaction, left: Iterable[OfCode]) -> None:
    """Count events that have left the quarantine."""
    counted = Counter(left)
    change_counts(transaction, {it: -events for it, events in counted.items()})
    mark_left(transaction, counted)
