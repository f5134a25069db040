"""The statements for groups of events without a price: by organization, meter, country and code.

A transaction that adds or deletes a group holds the ledger of its organization, so that no event
finds a group that is being deleted.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from tollbook.domain.quarantine import UNPRICED
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.event_ids import encode_ids
from tollbook.store.scope_check import ALL_TENANTS

UNPRICED_CODES = frozenset(UNPRICED)
_CODES = ", ".join(f"'{code}'" for code in UNPRICED)
_KEY = "organization_id, meter, country, code"


class GroupStatus(IntEnum):
    """Whether a group was notified: not yet, alone, or among the rest."""

    NEW = 0
    ALONE = 1
    AMONG_REST = 2


class UnpricedGroup(NamedTuple):
    """A group, with its tenant and organization; `since` is in microseconds.

    `meter` is a code, and `event_id` one of the first events.
    """

    tenant: str
    organization_id: str
    number: int
    meter: int
    country: str
    code: str
    event_id: str
    since: int


class GroupKey(NamedTuple):
    """What the events of a group have in common."""

    number: int
    meter: int
    country: str
    code: str


def _add(source: str) -> str:
    return (
        f"INSERT INTO unpriced_groups ({_KEY}, event_id, since) "
        f"SELECT {_KEY}, MIN(id_text(id)), CAST(:now AS BIGINT) FROM {source} code IN ({_CODES}) "
        f"GROUP BY {_KEY} ORDER BY {_KEY} ON CONFLICT ({_KEY}) DO NOTHING"
    )


_ADD_STAGED = _add("staging WHERE")
_ADD_OF_EVENTS = _add("quarantine WHERE organization_id = :number AND id IN :ids AND")
NEW_GROUPS = f"""
SELECT
    organizations.tenant_id, organizations.id, unpriced_groups.organization_id,
    unpriced_groups.meter, unpriced_groups.country, unpriced_groups.code,
    unpriced_groups.event_id, unpriced_groups.since
FROM unpriced_groups
JOIN organizations ON organizations.organization_id = unpriced_groups.organization_id
WHERE unpriced_groups.notified = {GroupStatus.NEW}
ORDER BY 1, 3, 8, 4, 5, 6 LIMIT :limit {ALL_TENANTS}
"""
_OF_KEY = (
    "WHERE organization_id = :number AND meter = :meter AND country = :country AND code = :code"
)


def add_staged_groups(transaction: Transaction, now: int) -> None:
    """Insert the groups of staged events that are not there; the transaction holds the ledgers."""
    transaction.execute(_ADD_STAGED, now=now)


def add_groups_of(transaction: Transaction, events: Iterable[tuple[int, str]], now: int) -> None:
    """Insert the groups of events in quarantine, by organization and id, that are not there."""
    ids: defaultdict[int, list[str]] = defaultdict(list)
    for number, identity in sorted(events):
        ids[number].append(identity)
    for number, some in ids.items():
        transaction.execute(_ADD_OF_EVENTS, number=number, ids=encode_ids(some), now=now)


def mark_left(transaction: Transaction, left: Iterable[tuple[int, str]]) -> None:
    """Mark the groups that events may have left, by organization and code."""
    transaction.execute_many(
        "UPDATE unpriced_groups SET may_be_empty = 1 "
        "WHERE organization_id = :number AND code = :code AND may_be_empty = 0",
        [{"number": it[0], "code": it[1]} for it in sorted(set(left)) if it[1] in UNPRICED_CODES],
    )


def new_groups(snapshot: Snapshot, limit: int) -> list[UnpricedGroup]:
    """List groups of all tenants that were not notified, the oldest of each organization first."""
    return [UnpricedGroup(*row) for row in snapshot.rows(NEW_GROUPS, limit=limit)]


def count_groups(snapshot: Snapshot, number: int, status: GroupStatus) -> int:
    """Count an organization's groups of a status."""
    return snapshot.integer(
        "SELECT COUNT(*) FROM unpriced_groups "
        "WHERE organization_id = :number AND notified = :status",
        number=number,
        status=int(status),
    )


def set_status(
    transaction: Transaction, groups: Sequence[tuple[UnpricedGroup, GroupStatus]]
) -> None:
    """Store that groups were notified."""
    transaction.execute_many(
        f"UPDATE unpriced_groups SET notified = :status {_OF_KEY}",
        [
            {
                "status": int(status),
                "number": it.number,
                "meter": it.meter,
                "country": it.country,
                "code": it.code,
            }
            for it, status in groups
        ],
    )


def with_left_events(snapshot: Snapshot) -> list[int]:
    """List the organizations of all tenants with groups that may be empty."""
    rows = snapshot.rows(
        "SELECT DISTINCT organization_id FROM unpriced_groups WHERE may_be_empty = 1 "
        f"ORDER BY organization_id {ALL_TENANTS}"
    )
    return [number for (number,) in rows]


def empty_groups(snapshot: Snapshot, number: int) -> list[GroupKey]:
    """List an organization's groups without events; reads its whole quarantine."""
    marked = snapshot.rows(
        f"SELECT {_KEY} FROM unpriced_groups WHERE organization_id = :number AND may_be_empty = 1",
        number=number,
    )
    waiting = snapshot.rows(
        f"SELECT DISTINCT {_KEY} FROM quarantine WHERE organization_id = :number", number=number
    )
    return sorted(map(GroupKey._make, {tuple(it) for it in marked} - {tuple(it) for it in waiting}))


def remove_groups(transaction: Transaction, number: int, groups: Iterable[GroupKey]) -> None:
    """Delete groups of an organization; none of the others may be empty."""
    transaction.execute_many(
        f"DELETE FROM unpriced_groups {_OF_KEY}", [it._asdict() for it in groups]
    )
    transaction.execute(
        "UPDATE unpriced_groups SET may_be_empty = 0 "
        "WHERE organization_id = :number AND may_be_empty = 1",
        number=number,
    )
