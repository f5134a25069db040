"""The statements for API keys."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tollbook.domain.addresses import networks_of
from tollbook.domain.errors import refuse
from tollbook.domain.keys import (
    UNLIMITED,
    ApiKey,
    KeyScope,
    Limits,
    Permission,
    RateLimit,
    hash_of,
    mint,
    rate_limits_of,
    rate_limits_problem,
)
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.versions import change_token

_KEY = """
SELECT
    api_keys.prefix, api_keys.hash, api_keys.name, api_keys.tenant_id, organizations.id,
    api_keys.user_id, api_keys.permissions, api_keys.created_at, api_keys.revoked_at,
    api_keys.expires_at, api_keys.meters, api_keys.addresses, api_keys.requests_per_minute,
    api_keys.last_used_at, api_keys.id_prefix, api_keys.rate_limits
FROM api_keys
LEFT JOIN organizations ON organizations.organization_id = api_keys.organization_id
"""
_FIND = f"{_KEY}WHERE api_keys.prefix = :prefix {ALL_TENANTS}"
_IN_TENANT = f"{_KEY}WHERE api_keys.tenant_id = :tenant AND api_keys.prefix = :prefix"
_LIST = f"{_KEY}WHERE api_keys.tenant_id = :tenant ORDER BY api_keys.created_at, api_keys.prefix"


class KeyRow(NamedTuple):
    """A key, and the last use that was stored."""

    key: ApiKey
    last_used_at: int | None


class ExpiringKey(NamedTuple):
    """A key that ends soon, with its organization if it has one; instants in microseconds."""

    tenant: str
    prefix: str
    organization: int | None
    organization_id: str | None
    created_at: int
    expires_at: int


EXPIRING = f"""
SELECT
    api_keys.tenant_id, api_keys.prefix, api_keys.organization_id, organizations.id,
    api_keys.created_at, api_keys.expires_at
FROM api_keys
LEFT JOIN organizations ON organizations.organization_id = api_keys.organization_id
WHERE api_keys.expires_at > :now AND api_keys.expires_at <= :until AND api_keys.revoked_at IS NULL
ORDER BY api_keys.tenant_id, api_keys.expires_at, api_keys.prefix {ALL_TENANTS}
"""


def expiring(snapshot: Snapshot, now: int, until: int) -> list[ExpiringKey]:
    """List the keys of all tenants that end in a range of instants."""
    return [ExpiringKey(*row) for row in snapshot.rows(EXPIRING, now=now, until=until)]


def find_key(snapshot: Snapshot, prefix: str) -> ApiKey | None:
    """Find a key by its public prefix; only the key identifies the tenant."""
    row = snapshot.row(_FIND, prefix=prefix)
    return _from_row(row).key if row else None


def find_row(snapshot: Snapshot, tenant: str, prefix: str) -> KeyRow | None:
    """Find a tenant's key by its public prefix."""
    row = snapshot.row(_IN_TENANT, tenant=tenant, prefix=prefix)
    return _from_row(row) if row else None


def keys(snapshot: Snapshot, tenant: str) -> list[KeyRow]:
    """List a tenant's keys, the oldest first, revoked ones included."""
    return [_from_row(row) for row in snapshot.rows(_LIST, tenant=tenant)]


