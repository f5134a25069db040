"""Create and revoke viewer tokens."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from tollbook.administration.origins import require_registered
from tollbook.domain import viewers
from tollbook.domain.directory import id_problem
from tollbook.domain.endpoint_errors import SecretKeyMissing
from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey
from tollbook.domain.origins import MOST_ORIGINS
from tollbook.domain.viewers import (
    DEFAULT_SECONDS,
    MOST_SECONDS,
    SHORTEST_SECRET_KEY,
    SecretKeys,
    Viewer,
)
from tollbook.store import viewers as stored_viewers
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow

_NO_SECRET_KEY = (
    "viewer tokens need a secret key: set TOLLBOOK_SECRET_KEY to the same random text of at least "
    f"{SHORTEST_SECRET_KEY} characters on every server and for every command of this database"
)


class TokensCreated(NamedTuple):
    """How many tokens a key created, from when until when.

    `organization` is the number of the organization that the key is bound to.
    """

    actor: Actor
    organization: int | None
    tokens: int
    since: int
    until: int


class NewViewer(msgspec.Struct):
    """A token to create, for an organization or one user of it.

    `origins` are registered ones that it is limited to; without any it is not limited.
    """

    organization_id: str
    user_id: str | None = None
    expires_in: Annotated[int, Meta(ge=1, le=MOST_SECONDS)] = DEFAULT_SECONDS
    origins: Annotated[list[str], Meta(max_length=MOST_ORIGINS)] = []


def create_viewer_token(
    transaction: Transaction,
    actor: Actor,
    key: ApiKey,
    organization: OrganizationRow,
    new: NewViewer,
    secret_keys: SecretKeys,
) -> tuple[Viewer, str]:
    """Sign a token on behalf of a key, and log that; return it with its text, which is not stored.

    `organization` is the one that `new` names, and the key must have access to it. The token
    expires with the key. A key bound to one user gets tokens for that user. Raise
    `SecretKeyMissing` when there is no secret key to sign with.
    """
    require_registered(transaction, actor.tenant, new.origins)
    secret = stored_viewers.secret_of(transaction, actor.tenant, actor.at)
    viewer, text = sign_viewer_token(actor, key, organization, new, secret, secret_keys)
    details: dict[str, Any] = {
        "user_id": viewer.user_id,
        "expires_at": instant_of(viewer.expires_at),
    }
    if viewer.origins:
        details["origins"] = list(viewer.origins)
    if actor.key_prefix != key.prefix:
        details["key"] = key.prefix
    what, number = f"viewer token {viewer.id}", organization.number
    write_act(transaction, actor, "viewer_token.create", what, details, organization=number)
    return viewer, text


def sign_viewer_token(
    actor: Actor,
    key: ApiKey,
    organization: OrganizationRow,
    new: NewViewer,
    secret: str,
    secret_keys: SecretKeys,
) -> tuple[Viewer, str]:
    """Sign a token as `create_viewer_token` does, with the tenant's secret, and log nothing."""
    signing_keys = secret_keys.derive(actor.tenant, secret)
    if not signing_keys:
        raise SecretKeyMissing(_NO_SECRET_KEY)
    user, now = _user(key, new.user_id), actor.at
    end = now + new.expires_in * 1_000_000
    viewer = Viewer(
        id=viewers.new_id(secret),
        tenant_id=actor.tenant,
        organization_id=organization.id,
        user_id=user,
        issuer=key.prefix,
        created_at=now,
        expires_at=min(end, key.limits.expires_at or end),
        origins=tuple(dict.fromkeys(new.origins)),
    )
    return viewer, viewers.signed(viewer, signing_keys[0])


def log_tokens_created(transaction: Transaction, lines: Sequence[TokensCreated]) -> None:
    """Log the tokens that keys have created except those that were logged alone."""
    for line in lines:
        details = {
            "count": line.tokens,
            "since": instant_of(line.since),
            "until": instant_of(line.until),
        }
        write_act(
            transaction,
            line.actor,
            "viewer_token.create",
            "viewer tokens",
            details,
            organization=line.organization,
        )


def require_token_id(snapshot: Snapshot, tenant: str, identity: str) -> None:
    """Raise `NotFound` for an id that is not of a token of the tenant."""
    secret = stored_viewers.find_secret(snapshot, tenant)
    if secret is None or not viewers.is_made_for(identity, secret):
        raise NotFound("Viewer token not found")


def revoke_viewer_token(
    transaction: Transaction, actor: Actor, identity: str, number: int | None
) -> None:
    """Revoke a token; with the number of an organization, only if it is one of its tokens."""
    require_token_id(transaction, actor.tenant, identity)
    stored_viewers.revoke(transaction, actor.tenant, identity, number, actor.at)
    what = f"viewer token {identity}"
    write_act(transaction, actor, "viewer_token.revoke", what, {}, organization=number)


def revoke_viewer_tokens(transaction: Transaction, actor: Actor) -> None:
    """Revoke all tokens of a tenant, by signing with another secret from now on."""
    stored_viewers.change_secret(transaction, actor.tenant, actor.at)
    write_act(transaction, actor, "viewer_token.revoke_all", "viewer tokens", {})


def _user(key: ApiKey, user: str | None) -> str | None:
    """Return the user of a token; raise `InvalidRequest` when the key is bound to another."""
    bound = key.scope.user_id
    if bound is not None and user not in (None, bound):
        refuse([Problem("user_id", "not_for_this_key", "this key is bound to another user")])
    refuse([None if user is None else id_problem("user_id", user)])
    return user if bound is None else bound
