"""tollbook keys: API keys, shown once."""

import argparse

from tollbook.api.keys import KeyAnswer, key_answer
from tollbook.cli.choices import add_tenant_option, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_rows
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.keys import Permission, Scope, key_problems
from tollbook.settings import Settings
from tollbook.store import keys
from tollbook.wiring import ensure_tenant, now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser("keys", help="create, list and revoke API keys").add_subparsers(
        metavar="ACTION", required=True
    )
    create = nouns.add_parser("create", help="issue a key and show it, once")
    create.add_argument("--name", default="command line", help="what the key is for")
    create.add_argument("--organization", help="bind the key to one organization")
    create.add_argument("--user", help="bind the key to one user of the organization")
    create.add_argument(
        "--permission",
        action="append",
        choices=[it.value for it in Permission],
        help="may be given several times (default: admin)",
    )
    revoke = nouns.add_parser("revoke", help="revoke a key at once")
    revoke.add_argument("prefix", help="the public prefix, such as tb_0123456789ab")
    listing = nouns.add_parser("list", help="list keys")
    for parser, run in ((create, _create), (revoke, _revoke), (listing, _list)):
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)


def _create(options: argparse.Namespace, settings: Settings) -> int:
    chosen = options.permission or [Permission.ADMIN.value]
    permissions = [Permission(it) for it in dict.fromkeys(chosen)]
    problems = key_problems(options.name, permissions, options.organization, options.user)
    if problems:
        raise InvalidRequest.of(problems)
    scope = Scope(options.tenant, options.organization, options.user)
    with open_migrated(settings).writing() as transaction:
        ensure_tenant(transaction, options.tenant, options.tenant)
        number = None
        if options.organization is not None:
            number = organization_of(transaction, options.tenant, options.organization).number
        key, secret = keys.issue_key(transaction, options.name, scope, permissions, now(), number)
    if options.json:
        print_json({"api_key": secret, "key": key_answer(key)})
    else:
        print(secret)
    return 0


def _revoke(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).writing() as transaction:
        if not keys.revoke_key(transaction, options.tenant, options.prefix, now()):
            raise NotFound(f"tenant {options.tenant} has no key {options.prefix}")
    if options.json:
        print_json({"prefix": options.prefix, "revoked": True})
    else:
        print(f"key {options.prefix} revoked")
    return 0


def _list(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        found = [key_answer(key) for key in keys.keys(snapshot, options.tenant)]
    if options.json:
        print_json(found)
    else:
        print_rows(
            ("Key", "Name", "Permissions", "Organization", "User", "Created", "Revoked"),
            (_cells(key) for key in found),
            f"tenant {options.tenant} has no keys yet",
        )
    return 0


def _cells(key: KeyAnswer) -> tuple[str | None, ...]:
    return (
        key.prefix,
        key.name,
        " ".join(key.permissions),
        key.organization_id,
        key.user_id,
        f"{key.created_at:%Y-%m-%d %H:%M}",
        f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else None,
    )
