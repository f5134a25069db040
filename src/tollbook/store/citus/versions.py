"""The versions of a tenant's ledgers on a cluster: one statement, with a row for each shard.

Each row is of one shard, so the newest change of each node is known without asking it again.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_BITS = 63

OF_SHARDS = f"""
SELECT
    CAST(CAST(ledger_versions.tableoid AS REGCLASS) AS TEXT),
    CAST(SUM(ledger_versions.token) AS BIGINT),
    MAX(ledger_versions.as_of),
    MAX(ledger_versions.received_at),
    MAX(CAST(ledger_versions.newest AS NUMERIC) * {2**_BITS} - ledger_versions.newest_received_at)
FROM organizations
JOIN ledger_versions ON ledger_versions.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant
GROUP BY 1
"""
"""A shard is a table with its number at the end of the name. The last column has the newest event
of a shard and, in its lower bits, when it came: the earliest of events that are equally new."""

PLACES = """
SELECT pg_dist_placement.shardid, pg_dist_placement.groupid
FROM pg_dist_placement
JOIN pg_dist_shard ON pg_dist_shard.shardid = pg_dist_placement.shardid
WHERE pg_dist_shard.logicalrelid = CAST('ledger_versions' AS REGCLASS)
"""
"""The group of a node is the same when another server takes its place. The coordinator answers."""


class NodeVersion(NamedTuple):
    """When the ledgers on one node changed last, in microseconds, or 0."""

    name: str
    newest_change: int


class _Shard(NamedTuple):
    number: int
    token: int
    as_of: int
    received_at: int
    newest: int
    newest_received_at: int


class ShardVersions:
    """The versions of all shards, added up."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._shards = [_shard(*row) for row in rows]

    @property
    def whole(self) -> tuple[int, int, int, int, int]:
        """Return the fields of the version of all ledgers; zeros when there are none."""
        if not self._shards:
            return 0, 0, 0, 0, 0
        newest, negative = max((it.newest, -it.newest_received_at) for it in self._shards)
        token = sum(it.token for it in self._shards)
        as_of = max(it.as_of for it in self._shards)
        return token, as_of, newest, max(it.received_at for it in self._shards), -negative

    def by_node(self, places: Mapping[int, int]) -> tuple[NodeVersion, ...]:
        """Return the newest change of every node, by the group that has each shard.

        A shard that was split since has no place: its changes are left out, so that its node is
        reported as older than it is.
        """
        found = dict.fromkeys(sorted(places.values()), 0)
        for it in self._shards:
            if (group := places.get(it.number)) is not None:
                found[group] = max(found[group], it.as_of, it.received_at)
        return tuple(NodeVersion(f"node_{group}", at) for group, at in found.items())


def _shard(name: str, token: int, as_of: int, received_at: int, newest: Any) -> _Shard:
    packed = int(newest)
    time = -(-packed >> _BITS)
    arrived = (time << _BITS) - packed
    return _Shard(int(name.rpartition("_")[2]), token, as_of, received_at, time, arrived)
