"""Viewer tokens, which give a browser read access: create, revoke."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.responses import Response

from tollbook.administration.origins import require_registered
from tollbook.administration.viewer_tokens import (
    NewViewer,
    create_viewer_token,
    require_token_id,
    revoke_viewer_token,
    revoke_viewer_tokens,
    sign_viewer_token,
)
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples import VIEWER_TOKEN
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    require_tenant_key,
)
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.request_body import MOST_OTHER_BYTES, read_bounded
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.endpoint_errors import SecretKeyMissing
from tollbook.domain.errors import NotFound, PermissionMissing
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission, RateLimit
from tollbook.domain.limit_errors import RateLimited
from tollbook.domain.viewers import Viewer
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.viewers import find_secret, has_revoked, secret_of


class ViewerAnswer(msgspec.Struct):
    """A token without its text."""

    id: str
    organization_id: str
    user_id: str | None
    created_at: datetime
    expires_at: datetime
    origins: tuple[str, ...]


class ViewerTokenPath(Path, frozen=True, kw_only=True):
    """The path of a viewer token."""

    id: Annotated[str, Meta(examples=["tbv_0123456789abcdef"])]


async def post_viewer_token(request: AsyncRequest) -> Response:
    """Create a token within the scope of the requesting key."""
    _require_rate(request.services, request.admission.key)
    body = await read_bounded(request.http, MOST_OTHER_BYTES)
    viewer, text = await run_sync(_create, request, body)
    answer = {"success": True, "token": text, "viewer_token": viewer_answer(viewer)}
    return json_response(answer, 201)


def _require_rate(services: Services, key: ApiKey) -> None:
    """Raise `RateLimited` when a key, with those that share its rate, creates too many tokens."""
    name = key.rate_limits[0].name if key.rate_limits else key.prefix
    most = services.max_viewer_tokens_per_minute
    taken = services.token_limiter.take([RateLimit(name, most)])
    if not taken.allowed:
        sentence = f"a key may create {most} viewer tokens a minute; wait {taken.reset} s"
        raise RateLimited(sentence, taken.reset)


def _create(request: AsyncRequest, body: bytes) -> tuple[Viewer, str]:
    """Sign a token; only the first of an hour is logged, and only a tenant's first has to write."""
    services = request.services
    with services.database.reading() as snapshot:
        key = request.authenticate(snapshot)
        request.read_query()
        _refuse_token(key)
        new = read_body(body, NewViewer)
        row = organization_of(snapshot, key, new.organization_id)
        require_registered(snapshot, key.scope.tenant_id, new.origins)
        secret = find_secret(snapshot, key.scope.tenant_id)
        actor = request.actor(key)
        bound = row.number if key.scope.organization_id is not None else None
        keys = services.secret_keys
        token = sign_viewer_token(actor, key, row, new, secret, keys) if secret else None
        is_first = services.created_tokens.is_first(actor, bound)
        if token and not is_first:
            return token
    with services.database.writing() as transaction:
        key = request.authenticate(transaction)
        row = organization_of(transaction, key, new.organization_id)
        if is_first:
            return create_viewer_token(transaction, actor, key, row, new, keys)
        secret = secret_of(transaction, key.scope.tenant_id, actor.at)
        return sign_viewer_token(actor, key, row, new, secret, keys)


async def delete_viewer_token(request: AsyncRequest[Query, ViewerTokenPath]) -> Response:
    """Revoke a token; the next request with it is refused."""
    return await run_sync(_revoke, request)


def _revoke(request: AsyncRequest[Query, ViewerTokenPath]) -> Response:
    """Revoke a token; an id that is made up, or revoked already, writes nothing."""
    services, identity = request.services, request.path.id
    with services.database.reading() as snapshot:
        key, number = _revoking(request, snapshot)
        tenant = key.scope.tenant_id
        require_token_id(snapshot, tenant, identity)
        is_needed = not has_revoked(snapshot, tenant, identity, number)
    if is_needed:
        with services.database.writing() as transaction:
            key, number = _revoking(request, transaction)
            revoke_viewer_token(transaction, request.actor(key), identity, number)
    return json_response({"success": True, "id": identity})


