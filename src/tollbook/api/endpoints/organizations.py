"""Organizations and their users: create, list, read, change."""

import secrets
from typing import Any

import msgspec
from starlette.responses import Response

from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import ORGANIZATION, USER
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    require_tenant_key,
)
from tollbook.api.pipeline.json_body import read_body, refuse
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.directory import (
    Organization,
    Status,
    User,
    id_problem,
    new_organization_problems,
    new_user_problems,
    organization_problems,
    user_problems,
)
from tollbook.domain.errors import AlreadyExists, InvalidRequest, NotFound, Problem, UnreadableBody
from tollbook.domain.keys import Permission
from tollbook.rating.number_formats import number_format_problem
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow


class NewOrganization(msgspec.Struct):
    """The body that creates an organization.

    Without an id one is made up; without a currency it has its tenant's.
    """

    name: str
    id: str | None = None
    timezone: str = "UTC"
    currency: str | None = None
    status: Status = Status.ACTIVE
    number_format: str | None = None


class OrganizationChange(msgspec.Struct):
    """The body that changes an organization; its zone and currency are fixed by its ledger.

    With `null` for `number_format` that of the tenant holds.
    """

    name: str | None = None
    status: Status | None = None
    number_format: str | msgspec.UnsetType | None = msgspec.UNSET


class NewUser(msgspec.Struct):
    """The body that creates a user; without an id one is made up."""

    name: str
    id: str | None = None
    email: str | None = None
    status: Status = Status.ACTIVE


class UserChange(msgspec.Struct):
    """The body that changes a user."""

    name: str | None = None
    email: str | None = None
    status: Status | None = None


def list_organizations(call: ApiRequest, snapshot: Snapshot) -> Response:
    """List the organizations that the key may see."""
    bound = call.key.scope.organization_id
    if bound is None:
        rows = directory.organizations(snapshot, call.tenant)
    else:
        rows = [organization_of(snapshot, call.key, bound)]
    return json_response({"success": True, "organizations": [_organization(row) for row in rows]})


