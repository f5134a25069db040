"""API keys: create, list, rotate, revoke."""

from datetime import datetime
from functools import partial

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from tollbook.administration.keys import NewKey, Rotation, create_key, revoke_key, rotate_key
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, QueryReader
from tollbook.api.openapi.examples import KEY, OWN_KEY
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    authenticate,
    key_text,
    organization_of,
    require_organization_key,
)
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.directory import id_problem
from tollbook.domain.errors import InvalidRequest, KeyEnded, NotFound, UnreadableBody
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission
from tollbook.store import keys
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.keys import KeyRow


class OwnKey(msgspec.Struct):
    """The scope, permissions and limits of the requesting key or token."""

    prefix: str
    name: str
    tenant_id: str
    organization_id: str | None
    user_id: str | None
    permissions: tuple[Permission, ...]
    expires_at: datetime | None
    meters: tuple[str, ...]
    requests_per_minute: int | None


class KeyAnswer(msgspec.Struct):
    """A key without its secret."""

    prefix: str
    name: str
    permissions: tuple[Permission, ...]
    organization_id: str | None
    user_id: str | None
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None
    last_used_at: datetime | None
    meters: tuple[str, ...]
    allowed_addresses: tuple[str, ...]
    requests_per_minute: int | None


def post_key(call: ApiRequest, transaction: Transaction) -> Response:
    """Create a key within the scope and the limits of the requesting key."""
    require_organization_key(call.key, "create keys")
    new = read_body(call.body, NewKey)
    find = partial(organization_of, transaction, call.key)
    key, secret = create_key(transaction, call.actor, new, find, call.key)
    return json_response({"success": True, "api_key": secret, "key": key_answer(key)}, 201)


async def get_own_key(request: Request, services: Services, read_query: QueryReader) -> Response:
    """Return the scope and the limits of the requesting key; any key may do this."""

    def work() -> Response:
        with services.database.reading() as snapshot:
            key = authenticate(services.directory_cache, snapshot, key_text(request.headers))
        read_query()
        return json_response({"success": True, "key": _own_key(key)})

    return await run_sync(work)


def list_keys(call: ApiRequest, snapshot: Snapshot) -> Response:
    """List the keys within the scope of the requesting key."""
    rows = keys.keys(snapshot, call.tenant)
    found = [key_answer(row.key, row.last_used_at) for row in rows if _is_visible(call, row.key)]
    return json_response({"success": True, "keys": found})


def post_rotation(call: ApiRequest, transaction: Transaction) -> Response:
    """Create the successor of a key, which expires after an overlap."""
    require_organization_key(call.key, "rotate keys")
    rotation = read_body(call.body, Rotation)
    old = _find(call, transaction).key
    key, secret = rotate_key(transaction, call.actor, old, rotation, call.key)
    old_key = key_answer(*_find(call, transaction))
    answer = {"success": True, "api_key": secret, "key": key_answer(key), "old_key": old_key}
    return json_response(answer, 201)


def delete_key(call: ApiRequest, transaction: Transaction) -> Response:
    """Revoke a key; the next request with it is refused."""
    revoke_key(transaction, call.actor, _find(call, transaction).key)
    return json_response({"success": True, "key": key_answer(*_find(call, transaction))})


def _own_key(key: ApiKey) -> OwnKey:
    scope, limits = key.scope, key.limits
    return OwnKey(
        prefix=key.prefix,
        name=key.name,
        tenant_id=scope.tenant_id,
        organization_id=scope.organization_id,
        user_id=scope.user_id,
        permissions=key.permissions,
        expires_at=_instant(limits.expires_at),
        meters=limits.meters,
        requests_per_minute=limits.requests_per_minute,
    )


def key_answer(key: ApiKey, last_used_at: int | None = None) -> KeyAnswer:
    """Return a key without its hash."""
    limits = key.limits
    return KeyAnswer(
        prefix=key.prefix,
        name=key.name,
        permissions=key.permissions,
        organization_id=key.scope.organization_id,
        user_id=key.scope.user_id,
        created_at=instant_of(key.created_at),
        revoked_at=_instant(key.revoked_at),
        expires_at=_instant(limits.expires_at),
        last_used_at=_instant(last_used_at),
        meters=limits.meters,
        allowed_addresses=tuple(map(str, limits.networks)),
        requests_per_minute=limits.requests_per_minute,
    )


