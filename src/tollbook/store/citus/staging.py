"""Staging on a cluster: tables whose rows are on the node of their organization.

Each statement of a transaction then runs on that node, where a temporary table would pass its rows
through the coordinator every time. Each row has the number of its batch. Rows of committed
batches are never read again, and maintenance deletes them.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from secrets import randbits
from typing import Any, NamedTuple

from tollbook.store import recharge_table, staging


class StagingTable(NamedTuple):
    """A table of a cluster that takes the place of a temporary one, which has the same columns."""

    name: str
    columns: Mapping[str, str]

    @classmethod
    def of(cls, temporary: str, columns: Mapping[str, str]) -> "StagingTable":
        """Name the table after its columns: another version of Tollbook may use its own."""
        digest = blake2b(_definition(columns).encode(), digest_size=4).hexdigest()
        return cls(f"{temporary}_rows_{digest}", columns)

    @property
    def create(self) -> str:
        """Return the statement that creates the table.

        It is unlogged: after a crash nobody needs its rows.
        """
        return f"""
CREATE UNLOGGED TABLE IF NOT EXISTS {self.name} (
    batch BIGINT NOT NULL, {_definition(self.columns)}, PRIMARY KEY (organization_id, batch, id)
)
"""

    @property
    def empty(self) -> str:
        """Return the statement that deletes the rows of committed batches.

        Those of open transactions are not visible to it.
        """
        return f"DELETE FROM {self.name}"


def _definition(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


TABLES = {
    "staging": StagingTable.of("staged", staging.COLUMNS),
    "recharged": StagingTable.of("recharged", recharge_table.COLUMNS),
}
"""The tables by the names of the temporary ones."""
NAMES = [table.name for table in TABLES.values()]

_DELETED = re.compile(r"\bDELETE FROM (staging|recharged)\b")
_READ = re.compile(r"\b(FROM|JOIN)\s+(staging|recharged)\b")


class StagedBatch(NamedTuple):
    """The number of a batch, and the organizations that it has rows of."""

    number: int
    organizations: list[int]

    @classmethod
    def of(cls, organizations: Iterable[int]) -> "StagedBatch":
        """Return a batch with a number that no other has."""
        return cls(randbits(63), sorted(set(organizations)))


NO_BATCH = StagedBatch(0, [])


class ClusterStatement(NamedTuple):
    """A statement as a cluster runs it, and the temporary tables that it names."""

    sql: str
    temporary: frozenset[str]

    def parameters(self, batches: Mapping[str, StagedBatch]) -> dict[str, Any]:
        """Return the parameters that it needs in addition: which rows of its tables it reads."""
        found: dict[str, Any] = {}
        for name in self.temporary:
            batch = batches.get(name, NO_BATCH)
            found |= {f"{name}_batch": batch.number, f"{name}_organizations": batch.organizations}
        return found


@cache
def on_cluster(sql: str) -> ClusterStatement:
    """Return a statement with the tables of the cluster instead of the temporary ones.

    It names the organizations, so that only their nodes run it.
    """
    temporary = frozenset(name for _, name in _READ.findall(sql))
    sql = _DELETED.sub(lambda it: f"DELETE FROM {TABLES[it[1]].name} WHERE {_of_batch(it[1])}", sql)
    return ClusterStatement(_READ.sub(lambda it: f"{it[1]} {_own_rows(it[2])}", sql), temporary)


def _own_rows(temporary: str) -> str:
    name, columns = TABLES[temporary]
    return f"(SELECT {', '.join(columns)} FROM {name} WHERE {_of_batch(temporary)}) AS {temporary}"


def _of_batch(temporary: str) -> str:
    return (
        f"batch = :{temporary}_batch "
        f"AND organization_id = ANY(CAST(:{temporary}_organizations AS BIGINT[]))"
    )
