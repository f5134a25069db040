"""The statements for viewer tokens: each tenant's signing secret, and revoked tokens."""

from tollbook.domain.viewers import MOST_SECONDS, new_secret
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.versions import change_token

OF_TENANT = 0
"""The organization number of a token that a tenant-wide key revoked."""


def find_secret(snapshot: Snapshot, tenant: str) -> str | None:
    """Return the secret that a tenant's tokens are signed with; None before the first token."""
    row = snapshot.row("SELECT secret FROM viewer_secrets WHERE tenant_id = :tenant", tenant=tenant)
    return str(row[0]) if row else None


def secret_of(transaction: Transaction, tenant: str, now: int) -> str:
    """Return the secret that a tenant's tokens are signed with; make it for the first token."""
    if secret := find_secret(transaction, tenant):
        return secret
    transaction.execute(
        "INSERT INTO viewer_secrets (tenant_id, secret, made_at) VALUES (:tenant, :secret, :now) "
        "ON CONFLICT (tenant_id) DO NOTHING",
        tenant=tenant,
        secret=new_secret(),
        now=now,
    )
    return find_secret(transaction, tenant) or ""


def change_secret(transaction: Transaction, tenant: str, now: int) -> None:
    """Replace the secret: all earlier tokens of the tenant become invalid."""
    transaction.execute(
        "INSERT INTO viewer_secrets (tenant_id, secret, made_at) VALUES (:tenant, :secret, :now) "
        "ON CONFLICT (tenant_id) DO UPDATE "
        "SET secret = excluded.secret, made_at = excluded.made_at",
        tenant=tenant,
        secret=new_secret(),
        now=now,
    )
    change_token(transaction, tenant)


def is_revoked(snapshot: Snapshot, tenant: str, identity: str, organization_id: str) -> bool:
    """Return whether a token of an organization is revoked: by the tenant, or the organization.

    Every request with a token reads this, so that nothing in memory depends on revocations.
    """
    rows = snapshot.rows(
        """
        SELECT organizations.id
        FROM viewer_revocations
        LEFT JOIN organizations
            ON organizations.organization_id = viewer_revocations.organization_id
        WHERE viewer_revocations.tenant_id = :tenant AND viewer_revocations.id = :id
        """,
        tenant=tenant,
        id=identity,
    )
    return any(revoked_by in (None, organization_id) for (revoked_by,) in rows)


def has_revoked(snapshot: Snapshot, tenant: str, identity: str, organization: int | None) -> bool:
    """Return whether the tenant, or an organization, has revoked a token already."""
    row = snapshot.row(
        "SELECT 1 FROM viewer_revocations WHERE tenant_id = :tenant AND id = :id "
        "AND organization_id = :organization",
        tenant=tenant,
        id=identity,
        organization=OF_TENANT if organization is None else organization,
    )
    return row is not None


def revoke(
    transaction: Transaction, tenant: str, identity: str, organization: int | None, now: int
) -> None:
    """Revoke a token, and delete the revocations of expired tokens."""
    transaction.execute(
        "DELETE FROM viewer_revocations WHERE tenant_id = :tenant AND expires_at < :now",
        tenant=tenant,
        now=now,
    )
    transaction.execute(
        """
        INSERT INTO viewer_revocations (tenant_id, id, organization_id, expires_at)
        VALUES (:tenant, :id, :organization, :expires_at)
        ON CONFLICT (tenant_id, id, organization_id) DO NOTHING
        """,
        tenant=tenant,
        id=identity,
        organization=OF_TENANT if organization is None else organization,
        expires_at=now + MOST_SECONDS * 1_000_000,
    )
