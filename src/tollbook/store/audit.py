"""Read the audit log: who did what to which object, when, and from where."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

COMMAND_LINE = "cli"
"""The key prefix of acts from the command line, which needs no key."""

_FOREVER = 2**62
_CHUNK = 1_000
"""Rows that one statement reads: a long statement would hold up other requests."""


class Actor(NamedTuple):
    """Who acts: a tenant, the public prefix of a key or `COMMAND_LINE`, when, and from where.

    `at` is in microseconds since 1970. `address` is None on the command line.
    """

    tenant: str
    key_prefix: str
    at: int
    address: str | None = None


class Act(NamedTuple):
    """An entry of the log. `organization_id` is the id that the platform has given."""

    at: int
    id: str
    key_prefix: str
    action: str
    object: str
    organization_id: str | None
    address: str | None
    details: dict[str, Any]


class AuditFilter(NamedTuple):
    """Filter acts by organization number, kind, key, and instants from `start` to before `end`."""

    organization: int | None = None
    action: str | None = None
    key_prefix: str | None = None
    start: int = 0
    end: int = _FOREVER


ALL = AuditFilter()
NEWEST = (_FOREVER, "")
"""The position before the newest act, where the first page starts."""

_ACTS = """
SELECT
    audit_log.at, audit_log.id, audit_log.key_prefix, audit_log.action, audit_log.object,
    organizations.id, audit_log.address, audit_log.details
FROM audit_log
LEFT JOIN organizations ON organizations.organization_id = audit_log.organization_id
WHERE audit_log.tenant_id = :tenant AND audit_log.at >= :start AND audit_log.at < :end
    AND (audit_log.at < :before_at OR (audit_log.at = :before_at AND audit_log.id < :before_id))
"""
_WHERE = {
    "organization": "AND audit_log.organization_id = :organization",
    "action": "AND audit_log.action = :action",
    "key_prefix": "AND audit_log.key_prefix = :key_prefix",
}


def rows(
    snapshot: Snapshot, tenant: str, of: AuditFilter, before: tuple[int, str], limit: int
) -> list[Row]:
    """Read stored acts that are older than the position `before`, newest first.

    A row has the fields of an `Act`, with the details as JSON text. Lowering the end to the
    position makes the index scan start there and not at the newest act.
    """
    of = of._replace(end=min(of.end, before[0] + 1))
    chosen = [sql for name, sql in _WHERE.items() if getattr(of, name) is not None]
    parameters = {
        "tenant": tenant,
        "before_at": before[0],
        "before_id": before[1],
        "limit": limit,
        **{name: value for name, value in of._asdict().items() if value is not None},
    }
    order = "ORDER BY audit_log.at DESC, audit_log.id DESC LIMIT :limit"
    return snapshot.table("\n".join((_ACTS, *chosen, order)), parameters, len(Act._fields))


def acts(
    snapshot: Snapshot, tenant: str, of: AuditFilter = ALL, limit: int = _FOREVER
) -> list[Act]:
    """Return a tenant's acts, newest first."""
    return [act_of(row) for row in rows(snapshot, tenant, of, NEWEST, limit)]


def all_acts(snapshot: Snapshot, tenant: str, of: AuditFilter = ALL) -> Iterator[Row]:
    """Yield the rows of a tenant's acts, newest first, and read them in chunks."""
    before = NEWEST
    while chunk := rows(snapshot, tenant, of, before, _CHUNK):
        yield from chunk
        if len(chunk) < _CHUNK:
            return
        before = chunk[-1][0], chunk[-1][1]


def act_of(row: Row) -> Act:
    """Return the act of a row."""
    return Act(*row)._replace(details=msgspec.json.decode(row[-1]))
