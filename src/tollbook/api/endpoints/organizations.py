"""Organizations: create, list, read, change, delete."""

from starlette.responses import Response

from tollbook.administration.organizations import (
    NewOrganization,
    OrganizationChange,
    change_organization,
    create_organization,
    delete_organization,
    organization_from,
)
from tollbook.api.endpoints.directory_pages import PageQuery, cut, page_of
from tollbook.api.endpoints.paths import OrganizationPath, named_organization
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import ORGANIZATION
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    require_tenant_key,
)
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.directory import Organization
from tollbook.domain.errors import AlreadyExists, InUse
from tollbook.domain.keys import Permission
from tollbook.store import directory
from tollbook.store.database import Snapshot, Transaction


def list_organizations(call: ApiRequest[PageQuery], snapshot: Snapshot) -> Response:
    """List the organizations that the key may see."""
    bound, page = call.key.scope.organization_id, page_of(call)
    if bound is None:
        rows = directory.organizations(snapshot, call.tenant, page)
    else:
        own = organization_of(snapshot, call.key, bound)
        rows = [own] if own.id > page.after else []
    organizations, rest = cut(call, [organization_from(row) for row in rows])
    return json_response({"success": True, "organizations": organizations, **rest})


def get_organization(call: ApiRequest[Query, OrganizationPath], snapshot: Snapshot) -> Response:
    """Return one organization."""
    return _organization_answer(organization_from(named_organization(call, snapshot)))


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
    row = named_organization(call, transaction)
    change = read_body(call.body, OrganizationChange)
    return _organization_answer(change_organization(transaction, call.actor, row, change))


def remove_organization(
    call: ApiRequest[Query, OrganizationPath], transaction: Transaction
) -> Response:
    """Delete an organization that has no events."""
    require_tenant_key(call.key, "delete organizations")
    row = named_organization(call, transaction)
    return _organization_answer(delete_organization(transaction, call.actor, row))


def _organization_answer(organization: Organization, status: int = 200) -> Response:
    return json_response({"success": True, "organization": organization}, status)


_ORGANIZATION_ANSWER = {"success": True, "organization": ORGANIZATION}
_OF_ORGANIZATION = (
    *("getOrganization", "changeOrganization", "deleteOrganization", "listUsers", "createUser"),
    *("setOrganizationBudget", "getUserAnalytics", "listEvents", "replayQuarantine"),
)
_ONE = Body(
    answer_schema(organization=Organization),
    _ORGANIZATION_ANSWER,
    links=leads(*_OF_ORGANIZATION, organization_id="/organization/id"),
)


ORGANIZATION_ENDPOINTS = (
    Endpoint(
        route="GET /v1/organizations",
        name="listOrganizations",
        summary="List organizations",
        description="The organizations that the key may see, by id; with `limit`, a page.",
        permission=Permission.READ_ANALYTICS,
        answers=Body(
            answer_schema("next_cursor", organizations=list[Organization], next_cursor=str | None),
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
            "`international` (as if they had a `+`), an ISO 3166 country code such as "
            "`GB` (in the national and access-code forms of the country), or `GB+international` "
            "(its forms with a 0 or an access code, other digits as if with a `+`). With null the "
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
        route="DELETE /v1/organizations/{organization_id}",
        name="deleteOrganization",
        summary="Delete an organization",
        description=(
            "Deletes an organization with its users, budgets, keys and price books. Once it has "
            "an event, in quarantine too, the answer is 409 `in_use`. Requires a tenant-wide key."
        ),
        permission=Permission.ADMIN,
        answers=Body(answer_schema(organization=Organization), _ORGANIZATION_ANSWER),
        write=remove_organization,
        errors=(InUse,),
        tag="Organizations",
    ),
)
