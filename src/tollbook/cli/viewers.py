"""tollbook viewers: tokens for browsers, shown once."""

import argparse

from tollbook.api.access import require
from tollbook.api.viewer_tokens import viewer_answer
from tollbook.cli.choices import add_tenant_option, command_line, key_of, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line
from tollbook.domain.errors import KeyEnded, NotFound
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.viewers import DEFAULT_SECONDS, MOST_SECONDS
from tollbook.ingest.viewers import issue, revoke, revoke_all
from tollbook.settings import Settings
from tollbook.store.database import Snapshot
from tollbook.wiring import now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser(
        "viewers",
        help="create and revoke viewer tokens, for browsers that may look at answers only",
    ).add_subparsers(metavar="ACTION", required=True)
    create = nouns.add_parser("create", help="sign a token on behalf of a key and show it, once")
    create.add_argument("organization", help="the organization that it sees")
    create.add_argument("--user", help="the only user that it sees")
    create.add_argument(
        "--key",
        required=True,
        metavar="PREFIX",
        help="the key whose limits it has, and with which it ends, such as tb_0123456789ab",
    )
    create.add_argument(
        "--seconds",
        type=_seconds,
        default=DEFAULT_SECONDS,
        help=f"how long it lasts (default: {DEFAULT_SECONDS}, at most {MOST_SECONDS})",
    )
    end = nouns.add_parser("revoke", help="take a token back, or all of the tenant's")
    which = end.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", help="the public id, such as tbv_0123456789abcdef")
    which.add_argument("--all", action="store_true", help="all tokens signed until now")
    for parser, run in ((create, _create), (end, _revoke)):
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)


def _create(options: argparse.Namespace, settings: Settings) -> int:
    actor = command_line(options.tenant)
    with open_migrated(settings).writing() as transaction:
        key = _key(transaction, options.tenant, options.key)
        row = organization_of(transaction, options.tenant, options.organization)
        if key.scope.organization_id not in (None, row.id):
            raise NotFound(f"key {options.key} does not see organization {row.id}")
        viewer, text = issue(transaction, actor, key, row, options.user, options.seconds)
    if options.json:
        print_json({"token": text, "viewer_token": viewer_answer(viewer)})
    else:
        print_line(text)
    return 0


def _key(snapshot: Snapshot, tenant: str, prefix: str) -> ApiKey:
    """Find the key that a token is for: one that may see, and has not ended."""
    key = key_of(snapshot, tenant, prefix)
    if key.ended(now()):
        raise KeyEnded(f"key {prefix} has ended")
    require(key, Permission.READ_ANALYTICS)
    return key


def _revoke(options: argparse.Namespace, settings: Settings) -> int:
    actor = command_line(options.tenant)
    with open_migrated(settings).writing() as transaction:
        if options.all:
            revoke_all(transaction, actor)
        else:
            revoke(transaction, actor, options.id, None)
    if options.json:
        print_json({"id": options.id, "revoked": True})
    else:
        what = "all viewer tokens" if options.all else f"viewer token {options.id}"
        print_line(f"{what} revoked")
    return 0


def _seconds(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"must be seconds from 1 to {MOST_SECONDS}")
    return int(text)
