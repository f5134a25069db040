"""tollbook viewers: create and revoke viewer tokens."""

import click

from tollbook.administration.viewer_tokens import (
    NewViewer,
    create_viewer_token,
    revoke_viewer_token,
    revoke_viewer_tokens,
)
from tollbook.api.endpoints.viewer_tokens import viewer_answer
from tollbook.api.pipeline.access import require
from tollbook.cli.choices import command_line, key_of, organization_of, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_result
from tollbook.cli.parameters import whole
from tollbook.domain.errors import KeyEnded, NotFound
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.viewers import DEFAULT_SECONDS, MOST_SECONDS
from tollbook.settings import Settings
from tollbook.store.audit import Actor
from tollbook.store.database import Snapshot
from tollbook.wiring import open_migrated, secret_keys_of

verb = VerbGroup()


@verb.command("create")
@click.argument("organization", help="The organization that the token can read.")
@click.option("--user", help="Limit the token to one user.")
@click.option(
    "--key",
    required=True,
    metavar="PREFIX",
    help="The key whose limits and expiry the token inherits, such as tb_0123456789ab.",
)
@click.option(
    "--expires-in-seconds",
    type=whole("number of seconds", 1, MOST_SECONDS),
    default=DEFAULT_SECONDS,
    help=f"How many seconds the token works, up to {MOST_SECONDS}.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Limit the token to pages of this registered origin; may be repeated.",
)
@shared_options
def _create(options: Options, settings: Settings) -> int:
    """Sign a token on behalf of a key and show it once."""
    new = NewViewer(
        options.organization, options.user, options.expires_in_seconds, [*options.origins]
    )
    database = open_migrated(settings)
    secret_keys = secret_keys_of(settings, database)
    with database.writing() as transaction:
        actor = command_line(options.tenant)
        key = _key(transaction, actor, options.key)
        row = organization_of(transaction, options.tenant, options.organization)
        if key.scope.organization_id not in (None, row.id):
            raise NotFound(f"key {options.key} has no access to organization {row.id}")
        viewer, text = create_viewer_token(transaction, actor, key, row, new, secret_keys)
    print_result({"token": text, "viewer_token": viewer_answer(viewer)}, text, json=options.json)
    return 0


def _key(snapshot: Snapshot, actor: Actor, prefix: str) -> ApiKey:
    """Return the key of a token; raise unless it has not expired and may read analytics."""
    key = key_of(snapshot, actor.tenant, prefix)
    if key.ended(actor.at):
        raise KeyEnded(f"key {prefix} has expired or is revoked")
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
            revoke_viewer_tokens(transaction, actor)
        else:
            revoke_viewer_token(transaction, actor, options.id, None)
    what = "all viewer tokens" if options.all else f"viewer token {options.id}"
    print_result({"id": options.id, "revoked": True}, f"{what} revoked", json=options.json)
    return 0
