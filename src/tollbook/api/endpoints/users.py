"""The users of an organization: create, list, read, change, delete."""

from starlette.responses import Response

from tollbook.administration.users import (
    NewUser,
    UserChange,
    change_user,
    create_user,
    delete_user,
)
from tollbook.api.endpoints.directory_pages import PageQuery, cut, page_of
from tollbook.api.endpoints.paths import OrganizationPath, UserPath, named_organization
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import USER
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import require_organization_key, user_of
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.directory import User
from tollbook.domain.errors import AlreadyExists, InUse
from tollbook.domain.keys import Permission
from tollbook.store import directory
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow


def list_users(call: ApiRequest[PageQuery, OrganizationPath], snapshot: Snapshot) -> Response:
    """List the users of an organization that the key may see."""
    row = named_organization(call, snapshot)
    bound, page = call.key.scope.user_id, page_of(call)
    if bound is None:
        found = directory.users(snapshot, row.number, page)
    else:
        own = directory.find_user(snapshot, row.number, bound)
        found = [own] if own and own.id > page.after else []
    users, rest = cut(call, found)
    return json_response({"success": True, "organization_id": row.id, "users": users, **rest})


def get_user(call: ApiRequest[Query, UserPath], snapshot: Snapshot) -> Response:
    """Return one user."""
    row = named_organization(call, snapshot)
    return _user_answer(row, user_of(snapshot, call.key, row, call.path.user_id))


def post_user(call: ApiRequest[Query, OrganizationPath], transaction: Transaction) -> Response:
    """Create a user."""
    require_organization_key(call.key, "create users")
    row = named_organization(call, transaction)
    new = read_body(call.body, NewUser)
    return _user_answer(row, create_user(transaction, call.actor, row, new), 201)


def patch_user(call: ApiRequest[Query, UserPath], transaction: Transaction) -> Response:
    """Change a user."""
    row = named_organization(call, transaction)
    user = user_of(transaction, call.key, row, call.path.user_id)
    change = read_body(call.body, UserChange)
    return _user_answer(row, change_user(transaction, call.actor, row, user, change))


def remove_user(call: ApiRequest[Query, UserPath], transaction: Transaction) -> Response:
    """Delete a user that no event names."""
    require_organization_key(call.key, "delete users")
    row = named_organization(call, transaction)
    user = user_of(transaction, call.key, row, call.path.user_id)
    delete_user(transaction, call.actor, row, user)
    return _user_answer(row, user)


def _user_answer(row: OrganizationRow, user: User, status: int = 200) -> Response:
    return json_response({"success": True, "organization_id": row.id, "user": user}, status)


_USER_ANSWER = {"success": True, "organization_id": "org_abc123", "user": USER}
_OF_USER = (
    *("getUser", "changeUser", "deleteUser", "erasePersonalData", "setUserBudget"),
    *("getUserAnalytics", "listEvents"),
)
_ONE_USER = Body(
    answer_schema(organization_id=str, user=User),
    _USER_ANSWER,
    links=leads(*_OF_USER, organization_id="/organization_id", user_id="/user/id"),
)


USER_ENDPOINTS = (
    Endpoint(
        route="GET /v1/organizations/{organization_id}/users",
        name="listUsers",
        summary="List users",
        description="The organization's users that the key may see, by id; with `limit`, a page.",
        permission=Permission.READ_ANALYTICS,
        answers=Body(
            answer_schema(
                "next_cursor",
                organization_id=str,
                users=list[User],
                next_cursor=str | None,
            ),
            {"success": True, "organization_id": "org_abc123", "users": [USER]},
            links=leads(*_OF_USER, organization_id="/organization_id", user_id="/users/0/id"),
        ),
        read=list_users,
        tells_usage=False,
        tag="Users",
    ),
    Endpoint(
        route="POST /v1/organizations/{organization_id}/users",
        name="createUser",
        summary="Create a user",
        description=(
            "Unknown users are created automatically from incoming events, with their id as"
            " name; create them first to set their names. Without an `id` a random one is "
            "assigned."
        ),
        permission=Permission.ADMIN,
        request=Body(NewUser, USER),
        answers={201: _ONE_USER},
        write=post_user,
        errors=(AlreadyExists,),
        tag="Users",
    ),
    Endpoint(
        route="GET /v1/organizations/{organization_id}/users/{user_id}",
        name="getUser",
        summary="Get a user",
        description="One user.",
        permission=Permission.READ_ANALYTICS,
        answers=_ONE_USER,
        read=get_user,
        tells_usage=False,
        tag="Users",
    ),
    Endpoint(
        route="PATCH /v1/organizations/{organization_id}/users/{user_id}",
        name="changeUser",
        summary="Change a user",
        description=(
            "Changes what the body names: `name`, `email` (null removes it), `status` and "
            "`permission`, which the platform defines and Tollbook only reports."
        ),
        permission=Permission.ADMIN,
        request=Body(UserChange, {"name": "jane@acme.com"}),
        answers=_ONE_USER,
        write=patch_user,
        tag="Users",
    ),
    Endpoint(
        route="DELETE /v1/organizations/{organization_id}/users/{user_id}",
        name="deleteUser",
        summary="Delete a user",
        description=(
            "Deletes a user with its budget and its keys. Once an event names it, in quarantine "
            "too, the answer is 409 `in_use`: erase the personal data instead."
        ),
        permission=Permission.ADMIN,
        answers=Body(answer_schema(organization_id=str, user=User), _USER_ANSWER),
        write=remove_user,
        errors=(InUse,),
        tag="Users",
    ),
)
