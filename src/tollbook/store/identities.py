"""The statements that claim the identities of a batch, and look up those that exist already."""

from collections.abc import Iterator, Sequence

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.event_ids import encode_ids
from tollbook.store.events import DAY
from tollbook.store.staging import ExistingIdentity, Staged

# `WHERE true` keeps SQLite from reading ON CONFLICT as the condition of a join.
CLAIM = """
INSERT INTO event_keys (organization_id, id, fingerprint, day)
SELECT organization_id, id, fingerprint, day FROM staging WHERE true ORDER BY organization_id, id
ON CONFLICT (organization_id, id) DO NOTHING
RETURNING 1
"""

# By value: a join of the staging table with all identities might read all of them. A few look-ups
# need no other plan: the planner reads a table for them only while it is small.
EXISTING = f"""
SELECT organization_id, id_text(id), fingerprint, {DAY.format(keys="event_keys")}
FROM event_keys WHERE organization_id IN :numbers AND id IN :ids
"""

_LOOKUPS = 100
"""Look-ups by key that take about as long as another statement."""


def claim(transaction: Transaction) -> int:
    """Claim the identities of the staged rows; return how many were free."""
    return transaction.insert(CLAIM)


def existing(snapshot: Snapshot, rows: Sequence[Staged]) -> list[ExistingIdentity]:
    """Return the identities of the rows that exist already; each occurs once in `rows`."""
    wanted = {(row.organization_id, row.id) for row in rows}
    found: list[Row] = []
    for numbers, ids in _lookups(rows):
        read = snapshot.table if len(ids) <= _LOOKUPS else snapshot.table_by_key
        found += read(EXISTING, {"numbers": numbers, "ids": encode_ids(ids)}, 4)
    return [ExistingIdentity(*row) for row in found if (row[0], row[1]) in wanted]


def _lookups(rows: Sequence[Staged]) -> Iterator[tuple[list[int], list[str]]]:
    """Yield the organizations and ids to look up in one statement, which tries each pair."""
    of_organizations: dict[int, list[str]] = {}
    for row in rows:
        of_organizations.setdefault(row.organization_id, []).append(row.id)
    numbers: list[int] = []
    ids: list[str] = []
    for number, own in of_organizations.items():
        if numbers and (len(numbers) + 1) * (len(ids) + len(own)) > _LOOKUPS:
            yield numbers, ids
            numbers, ids = [], []
        numbers.append(number)
        ids.extend(own)
    yield numbers, ids
