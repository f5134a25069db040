"""The key of a request, and what it may see."""

from collections.abc import Iterable, Mapping

from tollbook.api.pipeline.shared_budget import Owner
from tollbook.domain import viewers
from tollbook.domain.directory import User, id_problem
from tollbook.domain.errors import (
    ApiKeyRequired,
    InvalidApiKey,
    NotFound,
    PermissionMissing,
)
from tollbook.domain.keys import ApiKey, KeyScope, Limits, Permission, matches, prefix_of
from tollbook.domain.viewers import Viewer
from tollbook.ingest.directory_cache import DirectoryCache, Issuer
from tollbook.store import directory
from tollbook.store import viewers as viewers_store
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow

KEY_HEADER = "x-api-key"
_BEARER = "bearer "


def key_text(headers: Mapping[str, str]) -> str | None:
    """Return the key or token of a request, from `X-API-Key` or a bearer's."""
    text = headers.get(KEY_HEADER)
    if text:
        return text
    bearer = headers.get("authorization", "")
    found = bearer[: len(_BEARER)].lower() == _BEARER
    return bearer[len(_BEARER) :].strip() if found else None


def split_key(header: str | None) -> tuple[str, str]:
    """Return the key of a request and its public prefix."""
    if not header:
        raise ApiKeyRequired
    prefix = prefix_of(header)
    if prefix is None:
        raise InvalidApiKey
    return header, prefix


def viewer_of(text: str | None) -> Viewer | None:
    """Return a viewer token that is yet to be verified; None for a key or no text."""
    if not text or not text.startswith(viewers.MARK):
        return None
    viewer = viewers.read(text)
    if viewer is None or id_problem("", viewer.tenant_id):
        raise InvalidApiKey
    if prefix_of(f"{viewer.issuer}_secret") != viewer.issuer or "\0" in viewer.issuer:
        raise InvalidApiKey
    return viewer


def owner_of(key: ApiKey, headers: Mapping[str, str]) -> Owner:
    """Return whose share a request uses: for a viewer token, that of the key that created it."""
    viewer = None if key.hash else viewer_of(key_text(headers))
    return Owner(key.scope.tenant_id, viewer.issuer if viewer else key.prefix)


def verify_token(text: str, viewer: Viewer, issuer: Issuer | None, now: int) -> ApiKey:
    """Return the key that a viewer token stands for, once its signature is right.

    Whether it is revoked is read in the snapshot that the request is answered from.

    It may last no longer and see no more than its issuer could have allowed. It is narrowed as the
    key that created it is, except for the addresses: those are of the platform's servers, and a
    browser is elsewhere.
    """
    if issuer is None or not viewers.is_signed(text, issuer.signing_keys):
        raise InvalidApiKey
    if not viewers.is_within(viewer, issuer.key.scope, now):
        raise InvalidApiKey
    if not issuer.key.may(Permission.READ_ANALYTICS):
        raise InvalidApiKey
    of_key = issuer.key.limits
    end = min(viewer.expires_at, of_key.expires_at or viewer.expires_at)
    return ApiKey(
        prefix=viewer.id,
        hash="",
        name="viewer token",
        scope=KeyScope(viewer.tenant_id, viewer.organization_id, viewer.user_id),
        permissions=(Permission.READ_ANALYTICS,),
        created_at=viewer.created_at,
        limits=Limits(end, of_key.meters, (), of_key.requests_per_minute),
        rate_limits=issuer.key.rate_limits,
    )


def authenticate(
    directory_cache: DirectoryCache,
    snapshot: Snapshot,
    header: str | None,
    known: ApiKey | None = None,
) -> ApiKey:
    """Return the key of a request as of this snapshot: a key revoked a moment ago is unknown.

    `known` is the verified key of the admission: while the same is in memory it still holds.
    """
    if known and known.hash and directory_cache.key(snapshot, known.prefix) is known:
        return known
    viewer = viewer_of(header)
    if viewer is not None and header is not None:
        issuer = directory_cache.issuer(snapshot, viewer)
        found = verify_token(header, viewer, issuer, directory_cache.clock())
        if viewers_store.is_revoked(snapshot, viewer.tenant_id, viewer.id, viewer.organization_id):
            raise InvalidApiKey
        return found
    text, prefix = split_key(header)
    key = directory_cache.key(snapshot, prefix)
    if key is None or not matches(text, key.hash):
        raise InvalidApiKey
    return key


def require(key: ApiKey, *permissions: Permission) -> None:
    """Refuse a key that has none of the permissions, of which one suffices."""
    if not any(map(key.may, permissions)):
        names = " or ".join(it.value for it in permissions)
        raise PermissionMissing(f"this key lacks the permission {names}")


def require_meters(key: ApiKey, named: Iterable[str]) -> None:
    """Refuse a question about other meters than those which a key is narrowed to.

    An answer never leaves usage out silently, so such a key has to name its meters.
    """
    allowed, asked = key.limits.meters, set(named)
    if allowed and not (asked and asked <= set(allowed)):
        raise PermissionMissing(
            f"this key sees {', '.join(allowed)} only: name no others in the parameter meter, "
            "of questions that have it"
        )


def require_margin_key(key: ApiKey, query: object) -> None:
    """Refuse a question about margins by a key that is bound to less than its tenant.

    Buy prices are the platform's own: no customer may learn them, not even of its own usage.
    """
    names = {*getattr(query, "include", ()), getattr(query, "sort", None)}
    if key.scope.organization_id is not None and not names.isdisjoint(_MARGIN_WORDS):
        raise PermissionMissing("only a key of the whole tenant may read buy prices and margins")


_MARGIN_WORDS = frozenset({"margin", "buy_cost", "buy_known_share"})
"""The words of `include` and `sort` that ask for margins."""


def require_tenant_key(key: ApiKey, action: str) -> None:
    """Refuse a key that is bound to less than its tenant."""
    if key.scope.organization_id is not None:
        raise PermissionMissing(f"only a key of the whole tenant may {action}")


def require_organization_key(key: ApiKey, action: str) -> None:
    """Refuse a key that is bound to one user."""
    if key.scope.user_id is not None:
        raise PermissionMissing(f"a key bound to one user may not {action}")


def organization_of(snapshot: Snapshot, key: ApiKey, identity: str) -> OrganizationRow:
    """Return an organization that this key may see; any other does not exist for it."""
    bound = key.scope.organization_id
    found = None
    if bound in (None, identity) and not id_problem("organization_id", identity):
        found = directory.find_organization(snapshot, key.scope.tenant_id, identity)
    if found is None or found.status == directory.UNKNOWN:
        raise NotFound("Organization not found")
    return found


def visible_user(key: ApiKey, named: str | None) -> str | None:
    """Return the id of the user that a question is about: the named one, or that of the key.

    Raise `NotFound` when the key is bound to another one.
    """
    bound = key.scope.user_id
    if bound is not None and named not in (None, bound):
        raise NotFound("User not found")
    return bound or named


def user_of(snapshot: Snapshot, key: ApiKey, organization: OrganizationRow, identity: str) -> User:
    """Return a user that this key may see; any other does not exist for it."""
    visible = key.scope.user_id in (None, identity) and not id_problem("user_id", identity)
    user = directory.find_user(snapshot, organization.number, identity) if visible else None
    if user is None:
        raise NotFound("User not found")
    return user
