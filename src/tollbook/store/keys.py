"""The statements for API keys."""

from collections.abc import Sequence

from tollbook.domain.keys import ApiKey, Permission, Scope, hash_of, mint
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import count_revision
from tollbook.store.engine import Row

_KEY = """
SELECT
    api_keys.prefix, api_keys.hash, api_keys.name, api_keys.tenant_id, organizations.id,
    api_keys.user_id, api_keys.permissions, api_keys.created_at, api_keys.revoked_at
FROM api_keys
LEFT JOIN organizations ON organizations.organization_id = api_keys.organization_id
"""


def find_key(snapshot: Snapshot, prefix: str) -> ApiKey | None:
    """Find a key by its public prefix."""
    row = snapshot.row(_KEY + "WHERE api_keys.prefix = :prefix", prefix=prefix)
    return _from_row(row) if row else None


def keys(snapshot: Snapshot, tenant: str) -> list[ApiKey]:
    """List a tenant's keys, the oldest first, revoked ones included."""
    rows = snapshot.rows(
        _KEY + "WHERE api_keys.tenant_id = :tenant ORDER BY api_keys.created_at, api_keys.prefix",
        tenant=tenant,
    )
    return [_from_row(row) for row in rows]


def issue_key(
    transaction: Transaction,
    name: str,
    scope: Scope,
    permissions: Sequence[Permission],
    now: int,
    organization: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and store its hash; give the key and its text, which nobody can read again.

    `organization` is the number of the organization that `scope` names.
    """
    prefix, secret = mint()
    key = ApiKey(prefix, hash_of(secret), name, scope, tuple(permissions), now)
    transaction.execute(
        """
        INSERT INTO api_keys (
            prefix, hash, name, tenant_id, organization_id, user_id, permissions, created_at
        )
        VALUES (:prefix, :hash, :name, :tenant, :organization, :user, :permissions, :now)
        """,
        prefix=prefix,
        hash=key.hash,
        name=name,
        tenant=scope.tenant_id,
        organization=organization,
        user=scope.user_id,
        permissions=" ".join(key.permissions),
        now=now,
    )
    count_revision(transaction)
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
    count_revision(transaction)
    return bool(found)


def _from_row(row: Row) -> ApiKey:
    prefix, digest, name, tenant, organization, user, permissions, created, revoked = row
    return ApiKey(
        prefix,
        digest,
        name,
        Scope(tenant, organization, user),
        tuple(Permission(it) for it in permissions.split()),
        created,
        revoked,
    )
