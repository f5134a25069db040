"""Budgets of organizations and users, and how much of them is spent: /v1/budgets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from tollbook.administration.budgets import NewBudget, remove_budget, set_budget
from tollbook.analytics.budgets import (
    BudgetsReport,
    budgets_report,
    budgets_table,
    days_of,
    standings,
)
from tollbook.api.endpoints.amounts import AmountsQuery
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.queries import AnswerQuery, OrganizationId
from tollbook.api.endpoints.analytics.questions import open_question
from tollbook.api.endpoints.analytics.scope import resolve_scope
from tollbook.api.endpoints.paths import OrganizationPath, UserPath
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_outlook import BUDGET, BUDGETS_ANSWER, NEW_BUDGET
from tollbook.api.openapi.links import Links, leads
from tollbook.api.openapi.parameter_types import about
from tollbook.api.openapi.schemas import answer_schema, extended
from tollbook.api.pipeline.access import organization_of, require_organization_key, user_of
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.budgets import WHOLE_ORGANIZATION, Budget, BudgetPeriod
from tollbook.domain.events import instant_of
from tollbook.domain.exact import AmountJson, raw_amount
from tollbook.domain.keys import Permission
from tollbook.store import budgets
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow


class BudgetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as it was set, with the amount of its period."""

    organization_id: str
    user_id: str | UnsetType = UNSET
    monthly: AmountJson | UnsetType = UNSET
    weekly: AmountJson | UnsetType = UNSET
    daily: AmountJson | UnsetType = UNSET
    currency: str
    alert_at: tuple[float, ...]
    created_at: datetime
    changed_at: datetime


class _Written(msgspec.Struct):
    """The amounts of a new budget as they are written: a float may have lost digits."""

    monthly: msgspec.Raw = msgspec.Raw()
    weekly: msgspec.Raw = msgspec.Raw()
    daily: msgspec.Raw = msgspec.Raw()


class RemovalQuery(AmountsQuery, frozen=True, kw_only=True):
    """The query of a removal."""

    period: Annotated[BudgetPeriod, about("Which of the budgets to remove.")] = BudgetPeriod.MONTH


class BudgetsQuery(AnswerQuery, frozen=True, kw_only=True):
    """The query of a list of budgets."""

    organization_id: Annotated[
        OrganizationId | None,
        about("Only the budgets of this organization and its users."),
    ] = None


def list_budgets(request: ApiRequest[BudgetsQuery], snapshot: Snapshot) -> Response:
    """List the budgets that the key may see, and how much of each is used."""
    scope = resolve_scope(request, snapshot, request.query.organization_id)
    clock = request.services.clock()
    listed = budgets.budgets(snapshot, scope.tenant, scope.number, scope.user_id)
    # What is expected changes with the day, and each zone's days begin at its own midnight.
    days = days_of(listed, clock)
    question = open_question(request, snapshot, scope, clock, depends_on=days)
    found = answers.find(question)
    if found.is_missing:
        result = standings(snapshot, scope, listed, clock)
        if question.is_table:
            answer = answers.write_table(question, budgets_table(result, scope))
        else:
            answer = answers.write_report(question, budgets_report(result, scope))
        found = answers.keep(question, found, answer)
    return answers.respond(question, found)


def put_organization_budget(
    call: ApiRequest[AmountsQuery, OrganizationPath], transaction: Transaction
) -> Response:
    """Set the budget of an organization."""
    return _set(call, transaction, _organization(call, transaction), WHOLE_ORGANIZATION)


def put_user_budget(call: ApiRequest[AmountsQuery, UserPath], transaction: Transaction) -> Response:
    """Set the budget of a user."""
    organization = _organization(call, transaction)
    return _set(call, transaction, organization, _user_id(call, transaction, organization))


def delete_organization_budget(
    call: ApiRequest[RemovalQuery, OrganizationPath], transaction: Transaction
) -> Response:
    """Remove the budget of an organization."""
    return _remove(call, transaction, _organization(call, transaction), WHOLE_ORGANIZATION)


def delete_user_budget(
    call: ApiRequest[RemovalQuery, UserPath], transaction: Transaction
) -> Response:
    """Remove the budget of a user."""
    organization = _organization(call, transaction)
    return _remove(call, transaction, organization, _user_id(call, transaction, organization))


def _organization(
    call: ApiRequest[AmountsQuery, OrganizationPath], snapshot: Snapshot
) -> OrganizationRow:
    require_organization_key(call.key, "set budgets")
    return organization_of(snapshot, call.key, call.path.organization_id)


def _user_id(
    call: ApiRequest[AmountsQuery, UserPath], snapshot: Snapshot, organization: OrganizationRow
) -> str:
    return user_of(snapshot, call.key, organization, call.path.user_id).id


