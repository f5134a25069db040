"""The statements for tenants, organizations and users."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tollbook.domain.directory import (
    DEFAULT_CURRENCY,
    DEFAULT_ZONE,
    Organization,
    Status,
    User,
    UserPermission,
)
from tollbook.domain.errors import StoreUnavailable
from tollbook.domain.numbers import STRICT
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.tokens import new_token
from tollbook.store.versions import change_token, touch

UNKNOWN = "unknown"
"""The status of an organization that events name and no request has created."""


class PageOfIds(NamedTuple):
    """Which rows of a list to read: those with a later id than `after`, at most `most`."""

    after: str
    most: int


EVERY_ROW = 2**62
ALL_IDS = PageOfIds("", EVERY_ROW)
_OF_PAGE = "AND id > :after ORDER BY id LIMIT :most"


class OrganizationRow(NamedTuple):
    """An organization with its number in the large tables.

    `number_format` is None when its tenant's applies.
    """

    number: int
    id: str
    name: str
    timezone: str
    currency: str
    status: str
    number_format: str | None = None
    email: str | None = None


_ORGANIZATION = (
    "SELECT organization_id, id, name, timezone, currency, status, number_format, email "
    "FROM organizations "
)
_USER = "SELECT id, name, email, status, permission FROM users WHERE organization_id = :number "


def add_tenant(transaction: Transaction, tenant_id: str, name: str, now: int) -> bool:
    """Insert a tenant; return False when it exists already."""
    statement = (
        "INSERT INTO tenants (tenant_id, name, created_at, token) "
        "VALUES (:tenant, :name, :now, :token) ON CONFLICT (tenant_id) DO NOTHING RETURNING 1"
    )
    return bool(
        transaction.insert(statement, tenant=tenant_id, name=name, now=now, token=new_token())
    )


class Tenant(NamedTuple):
    """A platform that runs Tollbook.

    `currency` is the default of questions about all of its organizations. `number_format` is how
    its organizations write phone numbers, unless they have their own format. `timezone` is that of
    the triggers on the whole tenant.
    """

    id: str
    name: str
    currency: str
    number_format: str
    timezone: str = DEFAULT_ZONE


_TENANT = f"SELECT {', '.join(('tenant_id', *Tenant._fields[1:]))} FROM tenants"


def tenants(snapshot: Snapshot) -> list[Tenant]:
    """List tenants."""
    return [Tenant(*row) for row in snapshot.rows(f"{_TENANT} ORDER BY 1")]


def find_tenant(snapshot: Snapshot, tenant: str) -> Tenant | None:
    """Find a tenant."""
    row = snapshot.row(f"{_TENANT} WHERE tenant_id = :tenant", tenant=tenant)
    return Tenant(*row) if row else None


def change_tenant(transaction: Transaction, tenant: Tenant) -> None:
    """Change a tenant's name, currency, number format and time zone."""
    transaction.execute(
        "UPDATE tenants SET name = :name, currency = :currency, number_format = :number_format, "
        "timezone = :timezone WHERE tenant_id = :id",
        **tenant._asdict(),
    )
    change_token(transaction, tenant.id)


def tenant_zones(snapshot: Snapshot, tenant: str) -> list[tuple[int, str]]:
    """Return the time zones of a tenant, each with the instant since which it applies."""
    rows = snapshot.rows(
        "SELECT since, timezone FROM tenant_zones WHERE tenant_id = :tenant ORDER BY since",
        tenant=tenant,
    )
    if rows:
        return [(since, timezone) for since, timezone in rows]
    found = find_tenant(snapshot, tenant)
    return [(0, found.timezone if found else DEFAULT_ZONE)]


def change_tenant_zone(
    transaction: Transaction, tenant: str, before: str, timezone: str, now: int
) -> None:
    """Note that another time zone applies from now on; the change of the tenant is stored apart."""
    sql = """
        INSERT INTO tenant_zones (tenant_id, since, timezone) VALUES (:tenant, :since, :timezone)
        ON CONFLICT (tenant_id, since) DO NOTHING
    """
    transaction.execute(sql, tenant=tenant, since=0, timezone=before)
    transaction.execute(sql, tenant=tenant, since=now, timezone=timezone)


def tenant_number_format(snapshot: Snapshot, tenant: str) -> str:
    """Return the default format of phone numbers of a tenant's organizations."""
    found = find_tenant(snapshot, tenant)
    return found.number_format if found else STRICT


