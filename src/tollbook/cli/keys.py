"""tollbook keys: API keys, shown once."""

from datetime import UTC, datetime, timedelta
from functools import partial

import click

from tollbook.administration.keys import (
    DEFAULT_OVERLAP,
    MOST_OVERLAP,
    NewKey,
    Rotation,
    create_key,
    revoke_key,
    rotate_key,
)
from tollbook.administration.tenants import ensure_tenant
from tollbook.api.endpoints.keys import KeyAnswer, key_answer
from tollbook.cli.choices import (
    command_line,
    key_of,
    meter_option,
    organization_of,
    shared_options,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.cli.parameters import NETWORK, whole
from tollbook.domain.keys import MOST_PER_MINUTE, ApiKey, Permission
from tollbook.settings import Settings
from tollbook.store import keys
from tollbook.wiring import open_migrated

verb = VerbGroup()
_prefix = click.argument("prefix", help="The public prefix, such as tb_0123456789ab.")


@verb.command("create")
@click.option("--name", default="command line", help="What the key is for.")
@click.option("--organization", help="Bind the key to one organization.")
@click.option("--user", help="Bind the key to one user of the organization.")
@click.option(
    "--permission",
    multiple=True,
    required=True,
    type=click.Choice([it.value for it in Permission]),
    help="What the key may do; repeatable. events:write sends events, which needs events:cost if "
    "they state a cost; reversing also needs events:reverse. admin includes all, except these two "
    "for a key of a user.",
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
@click.option(
    "--id-prefix",
    metavar="TEXT",
    help="The start of the ids of the key's events; required to send events with --user or "
    "--meter.",
)
@shared_options
def _create(options: Options, settings: Settings) -> int:
    """Create a key and show it once."""
    days = options.expires_in_days
    new = NewKey(
        name=options.name,
        permissions=[Permission(it) for it in dict.fromkeys(options.permission)],
        organization_id=options.organization,
        user_id=options.user,
        expires_at=None if days is None else datetime.now(UTC) + timedelta(days=days),
        meters=list(options.meter),
        allowed_addresses=list(options.allow_from),
        requests_per_minute=options.rate_limit,
        id_prefix=options.id_prefix,
    )
    actor = command_line(options.tenant)
    with open_migrated(settings).writing() as transaction:
        ensure_tenant(transaction, actor)
        find = partial(organization_of, transaction, options.tenant)
        key, secret = create_key(transaction, actor, new, find, creator=None)
    return _show(options, key, secret)


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
    """Create the successor of a key and show it once."""
    with open_migrated(settings).writing() as transaction:
        old = key_of(transaction, options.tenant, options.prefix)
        rotation = Rotation(options.overlap)
        key, secret = rotate_key(
            transaction, command_line(options.tenant), old, rotation, creator=None
        )
    return _show(options, key, secret)


def _show(options: Options, key: ApiKey, secret: str) -> int:
    print_result({"api_key": secret, "key": key_answer(key)}, secret, json=options.json)
    return 0


@verb.command("revoke")
@_prefix
@shared_options
def _revoke(options: Options, settings: Settings) -> int:
    """Revoke a key and its viewer tokens immediately."""
    with open_migrated(settings).writing() as transaction:
        key = key_of(transaction, options.tenant, options.prefix)
        revoke_key(transaction, command_line(options.tenant), key)
    result = {"prefix": key.prefix, "revoked": True}
    print_result(result, f"key {key.prefix} revoked", json=options.json)
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
                *("Key", "Name", "Permissions", "Organization", "User", "Limits"),
                *("Created", "Last used", "Expires", "Revoked"),
            ),
            (_cells(key) for key in found),
            f"tenant {options.tenant} has no keys yet",
        )
    return 0


def _cells(key: KeyAnswer) -> tuple[str | None, ...]:
    limit = key.requests_per_minute
    rate_limit = () if limit is None else (f"{limit} requests per minute",)
    id_prefix = () if key.id_prefix is None else (f"ids {key.id_prefix}…",)
    return (
        key.prefix,
        key.name,
        " ".join(key.permissions),
        key.organization_id,
        key.user_id,
        ", ".join((*key.meters, *key.allowed_addresses, *rate_limit, *id_prefix)),
        _minute(key.created_at),
        _minute(key.last_used_at),
        _minute(key.expires_at),
        _minute(key.revoked_at),
    )


def _minute(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%d %H:%M}"