def _revoking(request: AsyncRequest[Any, Any], snapshot: Snapshot) -> tuple[ApiKey, int | None]:
    """Return the key that revokes, and the number of the organization that it is bound to."""
    key = request.authenticate(snapshot)
    request.read_query()
    _refuse_token(key)
    require_organization_key(key, "revoke viewer tokens")
    bound = key.scope.organization_id
    return key, None if bound is None else organization_of(snapshot, key, bound).number


def delete_viewer_tokens(call: ApiRequest, transaction: Transaction) -> Response:
    """Revoke all of a tenant's tokens."""
    require_tenant_key(call.key, "revoke all viewer tokens")
    revoke_viewer_tokens(transaction, call.actor)
    return json_response({"success": True})


def viewer_answer(viewer: Viewer) -> ViewerAnswer:
    """Return a token without its text."""
    instants = instant_of(viewer.created_at), instant_of(viewer.expires_at)
    return ViewerAnswer(
        viewer.id, viewer.organization_id, viewer.user_id, *instants, viewer.origins
    )


def _refuse_token(key: ApiKey) -> None:
    if not key.hash:
        raise PermissionMissing("a viewer token only reads; creating and revoking needs a key")


_PATH = "/v1/viewer-tokens"

VIEWER_TOKEN_ENDPOINTS = (
    Endpoint(
        route=f"POST {_PATH}",
        name="createViewerToken",
        summary="Create a viewer token",
        description=(
            "A short-lived token for a browser: it reads the data of one organization or "
            "one user, and changes nothing. It is sent like a key, in `X-API-Key` or as a "
            "bearer token. It expires after `expires_in` seconds (by default 15 minutes, at"
            " most a day), with the key that created it, or when it is revoked. A key bound"
            " to one user creates tokens for that user. With `origins`, which are registered "
            "ones, it is valid in pages of these origins only."
        ),
        permission=Permission.READ_ANALYTICS,
        request=Body(
            NewViewer, {"organization_id": "org_abc123", "user_id": "user_123", "expires_in": 900}
        ),
        answers={
            201: Body(
                answer_schema(token=str, viewer_token=ViewerAnswer),
                {
                    "success": True,
                    "token": "tbv_about-two-hundred-letters-digits-dashes-and-underscores",
                    "viewer_token": VIEWER_TOKEN,
                },
                links=leads("revokeViewerToken", id="/viewer_token/id"),
            )
        },
        handle=post_viewer_token,
        errors=(NotFound, SecretKeyMissing),
        tag="Viewer tokens",
        tells_usage=False,
    ),
    Endpoint(
        route=f"DELETE {_PATH}/{{id}}",
        name="revokeViewerToken",
        summary="Revoke a viewer token",
        description=(
            "The next request with the token is refused. An id that is not of a token of this "
            "tenant is 404. The id alone does not identify its organization: a key of an "
            "organization revokes tokens of that organization, and other ids have no effect."
        ),
        permission=Permission.READ_ANALYTICS,
        answers=Body(answer_schema(id=str), {"success": True, "id": "tbv_0123456789abcdef"}),
        handle=delete_viewer_token,
        tag="Viewer tokens",
        tells_usage=False,
    ),
    Endpoint(
        route=f"DELETE {_PATH}",
        name="revokeViewerTokens",
        summary="Revoke all viewer tokens",
        description=(
            "From now on the tenant's tokens are signed with another secret, so that no "
            "earlier token is valid. Requires a tenant-wide key."
        ),
        permission=Permission.ADMIN,
        answers=Body(answer_schema(), {"success": True}),
        write=delete_viewer_tokens,
        tag="Viewer tokens",
    ),
)
