"""Triggers: list, read, add, change and remove them."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from tollbook.administration.trigger_terms import NewTrigger, TriggerThresholds
from tollbook.administration.triggers import (
    TriggerChange,
    add_trigger,
    change_trigger,
    remove_trigger,
    require_changeable,
)
from tollbook.api.endpoints.amounts import AmountsQuery
from tollbook.api.endpoints.analytics.queries import OrganizationId, UserId
from tollbook.api.endpoints.trigger_answers import TriggerAnswer, trigger_answers
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_triggers import NEW_TRIGGER, TRIGGER, TRIGGER_CHANGE
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import about, one_of, text, whole_number
from tollbook.api.openapi.parameters import Path
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    user_of,
    visible_user,
)
from tollbook.api.pipeline.cursors import read_id, write_cursor
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import NotFound, PermissionMissing
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.trigger_errors import (
    ImmutableField,
    InvalidFigure,
    ManagedByBudget,
    TooManyTriggers,
)
from tollbook.domain.triggers import Trigger, TriggerOwner, TriggerStatus
from tollbook.store import triggers
from tollbook.store.database import Snapshot, Transaction

_USUAL_PAGE = 100


class TriggerPath(Path, frozen=True, kw_only=True):
    """The path of a trigger."""

    trigger_id: Annotated[str, about("Its id.", "trg_0123456789abcdefghijklmnop")]


class TriggersQuery(AmountsQuery, frozen=True, kw_only=True):
    """The query of a list of triggers."""

    organization_id: Annotated[
        OrganizationId | None, about("Only triggers on this organization and its users.")
    ] = None
    user_id: Annotated[UserId | None, about("Only triggers on users of this id.")] = None
    status: Annotated[
        TriggerStatus | None, one_of(TriggerStatus), about("Only triggers of this status.")
    ] = None
    limit: Annotated[int, whole_number(most=1_000), about("How many at most.", 100)] = _USUAL_PAGE
    cursor: Annotated[
        str | None, text(4_000), about("Where to go on: the `next_cursor` of the page before.")
    ] = None


class _WrittenThresholds(msgspec.Struct):
    """Thresholds as they are written: a float may have lost digits."""

    at: list[msgspec.Raw] | None = None
    at_budget: list[msgspec.Raw] | None = None


def list_triggers(request: ApiRequest[TriggersQuery], snapshot: Snapshot) -> Response:
    """List the triggers that the key may see, by id."""
    query = request.query
    number = None
    if query.organization_id is not None:
        number = organization_of(snapshot, request.key, query.organization_id).number
    user = visible_user(request.key, query.user_id)
    after = "" if query.cursor is None else read_id(query.cursor)
    visible = _Visible(request.key, snapshot)
    found = [
        it
        for it in triggers.triggers(snapshot, request.tenant)
        if it.id > after
        and visible(it)
        and number in (None, it.organization)
        and user in (None, it.user_id)
        and query.status in (None, it.status)
    ]
    page = found[: query.limit]
    cursor = write_cursor(page[-1].id) if len(found) > query.limit else None
    answers = trigger_answers(snapshot, request.tenant, page, request.services.clock())
    return json_response({"success": True, "triggers": answers, "next_cursor": cursor})


def get_trigger(request: ApiRequest[AmountsQuery, TriggerPath], snapshot: Snapshot) -> Response:
    """Return one trigger."""
    return _one(request, snapshot, _find(request, snapshot))


def post_trigger(request: ApiRequest[AmountsQuery], transaction: Transaction) -> Response:
    """Add a trigger."""
    key = request.key
    require_organization_key(key, "add triggers")
    new = read_body(request.body, NewTrigger)
    _with_written(new, request.body)
    if key.scope.organization_id is not None:
        new.organization_id = new.organization_id or key.scope.organization_id
    if new.organization_id is not None:
        row = organization_of(transaction, key, new.organization_id)
        if new.user_id is not None:
            user_of(transaction, key, row, new.user_id)
    if key.limits.meters and new.meter not in key.limits.meters:
        raise PermissionMissing(f"this key may watch {', '.join(key.limits.meters)} only")
    return _one(request, transaction, add_trigger(transaction, request.actor, key.scope, new), 201)


def patch_trigger(
    request: ApiRequest[AmountsQuery, TriggerPath], transaction: Transaction
) -> Response:
    """Change a trigger."""
    require_organization_key(request.key, "change triggers")
    trigger = _find(request, transaction)
    require_changeable(_names_in(request.body))
    change = read_body(request.body, TriggerChange)
    _with_written(change, request.body)
    changed = change_trigger(transaction, request.actor, trigger, change)
    return _one(request, transaction, changed)


def delete_trigger(
    request: ApiRequest[AmountsQuery, TriggerPath], transaction: Transaction
) -> Response:
    """Remove a trigger."""
    require_organization_key(request.key, "remove triggers")
    trigger = _find(request, transaction)
    answer = _one(request, transaction, trigger)
    remove_trigger(transaction, request.actor, trigger)
    return answer


class _Visible:
    """Which triggers a key may see: those of its scope that its owner sees, and of its meters."""

    def __init__(self, key: ApiKey, snapshot: Snapshot) -> None:
        self._key = key
        bound = key.scope.organization_id
        self._number = None if bound is None else organization_of(snapshot, key, bound).number

    def __call__(self, trigger: Trigger) -> bool:
        meters, user = self._key.limits.meters, self._key.scope.user_id
        if meters and trigger.meter not in meters:
            return False
        if self._number is None:
            return True
        is_own = trigger.owner is not TriggerOwner.TENANT and trigger.organization == self._number
        return is_own and user in (None, trigger.user_id)


def _find(request: ApiRequest[AmountsQuery, TriggerPath], snapshot: Snapshot) -> Trigger:
    found = triggers.find_trigger(snapshot, request.tenant, request.path.trigger_id)
    if found is None or not _Visible(request.key, snapshot)(found):
        raise NotFound("Trigger not found")
    return found


def _one(
    request: ApiRequest[AmountsQuery, Any], snapshot: Snapshot, trigger: Trigger, status: int = 200
) -> Response:
    (answer,) = trigger_answers(snapshot, request.tenant, [trigger], request.services.clock())
    return json_response({"success": True, "trigger": answer}, status)


def _with_written(terms: TriggerThresholds, body: bytes) -> None:
    """Replace thresholds with their texts as they are written."""
    written = msgspec.json.decode(body, type=_WrittenThresholds)
    for name in _WrittenThresholds.__struct_fields__:
        if getattr(terms, name) is not UNSET:
            texts = tuple(bytes(it).decode() for it in getattr(written, name))
            setattr(terms, name, texts)


def _names_in(body: bytes) -> set[str]:
    try:
        return set(msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return set()


_ONE = answer_schema(trigger=TriggerAnswer)
_EXAMPLE = {"success": True, "trigger": TRIGGER}
_OF_TRIGGER = ("getTrigger", "changeTrigger", "removeTrigger")
_LEADS = leads(*_OF_TRIGGER, trigger_id="/trigger/id")
_ANSWER = Body(_ONE, _EXAMPLE, links=_LEADS)
_PATH = "/v1/triggers"
_AUDITED = "Written to the audit log. A key bound to one user is refused."

TRIGGER_ENDPOINTS = (
    Endpoint(
        route=f"GET {_PATH}",
        name="listTriggers",
        summary="List triggers",
        description=(
            "The triggers that the key may see, by id: those of its organization that the "
            "organization owns, those of its user, or all of the tenant. `state` is how a trigger "
            "stands in its running period. Budgets are triggers with `source: budget`."
        ),
        permission=Permission.READ_ANALYTICS,
        answers=Body(
            answer_schema(triggers=list[TriggerAnswer], next_cursor=str | None),
            {"success": True, "triggers": [TRIGGER], "next_cursor": None},
            links=leads(
                "getTrigger", "changeTrigger", "removeTrigger", trigger_id="/triggers/0/id"
            ),
        ),
        read=list_triggers,
        tells_usage=False,
        tag="Alerts",
    ),
    Endpoint(
        route=f"POST {_PATH}",
        name="addTrigger",
        summary="Add a trigger",
        description=(
            "Notifies when a figure of an organization, a user or the whole tenant reaches a value "
            "(`at`), a fraction of a budget (`at_budget`), or differs from the usual "
            "(`deviation`), once in each period and for each threshold. The running period counts "
            f"whole. {_AUDITED}"
        ),
        permission=Permission.ADMIN,
        request=Body(NewTrigger, NEW_TRIGGER),
        answers={201: _ANSWER},
        write=post_trigger,
        errors=(NotFound, InvalidFigure, TooManyTriggers),
        tag="Alerts",
    ),
    Endpoint(
        route=f"GET {_PATH}/{{trigger_id}}",
        name="getTrigger",
        summary="Get a trigger",
        description="One trigger.",
        permission=Permission.READ_ANALYTICS,
        answers=_ANSWER,
        read=get_trigger,
        tells_usage=False,
        tag="Alerts",
    ),
    Endpoint(
        route=f"PATCH {_PATH}/{{trigger_id}}",
        name="changeTrigger",
        summary="Change a trigger",
        description=(
            "Changes its `name`, thresholds of the same kind, `endpoint_ids` or `status`. A new "
            "threshold does not fire in periods that have ended; what was reached stays so. A "
            f"resumed trigger looks at the running period only. {_AUDITED}"
        ),
        permission=Permission.ADMIN,
        request=Body(TriggerChange, TRIGGER_CHANGE),
        answers=_ANSWER,
        write=patch_trigger,
        errors=(NotFound, ImmutableField, ManagedByBudget, TooManyTriggers),
        tag="Alerts",
    ),
    Endpoint(
        route=f"DELETE {_PATH}/{{trigger_id}}",
        name="removeTrigger",
        summary="Remove a trigger",
        description=f"Removes a trigger and returns it. {_AUDITED}",
        permission=Permission.ADMIN,
        answers=Body(_ONE, _EXAMPLE),
        write=delete_trigger,
        errors=(NotFound, ManagedByBudget),
        tag="Alerts",
    ),
)