def get_organization(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Show one organization."""
    row = organization_of(snapshot, call.key, call.path["organization_id"])
    return json_response({"success": True, "organization": _organization(row)})


def create_organization(call: ApiRequest, transaction: Transaction) -> Response:
    """Create an organization."""
    require_tenant_key(call.key, "create organizations")
    new = read_body(call.body, NewOrganization)
    identity = _given_or_made_up(new.id, "org")
    own = directory.tenant_currency(transaction, call.tenant)
    currency = own if new.currency is None else new.currency
    organization = Organization(
        identity, new.name, new.timezone, currency, new.status, new.number_format
    )
    refuse(new_organization_problems(organization) + _format_problems(organization))
    now = call.services.clock()
    if not directory.add_organization(transaction, call.tenant, organization, now):
        raise AlreadyExists(f"organization {identity} exists already")
    row = organization_of(transaction, call.key, identity)
    details = {
        "timezone": row.timezone,
        "currency": row.currency,
        "status": row.status,
        "number_format": row.number_format,
    }
    _log(call, transaction, "organization.create", row, details)
    return json_response({"success": True, "organization": organization}, 201)


def change_organization(call: ApiRequest, transaction: Transaction) -> Response:
    """Change an organization's name, status or number format."""
    require_organization_key(call.key, "change organizations")
    row = organization_of(transaction, call.key, call.path["organization_id"])
    change = read_body(call.body, OrganizationChange)
    number_format = change.number_format
    changed = msgspec.structs.replace(
        _organization(row),
        name=row.name if change.name is None else change.name,
        status=change.status or Status(row.status),
        number_format=row.number_format if number_format is msgspec.UNSET else number_format,
    )
    # A currency stored before codes were checked stays: a rename does not change it.
    problems = organization_problems(changed) + _format_problems(changed)
    refuse([it for it in problems if it.field != "currency"])
    directory.change_organization(transaction, row.number, changed, call.services.clock())
    details = {
        **_changed(change),
        "status": changed.status,
        "number_format": changed.number_format,
    }
    _log(call, transaction, "organization.change", row, details)
    return json_response({"success": True, "organization": changed})


def list_users(call: ApiRequest, snapshot: Snapshot) -> Response:
    """List the users of an organization that the key may see."""
    row = organization_of(snapshot, call.key, call.path["organization_id"])
    only = call.key.scope.user_id
    found = directory.users(snapshot, row.number)
    users = [user for user in found if only in (None, user.id)]
    return json_response({"success": True, "organization_id": row.id, "users": users})


def get_user(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Show one user."""
    row, user = _user_of(call, snapshot)
    return json_response({"success": True, "organization_id": row.id, "user": user})


def create_user(call: ApiRequest, transaction: Transaction) -> Response:
    """Create a user."""
    require_organization_key(call.key, "create users")
    row = organization_of(transaction, call.key, call.path["organization_id"])
    new = read_body(call.body, NewUser)
    user = User(_given_or_made_up(new.id, "user"), new.name, new.email, new.status)
    refuse(new_user_problems(user))
    if not directory.add_user(transaction, row.number, user, call.services.clock()):
        raise AlreadyExists(f"user {user.id} exists already in organization {row.id}")
    _log(call, transaction, "user.create", row, {"status": user.status}, user.id)
    return json_response({"success": True, "organization_id": row.id, "user": user}, 201)


def change_user(call: ApiRequest, transaction: Transaction) -> Response:
    """Change a user's name, e-mail or status."""
    row, user = _user_of(call, transaction)
    change = read_body(call.body, UserChange)
    changed = User(
        user.id,
        user.name if change.name is None else change.name,
        user.email if change.email is None else change.email,
        change.status or user.status,
    )
    refuse(user_problems(changed))
    directory.change_user(transaction, row.number, changed, call.services.clock())
    details = {**_changed(change), "status": changed.status}
    _log(call, transaction, "user.change", row, details, user.id)
    return json_response({"success": True, "organization_id": row.id, "user": changed})


def _changed(change: OrganizationChange | UserChange) -> dict[str, Any]:
    """Name the fields that a body changes; what they say now may be about a person."""
    fields = {it: getattr(change, it) for it in change.__struct_fields__}
    left_out = {it: msgspec.UNSET if it == "number_format" else None for it in fields}
    return {"changed": [it for it, value in fields.items() if value is not left_out[it]]}


def _log(
    call: ApiRequest,
    transaction: Transaction,
    action: str,
    row: OrganizationRow,
    details: dict[str, Any],
    user: str | None = None,
) -> None:
    what = f"organization {row.id}" if user is None else f"user {user}"
    write_act(transaction, call.actor, action, what, details, row.number)


def _user_of(call: ApiRequest, snapshot: Snapshot) -> tuple[OrganizationRow, User]:
    row = organization_of(snapshot, call.key, call.path["organization_id"])
    identity = call.path["user_id"]
    visible = call.key.scope.user_id in (None, identity) and not id_problem("user_id", identity)
    user = directory.find_user(snapshot, row.number, identity) if visible else None
    if user is None:
        raise NotFound("User not found")
    return row, user


def _organization(row: OrganizationRow) -> Organization:
    return Organization(
        row.id, row.name, row.timezone, row.currency, Status(row.status), row.number_format
    )


def _format_problems(organization: Organization) -> list[Problem]:
    if organization.number_format is None:
        return []
    problem = number_format_problem(organization.number_format)
    return [problem] if problem else []


def _given_or_made_up(identity: str | None, kind: str) -> str:
    return f"{kind}_{secrets.token_hex(8)}" if identity is None else identity


_ORGANIZATION_ANSWER = {"success": True, "organization": ORGANIZATION}
_USER_ANSWER = {"success": True, "organization_id": "org_abc123", "user": USER}
_OF_ORGANIZATION = (
    *("getOrganization", "changeOrganization", "listUsers", "createUser"),
    *("setOrganizationBudget", "getUserAnalytics", "listEvents", "replayQuarantine"),
)
_OF_USER = (
    *("getUser", "changeUser", "erasePersonalData", "setUserBudget"),
    *("getUserAnalytics", "listEvents"),
)
_ONE = Body(
    answer_schema(organization=Organization),
    _ORGANIZATION_ANSWER,
    links=leads(*_OF_ORGANIZATION, organization_id="/organization/id"),
)
_ONE_USER = Body(
    answer_schema(organization_id=str, user=User),
    _USER_ANSWER,
    links=leads(*_OF_USER, organization_id="/organization_id", user_id="/user/id"),
)
_IN_PATH = {"organization_id": "org_abc123"}
_USER_IN_PATH = {**_IN_PATH, "user_id": "user_123"}
_BAD_BODY = (InvalidRequest, UnreadableBody)


ORGANIZATION_ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/organizations",
        name="listOrganizations",
        summary="List organizations",
        description="The organizations that the key may see, by id.",
        permission=Permission.READ_ANALYTICS,
        answers={
            200: Body(
                answer_schema(organizations=list[Organization]),
                {"success": True, "organizations": [ORGANIZATION]},
                links=leads(*_OF_ORGANIZATION, organization_id="/organizations/0/id"),
            )
        },
        read=list_organizations,
        tells_usage=False,
        errors=(InvalidRequest,),
        tag="Organizations",
    ),
    Endpoint(
        method="POST",
        path="/v1/organizations",
        name="createOrganization",
        summary="Create an organization",
        description=(
            "Its days begin at midnight in `timezone`, its costs are in `currency`; both stay as "
            "they are for ever, because the ledger is written in them. Without an `id` one is made "
            "up. `number_format` says how it writes phone numbers; without one the tenant's holds. "
            "Needs a key of the whole tenant."
        ),
        permission=Permission.ADMIN,
        request=Body(NewOrganization, ORGANIZATION),
        answers={201: _ONE},
        write=create_organization,
        errors=(*_BAD_BODY, AlreadyExists),
        tag="Organizations",
    ),
    Endpoint(
        method="GET",
        path="/v1/organizations/{organization_id}",
        name="getOrganization",
        summary="Read an organization",
        description="One organization.",
        permission=Permission.READ_ANALYTICS,
        path_parameters=_IN_PATH,
        answers={200: _ONE},
        read=get_organization,
        tells_usage=False,
        errors=(InvalidRequest, NotFound),
        tag="Organizations",
    ),
    Endpoint(
        method="PATCH",
        path="/v1/organizations/{organization_id}",
        name="changeOrganization",
        summary="Change an organization",
        description=(
            "Change its name, its status or its `number_format`: how digits without `+` are meant "
            "in `to` and `from`. That is `strict` (they are no number), `international` (they mean "
            "what they mean with `+`), or an ISO 3166 country code such as `GB`, whose national "
            "and access-code forms are read. With null the tenant's format holds."
        ),
        permission=Permission.ADMIN,
        path_parameters=_IN_PATH,
        request=Body(OrganizationChange, {"name": "Acme Corporation"}),
        answers={200: _ONE},
        write=change_organization,
        errors=(*_BAD_BODY, NotFound),
        tag="Organizations",
    ),
    Endpoint(
        method="GET",
        path="/v1/organizations/{organization_id}/users",
        name="listUsers",
        summary="List users",
        description="The organization's users that the key may see, by id.",
        permission=Permission.READ_ANALYTICS,
        path_parameters=_IN_PATH,
        answers={
            200: Body(
                answer_schema(organization_id=str, users=list[User]),
                {"success": True, "organization_id": "org_abc123", "users": [USER]},
                links=leads(*_OF_USER, organization_id="/organization_id", user_id="/users/0/id"),
            )
        },
        read=list_users,
        tells_usage=False,
        errors=(InvalidRequest, NotFound),
        tag="Users",
    ),
    Endpoint(
        method="POST",
        path="/v1/organizations/{organization_id}/users",
        name="createUser",
        summary="Create a user",
        description=(
            "Users that events name are created by themselves, with their id as name; create them "
            "first to give them names. Without an `id` one is made up."
        ),
        permission=Permission.ADMIN,
        path_parameters=_IN_PATH,
        request=Body(NewUser, USER),
        answers={201: _ONE_USER},
        write=create_user,
        errors=(*_BAD_BODY, NotFound, AlreadyExists),
        tag="Users",
    ),
    Endpoint(
        method="GET",
        path="/v1/organizations/{organization_id}/users/{user_id}",
        name="getUser",
        summary="Read a user",
        description="One user.",
        permission=Permission.READ_ANALYTICS,
        path_parameters=_USER_IN_PATH,
        answers={200: _ONE_USER},
        read=get_user,
        tells_usage=False,
        errors=(InvalidRequest, NotFound),
        tag="Users",
    ),
    Endpoint(
        method="PATCH",
        path="/v1/organizations/{organization_id}/users/{user_id}",
        name="changeUser",
        summary="Change a user",
        description="Change a user's name, e-mail or status.",
        permission=Permission.ADMIN,
        path_parameters=_USER_IN_PATH,
        request=Body(UserChange, {"name": "jane@acme.com"}),
        answers={200: _ONE_USER},
        write=change_user,
        errors=(*_BAD_BODY, NotFound),
        tag="Users",
    ),
)