def _find(call: ApiRequest, snapshot: Snapshot) -> KeyRow:
    prefix = call.path["prefix"]
    wrong = id_problem("prefix", prefix)
    row = None if wrong else keys.find_row(snapshot, call.tenant, prefix)
    if row is None or not _is_visible(call, row.key):
        raise NotFound("Key not found")
    return row


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else instant_of(stored)


def _is_visible(call: ApiRequest, key: ApiKey) -> bool:
    scope = call.key.scope
    return (
        key.scope.tenant_id == scope.tenant_id
        and scope.organization_id in (None, key.scope.organization_id)
        and scope.user_id in (None, key.scope.user_id)
    )


_ANSWER = {"success": True, "key": KEY}
_IN_PATH = {"prefix": "tb_0123456789ab"}
_OF_NEW = leads("rotateKey", "revokeKey", prefix="/key/prefix") | leads(
    "listActs", key="/key/prefix"
)
_TEXT = "tb_0123456789ab_and-49-letters-and-digits-of-which-6-are-a-checksum"

KEY_ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/keys/self",
        name="getOwnKey",
        summary="What the asking key is",
        description=(
            "What the key or viewer token of this request is bound to, may do, and when it ends; a "
            "page shows what follows from it. The tenant's keys have neither organization nor user."
        ),
        permission=None,
        answers={
            200: Body(
                answer_schema(key=OwnKey),
                {"success": True, "key": OWN_KEY},
                links=leads("getUserAnalytics", organization_id="/key/organization_id"),
            )
        },
        handle=get_own_key,
        errors=(InvalidRequest,),
        tag="Keys",
    ),
    Endpoint(
        method="GET",
        path="/v1/keys",
        name="listKeys",
        summary="List API keys",
        description=(
            "The keys within what the asking key is bound to, revoked and ended ones included. "
            "`last_used_at` is behind by up to two minutes."
        ),
        permission=Permission.ADMIN,
        answers={200: Body(answer_schema(keys=list[KeyAnswer]), {"success": True, "keys": [KEY]})},
        read=list_keys,
        errors=(InvalidRequest,),
        tag="Keys",
    ),
    Endpoint(
        method="POST",
        path="/v1/keys",
        name="createKey",
        summary="Issue an API key",
        description=(
            "The key's text stands in this answer and nowhere else: only its hash is kept. Without "
            "an organization the key is the tenant's; with a user it sees that user only. It can "
            "be narrowed further: to a last instant, to meters, to addresses and networks it may "
            "be used from, to so many requests a minute. No key passes on more than it has."
        ),
        permission=Permission.ADMIN,
        request=Body(
            NewKey,
            {
                "name": "Acme's dashboard",
                "permissions": ["analytics:read"],
                "organization_id": "org_abc123",
                "requests_per_minute": 600,
            },
        ),
        answers={
            201: Body(
                answer_schema(api_key=str, key=KeyAnswer),
                {"success": True, "api_key": _TEXT, "key": KEY},
                links=_OF_NEW,
            )
        },
        write=post_key,
        errors=(InvalidRequest, UnreadableBody, NotFound),
        tag="Keys",
    ),
    Endpoint(
        method="POST",
        path="/v1/keys/{prefix}/rotation",
        name="rotateKey",
        summary="Rotate an API key",
        description=(
            "A new key of the same name, scope, permissions and limits; the old one works for "
            "`overlap_seconds` more (a day unless said, 30 days at most) and then ends. The new "
            "one lasts as long as the old one was issued for, unless `expires_at` says otherwise."
        ),
        permission=Permission.ADMIN,
        path_parameters=_IN_PATH,
        request=Body(Rotation, {"overlap_seconds": 3600}),
        answers={
            201: Body(
                answer_schema(api_key=str, key=KeyAnswer, old_key=KeyAnswer),
                {
                    "success": True,
                    "api_key": _TEXT,
                    "key": KEY,
                    "old_key": {**KEY, "expires_at": "2024-01-15T11:30:00Z"},
                },
                links=_OF_NEW,
            )
        },
        write=post_rotation,
        errors=(InvalidRequest, UnreadableBody, NotFound, KeyEnded),
        tag="Keys",
    ),
    Endpoint(
        method="DELETE",
        path="/v1/keys/{prefix}",
        name="revokeKey",
        summary="Revoke an API key",
        description=(
            "The next request with the key is refused, and with every viewer token it asked for. "
            "Revoking again changes nothing."
        ),
        permission=Permission.ADMIN,
        path_parameters=_IN_PATH,
        answers={200: Body(answer_schema(key=KeyAnswer), _ANSWER)},
        write=delete_key,
        errors=(InvalidRequest, NotFound),
        tag="Keys",
    ),
)
