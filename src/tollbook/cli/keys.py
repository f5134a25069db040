"""tollbook keys: API keys, shown once."""

import argparse
from datetime import UTC, datetime, timedelta

from tollbook.api.keys import KeyAnswer, NewKey, key_answer, limits_of
from tollbook.cli.choices import add_tenant_option, command_line, key_of, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, print_rows
from tollbook.domain.keys import ApiKey, Permission, Scope
from tollbook.ingest.keys import DEFAULT_OVERLAP, MOST_OVERLAP, issue, revoke, rotate
from tollbook.settings import Settings
from tollbook.store import keys
from tollbook.wiring import ensure_tenant, now, open_migrated

_PREFIX = "the public prefix, such as tb_0123456789ab"


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser(
        "keys", help="create, list, rotate and revoke API keys"
    ).add_subparsers(metavar="ACTION", required=True)
    create = nouns.add_parser("create", help="issue a key and show it, once")
    _add_create_options(create)
    change = nouns.add_parser("rotate", help="issue the key that follows another, and show it")
    change.add_argument("prefix", help=_PREFIX)
    change.add_argument(
        "--overlap",
        type=_overlap,
        default=DEFAULT_OVERLAP,
        metavar="SECONDS",
        help=f"how long the old one still works (default: {DEFAULT_OVERLAP})",
    )
    end = nouns.add_parser("revoke", help="revoke a key at once, and the viewer tokens it made")
    end.add_argument("prefix", help=_PREFIX)
    listing = nouns.add_parser("list", help="list keys")
    for parser, run in ((create, _create), (change, _rotate), (end, _revoke), (listing, _list)):
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)


def _add_create_options(create: argparse.ArgumentParser) -> None:
    create.add_argument("--name", default="command line", help="what the key is for")
    create.add_argument("--organization", help="bind the key to one organization")
    create.add_argument("--user", help="bind the key to one user of the organization")
    create.add_argument(
        "--permission",
        action="append",
        choices=[it.value for it in Permission],
        help="may be given several times (default: admin)",
    )
    create.add_argument("--days", type=int, help="how long the key lasts (default: for ever)")
    create.add_argument(
        "--meter",
        action="append",
        default=[],
        help="narrow the key to a meter; may be given several times",
    )
    create.add_argument(
        "--from",
        dest="addresses",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="an address or network that the key may be used from; may be given several times",
    )
    create.add_argument(
        "--per-minute", type=int, help="the most requests a minute (default: no limit)"
    )


def _create(options: argparse.Namespace, settings: Settings) -> int:
    chosen = options.permission or [Permission.ADMIN.value]
    end = None if options.days is None else datetime.now(UTC) + timedelta(days=options.days)
    new = NewKey(
        options.name,
        [Permission(it) for it in dict.fromkeys(chosen)],
        options.organization,
        options.user,
        end,
        options.meter,
        options.addresses,
        options.per_minute,
    )
    limits = limits_of(new, now())
    scope = Scope(options.tenant, options.organization, options.user)
    actor = command_line(options.tenant)
    with open_migrated(settings).writing() as transaction:
        ensure_tenant(transaction, options.tenant, options.tenant)
        number = None
        if options.organization is not None:
            number = organization_of(transaction, options.tenant, options.organization).number
        made = issue(transaction, actor, new.name, scope, new.permissions, limits, number)
    return _show(options, *made)


def _rotate(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).writing() as transaction:
        old = key_of(transaction, options.tenant, options.prefix)
        made = rotate(transaction, command_line(options.tenant), old, options.overlap)
    return _show(options, *made)


def _show(options: argparse.Namespace, key: ApiKey, secret: str) -> int:
    if options.json:
        print_json({"api_key": secret, "key": key_answer(key)})
    else:
        print_line(secret)
    return 0


def _revoke(options: argparse.Namespace, settings: Settings) -> int:
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


def _list(options: argparse.Namespace, settings: Settings) -> int:
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


def _overlap(text: str) -> int:
    if not text.isdigit() or int(text) > MOST_OVERLAP:
        raise argparse.ArgumentTypeError(f"must be seconds from 0 to {MOST_OVERLAP}")
    return int(text)
