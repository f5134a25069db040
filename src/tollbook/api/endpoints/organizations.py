"""Organizations and their users: create, list, read, change."""

from starlette.responses import Response

from tollbook.administration.organizations import (
    NewOrganization,
    OrganizationChange,
    change_organization,
    create_organization,
    organization_from,
)
from tollbook.administration.users import NewUser, UserChange, change_user, create_user
from tollbook.api.endpoints.paths import OrganizationPath, UserPath
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import ORGANIZATION, USER
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    require_tenant_key,
    user_of,
)
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.directory import Organization, User
from tollbook.domain.errors import AlreadyExists, InUse
from tollbook.domain.keys import Permission
from tollbook.store import directory
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow


def list_organizations(call: ApiRequest, snapshot: Snapshot) -> Response:
    """List the organizations that the key may see."""
    bound = call.key.scope.organization_id
    if bound is None:
        rows = directory.organizations(snapshot, call.tenant)
    else:
        rows = [organization_of(snapshot, call.key, bound)]
    organizations = [organization_from(row) for row in rows]
    return json_response({"success": True, "organizations": organizations})


def get_organization(call: ApiRequest[Query, OrganizationPath], snapshot: Snapshot) -> Response:
    """Return one organization."""
    return _organization_answer(organization_from(_named_organization(call, snapshot)))


def post_organization(call: ApiRequest, transaction: Transaction) -> Response:
    """Create an organization."""
    require_tenant_key(call.key, "create organizations")
    new = read_body(call.body, NewOrganization)
    return _organization_answer(create_organization(transaction, call.actor, new), 201)


def patch_organization(
    call: ApiRequest[Query, OrganizationPath], transaction: Transaction
) -> Response:
    """Change an organization."""
    require_organization_key(call.key, "change organizations")
    row = _named_organization(call, transaction)
    change = read_body(call.body, OrganizationChange)
    return _organization_answer(change_organization(transaction, call.actor, row, change))


def list_users(call: ApiRequest[Query, OrganizationPath], snapshot: Snapshot) -> Response:
    """List the users of an organization that the key may see."""
    row = _named_organization(call, snapshot)
    bound = call.key.scope.user_id
    found = directory.users(snapshot, row.number)
    users = [user for user in found if bound in (None, user.id)]
    return json_response({"success": True, "organization_id": row.id, "users": users})


def get_user(call: ApiRequest[Query, UserPath], snapshot: Snapshot) -> Response:
    """Return one user."""
    row = _named_organization(call, snapshot)
    return _user_answer(row, user_of(snapshot, call.key, row, call.path.user_id))


def post_user(call: ApiRequest[Query, OrganizationPath], transaction: Transaction) -> Response:
    """Create a user."""
    require_organization_key(call.key, "create users")
    row = _named_organization(call, transaction)
    new = read_body(call.body, NewUser)
    return _user_answer(row, create_user(transaction, call.actor, row, new), 201)


def patch_user(call: ApiRequest[Query, UserPath], transaction: Transaction) -> Response:
    """Change a user's name, e-mail or status."""
    row = _named_organization(call, transaction)
    user = user_of(transaction, call.key, row, call.path.user_id)
    change = read_body(call.body, UserChange)
    return _user_answer(row, change_user(transaction, call.actor, row, user, change))


def _named_organization(
    call: ApiRequest[Query, OrganizationPath], snapshot: Snapshot
) -> OrganizationRow:
    return organization_of(snapshot, call.key, call.path.organization_id)


def _organization_answer(organization: Organization, status: int = 200) -> Response:
    return json_response({"success": True, "organization": organization}, status)


def _user_answer(row: OrganizationRow, user: User, status: int = 200) -> Response:
    return json_response({"success": True, "organization_id": row.id, "user": user}, status)


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


ORGANIZATION_ENDPOINTS = (
    Endpoint(
        route="GET /v1/organizations",
        name="listOrganizations",
        summary="List organizations",
        description="The organizations that the key may see, by id.",
        permission=Permission.READ_ANALYTICS,
        answers=Body(
            answer_schema(organizations=list[Organization]),
            {"success": True, "organizations": [ORGANIZATION]},
            links=leads(*_OF_ORGANIZATION, organization_id="/organizations/0/id"),
        ),
        read=list_organizations,
        tells_usage=False,
        tag="Organizations",
    ),
    Endpoint(
        route="POST /v1/organizations",
        name="createOrganization",
        summary="Create an organization",
        description=(
            "Its days begin at midnight in `timezone`, and its costs are in `currency`. "
            "Both are permanent once it has events, because the ledger is written in them. "
            "Without an `id` a "
            "random one is assigned. `number_format` sets how it writes phone numbers; by "
            "default as the tenant does. Requires a tenant-wide key."
        ),
        permission=Permission.ADMIN,
        request=Body(NewOrganization, ORGANIZATION),
        answers={201: _ONE},
        write=post_organization,
        errors=(AlreadyExists,),
        tag="Organizations",
    ),
    Endpoint(
        route="GET /v1/organizations/{organization_id}",
        name="getOrganization",
        summary="Get an organization",
        description="One organization.",
        permission=Permission.READ_ANALYTICS,
        answers=_ONE,
        read=get_organization,
        tells_usage=False,
        tag="Organizations",
    ),
    Endpoint(
        route="PATCH /v1/organizations/{organization_id}",
        name="changeOrganization",
        summary="Change an organization",
        description=(
            "Changes what the body names. `timezone` and `currency` can change until the "
            "organization has its first event, in quarantine too; then the answer is 409 "
            "`in_use`, as it is for `currency` while there are budgets. Own price books in "
            "the former currency do not apply. `number_format` sets how digits "
            "without `+` are read in `to` and `from`: `strict` (not as a number), "
            "`international` (as if they had a `+`), or an ISO 3166 country code such as "
            "`GB` (in the national and access-code forms of the country). With null the "
            "tenant's format applies."
        ),
        permission=Permission.ADMIN,
        request=Body(OrganizationChange, {"name": "Acme Corporation"}),
        answers=_ONE,
        write=patch_organization,
        errors=(InUse,),
        tag="Organizations",
    ),
    Endpoint(
        route="GET /v1/organizations/{organization_id}/users",
        name="listUsers",
        summary="List users",
        description="The organization's users that the key may see, by id.",
        permission=Permission.READ_ANALYTICS,
        answers=Body(
            answer_schema(organization_id=str, users=list[User]),
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
        description="Change a user's name, e-mail or status.",
        permission=Permission.ADMIN,
        request=Body(UserChange, {"name": "jane@acme.com"}),
        answers=_ONE_USER,
        write=patch_user,
        tag="Users",
    ),
)
