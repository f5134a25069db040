"""The statements for viewer tokens: what a tenant's are signed with, and which are taken back."""

from tollbook.domain.viewers import MOST_SECONDS, new_secret
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.versions import change_token

OF_TENANT = 0
"""Stands for the organization where a key of the whole tenant takes a token back."""


def find_secret(snapshot: Snapshot, tenant: str) -> str | None:
    """Find what a tenant's tokens are signed with; None before there was any."""
    row = snapshot.row("SELECT secret FROM viewer_secrets WHERE tenant_id = :tenant", tenant=tenant)
    return str(row[0]) if row else None


def secret_of(transaction: Transaction, tenant: str, now: int) -> str:
    """Give what a tenant's tokens are signed with, made when the first one is asked for."""
    transaction.execute(
        "INSERT INTO viewer_secrets (tenant_id, secret, made_at) VALUES (:tenant, :secret, :now) "
        "ON CONFLICT (tenant_id) DO NOTHING",
        tenant=tenant,
        secret=new_secret(),
        now=now,
    )
    return find_secret(transaction, tenant) or ""


def change_secret(transaction: Transaction, tenant: str, now: int) -> None:
    """Sign with another secret from now on: no token of before holds any longer."""
    transaction.execute(
        "INSERT INTO viewer_secrets (tenant_id, secret, made_at) VALUES (:tenant, :secret, :now) "
        "ON CONFLICT (tenant_id) DO UPDATE "
        "SET secret = excluded.secret, made_at = excluded.made_at",
        tenant=tenant,
        secret=new_secret(),
        now=now,
    )
    change_token(transaction)


def revocations(snapshot: Snapshot, tenant: str) -> frozenset[tuple[str, str | None]]:
    """List the tokens that are taken back, each with the organization whose key did it, or None."""
    rows = snapshot.rows(
        """
        SELECT viewer_revocations.id, organizations.id
        FROM viewer_revocations
        LEFT JOIN organizations
            ON organizations.organization_id = viewer_revocations.organization_id
        WHERE viewer_revocations.tenant_id = :tenant
        """,
        tenant=tenant,
    )
    return frozenset((row[0], row[1]) for row in rows)


def revoke(
    transaction: Transaction, tenant: str, identity: str, organization: int | None, now: int
) -> None:
    """Take a token back, and forget those that have ended by themselves."""
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
    change_token(transaction)
