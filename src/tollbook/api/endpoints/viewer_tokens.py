"""Viewer tokens, which give a browser read access: create, revoke."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tollbook.administration.viewer_tokens import (
    NewViewer,
    create_viewer_token,
    revoke_viewer_token,
    revoke_viewer_tokens,
)
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
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
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import NotFound, PermissionMissing, SecretKeyMissing
from tollbook.domain.events import instant_of
from tollbook.domain.keys import Permission
from tollbook.domain.viewers import Viewer
from tollbook.store.database import Transaction


class ViewerAnswer(msgspec.Struct):
    """A token without its text."""

    id: str
    organization_id: str
    user_id: str | None
    created_at: datetime
    expires_at: datetime


class ViewerTokenPath(Path, frozen=True, kw_only=True):
    """The path of a viewer token."""

    id: Annotated[str, Meta(examples=["tbv_0123456789abcdef"])]


def post_viewer_token(call: ApiRequest, transaction: Transaction) -> Response:
    """Create a token within the scope of the requesting key."""
    _refuse_token(call)
    new = read_body(call.body, NewViewer)
    row = organization_of(transaction, call.key, new.organization_id)
    secret_keys = call.services.secret_keys
    viewer, text = create_viewer_token(transaction, call.actor, call.key, row, new, secret_keys)
    answer = {"success": True, "token": text, "viewer_token": viewer_answer(viewer)}
    return json_response(answer, 201)


def delete_viewer_token(
    call: ApiRequest[Query, ViewerTokenPath], transaction: Transaction
) -> Response:
    """Revoke a token; the next request with it is refused."""
    _refuse_token(call)
    require_organization_key(call.key, "revoke viewer tokens")
    bound, identity = call.key.scope.organization_id, call.path.id
    number = None if bound is None else organization_of(transaction, call.key, bound).number
    revoke_viewer_token(transaction, call.actor, identity, number)
    return json_response({"success": True, "id": identity})


def delete_viewer_tokens(call: ApiRequest, transaction: Transaction) -> Response:
    """Revoke all of a tenant's tokens."""
    require_tenant_key(call.key, "revoke all viewer tokens")
    revoke_viewer_tokens(transaction, call.actor)
    return json_response({"success": True})


def viewer_answer(viewer: Viewer) -> ViewerAnswer:
    """Return a token without its text."""
    instants = instant_of(viewer.created_at), instant_of(viewer.expires_at)
    return ViewerAnswer(viewer.id, viewer.organization_id, viewer.user_id, *instants)


def _refuse_token(call: ApiRequest) -> None:
    if not call.key.hash:
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
            " to one user creates tokens for that user."
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
        write=post_viewer_token,
        errors=(NotFound, SecretKeyMissing),
        tag="Viewer tokens",
        tells_usage=False,
    ),
    Endpoint(
        route=f"DELETE {_PATH}/{{id}}",
        name="revokeViewerToken",
        summary="Revoke a viewer token",
        description=(
            "The next request with the token is refused. The id alone does not identify its"
            " organization: a key of an organization revokes tokens of that organization, "
            "and any other id has no effect."
        ),
        permission=Permission.READ_ANALYTICS,
        answers=Body(answer_schema(id=str), {"success": True, "id": "tbv_0123456789abcdef"}),
        write=delete_viewer_token,
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
