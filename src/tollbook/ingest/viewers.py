"""The life of a viewer token: signed, taken back, each written to the audit log."""

from tollbook.domain import viewers
from tollbook.domain.directory import id_problem
from tollbook.domain.errors import InvalidRequest, NotFound, Problem
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey
from tollbook.domain.viewers import Viewer
from tollbook.store import viewers as stored
from tollbook.store.audit import Actor, write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import OrganizationRow


def issue(
    transaction: Transaction,
    actor: Actor,
    key: ApiKey,
    organization: OrganizationRow,
    user: str | None,
    seconds: int,
) -> tuple[Viewer, str]:
    """Sign a token on behalf of a key, for an organization that it sees; give it with its text.

    The token ends with the key. A key bound to one user has tokens for that user.
    """
    user, tenant, now = _user(key, user), actor.tenant, actor.at
    end = now + seconds * 1_000_000
    end = min(end, key.limits.expires_at or end)
    viewer = Viewer(viewers.new_id(), tenant, organization.id, user, key.prefix, now, end)
    text = viewers.signed(viewer, stored.secret_of(transaction, tenant, now))
    details = {"user_id": user, "expires_at": instant_of(end)}
    if actor.key_prefix != key.prefix:
        details["key"] = key.prefix
    what = f"viewer token {viewer.id}"
    write_act(transaction, actor, "viewer_token.create", what, details, organization.number)
    return viewer, text


def revoke(transaction: Transaction, actor: Actor, identity: str, number: int | None) -> None:
    """Take a token back; with the number of an organization, only if it is one of its tokens."""
    if not viewers.is_id(identity):
        raise NotFound("Viewer token not found")
    stored.revoke(transaction, actor.tenant, identity, number, actor.at)
    what = f"viewer token {identity}"
    write_act(transaction, actor, "viewer_token.revoke", what, {}, number)


def revoke_all(transaction: Transaction, actor: Actor) -> None:
    """Take all of a tenant's tokens back by signing with another secret from now on."""
    stored.change_secret(transaction, actor.tenant, actor.at)
    write_act(transaction, actor, "viewer_token.revoke_all", "viewer tokens", {})


def _user(key: ApiKey, user: str | None) -> str | None:
    bound = key.scope.user_id
    found = None if user is None else id_problem("user_id", user)
    if bound is not None and user not in (None, bound):
        found = Problem("user_id", "not_for_this_key", "this key is bound to another user")
    if found:
        raise InvalidRequest.of([found])
    return user if bound is None else bound
