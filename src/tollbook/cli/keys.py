"""tollbook keys: API keys, shown once."""

from datetime import UTC, datetime, timedelta

import click

from tollbook.api.endpoints.keys import KeyAnswer, NewKey, key_answer, limits_of
from tollbook.cli.choices import (
    command_line,
    key_of,
    meter_option,
    named_organization,
    shared_options,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_line, print_rows
from tollbook.cli.parameters import NETWORK, whole
from tollbook.domain.keys import MOST_PER_MINUTE, ApiKey, KeyScope, Permission
from tollbook.ingest.keys import DEFAULT_OVERLAP, MOST_OVERLAP, issue, revoke, rotate
from tollbook.settings import Settings
from tollbook.store import keys
from tollbook.wiring import ensure_tenant, now, open_migrated

verb = VerbGroup()
_prefix = click.argument("prefix", help="The public prefix, such as tb_0123456789ab.")


@verb.command("create")
@click.option("--name", default="command line", help="What the key is for.")
@click.option("--organization", help="Bind the key to one organization.")
@click.option("--user", help="Bind the key to one user of the organization.")
@click.option(
    "--permission",
    multiple=True,
    type=click.Choice([it.value for it in Permission]),
    default=[Permission.ADMIN.value],
    help="What the key may do; repeatable.",
)
@click.option(
    "--expires-in-days",
    type=whole("number of days", 1, 36_500),
    show_default="no limit",
    help="How many days the key works.",
)
@meter_option("Limit the key to a meter, such as voice.call")
@click.option(
    "--allow-from",
    multiple=True,
    type=NETWORK,
    help="Limit the key to clients from an address or a network; repeatable.",
)
@click.option(
    "--rate-limit",
    type=whole("number of requests", 1, MOST_PER_MINUTE),
    show_default="no limit",
    help="The most requests per minute.",
)
@shared_options
def _create(options: Options, settings: Settings) -> int:
    """Issue a key and show it once."""
    days = options.expires_in_days
    end = None if days is None else datetime.now(UTC) + timedelta(days=days)
    new = NewKey(
        options.name,
        [Permission(it) for it in dict.fromkeys(options.permission)],
        options.organization,
        options.user,
        end,
        list(options.meter),
        list(options.allow_from),
        options.rate_limit,
    )
    limits = limits_of(new, now())
    scope = KeyScope(options.tenant, options.organization, options.user)
    actor = command_line(options.tenant)
    with open_migrated(settings).writing() as transaction:
        ensure_tenant(transaction, options.tenant, options.tenant)
        row = named_organization(transaction, options)
        number = row.number if row else None
        made = issue(transaction, actor, new.name, scope, new.permissions, limits, number)
    return _show(options, *made)


@verb.command("rotate")
@_prefix
@click.option(
    "--overlap",
    type=whole("number of seconds", 0, MOST_OVERLAP),
    default=DEFAULT_OVERLAP,
    help="How many seconds the old key still works.",
)
@shared_options
def _rotate(options: Options, settings: Settings) -> int:
    """Issue the successor of a key and show it once."""
    with open_migrated(settings).writing() as transaction:
        old = key_of(transaction, options.tenant, options.prefix)
        made = rotate(transaction, command_line(options.tenant), old, options.overlap)
    return _show(options, *made)


def _show(options: Options, key: ApiKey, secret: str) -> int:
    if options.json:
        print_json({"api_key": secret, "key": key_answer(key)})
    else:
        print_line(secret)
    return 0


@verb.command("revoke")
@_prefix
@shared_options
def _revoke(options: Options, settings: Settings) -> int:
    """Revoke a key and its viewer tokens immediately."""
    with open_migrated(settings).writing() as transaction:
        revoke(
            transaction,
            command_line(options.tenant),
            key_of(transaction, options.tenant, options.prefix),
        )
    if options.json:
        print_json({"prefix": options.prefix, "revoked": True})
    else:
        print_line(f"key {options.prefix} revoked")
    return 0


@verb.command("list")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List keys."""
    with open_migrated(settings).reading() as snapshot:
        found = [key_answer(*row) for row in keys.keys(snapshot, options.tenant)]
    if options.json:
        print_json(found)
    else:
        print_rows(
            (
                *("Key", "Name", "Permissions", "Organization", "User", "Only"),
                *("Created", "Last used", "Ends", "Revoked"),
            ),
            (_cells(key) for key in found),
            f"tenant {options.tenant} has no keys yet",
        )
    return 0


def _cells(key: KeyAnswer) -> tuple[str | None, ...]:
    per_minute = key.requests_per_minute
    often = () if per_minute is None else (f"{per_minute} a minute",)
    return (
        key.prefix,
        key.name,
        " ".join(key.permissions),
        key.organization_id,
        key.user_id,
        ", ".join((*key.meters, *key.allowed_addresses, *often)),
        _minute(key.created_at),
        _minute(key.last_used_at),
        _minute(key.expires_at),
        _minute(key.revoked_at),
    )


def _minute(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%d %H:%M}"