def issue_key(
    transaction: Transaction,
    name: str,
    scope: KeyScope,
    permissions: Sequence[Permission],
    now: int,
    organization: int | None = None,
    limits: Limits = UNLIMITED,
    creator: ApiKey | None = None,
    rotated: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and store its hash; return the key and its text, which is not stored.

    `organization` is the number of the organization that `scope` names. The key counts its requests
    against the rate of its `creator`, or where the key that is `rotated` counts them.
    """
    prefix, secret = mint()
    rate_limits = rotated.rate_limits if rotated else rate_limits_of(prefix, limits, creator)
    refuse([rate_limits_problem(rate_limits)])
    key = ApiKey(
        prefix=prefix,
        hash=hash_of(secret),
        name=name,
        scope=scope,
        permissions=tuple(permissions),
        created_at=now,
        limits=limits,
        rate_limits=rate_limits,
    )
    transaction.execute(
        """
        INSERT INTO api_keys (
            tenant_id, prefix, hash, name, organization_id, user_id, permissions, created_at,
            expires_at, meters, addresses, requests_per_minute, id_prefix, rate_limits
        )
        VALUES (
            :tenant, :prefix, :hash, :name, :organization, :user, :permissions, :now,
            :expires_at, :meters, :addresses, :requests_per_minute, :id_prefix, :rate_limits
        )
        """,
        tenant=scope.tenant_id,
        prefix=prefix,
        hash=key.hash,
        name=name,
        organization=organization,
        user=scope.user_id,
        permissions=" ".join(key.permissions),
        now=now,
        expires_at=limits.expires_at,
        meters=" ".join(limits.meters) or None,
        addresses=" ".join(map(str, limits.networks)) or None,
        requests_per_minute=limits.requests_per_minute,
        id_prefix=limits.id_prefix,
        rate_limits=" ".join(f"{it.name}:{it.per_minute}" for it in rate_limits) or None,
    )
    change_token(transaction, scope.tenant_id)
    return key, secret


def revoke_key(transaction: Transaction, tenant: str, prefix: str, now: int) -> bool:
    """Revoke a key; False when the tenant has no such key. Revoking again changes nothing."""
    found = transaction.execute(
        "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, :now) "
        "WHERE tenant_id = :tenant AND prefix = :prefix",
        now=now,
        tenant=tenant,
        prefix=prefix,
    )
    change_token(transaction, tenant)
    return bool(found)


def end_key(transaction: Transaction, tenant: str, prefix: str, at: int) -> None:
    """Make a key expire at an instant, unless it expires before."""
    transaction.execute(
        "UPDATE api_keys SET expires_at = :at WHERE tenant_id = :tenant AND prefix = :prefix "
        "AND (expires_at IS NULL OR expires_at > :at)",
        at=at,
        tenant=tenant,
        prefix=prefix,
    )
    change_token(transaction, tenant)


def write_uses(transaction: Transaction, uses: Mapping[tuple[str, str], int]) -> None:
    """Store when keys, identified by tenant and prefix, were last used.

    No cache depends on it, so the token stays. The updates are in the order of the keys, so that
    two servers wait for each other instead of deadlocking.
    """
    for (tenant, prefix), at in sorted(uses.items()):
        transaction.execute(
            "UPDATE api_keys SET last_used_at = :at WHERE tenant_id = :tenant AND prefix = :prefix "
            "AND (last_used_at IS NULL OR last_used_at < :at)",
            at=at,
            tenant=tenant,
            prefix=prefix,
        )


def _from_row(row: Row) -> KeyRow:
    prefix, digest, name, tenant, organization, user, permissions, created, revoked = row[:9]
    expires, meters, addresses, per_minute, used, id_prefix, rate_limits = row[9:]
    limits = Limits(
        expires,
        tuple(meters.split()) if meters else (),
        networks_of(addresses.split()) if addresses else (),
        per_minute,
        id_prefix,
    )
    key = ApiKey(
        prefix=prefix,
        hash=digest,
        name=name,
        scope=KeyScope(tenant, organization, user),
        permissions=tuple(map(Permission, permissions.split())),
        created_at=created,
        revoked_at=revoked,
        limits=UNLIMITED if limits == UNLIMITED else limits,
        rate_limits=_rate_limits(prefix, limits, rate_limits),
    )
    return KeyRow(key, used)


def _rate_limits(prefix: str, limits: Limits, text: str | None) -> tuple[RateLimit, ...]:
    """Parse the limits of a key; an earlier Tollbook stored none, and its keys have their own."""
    if text is None:
        return rate_limits_of(prefix, limits, None)
    pairs = (word.rpartition(":") for word in text.split())
    return tuple(RateLimit(name, int(per_minute)) for name, _, per_minute in pairs)
