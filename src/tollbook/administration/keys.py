"""Create, rotate and revoke API keys."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tollbook.domain.addresses import networks_of
from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import KeyEnded, Problem, refuse
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.keys import (
    MOST_PER_MINUTE,
    UNLIMITED,
    ApiKey,
    KeyScope,
    Limits,
    Permission,
    beyond,
    id_prefix_problem,
    key_problems,
    limit_problems,
    meters_problem,
    overlap,
)
from tollbook.store import directory, keys
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.meters import read_catalog
from tollbook.store.versions import change_token

DEFAULT_OVERLAP = 24 * 3600
MOST_OVERLAP = 30 * 24 * 3600
"""How many seconds a rotated key still works."""
_LATEST = microseconds(datetime.max.replace(tzinfo=UTC))
"""The latest instant at which a key can expire."""

Instant = Annotated[datetime, Meta(tz=True)]


class NewKey(msgspec.Struct):
    """A key to create, for the tenant, an organization, or one user of it.

    `id_prefix` is required for a key that sends events and is bound to a user or limited to meters.
    """

    name: str
    permissions: list[Permission]
    organization_id: str | None = None
    user_id: str | None = None
    expires_at: Instant | None = None
    meters: list[str] = []
    allowed_addresses: list[str] = []
    requests_per_minute: Annotated[int, Meta(ge=1, le=MOST_PER_MINUTE)] | None = None
    id_prefix: str | None = None


class Rotation(msgspec.Struct):
    """A rotation of a key: how long the old key still works, and when the new key expires."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=MOST_OVERLAP)] = DEFAULT_OVERLAP
    expires_at: Instant | None = None


def create_key(
    transaction: Transaction,
    actor: Actor,
    new: NewKey,
    find_organization: Callable[[str], OrganizationRow],
    creator: ApiKey | None,
) -> tuple[ApiKey, str]:
    """Create a key; return it with its text, which is not stored.

    `find_organization` returns an organization that the caller may see. The new key gets no more
    than its `creator` has, which is None on the command line: that has no limits.
    """
    limits = _limits(new, actor.at, read_catalog(transaction, actor.tenant))
    refuse(beyond(creator.limits if creator else UNLIMITED, limits))
    organization_id = new.organization_id
    if organization_id is None and creator:
        organization_id = creator.scope.organization_id
    number = None if organization_id is None else find_organization(organization_id).number
    scope = KeyScope(actor.tenant, organization_id, new.user_id)
    refuse([_taken(transaction, scope, limits)])
    key, secret = keys.issue_key(
        transaction,
        new.name,
        scope,
        new.permissions,
        actor.at,
        organization=number,
        limits=limits,
        creator=creator,
    )
    details = {"permissions": key.permissions, "user_id": scope.user_id, **_details(limits)}
    write_act(transaction, actor, "key.create", f"key {key.prefix}", details, organization=number)
    return key, secret


def rotate_key(
    transaction: Transaction,
    actor: Actor,
    old: ApiKey,
    rotation: Rotation,
    creator: ApiKey | None,
) -> tuple[ApiKey, str]:
    """Create the successor of a key; return it with its text, which is not stored.

    The old key still works during the overlap. The new key has the old one's lifetime unless the
    rotation sets its end. It gets no more than its `creator` has, which is None on the command
    line: that has no limits.
    """
    now, overlap = actor.at, rotation.overlap_seconds
    limits_of_creator = creator.limits if creator else UNLIMITED
    end = None if rotation.expires_at is None else microseconds(rotation.expires_at)
    refuse(limit_problems(end, (), None, now))
    if old.ended(now):
        raise KeyEnded(f"key {old.prefix} has expired or is revoked; create a new one")
    end = _default_end(old, now, limits_of_creator) if end is None else end
    limits = msgspec.structs.replace(old.limits, expires_at=end)
    refuse(beyond(limits_of_creator, limits))
    number = _number(transaction, old.scope)
    key, secret = keys.issue_key(
        transaction,
        old.name,
        old.scope,
        old.permissions,
        now,
        organization=number,
        limits=limits,
        rotated=old,
    )
    if overlap:
        keys.end_key(transaction, actor.tenant, old.prefix, now + overlap * 1_000_000)
    else:
        keys.revoke_key(transaction, actor.tenant, old.prefix, now)
    details = {"new": key.prefix, "overlap_seconds": overlap, **_details(limits)}
    write_act(transaction, actor, "key.rotate", f"key {old.prefix}", details, organization=number)
    return key, secret


