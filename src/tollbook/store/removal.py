"""The statements that remove tenants, organizations and users that no event has named."""

from collections.abc import Sequence

from tollbook.store.address_erasure import remove_deliveries_of
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import UNKNOWN, OrganizationRow, organizations_of_every_status
from tollbook.store.versions import change_token, touch

_USER_EVENTS = (
    "SELECT 1 FROM events WHERE organization_id = :number AND user_id = :user LIMIT 1",
    "SELECT 1 FROM archived_sums WHERE organization_id = :number AND user_id = :user LIMIT 1",
    "SELECT 1 FROM quarantine WHERE organization_id = :number AND user_id = :user LIMIT 1",
    "SELECT 1 FROM corrections WHERE organization_id = :number AND user_id = :user LIMIT 1",
)
_OF_ORGANIZATION = (
    "DELETE FROM users WHERE organization_id = :number",
    "DELETE FROM budgets WHERE organization_id = :number",
    "DELETE FROM triggers WHERE organization_id = :number",
    "DELETE FROM trigger_states WHERE organization_id = :number",
    "DELETE FROM trigger_baselines WHERE organization_id = :number",
    "DELETE FROM unpriced_groups WHERE organization_id = :number",
    "DELETE FROM api_keys WHERE organization_id = :number",
    "DELETE FROM endpoints WHERE organization_id = :number",
    "DELETE FROM reports WHERE organization_id = :number",
    "DELETE FROM received_hours WHERE organization_id = :number",
    "DELETE FROM silences WHERE organization_id = :number",
)
_OF_USER = (
    "DELETE FROM users WHERE organization_id = :number AND id = :user",
    "DELETE FROM budgets WHERE organization_id = :number AND user_id = :user",
    "DELETE FROM triggers WHERE organization_id = :number AND user_id = :user",
    "DELETE FROM reports WHERE organization_id = :number AND user_id = :user",
    "DELETE FROM api_keys WHERE organization_id = :number AND user_id = :user",
)
_STATES_OF_TENANT = tuple(
    f"DELETE FROM {table} WHERE organization_id = 0 AND trigger_id IN "
    "(SELECT id FROM triggers WHERE tenant_id = :tenant)"
    for table in ("trigger_states", "trigger_baselines")
)
_OF_TENANT = _STATES_OF_TENANT + tuple(
    f"DELETE FROM {table} WHERE tenant_id = :tenant"
    for table in (
        *("api_keys", "viewer_secrets", "viewer_revocations", "origins"),
        *("rerating_unpriced", "rerating_runs", "quarantine_runs"),
        *("quarantine_samples", "quarantine_alarms", "received_hours", "silences"),
        *("notifications", "notification_numbers", "endpoints", "deliveries"),
        *("delivery_attempts", "reports", "unsubscribed_addresses"),
        *("event_types", "triggers", "tenant_zones", "tenants"),
    )
)


def has_events(snapshot: Snapshot, number: int) -> bool:
    """Return whether an organization ever had an event: stored, in quarantine or archived."""
    sql = "SELECT 1 FROM event_keys WHERE organization_id = :number LIMIT 1"
    return snapshot.row(sql, number=number) is not None


def user_has_events(snapshot: Snapshot, number: int, user: str) -> bool:
    """Return whether an event names a user: stored, in quarantine or archived."""
    return any(snapshot.row(sql, number=number, user=user) is not None for sql in _USER_EVENTS)


def remove_user(transaction: Transaction, tenant: str, number: int, user: str) -> None:
    """Delete a user with its budgets, triggers and keys; the transaction holds the ledger."""
    for sql in _OF_USER:
        transaction.execute(sql, number=number, user=user)
    change_token(transaction, tenant)


def remove_organization(transaction: Transaction, tenant: str, number: int) -> None:
    """Delete an organization with its users, budgets, triggers, keys and price books.

    The transaction holds its ledger. The number stays with the id, as if events had named it: the
    audit log has the number, which no other organization may get.
    """
    remove_deliveries_of(transaction, tenant, number)
    for sql in _OF_ORGANIZATION:
        transaction.execute(sql, number=number)
    _remove_books(transaction, tenant, "AND organization_id = :number", number)
    transaction.execute(
        "UPDATE organizations SET name = '', timezone = 'UTC', currency = '', status = :unknown, "
        "number_format = NULL, email = NULL WHERE organization_id = :number",
        unknown=UNKNOWN,
        number=number,
    )
    change_token(transaction, tenant)


def hold_organizations(transaction: Transaction, tenant: str, now: int) -> list[OrganizationRow]:
    """Lock the ledgers of a tenant's organizations, also of those that only events name."""
    found = sorted(organizations_of_every_status(transaction, tenant))
    for row in found:
        touch(transaction, row.number, now)
    return found


def remove_tenant(transaction: Transaction, tenant: str, rows: Sequence[OrganizationRow]) -> None:
    """Delete a tenant with its organizations, whose ledgers this transaction holds."""
    for row in rows:
        remove_organization(transaction, tenant, row.number)
    _remove_books(transaction, tenant)
    change_token(transaction, tenant)
    for sql in _OF_TENANT:
        transaction.execute(sql, tenant=tenant)


def _remove_books(
    transaction: Transaction, tenant: str, condition: str = "", number: int = 0
) -> None:
    books = transaction.rows(
        "SELECT version, first_rate, last_rate FROM price_books "
        f"WHERE tenant_id = :tenant {condition}",
        tenant=tenant,
        number=number,
    )
    for version, first, last in books:
        transaction.execute(
            "DELETE FROM rates WHERE rate_id BETWEEN :first AND :last", first=first, last=last
        )
        for table in ("rate_templates", "price_books"):
            transaction.execute(
                f"DELETE FROM {table} WHERE tenant_id = :tenant AND version = :version",
                tenant=tenant,
                version=version,
            )
