"""Options that several verbs share, and the tenants, organizations and keys that they name."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from tollbook.analytics.row_details import Wanted
from tollbook.cli.command import Options
from tollbook.cli.parameters import COUNTRY, CURRENCY, DAY, METER, NUMBER_FORMAT, PERIOD
from tollbook.domain.catalog import known_types
from tollbook.domain.directory import Status, User, UserPermission
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.keys import ApiKey, prefix_of
from tollbook.domain.named_periods import NAMES
from tollbook.settings import DEFAULT_TENANT, variable
from tollbook.store import directory, keys
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.meters import read_catalog
from tollbook.wiring import now

Body = TypeVar("Body", bound=Callable[..., Any])
"""The function of a command."""


def combined(*options: Callable[[Body], Body]) -> Callable[[Body], Body]:
    """Return several options as one, in this order."""

    def decorate(body: Body) -> Body:
        for option in reversed(options):
            body = option(body)
        return body

    return decorate


tenant_option = click.option(
    "--tenant",
    default=DEFAULT_TENANT,
    envvar=variable("tenant"),
    show_envvar=True,
    help="The tenant.",
)
json_option = click.option("--json", is_flag=True, help="Print JSON instead of text.")
currency_option = click.option(
    "--currency", type=CURRENCY, help="Only organizations with this currency, such as USD."
)
period_option = click.option(
    "--period", type=PERIOD, help=f"The days by name: {', '.join(NAMES)}, or a month like 2024-01."
)
period_options = combined(
    click.option("--start", type=DAY, show_default="30 days before the end", help="The first day."),
    click.option("--end", type=DAY, show_default="today", help="The last day."),
    period_option,
)
country_option = click.option(
    "--country",
    type=COUNTRY,
    help="Only usage to or from this country, such as US; none for usage without a country.",
)
shared_options = combined(tenant_option, json_option)
csv_options = combined(
    click.option("--csv", is_flag=True, help="Print CSV, with the headings of the API."),
    click.option(
        "--escape-formulas/--no-escape-formulas",
        default=True,
        help="Precede a text in CSV that a spreadsheet would run as a formula by an apostrophe.",
    ),
)
table_options = combined(csv_options, shared_options)
exact_option = click.option(
    "--exact", is_flag=True, help="Print amounts with all of their decimals."
)
amounts_option = click.option(
    "--amounts",
    type=click.Choice(("number", "string")),
    default="number",
    help="Write amounts in --json as numbers, or as strings of the same digits.",
)
report_options = combined(exact_option, amounts_option, table_options)
quick_option = click.option(
    "--quick", is_flag=True, help="Check the file only; do not recompute every sum in it."
)


status_option = click.option(
    "--status",
    type=click.Choice([it.value for it in Status]),
    callback=lambda _context, _option, text: text and Status(text),
    help="The status.",
)


permission_option = click.option(
    "--permission",
    type=click.Choice([it.value for it in UserPermission]),
    callback=lambda _context, _option, text: text and UserPermission(text),
    help="What the user may do on the platform.",
)
email_options = combined(
    click.option("--email", help="The e-mail address."),
    click.option("--no-email", is_flag=True, help="Remove the e-mail address."),
)


def changed_email(options: Options) -> str | msgspec.UnsetType | None:
    """Return the e-mail address of a change; raise a usage error for two opposite options."""
    if options.no_email and options.email is not None:
        raise click.UsageError("--email excludes --no-email")
    return removable(options.email, remove=options.no_email)


yes_option = click.option("--yes", is_flag=True, help="Confirm; this cannot be undone.")


def require_yes(options: Options) -> None:
    """Raise `InvalidRequest` unless a deletion is confirmed."""
    if not options.yes:
        raise InvalidRequest("a deletion cannot be undone; confirm with --yes")


def removable(value: str | None, *, remove: bool) -> str | msgspec.UnsetType | None:
    """Return the value of a change: UNSET when neither a value nor its removal is wanted."""
    return None if remove else msgspec.UNSET if value is None else value


def refuse_no_change(change: msgspec.Struct) -> None:
    """Raise a usage error when a change names nothing."""
    if change == type(change)():
        raise click.UsageError("an option with a new value is required")


def meter_option(purpose: str) -> Callable[[Body], Body]:
    """Return the option that names meters."""
    return click.option(
        "--meter",
        type=METER,
        multiple=True,
        metavar="METER",
        callback=lambda _context, _option, types: tuple(dict.fromkeys(types)),
        help=f"{purpose}; repeatable.",
    )


def known_meters(snapshot: Snapshot, options: Options) -> tuple[str, ...]:
    """Return the meters that a command names, in the order of the tenant's catalog.

    Raise `InvalidRequest` for one that the tenant does not have.
    """
    return known_types(options.meter, read_catalog(snapshot, options.tenant))


_INCLUDED = {
    "totals": "totals (the sums of all rows)",
    "currency": "currency (that of each organization, in JSON)",
    "meta": "meta (when the figures are true and what is missing from them, in JSON)",
    "margin": "margin (as --margin)",
    "meters": "meters (as --meters)",
}


_FLAGS = {
    "margin": "Show what the usage was bought for, and the margin.",
    "meters": "Show the usage of every meter.",
}


def include_option(*choices: str) -> Callable[[Body], Body]:
    """Return the options that add to an answer what the API adds with `include`."""
    added = ", ".join(_INCLUDED[it] for it in choices)
    flags = [
        click.option(f"--{name}", is_flag=True, help=purpose)
        for name, purpose in _FLAGS.items()
        if name in choices
    ]
    return combined(
        click.option(
            "--include",
            type=click.Choice(choices),
            multiple=True,
            help=f"What to add to --json and --csv: {added}; repeatable.",
        ),
        *flags,
    )


def has_margin(options: Options) -> bool:
    """Return whether margins are asked for."""
    return bool(options.margin or "margin" in options.include)


def wanted_of(options: Options) -> Wanted:
    """Return what is asked for in addition to the documented figures."""
    return Wanted(has_margin(options), bool(options.meters or "meters" in options.include))


def number_format_option(default: str | None = None) -> Callable[[Body], Body]:
    """Return the option for how phone numbers without + are read."""
    return click.option(
        "--number-format",
        type=NUMBER_FORMAT,
        default=default,
        help="How to read phone numbers without +: strict (not at all), international, a "
        "country such as GB (its national numbers), or both, such as GB+international.",
    )


def command_line(tenant: str) -> Actor:
    """Return the actor of a command, for the audit log."""
    return Actor(tenant, COMMAND_LINE, now())


def organization_of(
    snapshot: Snapshot, tenant: str, identity: str, *, created: bool = True
) -> OrganizationRow:
    """Return a tenant's organization; raise `NotFound` when there is none.

    With `created=False`, accept one that only events have named.
    """
    found = directory.find_organization(snapshot, tenant, identity)
    if found is None or (created and found.status == directory.UNKNOWN):
        raise NotFound(f"tenant {tenant} has no organization {identity}")
    return found


def named_organization(snapshot: Snapshot, options: Options) -> OrganizationRow | None:
    """Return the organization that a command names; None when it names none."""
    if options.organization is None:
        return None
    return organization_of(snapshot, options.tenant, options.organization)


def named_user(
    snapshot: Snapshot, organization: OrganizationRow | None, user_id: str | None
) -> User | None:
    """Return the user of an organization that a command names; None when it names none."""
    if user_id is None:
        return None
    if organization is None:
        raise InvalidRequest("--user needs an organization")
    return user_of(snapshot, organization, user_id)


def user_of(snapshot: Snapshot, organization: OrganizationRow, user_id: str) -> User:
    """Return a user of an organization; raise `NotFound` when there is none."""
    user = directory.find_user(snapshot, organization.number, user_id)
    if user is None:
        raise NotFound(f"organization {organization.id} has no user {user_id}")
    return user


def key_of(snapshot: Snapshot, tenant: str, prefix: str) -> ApiKey:
    """Return a tenant's API key by its public prefix; refuse a whole key, which is a secret."""
    public = prefix_of(prefix)
    if public is not None:
        raise InvalidRequest(f"the key must be named by its public prefix only: {public}")
    row = keys.find_row(snapshot, tenant, prefix)
    if row is None:
        raise NotFound(f"tenant {tenant} has no key {prefix}")
    return row.key
