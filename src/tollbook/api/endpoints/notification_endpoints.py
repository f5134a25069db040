"""Where notifications are sent: /v1/endpoints."""

from starlette.responses import Response

from tollbook.administration import endpoints as administration
from tollbook.administration.endpoints import EndpointChange, NewEndpoint, SecretRotation
from tollbook.api.endpoints.endpoint_answers import (
    ENDPOINT_EXAMPLE,
    ENDPOINT_PATH,
    ENDPOINT_TAG,
    OWN_ENDPOINTS,
    EndpointPath,
    ShownEndpoint,
    find_visible,
    require_endpoint_key,
    shown_endpoints,
    visible_endpoints,
)
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import organization_of
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.endpoint_errors import MailNotConfigured, SecretKeyMissing, TooManyEndpoints
from tollbook.domain.endpoints import AlertEndpoint as StoredEndpoint
from tollbook.domain.errors import NotFound
from tollbook.domain.keys import Permission
from tollbook.store.database import Snapshot, Transaction


def list_endpoints(request: ApiRequest, snapshot: Snapshot) -> Response:
    """List the endpoints that the key may see."""
    require_endpoint_key(request.key)
    found = visible_endpoints(snapshot, request.key)
    return json_response({"success": True, "endpoints": shown_endpoints(snapshot, found)})


def get_endpoint(request: ApiRequest[Query, EndpointPath], snapshot: Snapshot) -> Response:
    """Show an endpoint."""
    return _one(snapshot, find_visible(snapshot, request.key, request.path.id))


def post_endpoint(request: ApiRequest, transaction: Transaction) -> Response:
    """Add an endpoint, and show its secret once."""
    require_endpoint_key(request.key)
    new = read_body(request.body, NewEndpoint)
    identity = new.organization_id or request.key.scope.organization_id
    organization = organization_of(transaction, request.key, identity) if identity else None
    endpoint, secret = administration.add_endpoint(
        transaction, request.actor, new, organization, request.services.protection
    )
    return _one(transaction, endpoint, 201, secret=secret)


def patch_endpoint(request: ApiRequest[Query, EndpointPath], transaction: Transaction) -> Response:
    """Change an endpoint."""
    found = find_visible(transaction, request.key, request.path.id)
    change = read_body(request.body, EndpointChange)
    changed = administration.change_endpoint(
        transaction, request.actor, found, change, request.services.protection
    )
    return _one(transaction, changed)


def delete_endpoint(request: ApiRequest[Query, EndpointPath], transaction: Transaction) -> Response:
    """Remove an endpoint."""
    found = find_visible(transaction, request.key, request.path.id)
    answer = _one(transaction, found)
    administration.remove_endpoint(transaction, request.actor, found)
    return answer


def post_secret_rotation(
    request: ApiRequest[Query, EndpointPath], transaction: Transaction
) -> Response:
    """Make a new secret, and show it once."""
    found = find_visible(transaction, request.key, request.path.id)
    rotation = read_body(request.body, SecretRotation) if request.body else SecretRotation()
    changed, secret = administration.rotate_secret(
        transaction, request.actor, found, rotation.overlap_seconds, request.services.protection
    )
    return _one(transaction, changed, 201, secret=secret)


def _one(
    snapshot: Snapshot, it: StoredEndpoint, status: int = 200, **others: str | None
) -> Response:
    (shown,) = shown_endpoints(snapshot, [it])
    return json_response({"success": True, "endpoint": shown, **others}, status)


_SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="  # noqa: S105
_OPERATIONS = (
    *("getEndpoint", "changeEndpoint", "removeEndpoint", "rotateEndpointSecret"),
    *("testEndpoint", "listDeliveries"),
)
_ONE = Body(
    answer_schema(endpoint=ShownEndpoint),
    {"success": True, "endpoint": ENDPOINT_EXAMPLE},
    links=leads(*_OPERATIONS, id="/endpoint/id"),
)
_WITH_SECRET = Body(
    answer_schema(endpoint=ShownEndpoint, secret=str | None),
    {"success": True, "endpoint": ENDPOINT_EXAMPLE, "secret": _SECRET},
    links=leads(*_OPERATIONS, id="/endpoint/id"),
)

NOTIFICATION_ENDPOINT_ENDPOINTS = (
    Endpoint(
        route=f"GET {ENDPOINT_PATH}",
        name="listEndpoints",
        summary="List endpoints",
        description=f"Where notifications are sent, the oldest first. {OWN_ENDPOINTS}",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(endpoints=list[ShownEndpoint]),
            {"success": True, "endpoints": [ENDPOINT_EXAMPLE]},
            links=leads(*_OPERATIONS, id="/endpoints/0/id"),
        ),
        read=list_endpoints,
        tag=ENDPOINT_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"GET {ENDPOINT_PATH}/{{id}}",
        name="getEndpoint",
        summary="Show an endpoint",
        description=f"An endpoint, without its secret. {OWN_ENDPOINTS}",
        permission=Permission.ADMIN,
        answers=_ONE,
        read=get_endpoint,
        errors=(NotFound,),
        tag=ENDPOINT_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"POST {ENDPOINT_PATH}",
        name="addEndpoint",
        summary="Add an endpoint",
        description=(
            "Notifications of these types are sent there from now on. `secret` verifies the "
            "signature of webhooks and is shown once, in this response. Written to the audit log. "
            f"{OWN_ENDPOINTS}"
        ),
        permission=Permission.ADMIN,
        request=Body(NewEndpoint, {"name": "Billing", "url": "https://example.com/tollbook"}),
        answers={201: _WITH_SECRET},
        write=post_endpoint,
        errors=(NotFound, TooManyEndpoints, MailNotConfigured, SecretKeyMissing),
        tag=ENDPOINT_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"PATCH {ENDPOINT_PATH}/{{id}}",
        name="changeEndpoint",
        summary="Change an endpoint",
        description=(
            "What waits for the endpoint is sent at once, in order; with `skip_pending` it is "
            f"discarded. Written to the audit log. {OWN_ENDPOINTS}"
        ),
        permission=Permission.ADMIN,
        request=Body(EndpointChange, {"enabled": True}),
        answers=_ONE,
        write=patch_endpoint,
        errors=(NotFound, MailNotConfigured, SecretKeyMissing),
        tag=ENDPOINT_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"DELETE {ENDPOINT_PATH}/{{id}}",
        name="removeEndpoint",
        summary="Remove an endpoint",
        description=f"What waits for it is discarded. Written to the audit log. {OWN_ENDPOINTS}",
        permission=Permission.ADMIN,
        answers=_ONE,
        write=delete_endpoint,
        errors=(NotFound,),
        tag=ENDPOINT_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"POST {ENDPOINT_PATH}/{{id}}/rotation",
        name="rotateEndpointSecret",
        summary="Rotate the secret of an endpoint",
        description=(
            "The new secret is shown once, in this response. The one before also signs for "
            f"`overlap_seconds`. Written to the audit log. {OWN_ENDPOINTS}"
        ),
        permission=Permission.ADMIN,
        request=Body(SecretRotation, {"overlap_seconds": 86_400}, required=False),
        answers={201: _WITH_SECRET},
        write=post_secret_rotation,
        errors=(NotFound, SecretKeyMissing),
        tag=ENDPOINT_TAG,
        tells_usage=False,
    ),
)
