"""The life of a key: issued, rotated, revoked, each written to the audit log."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tollbook.domain.errors import InvalidRequest, KeyEnded
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, KeyScope, Limits, Permission, beyond
from tollbook.store import directory, keys
from tollbook.store.audit import Actor, write_act
from tollbook.store.database import Snapshot, Transaction

DEFAULT_OVERLAP = 24 * 3600
MOST_OVERLAP = 30 * 24 * 3600
"""Seconds for which a key that was rotated may still be used."""


def issue(
    transaction: Transaction,
    actor: Actor,
    name: str,
    scope: KeyScope,
    permissions: Sequence[Permission],
    limits: Limits,
    number: int | None,
) -> tuple[ApiKey, str]:
    """Issue a key; `number` is that of the organization it is bound to."""
    key, secret = keys.issue_key(transaction, name, scope, permissions, actor.at, number, limits)
    details = {"permissions": key.permissions, "user_id": scope.user_id, **_told(limits)}
    write_act(transaction, actor, "key.create", f"key {key.prefix}", details, number)
    return key, secret


def rotate(
    transaction: Transaction,
    actor: Actor,
    old: ApiKey,
    overlap_seconds: int,
    expires_at: int | None = None,
    asking: Limits | None = None,
) -> tuple[ApiKey, str]:
    """Issue a key like another one, and let that one end after an overlap.

    The new one lasts as long as the old one was meant to, unless it is said, and in nothing goes
    beyond the key that asks.
    """
    if old.ended(actor.at):
        raise KeyEnded(f"key {old.prefix} has ended; issue a new one")
    end = _end(old, actor.at, asking) if expires_at is None else expires_at
    limits = msgspec.structs.replace(old.limits, expires_at=end)
    problems = beyond(asking, limits) if asking else []
    if problems:
        raise InvalidRequest.of(problems)
    number = _number(transaction, old.scope)
    now, tenant = actor.at, actor.tenant
    key, secret = keys.issue_key(
        transaction, old.name, old.scope, old.permissions, now, number, limits
    )
    if overlap_seconds:
        keys.end_key(transaction, tenant, old.prefix, now + overlap_seconds * 1_000_000)
    else:
        keys.revoke_key(transaction, tenant, old.prefix, now)
    details = {"new": key.prefix, "overlap_seconds": overlap_seconds, **_told(limits)}
    write_act(transaction, actor, "key.rotate", f"key {old.prefix}", details, number)
    return key, secret


def revoke(transaction: Transaction, actor: Actor, key: ApiKey) -> None:
    """Revoke a key; again it changes nothing."""
    keys.revoke_key(transaction, actor.tenant, key.prefix, actor.at)
    number = _number(transaction, key.scope)
    write_act(transaction, actor, "key.revoke", f"key {key.prefix}", {}, number)


def _told(limits: Limits) -> dict[str, Any]:
    """Tell of the limits of a key by the names that they have over HTTP."""
    end = limits.expires_at
    return {
        "expires_at": None if end is None else instant_of(end),
        "meters": limits.meters,
        "allowed_addresses": list(map(str, limits.networks)),
        "requests_per_minute": limits.requests_per_minute,
    }


def _end(old: ApiKey, now: int, asking: Limits | None) -> int | None:
    """Tell when the key that follows ends: after as long as the old one had, or with the asking."""
    end = old.limits.expires_at
    lasting = None if end is None else now + end - old.created_at
    ends = (lasting, asking.expires_at if asking else None)
    return min((it for it in ends if it is not None), default=None)


def _number(snapshot: Snapshot, scope: KeyScope) -> int | None:
    """Give the number of the organization that a key is bound to."""
    if scope.organization_id is None:
        return None
    row = directory.find_organization(snapshot, scope.tenant_id, scope.organization_id)
    return row.number if row else None
