"""The statements of the audit log: who did what to what, only ever added to."""

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from tollbook.store.database import Snapshot, Transaction

COMMAND_LINE = "cli"
"""Stands for the key of whoever sits at the machine and needs none."""


class Actor(NamedTuple):
    """Who acts: a tenant, the public prefix of the key or `COMMAND_LINE`, and when."""

    tenant: str
    key_prefix: str
    at: int


class Act(NamedTuple):
    """An entry of the log."""

    at: int
    key_prefix: str
    action: str
    object: str
    details: dict[str, Any]


def write_act(
    transaction: Transaction, actor: Actor, action: str, what: str, details: Mapping[str, Any]
) -> None:
    """Log an act in the transaction that does it: one is never there without the other."""
    transaction.execute(
        """
        INSERT INTO audit_log (tenant_id, at, id, key_prefix, action, object, details)
        VALUES (:tenant, :at, :id, :key_prefix, :action, :object, :details)
        """,
        tenant=actor.tenant,
        at=actor.at,
        id=secrets.token_hex(8),
        key_prefix=actor.key_prefix,
        action=action,
        object=what,
        details=msgspec.json.encode(details).decode(),
    )


def acts(snapshot: Snapshot, tenant: str) -> list[Act]:
    """List a tenant's acts, the oldest first."""
    rows = snapshot.rows(
        "SELECT at, key_prefix, action, object, details FROM audit_log "
        "WHERE tenant_id = :tenant ORDER BY at, id",
        tenant=tenant,
    )
    return [
        Act(at, prefix, action, what, msgspec.json.decode(details))
        for at, prefix, action, what, details in rows
    ]
