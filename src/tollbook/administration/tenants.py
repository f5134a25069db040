"""Create, change and delete tenants."""

from tollbook.administration.organizations import require_no_events
from tollbook.domain.directory import (
    DEFAULT_ZONE,
    LONGEST_NAME,
    currency_problem,
    id_problem,
    local_zone_problems,
    text_problem,
    timezone_problem,
)
from tollbook.domain.errors import AlreadyExists, NotFound, Problem, refuse
from tollbook.rating.number_formats import number_format_problem
from tollbook.store import directory, removal
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import Tenant
from tollbook.store.versions import change_token


def ensure_tenant(transaction: Transaction, actor: Actor, name: str | None = None) -> bool:
    """Add the actor's tenant, which has no prices yet; return False when it exists already.

    Without a name, the tenant's id is its name. The audit log gets no act.
    """
    name = actor.tenant if name is None else name
    refuse([id_problem("tenant", actor.tenant), text_problem("name", name, LONGEST_NAME)])
    return directory.add_tenant(transaction, actor.tenant, name, actor.at)


def create_tenant(transaction: Transaction, actor: Actor, tenant: Tenant) -> None:
    """Create the actor's tenant, which has no prices yet."""
    refuse(
        [
            currency_problem(tenant.currency),
            number_format_problem(tenant.number_format),
            *_zone_problems(tenant.timezone),
        ]
    )
    if not ensure_tenant(transaction, actor, tenant.name):
        raise AlreadyExists(f"tenant {tenant.id} exists already")
    _store(transaction, actor, "tenant.create", tenant)


def change_tenant(
    transaction: Transaction,
    actor: Actor,
    currency: str | None,
    number_format: str | None,
    timezone: str | None = None,
) -> Tenant:
    """Change the currency, number format or time zone of the actor's tenant; None keeps a value.

    The periods of triggers that have begun end as planned; the next ones are of the new time zone.
    """
    refuse(
        [
            currency_problem(currency) if currency else None,
            number_format_problem(number_format) if number_format else None,
            *_zone_problems(timezone or DEFAULT_ZONE),
        ]
    )
    # Changing the directory's row first makes parallel changes wait for each other.
    change_token(transaction, actor.tenant)
    found = _find(transaction, actor)
    tenant = found._replace(
        currency=currency or found.currency,
        number_format=number_format or found.number_format,
        timezone=timezone or found.timezone,
    )
    if tenant.timezone != found.timezone:
        directory.change_tenant_zone(
            transaction, tenant.id, found.timezone, tenant.timezone, actor.at
        )
    _store(transaction, actor, "tenant.change", tenant)
    return tenant


def delete_tenant(transaction: Transaction, actor: Actor) -> Tenant:
    """Delete the actor's tenant with everything of it but the audit log; return it.

    Raise `InUse` when one of its organizations has events.
    """
    tenant = _find(transaction, actor)
    rows = removal.hold_organizations(transaction, actor.tenant, actor.at)
    require_no_events(transaction, rows)
    removal.remove_tenant(transaction, actor.tenant, rows)
    write_act(transaction, actor, "tenant.delete", f"tenant {tenant.id}", {})
    return tenant


def _zone_problems(timezone: str) -> list[Problem | None]:
    return [timezone_problem(timezone), *local_zone_problems(timezone)]


def _find(snapshot: Snapshot, actor: Actor) -> Tenant:
    found = directory.find_tenant(snapshot, actor.tenant)
    if found is None:
        raise NotFound(f"there is no tenant {actor.tenant}")
    return found


def _store(transaction: Transaction, actor: Actor, action: str, tenant: Tenant) -> None:
    directory.change_tenant(transaction, tenant)
    details = {
        "currency": tenant.currency,
        "number_format": tenant.number_format,
        "timezone": tenant.timezone,
    }
    write_act(transaction, actor, action, f"tenant {tenant.id}", details)
