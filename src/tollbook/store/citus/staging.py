"""Staging on a cluster: a table whose rows are on the node of their organization.

Each statement of a commit then runs on that node, where a temporary table would pass its rows
through the coordinator every time. Each row has the number of its batch. Rows of committed
batches are never read again, and maintenance deletes them.
"""

import re
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from secrets import randbits
from typing import Any, NamedTuple

from tollbook.store.staging import COLUMNS

_DEFINITION = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
TABLE = f"staged_rows_{blake2b(_DEFINITION.encode(), digest_size=4).hexdigest()}"
"""The name depends on the columns: another version of Tollbook may still use its own table."""

# Unlogged: after a crash nobody needs its rows.
CREATE = f"""
CREATE UNLOGGED TABLE IF NOT EXISTS {TABLE} (
    batch BIGINT NOT NULL, {_DEFINITION}, PRIMARY KEY (organization_id, batch, id)
)
"""
EMPTY = f"DELETE FROM {TABLE}"
"""Delete the rows of committed batches; those of open transactions are not visible."""

_NAMES = ", ".join(COLUMNS)
_OF_BATCH = (
    "batch = :staged_batch AND organization_id = ANY(CAST(:staged_organizations AS BIGINT[]))"
)
_DELETED = re.compile(r"\bDELETE FROM staging\b")
_READ = re.compile(r"\b(FROM|JOIN)\s+staging\b")


class StagedBatch(NamedTuple):
    """The number of a batch, and the organizations that it has rows of."""

    number: int
    organizations: list[int]

    @classmethod
    def of(cls, organizations: set[int]) -> "StagedBatch":
        """Return a batch with a number that no other has."""
        return cls(randbits(63), sorted(organizations))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return the parameters that statements on the staging table get in addition."""
        return {"staged_batch": self.number, "staged_organizations": self.organizations}


NO_BATCH = StagedBatch(0, [])


@cache
def on_cluster(sql: str) -> str:
    """Return a statement with the table of the cluster instead of the staging table.

    It names the organizations, so that only their nodes run it.
    """
    sql = _DELETED.sub(f"DELETE FROM {TABLE} WHERE {_OF_BATCH}", sql)
    own = f"(SELECT {_NAMES} FROM {TABLE} WHERE {_OF_BATCH}) AS staging"
    return _READ.sub(rf"\1 {own}", sql)