def tenant_currency(snapshot: Snapshot, tenant: str) -> str:
    """Return the default currency of questions about a whole tenant."""
    found = find_tenant(snapshot, tenant)
    return found.currency if found else DEFAULT_CURRENCY


def number_format(snapshot: Snapshot, tenant: str, organization: OrganizationRow) -> str:
    """Return how an organization writes phone numbers: its own format, or its tenant's."""
    return organization.number_format or tenant_number_format(snapshot, tenant)


def _organizations(snapshot: Snapshot, condition: str, **parameters: Any) -> list[OrganizationRow]:
    rows = snapshot.rows(_ORGANIZATION + condition, **parameters)
    return [OrganizationRow(*row) for row in rows]


def count_organizations(snapshot: Snapshot, tenant: str) -> int:
    """Count a tenant's organizations, with those that only events name."""
    statement = "SELECT COUNT(*) FROM organizations WHERE tenant_id = :tenant"
    return snapshot.integer(statement, tenant=tenant)


def count_users(snapshot: Snapshot, number: int) -> int:
    """Count the users of an organization."""
    statement = "SELECT COUNT(*) FROM users WHERE organization_id = :number"
    return snapshot.integer(statement, number=number)


def find_organization(snapshot: Snapshot, tenant: str, identity: str) -> OrganizationRow | None:
    """Find a tenant's organization by its id, also one that only events name.

    Every statement on an organization's data needs the number that this returns.
    """
    condition = "WHERE tenant_id = :tenant AND id = :id"
    return next(iter(_organizations(snapshot, condition, tenant=tenant, id=identity)), None)


def find_organizations(
    snapshot: Snapshot, tenant: str, identities: Iterable[str]
) -> list[OrganizationRow]:
    """Find several of a tenant's organizations by their ids, also those that only events name."""
    condition = "WHERE tenant_id = :tenant AND id IN :ids"
    return _organizations(snapshot, condition, tenant=tenant, ids=sorted(identities))


def require_number(snapshot: Snapshot, tenant: str, identity: str, number: int) -> None:
    """Raise `StoreUnavailable` unless an organization still has the number that it had before.

    Several transactions may rely on a number: after the database went back to an earlier state, the
    number may be another tenant's.
    """
    found = find_organization(snapshot, tenant, identity)
    if found is None or found.number != number:
        raise _other_state(f"organization {identity}")


def _other_state(what: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"{what} is not the same as before: the database went back to an earlier state; "
        "nothing was changed, try again"
    )


def organization_numbered(snapshot: Snapshot, tenant: str, number: int) -> OrganizationRow:
    """Return a tenant's organization by a number that was one of its organizations' before."""
    condition = "WHERE tenant_id = :tenant AND organization_id = :number"
    found = _organizations(snapshot, condition, tenant=tenant, number=number)
    if not found:
        raise _other_state(f"the organization numbered {number}")
    return found[0]


