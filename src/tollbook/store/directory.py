"""The statements for tenants, organizations and users."""

from collections.abc import Iterable
from typing import NamedTuple

from tollbook.domain.directory import DEFAULT_CURRENCY, Organization, Status, User
from tollbook.domain.errors import StoreUnavailable
from tollbook.domain.numbers import STRICT
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.versions import change_token, touch

UNKNOWN = "unknown"
"""The status of an organization that events have named and nobody has created."""


class OrganizationRow(NamedTuple):
    """An organization with its number in the hot tables.

    `number_format` is None where its tenant's holds.
    """

    number: int
    id: str
    name: str
    timezone: str
    currency: str
    status: str
    number_format: str | None = None


_ORGANIZATION = (
    "SELECT organization_id, id, name, timezone, currency, status, number_format "
    "FROM organizations "
)


def add_tenant(transaction: Transaction, tenant_id: str, name: str, now: int) -> bool:
    """Add a tenant; False when it is there already."""
    return bool(
        transaction.execute(
            "INSERT INTO tenants (tenant_id, name, created_at) VALUES (:tenant, :name, :now) "
            "ON CONFLICT (tenant_id) DO NOTHING",
            tenant=tenant_id,
            name=name,
            now=now,
        )
    )


class Tenant(NamedTuple):
    """A platform that runs Tollbook.

    Questions about all of its organizations are answered in `currency` unless they name another.
    `number_format` is how its organizations write phone numbers unless they have a format.
    """

    id: str
    name: str
    currency: str
    number_format: str


_TENANT = f"SELECT {', '.join(('tenant_id', *Tenant._fields[1:]))} FROM tenants"


def tenants(snapshot: Snapshot) -> list[Tenant]:
    """List tenants."""
    return [Tenant(*row) for row in snapshot.rows(f"{_TENANT} ORDER BY 1")]


def find_tenant(snapshot: Snapshot, tenant: str) -> Tenant | None:
    """Find a tenant."""
    row = snapshot.row(f"{_TENANT} WHERE tenant_id = :tenant", tenant=tenant)
    return Tenant(*row) if row else None


def change_tenant(transaction: Transaction, tenant: Tenant) -> None:
    """Change a tenant's name, currency and number format."""
    transaction.execute(
        "UPDATE tenants SET name = :name, currency = :currency, number_format = :number_format "
        "WHERE tenant_id = :id",
        **tenant._asdict(),
    )
    change_token(transaction)


def tenant_number_format(snapshot: Snapshot, tenant: str) -> str:
    """Return how a tenant's organizations write phone numbers unless they have a format."""
    found = find_tenant(snapshot, tenant)
    return found.number_format if found else STRICT


def tenant_currency(snapshot: Snapshot, tenant: str) -> str:
    """Return the currency that questions about a whole tenant are answered in by default."""
    found = find_tenant(snapshot, tenant)
    return found.currency if found else DEFAULT_CURRENCY


def number_format(snapshot: Snapshot, tenant: str, organization: OrganizationRow) -> str:
    """Return how an organization writes phone numbers: its own format, or its tenant's."""
    return organization.number_format or tenant_number_format(snapshot, tenant)


def find_organization(snapshot: Snapshot, tenant: str, identity: str) -> OrganizationRow | None:
    """Find a tenant's organization by its id; placeholders are found too.

    This is the gate to tenant data: every statement on it wants the number that only this gives.
    """
    row = snapshot.row(
        _ORGANIZATION + "WHERE tenant_id = :tenant AND id = :id", tenant=tenant, id=identity
    )
    return OrganizationRow(*row) if row else None


def find_organizations(
    snapshot: Snapshot, tenant: str, identities: Iterable[str]
) -> list[OrganizationRow]:
    """Find several of a tenant's organizations by their ids; placeholders are found too."""
    rows = snapshot.rows(
        _ORGANIZATION + "WHERE tenant_id = :tenant AND id IN :ids",
        tenant=tenant,
        ids=sorted(identities),
    )
    return [OrganizationRow(*row) for row in rows]


def require_number(snapshot: Snapshot, tenant: str, identity: str, number: int) -> None:
    """Raise `StoreUnavailable` unless an organization still has the number that it had before.

    Work of several transactions relies on numbers: after the database went back to an earlier
    state, one may be another tenant's.
    """
    found = find_organization(snapshot, tenant, identity)
    if found is None or found.number != number:
        raise _other_state(f"organization {identity}")


def _other_state(what: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"{what} is not the one that it was: the database is in an earlier state than before; "
        "nothing was changed, try again"
    )


def organization_numbered(snapshot: Snapshot, tenant: str, number: int) -> OrganizationRow:
    """Give a tenant's organization by its number, which is known to be one of its."""
    rows = snapshot.rows(
        _ORGANIZATION + "WHERE tenant_id = :tenant AND organization_id = :number",
        tenant=tenant,
        number=number,
    )
    if not rows:
        raise _other_state(f"the organization numbered {number}")
    return OrganizationRow(*rows[0])


