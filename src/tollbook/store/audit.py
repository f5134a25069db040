"""The statements of the audit log: who did what to what, from where; only ever added to."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row

COMMAND_LINE = "cli"
"""Stands for the key of whoever sits at the machine and needs none."""

_FOREVER = 2**62
_AT_ONCE = 1_000
"""Rows of all acts that are read in one step: what holds up other requests must be short."""


class Actor(NamedTuple):
    """Who acts: a tenant, the public prefix of the key or `COMMAND_LINE`, when, and from where."""

    tenant: str
    key_prefix: str
    at: int
    address: str | None = None


class Act(NamedTuple):
    """An entry of the log. `organization_id` is the platform's own id of it."""

    at: int
    id: str
    key_prefix: str
    action: str
    object: str
    organization_id: str | None
    address: str | None
    details: dict[str, Any]


class AuditFilter(NamedTuple):
    """Which acts: of one organization, by its number, of one kind, by one key, between instants."""

    organization: int | None = None
    action: str | None = None
    key_prefix: str | None = None
    start: int = 0
    end: int = _FOREVER


ALL = AuditFilter()
NEWEST = (_FOREVER, "")
"""Where the first page begins."""

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


def write_act(
    transaction: Transaction,
    actor: Actor,
    action: str,
    what: str,
    details: Mapping[str, Any],
    organization: int | None = None,
) -> None:
    """Log an act in the transaction that does it: one is never there without the other.

    `organization` is the number of the organization that it is about, None for the whole tenant.
    What is written can never be erased: no names of people, no secrets.
    """
    transaction.execute(
        """
        INSERT INTO audit_log (
            tenant_id, at, id, key_prefix, action, object, details, organization_id, address
        )
        VALUES (
            :tenant, :at, :id, :key_prefix, :action, :object, :details, :organization, :address
        )
        """,
        tenant=actor.tenant,
        at=actor.at,
        id=secrets.token_hex(8),
        key_prefix=actor.key_prefix,
        action=action,
        object=what,
        details=msgspec.json.encode(details).decode(),
        organization=organization,
        address=actor.address,
    )


def rows(
    snapshot: Snapshot, tenant: str, of: AuditFilter, before: tuple[int, str], limit: int
) -> list[Row]:
    """Read acts as they are stored, the newest first, from before an instant and an id on.

    A row has the fields of an `Act`, the details as the text of a JSON object. The end
    is moved to where the page goes on: an index is then read from there, not from the newest act.
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
    """List a tenant's acts, the newest first."""
    return [act_of(row) for row in rows(snapshot, tenant, of, NEWEST, limit)]


def all_acts(snapshot: Snapshot, tenant: str, of: AuditFilter = ALL) -> Iterator[Row]:
    """Give all rows of a tenant's acts, the newest first, read while they are used."""
    before, some = NEWEST, rows(snapshot, tenant, of, NEWEST, _AT_ONCE)
    while some:
        yield from some
        before = some[-1][0], some[-1][1]
        some = rows(snapshot, tenant, of, before, _AT_ONCE) if len(some) == _AT_ONCE else []


def act_of(row: Row) -> Act:
    """Read an act from its row."""
    return Act(*row)._replace(details=msgspec.json.decode(row[-1]))
