"""The origins of pages that may show a tenant's usage: /v1/origins."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from tollbook.administration.origins import NewOrigin, add_origin, remove_origin
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import about, text
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import require_tenant_key
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import NotFound
from tollbook.domain.events import instant_of
from tollbook.domain.keys import Permission
from tollbook.domain.origin_errors import InvalidOrigin, TooManyOrigins
from tollbook.domain.origins import LONGEST_ORIGIN
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.origins import OriginRow
from tollbook.store.origins import list_origins as all_origins


class OriginQuery(Query, frozen=True, kw_only=True):
    """The query that names an origin."""

    origin: Annotated[
        str, text(LONGEST_ORIGIN), about("The registered origin.", "https://app.example.com")
    ]


class Origin(msgspec.Struct, frozen=True):
    """A registered origin."""

    origin: str
    created_at: datetime


def list_origins(request: ApiRequest, snapshot: Snapshot) -> Response:
    """List the origins of the tenant."""
    _require(request)
    found = [origin_answer(it) for it in all_origins(snapshot, request.tenant)]
    return json_response({"success": True, "origins": found})


def post_origin(request: ApiRequest, transaction: Transaction) -> Response:
    """Register an origin; a known one stays as it is."""
    _require(request)
    new = read_body(request.body, NewOrigin)
    found, is_new = add_origin(transaction, request.actor, new.origin)
    return json_response({"success": True, "origin": origin_answer(found)}, 201 if is_new else 200)


def delete_origin(request: ApiRequest[OriginQuery], transaction: Transaction) -> Response:
    """Remove an origin."""
    _require(request)
    found = remove_origin(transaction, request.actor, request.query.origin)
    return json_response({"success": True, "origin": origin_answer(found)})


def origin_answer(it: OriginRow) -> Origin:
    """Return an origin for an answer."""
    return Origin(it.origin, instant_of(it.created_at))


def _require(request: ApiRequest[Any]) -> None:
    require_tenant_key(request.key, "register origins")


_EXAMPLE = {"origin": "https://app.example.com", "created_at": "2024-02-01T09:00:00Z"}
_ONE = Body(answer_schema(origin=Origin), {"success": True, "origin": _EXAMPLE})
_LEADS = Body(_ONE.schema, _ONE.example, links=leads("removeOrigin", origin="/origin/origin"))
_PATH = "/v1/origins"
_KEY = "Requires a tenant-wide key."

ORIGIN_ENDPOINTS = (
    Endpoint(
        route=f"GET {_PATH}",
        name="listOrigins",
        summary="List registered origins",
        description=(
            "The origins of pages that may embed usage, or ask this API with viewer tokens, in the "
            f"order of their text. {_KEY}"
        ),
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(origins=list[Origin]),
            {"success": True, "origins": [_EXAMPLE]},
            links=leads("removeOrigin", origin="/origins/0/origin"),
        ),
        read=list_origins,
        tag="Origins",
        tells_usage=False,
    ),
    Endpoint(
        route=f"POST {_PATH}",
        name="addOrigin",
        summary="Register an origin",
        description=(
            "An origin is `https://host` or `https://host:port` as browsers send it; `http` only "
            "for `localhost`, `127.0.0.1` and `[::1]`. It counts from the next request on, on "
            "every server. 201 for a new one, 200 for one that is registered already. Written to "
            f"the audit log. {_KEY}"
        ),
        permission=Permission.ADMIN,
        request=Body(NewOrigin, {"origin": "https://app.example.com"}),
        answers={200: _LEADS, 201: _LEADS},
        write=post_origin,
        errors=(InvalidOrigin, TooManyOrigins),
        tag="Origins",
        tells_usage=False,
    ),
    Endpoint(
        route=f"DELETE {_PATH}",
        name="removeOrigin",
        summary="Remove an origin",
        description=(
            "Pages of this origin can no longer embed usage or read answers, from the next "
            f"request on. Written to the audit log. {_KEY}"
        ),
        permission=Permission.ADMIN,
        answers=_ONE,
        write=delete_origin,
        errors=(NotFound,),
        tag="Origins",
        tells_usage=False,
    ),
)
