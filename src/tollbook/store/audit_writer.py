"""Add acts to the audit log, which is only ever added to."""

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from tollbook.store.audit import Actor
from tollbook.store.database import Transaction


def write_act(
    transaction: Transaction,
    actor: Actor,
    action: str,
    what: str,
    details: Mapping[str, Any],
    organization: int | None = None,
) -> None:
    """Add an act to the audit log in the transaction that performs the act.

    `what` names the object. `organization` is the number of the organization concerned, None for
    the whole tenant. Acts cannot be erased: `details` must hold no personal data and no secrets.
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