def owners_of_numbers(snapshot: Snapshot, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return the tenant and the id of organizations by their numbers."""
    rows = snapshot.rows(
        "SELECT organization_id, tenant_id, id FROM organizations "
        "WHERE organization_id IN :numbers",
        numbers=sorted(numbers),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def organizations(
    snapshot: Snapshot, tenant: str, page: PageOfIds = ALL_IDS
) -> list[OrganizationRow]:
    """List a tenant's organizations."""
    condition = f"WHERE tenant_id = :tenant AND status <> :unknown {_OF_PAGE}"
    return _organizations(snapshot, condition, tenant=tenant, unknown=UNKNOWN, **page._asdict())


def organizations_of_every_status(snapshot: Snapshot, tenant: str) -> list[OrganizationRow]:
    """List a tenant's organizations, also those that only events name."""
    return _organizations(snapshot, "WHERE tenant_id = :tenant", tenant=tenant)


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
    """Insert an organization, or update one that only events name; False when the id is taken."""
    added = transaction.insert(
        """
        INSERT INTO organizations (
            tenant_id, id, name, timezone, currency, status, created_at, number_format, email
        )
        VALUES (:tenant, :id, :name, :timezone, :currency, :status, :now, :number_format, :email)
        ON CONFLICT (tenant_id, id) DO UPDATE SET
            name = excluded.name, timezone = excluded.timezone, currency = excluded.currency,
            status = excluded.status, created_at = excluded.created_at,
            number_format = excluded.number_format, email = excluded.email
        WHERE organizations.status = :unknown
        RETURNING 1
        """,
        tenant=tenant,
        id=organization.id,
        now=now,
        unknown=UNKNOWN,
        **_columns_of_organization(organization),
    )
    if added:
        change_token(transaction, tenant)
    return bool(added)


def hold_organization(
    transaction: Transaction, tenant: str, number: int, now: int
) -> OrganizationRow:
    """Lock an organization's ledger until the commit; return the organization as it is then."""
    touch(transaction, number, now)
    return organization_numbered(transaction, tenant, number)


def change_organization(
    transaction: Transaction, tenant: str, number: int, organization: Organization
) -> None:
    """Change an organization, whose ledger this transaction holds."""
    transaction.execute(
        "UPDATE organizations SET name = :name, timezone = :timezone, currency = :currency, "
        "status = :status, number_format = :number_format, email = :email "
        "WHERE organization_id = :number",
        number=number,
        **_columns_of_organization(organization),
    )
    change_token(transaction, tenant)


def _columns_of_organization(organization: Organization) -> dict[str, str | None]:
    return {
        "name": organization.name,
        "timezone": organization.timezone,
        "currency": organization.currency,
        "status": organization.status.value,
        "number_format": organization.number_format,
        "email": organization.email,
    }


def reserve_organizations(
    transaction: Transaction, tenant: str, identities: Iterable[str], now: int
) -> None:
    """Insert organizations that events name before a request creates them, to get their numbers.

    The token changes, because processes cache the numbers.
    """
    common = {"tenant": tenant, "unknown": UNKNOWN, "now": now}
    transaction.execute_many(
        """
        INSERT INTO organizations (tenant_id, id, name, timezone, currency, status, created_at)
        VALUES (:tenant, :id, '', 'UTC', '', :unknown, :now)
        ON CONFLICT (tenant_id, id) DO NOTHING
        """,
        [{"id": identity, **common} for identity in sorted(identities)],
    )
    change_token(transaction, tenant)


def users(snapshot: Snapshot, number: int, page: PageOfIds = ALL_IDS) -> list[User]:
    """List an organization's users."""
    rows = snapshot.rows(_USER + _OF_PAGE, number=number, **page._asdict())
    return [_user(row) for row in rows]


def find_user(snapshot: Snapshot, number: int, identity: str) -> User | None:
    """Find a user of an organization."""
    row = snapshot.row(f"{_USER}AND id = :id", number=number, id=identity)
    return _user(row) if row else None


def _user(row: Row) -> User:
    identity, name, email, status, permission = row
    return User(identity, name, email, Status(status), UserPermission(permission))


def organizations_with_user(
    snapshot: Snapshot, tenant: str, identity: str
) -> list[OrganizationRow]:
    """List a tenant's organizations that have a user of this id."""
    return _organizations(
        snapshot,
        "WHERE tenant_id = :tenant AND status <> :unknown AND organization_id IN ("
        "SELECT users.organization_id FROM organizations AS own "
        "JOIN users ON users.organization_id = own.organization_id "
        "WHERE own.tenant_id = :tenant AND users.id = :id) ORDER BY id",
        tenant=tenant,
        unknown=UNKNOWN,
        id=identity,
    )


def add_user(transaction: Transaction, number: int, user: User, now: int) -> bool:
    """Insert a user; False when the id is taken.

    The ledger's version is changed first, as in a commit of events, so that the two wait for each
    other instead of deadlocking.
    """
    touch(transaction, number, now)
    statement = """
        INSERT INTO users (organization_id, id, name, email, status, permission, created_at)
        VALUES (:number, :id, :name, :email, :status, :permission, :now)
        ON CONFLICT (organization_id, id) DO NOTHING
        RETURNING 1
    """
    return bool(transaction.insert(statement, number=number, now=now, **_columns_of(user)))


def change_user(transaction: Transaction, number: int, user: User, now: int) -> None:
    """Change a user."""
    touch(transaction, number, now)
    transaction.execute(
        """
        UPDATE users
        SET name = :name, email = :email, status = :status, permission = :permission
        WHERE organization_id = :number AND id = :id
        """,
        number=number,
        **_columns_of(user),
    )


def _columns_of(user: User) -> dict[str, str | None]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "status": user.status.value,
        "permission": user.permission.value,
    }
