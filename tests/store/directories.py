"""Tenants and organizations in a transaction, with defaults."""

from typing import Any

from tests.builders import TENANT
from tollbook.domain.directory import Organization
from tollbook.store import directory
from tollbook.store.database import Transaction

AT = 1_700_000_000_000_000
"""2023-11-14T22:13:20Z, in microseconds since 1970."""


def organization(
    transaction: Transaction, identity: str = "org_1", tenant: str = TENANT, **given: Any
) -> int:
    """Insert an organization, with its tenant unless it is there; return its number."""
    directory.add_tenant(transaction, tenant, tenant, AT)
    made = Organization(identity, **{"name": identity, **given})
    assert directory.add_organization(transaction, tenant, made, AT)
    return number_of(transaction, identity, tenant)


def reserved(transaction: Transaction, identity: str, tenant: str = TENANT) -> int:
    """Insert an organization that only events name; return its number."""
    directory.add_tenant(transaction, tenant, tenant, AT)
    directory.reserve_organizations(transaction, tenant, [identity], AT)
    return number_of(transaction, identity, tenant)


def number_of(transaction: Transaction, identity: str, tenant: str = TENANT) -> int:
    row = directory.find_organization(transaction, tenant, identity)
    assert row is not None
    return row.number
