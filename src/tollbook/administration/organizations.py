"""Create and change organizations."""

import secrets

import msgspec

from tollbook.domain.directory import (
    Organization,
    Status,
    new_organization_problems,
    organization_problems,
)
from tollbook.domain.errors import AlreadyExists, Problem, refuse
from tollbook.rating.number_formats import number_format_problem
from tollbook.store import directory
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import OrganizationRow


class NewOrganization(msgspec.Struct):
    """An organization to create.

    Without an id, a random one is assigned. Without a currency, the tenant's applies.
    """

    name: str
    id: str | None = None
    timezone: str = "UTC"
    currency: str | None = None
    status: Status = Status.ACTIVE
    number_format: str | None = None


class OrganizationChange(msgspec.Struct):
    """A change of an organization, whose time zone and currency are fixed by its ledger.

    With `null` for `number_format`, the tenant's format applies.
    """

    name: str | None = None
    status: Status | None = None
    number_format: str | msgspec.UnsetType | None = msgspec.UNSET


def create_organization(
    transaction: Transaction, actor: Actor, new: NewOrganization
) -> Organization:
    """Create an organization of the actor's tenant."""
    currency = new.currency
    if currency is None:
        currency = directory.tenant_currency(transaction, actor.tenant)
    organization = Organization(
        id=assigned_id("org") if new.id is None else new.id,
        name=new.name,
        timezone=new.timezone,
        currency=currency,
        status=new.status,
        number_format=new.number_format,
    )
    refuse([*new_organization_problems(organization), _format_problem(organization)])
    if not directory.add_organization(transaction, actor.tenant, organization, actor.at):
        raise AlreadyExists(f"organization {organization.id} exists already")
    row = directory.find_organization(transaction, actor.tenant, organization.id)
    details = {
        it: getattr(organization, it) for it in ("timezone", "currency", "status", "number_format")
    }
    what = f"organization {organization.id}"
    write_act(
        transaction, actor, "organization.create", what, details, organization=row and row.number
    )
    return organization


def change_organization(
    transaction: Transaction, actor: Actor, row: OrganizationRow, change: OrganizationChange
) -> Organization:
    """Change an organization's name, status or number format."""
    changes = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not (msgspec.UNSET if name == "number_format" else None)
    }
    changed = msgspec.structs.replace(organization_from(row), **changes)
    # A currency stored before codes were checked stays: a rename does not change it.
    problems = (it for it in organization_problems(changed) if it.field != "currency")
    refuse([*problems, _format_problem(changed)])
    directory.change_organization(transaction, row.number, changed, actor.at)
    details = {
        "changed": list(changes),
        "status": changed.status,
        "number_format": changed.number_format,
    }
    what = f"organization {row.id}"
    write_act(transaction, actor, "organization.change", what, details, organization=row.number)
    return changed


def organization_from(row: OrganizationRow) -> Organization:
    """Return the organization of a row."""
    return msgspec.convert(row._asdict(), Organization)


def assigned_id(kind: str) -> str:
    """Return a random id for an organization or a user that is created without one."""
    return f"{kind}_{secrets.token_hex(8)}"


def _format_problem(organization: Organization) -> Problem | None:
    number_format = organization.number_format
    return None if number_format is None else number_format_problem(number_format)
