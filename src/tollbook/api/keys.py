"""API keys: issue, list, revoke."""

from datetime import datetime

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from tollbook.api.access import (
    KEY_HEADER,
    authenticate,
    organization_of,
    require_organization_key,
)
from tollbook.api.bodies import read_body, refuse
from tollbook.api.endpoint import Body, Call, Endpoint, QueryReader
from tollbook.api.examples import KEY, OWN_KEY
from tollbook.api.responses import json_response
from tollbook.api.schemas import answer_schema
from tollbook.api.services import Services
from tollbook.domain.directory import id_problem
from tollbook.domain.errors import (
    InvalidRequest,
    NotFound,
    UnreadableBody,
)
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission, Scope, key_problems
from tollbook.store import keys
from tollbook.store.database import Snapshot, Transaction


class NewKey(msgspec.Struct):
    """The body that issues a key, for the tenant, an organization, or one user of it."""

    name: str
    permissions: list[Permission]
    organization_id: str | None = None
    user_id: str | None = None


class OwnKey(msgspec.Struct):
    """What a key may know of itself: what it is bound to, and what it may do."""

    prefix: str
    name: str
    tenant_id: str
    organization_id: str | None
    user_id: str | None
    permissions: tuple[Permission, ...]


class KeyAnswer(msgspec.Struct):
    """A key without its secret."""

    prefix: str
    name: str
    permissions: tuple[Permission, ...]
    organization_id: str | None
    user_id: str | None
    created_at: datetime
    revoked_at: datetime | None


def create_key(call: Call, transaction: Transaction) -> Response:
    """Issue a key within what the asking key is bound to."""
    new = read_body(call.body, NewKey)
    refuse(key_problems(new.name, new.permissions, new.organization_id, new.user_id))
    asking = call.key.scope
    require_organization_key(call.key, "issue keys")
    organization = new.organization_id
    if organization is None:
        organization = asking.organization_id
    number = None
    if organization is not None:
        number = organization_of(transaction, call.key, organization).number
    scope = Scope(call.tenant, organization, new.user_id)
    now = call.services.clock()
    key, secret = keys.issue_key(transaction, new.name, scope, new.permissions, now, number)
    return json_response({"success": True, "api_key": secret, "key": key_answer(key)}, 201)


async def get_own_key(request: Request, services: Services, read_query: QueryReader) -> Response:
    """Tell a key what it is; any key may ask, whatever its permissions."""

    def work() -> Response:
        with services.database.reading() as snapshot:
            key = authenticate(services.catalogue, snapshot, request.headers.get(KEY_HEADER))
        read_query()
        scope = key.scope
        own = OwnKey(
            key.prefix,
            key.name,
            scope.tenant_id,
            scope.organization_id,
            scope.user_id,
            key.permissions,
        )
        return json_response({"success": True, "key": own})

    return await run_sync(work)


def list_keys(call: Call, snapshot: Snapshot) -> Response:
    """List the keys within what the asking key is bound to."""
    found = [key_answer(key) for key in keys.keys(snapshot, call.tenant) if _reaches(call, key)]
    return json_response({"success": True, "keys": found})


def revoke_key(call: Call, transaction: Transaction) -> Response:
    """Revoke a key; the next request with it is refused."""
    prefix = call.path["prefix"]
    key = None if id_problem("prefix", prefix) else keys.find_key(transaction, prefix)
    if key is None or not _reaches(call, key):
        raise NotFound("Key not found")
    keys.revoke_key(transaction, call.tenant, key.prefix, call.services.clock())
    revoked = keys.find_key(transaction, key.prefix) or key
    return json_response({"success": True, "key": key_answer(revoked)})


def key_answer(key: ApiKey) -> KeyAnswer:
    """Show a key without its hash."""
    return KeyAnswer(
        key.prefix,
        key.name,
        key.permissions,
        key.scope.organization_id,
        key.scope.user_id,
        instant_of(key.created_at),
        None if key.revoked_at is None else instant_of(key.revoked_at),
    )


def _reaches(call: Call, key: ApiKey) -> bool:
    asking = call.key.scope
    return (
        key.scope.tenant_id == asking.tenant_id
        and asking.organization_id in (None, key.scope.organization_id)
        and asking.user_id in (None, key.scope.user_id)
    )


_ANSWER = {"success": True, "key": KEY}

KEY_ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/keys/self",
        name="getOwnKey",
        summary="What the asking key is",
        description=(
            "What the key of this request is bound to and may do; a page shows what follows from "
            "it. The tenant's keys have neither organization nor user."
        ),
        permission=None,
        answers={200: Body(answer_schema(key=OwnKey), {"success": True, "key": OWN_KEY})},
        take=get_own_key,
        errors=(InvalidRequest,),
        tag="Keys",
    ),
    Endpoint(
        method="GET",
        path="/v1/keys",
        name="listKeys",
        summary="List API keys",
        description="The keys within what the asking key is bound to, revoked ones included.",
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
            "an organization the key is the tenant's; with a user it sees that user only."
        ),
        permission=Permission.ADMIN,
        request=Body(
            NewKey,
            {
                "name": "Acme's dashboard",
                "permissions": ["analytics:read"],
                "organization_id": "org_abc123",
            },
        ),
        answers={
            201: Body(
                answer_schema(api_key=str, key=KeyAnswer),
                {"success": True, "api_key": "tb_0123456789ab_the-rest-of-the-secret", "key": KEY},
            )
        },
        write=create_key,
        errors=(InvalidRequest, UnreadableBody, NotFound),
        tag="Keys",
    ),
    Endpoint(
        method="DELETE",
        path="/v1/keys/{prefix}",
        name="revokeKey",
        summary="Revoke an API key",
        description="The next request with the key is refused. Revoking again changes nothing.",
        permission=Permission.ADMIN,
        path_parameters={"prefix": "tb_0123456789ab"},
        answers={200: Body(answer_schema(key=KeyAnswer), _ANSWER)},
        write=revoke_key,
        errors=(InvalidRequest, NotFound),
        tag="Keys",
    ),
)
