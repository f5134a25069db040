"""Create, change and delete organizations."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tollbook.domain.directory import (
    Organization,
    Status,
    local_zone_problems,
    new_organization_problems,
    organization_problems,
)
from tollbook.domain.errors import AlreadyExists, InUse, Problem, refuse
from tollbook.rating.number_formats import number_format_problem
from tollbook.store import budgets, directory, removal
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
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
    email: str | None = None


class OrganizationChange(msgspec.Struct):
    """A change of an organization; its time zone and currency only change before its first event.

    With `null` for `number_format`, the tenant's format applies; with `null` for `email`, there is
    no contact address.
    """

    name: str | None = None
    timezone: str | None = None
    currency: str | None = None
    status: Status | None = None
    number_format: str | msgspec.UnsetType | None = msgspec.UNSET
    email: str | msgspec.UnsetType | None = msgspec.UNSET


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
        email=new.email,
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
    """Change an organization.

    Raise `InUse` for another time zone or currency when it has events, and for another currency
    when it has budgets.
    """
    row = directory.hold_organization(transaction, actor.tenant, row.number, actor.at)
    changes = changes_of(change)
    changed = msgspec.structs.replace(organization_from(row), **changes)
    terms = [it for it in ("timezone", "currency") if getattr(changed, it) != getattr(row, it)]
    # A zone or currency that would be refused today stays: a rename does not change it.
    found = [*organization_problems(changed), *local_zone_problems(changed.timezone)]
    allowed = {"timezone", "currency"} - set(terms)
    refuse([*(it for it in found if it.field not in allowed), _format_problem(changed)])
    if terms:
        _require_free_terms(transaction, row, terms)
    directory.change_organization(transaction, actor.tenant, row.number, changed)
    details = {
        "changed": list(changes),
        "status": changed.status,
        "number_format": changed.number_format,
        **{it: getattr(changed, it) for it in terms},
    }
    what = f"organization {row.id}"
    write_act(transaction, actor, "organization.change", what, details, organization=row.number)
    return changed


def delete_organization(
    transaction: Transaction, actor: Actor, row: OrganizationRow
) -> Organization:
    """Delete an organization with its users, budgets, keys and price books; return it.

    Raise `InUse` when it has events.
    """
    row = directory.hold_organization(transaction, actor.tenant, row.number, actor.at)
    require_no_events(transaction, [row])
    removal.remove_organization(transaction, actor.tenant, row.number)
    what = f"organization {row.id}"
    write_act(transaction, actor, "organization.delete", what, {}, organization=row.number)
    return organization_from(row)


def require_no_events(snapshot: Snapshot, rows: Iterable[OrganizationRow]) -> None:
    """Raise `InUse` for the first organization that has events."""
    for row in rows:
        if removal.has_events(snapshot, row.number):
            raise InUse(f"organization {row.id} has events and cannot be deleted")


def _require_free_terms(
    transaction: Transaction, row: OrganizationRow, terms: Sequence[str]
) -> None:
    """Raise `InUse` when amounts or days are stored in an organization's terms."""
    if removal.has_events(transaction, row.number):
        raise InUse(f"organization {row.id} has events: its {' and '.join(terms)} cannot change")
    if "currency" in terms and budgets.has_budgets(transaction, row.number):
        raise InUse(f"organization {row.id} has budgets in {row.currency}: remove them first")


def organization_from(row: OrganizationRow) -> Organization:
    """Return the organization of a row."""
    return msgspec.convert(row._asdict(), Organization)


def changes_of(change: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that a change names: those that differ from their default."""
    fields = msgspec.structs.fields(change)
    values = {it.name: getattr(change, it.name) for it in fields}
    return {it.name: values[it.name] for it in fields if values[it.name] is not it.default}


def assigned_id(kind: str) -> str:
    """Return a random id for an organization or a user that is created without one."""
    return f"{kind}_{secrets.token_hex(8)}"


def _format_problem(organization: Organization) -> Problem | None:
    number_format = organization.number_format
    return None if number_format is None else number_format_problem(number_format)
