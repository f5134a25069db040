"""tollbook viewers: tokens for browsers, shown once."""

import click

from tollbook.api.endpoints.viewer_tokens import viewer_answer
from tollbook.api.pipeline.access import require
from tollbook.cli.choices import command_line, key_of, organization_of, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_line
from tollbook.cli.parameters import whole
from tollbook.domain.errors import KeyEnded, NotFound
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.viewers import DEFAULT_SECONDS, MOST_SECONDS
from tollbook.ingest.viewers import issue, revoke, revoke_all
from tollbook.settings import Settings
from tollbook.store.database import Snapshot
from tollbook.wiring import now, open_migrated

verb = VerbGroup()


@verb.command("create")
@click.argument("organization", help="The organization that the token shows.")
@click.option("--user", help="Show only this user.")
@click.option(
    "--key",
    required=True,
    metavar="PREFIX",
    help="The key whose limits and end the token has, such as tb_0123456789ab.",
)
@click.option(
    "--expires-in-seconds",
    type=whole("number of seconds", 1, MOST_SECONDS),
    default=DEFAULT_SECONDS,
    help=f"How many seconds the token works, up to {MOST_SECONDS}.",
)
@shared_options
def _create(options: Options, settings: Settings) -> int:
    """Sign a token on behalf of a key and show it once."""
    actor = command_line(options.tenant)
    with open_migrated(settings).writing() as transaction:
        key = _key(transaction, options.tenant, options.key)
        row = organization_of(transaction, options.tenant, options.organization)
        if key.scope.organization_id not in (None, row.id):
            raise NotFound(f"key {options.key} does not see organization {row.id}")
        viewer, text = issue(transaction, actor, key, row, options.user, options.expires_in_seconds)
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


@verb.command("revoke")
@click.argument("id", required=False, help="The public id, such as tbv_0123456789abcdef.")
@click.option("--all", is_flag=True, help="Revoke all tokens signed until now.")
@shared_options
def _revoke(options: Options, settings: Settings) -> int:
    """Revoke a token, or all tokens of the tenant."""
    if options.all == (options.id is not None):
        raise click.UsageError("either an ID or --all is required")
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