def revoke_key(transaction: Transaction, actor: Actor, key: ApiKey) -> None:
    """Revoke a key. Revoking it again changes nothing."""
    keys.revoke_key(transaction, actor.tenant, key.prefix, actor.at)
    number = _number(transaction, key.scope)
    write_act(transaction, actor, "key.revoke", f"key {key.prefix}", {}, organization=number)


def _limits(new: NewKey, now: int, catalog: Catalog) -> Limits:
    """Return the limits of a new key; raise `InvalidRequest` with every problem of the key."""
    expires_at = None if new.expires_at is None else microseconds(new.expires_at)
    rate_limit = new.requests_per_minute
    refuse(
        [
            *key_problems(new.name, new.permissions, new.organization_id, new.user_id),
            meters_problem(new.meters, new.permissions, catalog.by_type),
            id_prefix_problem(new.id_prefix, new.user_id, new.meters, new.permissions),
            *limit_problems(expires_at, new.allowed_addresses, rate_limit, now),
        ]
    )
    networks = networks_of(new.allowed_addresses)
    return Limits(expires_at, tuple(new.meters), networks, rate_limit, new.id_prefix)


def _taken(transaction: Transaction, scope: KeyScope, limits: Limits) -> Problem | None:
    """Return the problem with an `id_prefix` that overlaps with that of another user or meters.

    Ended keys count too: their events still have their ids.
    """
    wanted, is_narrow = limits.id_prefix, scope.user_id is not None or bool(limits.meters)
    if wanted is None or not is_narrow:
        return None
    change_token(
        transaction, scope.tenant_id
    )  # a transaction that creates another key waits for this one
    for other, _ in keys.keys(transaction, scope.tenant_id):
        taken = other.limits.id_prefix
        if taken is None or not other.sees_a_part or not _share_ids(scope, other.scope):
            continue
        if overlap(wanted, taken) and (other.scope, other.limits.meters) != (scope, limits.meters):
            sentence = "id_prefix overlaps with that of a key of another user or other meters"
            return Problem("id_prefix", "id_prefix_taken", sentence)
    return None


def _share_ids(scope: KeyScope, other: KeyScope) -> bool:
    """Return whether keys of both scopes send events of one organization, which share their ids."""
    organizations = scope.organization_id, other.organization_id
    return None in organizations or organizations[0] == organizations[1]


def _details(limits: Limits) -> dict[str, Any]:
    """Return the limits of a key for the audit log, under the names of the API."""
    end = limits.expires_at
    return {
        "expires_at": None if end is None else instant_of(end),
        "meters": limits.meters,
        "allowed_addresses": list(map(str, limits.networks)),
        "requests_per_minute": limits.requests_per_minute,
        "id_prefix": limits.id_prefix,
    }


def _default_end(old: ApiKey, now: int, limits_of_creator: Limits) -> int | None:
    """Return when a successor expires: after the old key's lifetime, or with its creator."""
    end = old.limits.expires_at
    lifetime_end = None if end is None else min(now + end - old.created_at, _LATEST)
    ends = (lifetime_end, limits_of_creator.expires_at)
    return min((it for it in ends if it is not None), default=None)


def _number(snapshot: Snapshot, scope: KeyScope) -> int | None:
    """Return the number of the organization that a key is bound to."""
    if scope.organization_id is None:
        return None
    row = directory.find_organization(snapshot, scope.tenant_id, scope.organization_id)
    return row.number if row else None