def _set(
    call: ApiRequest, transaction: Transaction, organization: OrganizationRow, user_id: str
) -> Response:
    new = read_body(call.body, NewBudget)
    written = msgspec.json.decode(call.body, type=_Written)
    for name in _Written.__struct_fields__:
        if text := bytes(getattr(written, name)):
            setattr(new, name, text.decode())
    budget = set_budget(transaction, call.actor, organization, user_id, new)
    return json_response({"success": True, "budget": budget_answer(organization, budget)})


def _remove(
    call: ApiRequest[RemovalQuery, Any],
    transaction: Transaction,
    organization: OrganizationRow,
    user_id: str,
) -> Response:
    period = call.query.period
    budget = remove_budget(transaction, call.actor, organization, user_id, period)
    return json_response({"success": True, "budget": budget_answer(organization, budget)})


def budget_answer(organization: OrganizationRow, budget: Budget) -> BudgetAnswer:
    """Return a budget as it was set."""
    return BudgetAnswer(
        organization_id=organization.id,
        user_id=budget.user_id or UNSET,
        currency=organization.currency,
        alert_at=budget.alert_at,
        created_at=instant_of(budget.created_at),
        changed_at=instant_of(budget.changed_at),
        **{budget.period.adverb: raw_amount(budget.amount)},
    )


_ONE = answer_schema(budget=BudgetAnswer)
_STANDING = leads(
    *("listBudgets", "getForecast", "setOrganizationBudget", "removeOrganizationBudget"),
    organization_id="/budget/organization_id",
)
_USERS_STANDING = leads("listBudgets", organization_id="/budget/organization_id") | leads(
    *("getForecast", "setUserBudget", "removeUserBudget"),
    organization_id="/budget/organization_id",
    user_id="/budget/user_id",
)
_USERS_BUDGET = {**BUDGET, "user_id": "user_123"}
_ORGANIZATIONS_PATH = "/v1/budgets/{organization_id}"
_USERS_PATH = "/v1/budgets/{organization_id}/users/{user_id}"


def _answer(budget: Mapping[str, Any], links: Links) -> Body:
    return Body(_ONE, {"success": True, "budget": budget}, links=links)


_SET = (
    "Exactly one of `daily`, `weekly` and `monthly` is required; each is a budget of its own, and "
    "replaces the existing one. `alert_at` are fractions of it: when one is reached, a "
    "notification is sent (`GET /v1/notifications`); `alert_reached` in the list is the highest "
    "that has been reached. Budgets never block usage; "
    "they report when a limit is exceeded. Written to the audit log. A key bound to one user is "
    "refused."
)
_REMOVE = "Written to the audit log. A key bound to one user is refused."

BUDGET_ENDPOINTS = (
    Endpoint(
        route="GET /v1/budgets",
        name="listBudgets",
        summary="List budgets and their use",
        description=(
            "The budgets of an organization and its users, or of the whole tenant: the "
            "amount spent this month, the expected amount at its end, and the day on which "
            "the budget was or will be exceeded at this pace. Budgets of a week or a day have no "
            "expected amount. A key bound to one user sees "
            "that user's budget only."
        ),
        permission=Permission.READ_ANALYTICS,
        answers=Body(
            extended(BudgetsReport),
            BUDGETS_ANSWER,
            links=leads(
                *("getForecast", "setOrganizationBudget", "removeOrganizationBudget"),
                organization_id="/budgets/0/organization_id",
            ),
        ),
        read=list_budgets,
        tag="Budgets",
    ),
    Endpoint(
        route=f"PUT {_ORGANIZATIONS_PATH}",
        name="setOrganizationBudget",
        summary="Set an organization's budget",
        description=f"The organization's limit for a period, in its currency. {_SET}",
        permission=Permission.ADMIN,
        request=Body(NewBudget, NEW_BUDGET),
        answers=_answer(BUDGET, _STANDING),
        write=put_organization_budget,
        tag="Budgets",
    ),
    Endpoint(
        route=f"DELETE {_ORGANIZATIONS_PATH}",
        name="removeOrganizationBudget",
        summary="Remove an organization's budget",
        description=_REMOVE,
        permission=Permission.ADMIN,
        answers=_answer(BUDGET, _STANDING),
        write=delete_organization_budget,
        tag="Budgets",
    ),
    Endpoint(
        route=f"PUT {_USERS_PATH}",
        name="setUserBudget",
        summary="Set a user's budget",
        description=f"The user's limit for a period, in the organization's currency. {_SET}",
        permission=Permission.ADMIN,
        request=Body(NewBudget, NEW_BUDGET),
        answers=_answer(_USERS_BUDGET, _USERS_STANDING),
        write=put_user_budget,
        tag="Budgets",
    ),
    Endpoint(
        route=f"DELETE {_USERS_PATH}",
        name="removeUserBudget",
        summary="Remove a user's budget",
        description=_REMOVE,
        permission=Permission.ADMIN,
        answers=_answer(_USERS_BUDGET, _USERS_STANDING),
        write=delete_user_budget,
        tag="Budgets",
    ),
)
