"""API keys: create, list, rotate, revoke."""

from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.responses import Response

from tollbook.administration.keys import NewKey, Rotation, create_key, revoke_key, rotate_key
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples import KEY, OWN_KEY
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
)
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.directory import id_problem
from tollbook.domain.errors import KeyEnded, NotFound
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
    id_prefix: str | None


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
    id_prefix: str | None


class KeyPath(Path, frozen=True, kw_only=True):
    """The path of a key."""

    prefix: Annotated[str, Meta(examples=["tb_0123456789ab"])]


def post_key(call: ApiRequest, transaction: Transaction) -> Response:
    """Create a key within the scope and the limits of the requesting key."""
    require_organization_key(call.key, "create keys")
    new = read_body(call.body, NewKey)
    find = partial(organization_of, transaction, call.key)
    key, secret = create_key(transaction, call.actor, new, find, call.key)
    return json_response({"success": True, "api_key": secret, "key": key_answer(key)}, 201)


async def get_own_key(request: AsyncRequest) -> Response:
    """Return the scope and the limits of the requesting key; any key may do this."""

    def work() -> Response:
        with request.services.database.reading() as snapshot:
            key = request.authenticate(snapshot)
        request.read_query()
        return json_response({"success": True, "key": _own_key(key)})

    return await run_sync(work)


def list_keys(call: ApiRequest, snapshot: Snapshot) -> Response:
    """List the keys within the scope of the requesting key."""
    rows = keys.keys(snapshot, call.tenant)
    found = [key_answer(row.key, row.last_used_at) for row in rows if _is_visible(call, row.key)]
    return json_response({"success": True, "keys": found})


def post_rotation(call: ApiRequest[Query, KeyPath], transaction: Transaction) -> Response:
    """Create the successor of a key, which expires after an overlap."""
    require_organization_key(call.key, "rotate keys")
    rotation = read_body(call.body, Rotation)
    old = _find(call, transaction).key
    key, secret = rotate_key(transaction, call.actor, old, rotation, call.key)
    old_key = key_answer(*_find(call, transaction))
    answer = {"success": True, "api_key": secret, "key": key_answer(key), "old_key": old_key}
    return json_response(answer, 201)


def delete_key(call: ApiRequest[Query, KeyPath], transaction: Transaction) -> Response:
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
        id_prefix=limits.id_prefix,
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
        id_prefix=limits.id_prefix,
    )


def _find(call: ApiRequest[Query, KeyPath], snapshot: Snapshot) -> KeyRow:
    prefix = call.path.prefix
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
_OF_NEW = leads("rotateKey", "revokeKey", prefix="/key/prefix") | leads(
    "listActs", key="/key/prefix"
)
_TEXT = "tb_0123456789ab_and-49-letters-and-digits-of-which-6-are-a-checksum"

KEY_ENDPOINTS = (
    Endpoint(
        route="GET /v1/keys/self",
        name="getOwnKey",
        summary="Get the requesting key",
        description=(
            "The scope, the permissions and the expiry of the key or viewer token of this "
            "request. Keys of the whole tenant have neither organization nor user."
        ),
        permission=None,
        answers=Body(
            answer_schema(key=OwnKey),
            {"success": True, "key": OWN_KEY},
            links=leads("getUserAnalytics", organization_id="/key/organization_id"),
        ),
        handle=get_own_key,
        tag="Keys",
    ),
    Endpoint(
        route="GET /v1/keys",
        name="listKeys",
        summary="List API keys",
        description=(
            "The keys within the scope of the requesting key, including revoked and expired"
            " ones. `last_used_at` lags by up to two minutes."
        ),
        permission=Permission.ADMIN,
        answers=Body(answer_schema(keys=list[KeyAnswer]), {"success": True, "keys": [KEY]}),
        read=list_keys,
        tag="Keys",
    ),
    Endpoint(
        route="POST /v1/keys",
        name="createKey",
        summary="Create an API key",
        description=(
            "The key is shown once, in this response: only its hash is stored. Without an "
            "organization the key is tenant-wide; with a user it sees that user only. It "
            "can be limited to an expiry, to meters, to client addresses and networks, and "
            "to a number of requests per minute. `events:write` sends events; stating `cost` in "
            "them also needs `events:cost`, and reversing events `events:reverse`. `admin` "
            "includes every permission, except these two for a key that is bound to a user. A key "
            "that sends events and is bound to a user or limited to meters needs an `id_prefix`, "
            "with which the ids of its events begin; prefixes of other users or meters must not "
            "overlap with it. No key grants more than it has."
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
        errors=(NotFound,),
        tag="Keys",
    ),
    Endpoint(
        route="POST /v1/keys/{prefix}/rotation",
        name="rotateKey",
        summary="Rotate an API key",
        description=(
            "Creates a key with the same name, scope, permissions, limits and `id_prefix`. "
            "The old key works for `overlap_seconds` more (a day by default, at most 30 "
            "days) and then expires. The new key is valid for as long as the old one was "
            "issued for, unless `expires_at` is given."
        ),
        permission=Permission.ADMIN,
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
        errors=(KeyEnded,),
        tag="Keys",
    ),
    Endpoint(
        route="DELETE /v1/keys/{prefix}",
        name="revokeKey",
        summary="Revoke an API key",
        description=(
            "The next request with the key, or with a viewer token that it created, is "
            "refused. Revoking again changes nothing."
        ),
        permission=Permission.ADMIN,
        answers=Body(answer_schema(key=KeyAnswer), _ANSWER),
        write=delete_key,
        tag="Keys",
    ),
)