def organizations(snapshot: Snapshot, tenant: str) -> list[OrganizationRow]:
    """List a tenant's organizations."""
    rows = snapshot.rows(
        _ORGANIZATION + "WHERE tenant_id = :tenant AND status <> :unknown ORDER BY id",
        tenant=tenant,
        unknown=UNKNOWN,
    )
    return [OrganizationRow(*row) for row in rows]


def currencies(snapshot: Snapshot, tenant: str) -> list[str]:
    """List the currencies of a tenant's organizations."""
    rows = snapshot.rows(
        "SELECT DISTINCT currency FROM organizations "
        "WHERE tenant_id = :tenant AND status <> :unknown ORDER BY currency",
        tenant=tenant,
        unknown=UNKNOWN,
    )
    return [row[0] for row in rows]


def add_organization(
    transaction: Transaction, tenant: str, organization: Organization, now: int
) -> bool:
    """Create an organization, or give a placeholder its name; False when the id is taken."""
    added = transaction.execute(
        """
        INSERT INTO organizations (
            tenant_id, id, name, timezone, currency, status, created_at, number_format
        )
        VALUES (:tenant, :id, :name, :timezone, :currency, :status, :now, :number_format)
        ON CONFLICT (tenant_id, id) DO UPDATE SET
            name = excluded.name, timezone = excluded.timezone, currency = excluded.currency,
            status = excluded.status, created_at = excluded.created_at,
            number_format = excluded.number_format
        WHERE organizations.status = :unknown
        """,
        tenant=tenant,
        id=organization.id,
        name=organization.name,
        timezone=organization.timezone,
        currency=organization.currency,
        status=organization.status.value,
        number_format=organization.number_format,
        now=now,
        unknown=UNKNOWN,
    )
    if added:
        change_token(transaction)
    return bool(added)


def change_organization(
    transaction: Transaction, number: int, organization: Organization, now: int
) -> None:
    """Change an organization's name, status or number format; its zone and currency stay."""
    touch(transaction, number, now)
    transaction.execute(
        "UPDATE organizations SET name = :name, status = :status, number_format = :number_format "
        "WHERE organization_id = :number",
        name=organization.name,
        status=organization.status.value,
        number_format=organization.number_format,
        number=number,
    )
    change_token(transaction)


def reserve_organizations(
    transaction: Transaction, tenant: str, identities: Iterable[str], now: int
) -> None:
    """Give numbers to organizations that events name before anyone has created them.

    A number is remembered with the token: were it lost, another tenant might get it.
    """
    transaction.execute_many(
        """
        INSERT INTO organizations (tenant_id, id, name, timezone, currency, status, created_at)
        VALUES (:tenant, :id, '', 'UTC', '', :unknown, :now)
        ON CONFLICT (tenant_id, id) DO NOTHING
        """,
        [
            {"tenant": tenant, "id": identity, "unknown": UNKNOWN, "now": now}
            for identity in sorted(identities)
        ],
    )
    change_token(transaction)


def users(snapshot: Snapshot, number: int) -> list[User]:
    """List an organization's users."""
    rows = snapshot.rows(
        "SELECT id, name, email, status FROM users WHERE organization_id = :number ORDER BY id",
        number=number,
    )
    return [User(row[0], row[1], row[2], Status(row[3])) for row in rows]


def find_user(snapshot: Snapshot, number: int, identity: str) -> User | None:
    """Find a user of an organization."""
    row = snapshot.row(
        "SELECT id, name, email, status FROM users WHERE organization_id = :number AND id = :id",
        number=number,
        id=identity,
    )
    return User(row[0], row[1], row[2], Status(row[3])) if row else None


def organizations_with_user(
    snapshot: Snapshot, tenant: str, identity: str
) -> list[OrganizationRow]:
    """List a tenant's organizations that have a user of this id."""
    rows = snapshot.rows(
        _ORGANIZATION + "WHERE tenant_id = :tenant AND status <> :unknown AND EXISTS ("
        "SELECT 1 FROM users WHERE users.organization_id = organizations.organization_id "
        "AND users.id = :id) ORDER BY id",
        tenant=tenant,
        unknown=UNKNOWN,
        id=identity,
    )
    return [OrganizationRow(*row) for row in rows]


def add_user(transaction: Transaction, number: int, user: User, now: int) -> bool:
    """Create a user; False when the id is taken.

    The ledger's version comes first, as in a commit of events: so the two wait for each other.
    """
    touch(transaction, number, now)
    added = transaction.execute(
        """
        INSERT INTO users (organization_id, id, name, email, status, created_at)
        VALUES (:number, :id, :name, :email, :status, :now)
        ON CONFLICT (organization_id, id) DO NOTHING
        """,
        number=number,
        id=user.id,
        name=user.name,
        email=user.email,
        status=user.status.value,
        now=now,
    )
    return bool(added)


def change_user(transaction: Transaction, number: int, user: User, now: int) -> None:
    """Change a user's name, e-mail or status."""
    touch(transaction, number, now)
    transaction.execute(
        """
        UPDATE users SET name = :name, email = :email, status = :status
        WHERE organization_id = :number AND id = :id
        """,
        number=number,
        id=user.id,
        name=user.name,
        email=user.email,
        status=user.status.value,
    )
