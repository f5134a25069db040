"""Runs over the quarantine: replay or discard selected events, behind the answer."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, NoReturn

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.responses import Response

from tollbook.api.endpoints.quarantine import Selected, SelectionQuery, selected
from tollbook.api.openapi.endpoint import ApiRequest, AsyncHandler, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples import QUARANTINE_RUN
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Flag, about, whole_number
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    require_tenant_key,
)
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import NotFound, Problem, RunConflict, refuse
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.quarantine import QuarantineAction, QuarantineRun, QuarantineRunStatus
from tollbook.quarantine import runs
from tollbook.quarantine.runs import selection_details
from tollbook.store import quarantine_runs
from tollbook.store.audit import Actor
from tollbook.store.database import Snapshot, Transaction

Act = Callable[[Transaction, Actor, int], QuarantineRun]
_LONGEST_NUMBER = 9
_ACTION = "work on quarantined events"


class QuarantineRunAnswer(msgspec.Struct):
    """A run: what it does with which events, and its progress.

    Of about `expected` events, it has looked at `events`: `released` were charged, `discarded`
    were discarded, and `remaining` stay in quarantine with the reason that applies now. `reason`
    states why a run stopped without a request.
    """

    id: int
    action: QuarantineAction
    status: QuarantineRunStatus
    organization_id: str | None
    code: str | None
    type: str | None
    start_date: datetime | None
    end_date: datetime | None
    expected: int
    events: int
    released: int
    discarded: int
    remaining: int
    created_at: datetime
    created_by: str
    moved_at: datetime
    finished_at: datetime | None
    reason: str | None


class DiscardQuery(SelectionQuery, frozen=True, kw_only=True):
    """The query of a discard."""

    all: Annotated[
        Flag, about("Discard every event in quarantine, when no other parameter selects some.")
    ] = False


class QuarantineRunsQuery(Query, frozen=True, kw_only=True):
    """The query of a list of runs."""

    limit: Annotated[int, whole_number(), about("The maximum number of runs.", 100)] = 100


class QuarantineRunPath(Path, frozen=True, kw_only=True):
    """The path of a run."""

    run: Annotated[str, Meta(examples=["3"])]


async def replay_quarantine(request: AsyncRequest[SelectionQuery]) -> Response:
    """Begin to charge quarantined events again; those that now have a price enter the ledger."""

    def select(snapshot: Snapshot, key: ApiKey) -> Selected:
        return selected(snapshot, key, request.read_query())

    return await run_sync(_begin, request, QuarantineAction.REPLAY, select)


async def discard_quarantine(request: AsyncRequest[DiscardQuery]) -> Response:
    """Begin to discard quarantined events."""

    def select(snapshot: Snapshot, key: ApiKey) -> Selected:
        require_tenant_key(key, "discard quarantined events")
        query = request.read_query()
        found = selected(snapshot, key, query)
        refuse([selection_problem(found, every=query.all)])
        return found

    return await run_sync(_begin, request, QuarantineAction.DISCARD, select)


def selection_problem(found: Selected, *, every: bool) -> Problem | None:
    """Return the problem of a discard that selects nothing, or too much."""
    is_all = found == Selected(type(found.selection)(), None)
    if is_all and not every:
        sentence = "all=true is required to discard every event, or a parameter that selects some"
        return Problem("all", "missing_parameter", sentence)
    if every and not is_all:
        return Problem("all", "excludes_others", "all excludes parameters that select events")
    return None


def list_quarantine_runs(request: ApiRequest[QuarantineRunsQuery], snapshot: Snapshot) -> Response:
    """List the latest runs."""
    number = _bound_organization(snapshot, request.key)
    found = quarantine_runs.runs(snapshot, request.tenant, number, request.query.limit)
    return json_response({"success": True, "runs": [quarantine_run_answer(it) for it in found]})


def get_quarantine_run(
    request: ApiRequest[Query, QuarantineRunPath], snapshot: Snapshot
) -> Response:
    """Return a run."""
    run = _visible_run(snapshot, request.key, request.actor, request.path.run)
    return json_response({"success": True, "run": quarantine_run_answer(run)})


def quarantine_run_answer(run: QuarantineRun) -> QuarantineRunAnswer:
    """Show a run."""
    return QuarantineRunAnswer(
        id=run.id,
        action=run.action,
        status=run.status,
        organization_id=run.organization_id,
        **selection_details(run.selection),
        expected=run.expected,
        events=run.events,
        released=run.released,
        discarded=run.discarded,
        remaining=run.remaining,
        created_at=instant_of(run.created_at),
        created_by=run.created_by,
        moved_at=instant_of(run.moved_at),
        finished_at=None if run.finished_at is None else instant_of(run.finished_at),
        reason=run.reason,
    )


def _begin(
    request: AsyncRequest,
    action: QuarantineAction,
    select: Callable[[Snapshot, ApiKey], Selected],
) -> Response:
    services = request.services
    with services.database.reading() as snapshot:
        key = request.authenticate(snapshot)
        selection, organization = select(snapshot, key)
    actor = request.actor(key)
    run = runs.begin(services.database, actor, action, selection, organization)
    return _enqueued(request, actor, run)


async def _act(act: Act, status: int, request: AsyncRequest[Query, QuarantineRunPath]) -> Response:
    """Change what becomes of a run; once that is on disk, the thread looks at it."""

    def work() -> Response:
        with request.services.database.writing() as transaction:
            key = request.authenticate(transaction)
            actor = request.actor(key)
            request.read_query()
            found = _visible_run(transaction, key, actor, request.path.run)
            if found.action is QuarantineAction.DISCARD:
                require_tenant_key(key, "discard quarantined events")
            run = act(transaction, actor, found.id)
        return _enqueued(request, actor, run, status)

    return await run_sync(work)


def _enqueued(
    request: AsyncRequest, actor: Actor, run: QuarantineRun, status: int = 202
) -> Response:
    request.services.quarantine_worker.enqueue(actor.tenant, run.id)
    return json_response({"success": True, "run": quarantine_run_answer(run)}, status)


def _bound_organization(snapshot: Snapshot, key: ApiKey) -> int | None:
    """Return the number of the organization that a key is bound to."""
    require_organization_key(key, _ACTION)
    bound = key.scope.organization_id
    return None if bound is None else organization_of(snapshot, key, bound).number


def _visible_run(snapshot: Snapshot, key: ApiKey, actor: Actor, text: str) -> QuarantineRun:
    """Return a run that a key may see: a key of an organization sees the runs of its own."""
    number = _bound_organization(snapshot, key)
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        _not_found()
    run = runs.require_run(snapshot, actor, int(text))
    if number not in (None, run.selection.organization):
        _not_found()
    return run


def _not_found() -> NoReturn:
    raise NotFound("there is no such quarantine run")


_OF_RUN = ("getQuarantineRun", "stopQuarantineRun", "resumeQuarantineRun")
_ONE_ANSWER = {"success": True, "run": QUARANTINE_RUN}
_ONE = Body(
    answer_schema(run=QuarantineRunAnswer), _ONE_ANSWER, links=leads(*_OF_RUN, run="/run/id")
)
_SMALL = (
    "It works in small transactions behind this answer, so that events are stored meanwhile; "
    "`GET /v1/quarantine-runs/{run}` has its progress. While a run that may select the same events "
    "is running, the answer is 409."
)
_PATH = "/v1/quarantine-runs"


def _endpoint_of_act(act: Act, name: str, description: str, status: int) -> Endpoint:
    take: AsyncHandler = partial(_act, act, status)
    return Endpoint(
        route=f"POST {_PATH}/{{run}}/{name}",
        name=f"{name}QuarantineRun",
        summary=f"{name.capitalize()} a quarantine run",
        description=f"{description} Discards require a tenant-wide key.",
        permission=Permission.ADMIN,
        answers={status: _ONE},
        handle=take,
        errors=(RunConflict,),
        tag="Quarantine",
    )


QUARANTINE_RUN_ENDPOINTS = (
    Endpoint(
        route="POST /v1/quarantine/replay",
        name="replayQuarantine",
        summary="Replay quarantined events",
        description=(
            "Starts a run that processes quarantined events again, all of them or those that the "
            "parameters select. Once the organization is created or a price book is loaded, its "
            "events enter the ledger on the day on which they happened. Others stay, with the "
            f"reason that applies then. {_SMALL}"
        ),
        permission=Permission.ADMIN,
        answers={202: _ONE},
        handle=replay_quarantine,
        errors=(RunConflict,),
        tag="Quarantine",
    ),
    Endpoint(
        route="DELETE /v1/quarantine",
        name="discardQuarantine",
        summary="Discard quarantined events",
        description=(
            "Starts a run that discards the events that the parameters select, or every event with "
            "`all=true`. They are deleted and never charged. Their ids stay taken: the same event "
            "sent again is a `duplicate`, other content a `conflict`. An organization that was "
            f"never created is forgotten with the ids of its events. {_SMALL} Requires a "
            "tenant-wide key."
        ),
        permission=Permission.ADMIN,
        answers={202: _ONE},
        handle=discard_quarantine,
        errors=(RunConflict,),
        tag="Quarantine",
    ),
    Endpoint(
        route=f"GET {_PATH}",
        name="listQuarantineRuns",
        summary="List quarantine runs",
        description="The latest runs, newest first. A key of an organization sees its own.",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(runs=list[QuarantineRunAnswer]),
            {"success": True, "runs": [QUARANTINE_RUN]},
            links=leads(*_OF_RUN, run="/runs/0/id"),
        ),
        read=list_quarantine_runs,
        tag="Quarantine",
    ),
    Endpoint(
        route=f"GET {_PATH}/{{run}}",
        name="getQuarantineRun",
        summary="Get a quarantine run",
        description="What the run does, and its progress.",
        permission=Permission.ADMIN,
        answers=_ONE,
        read=get_quarantine_run,
        tag="Quarantine",
    ),
    _endpoint_of_act(
        runs.stop, "stop", "It stops after its current step; what it has done stays done.", 200
    ),
    _endpoint_of_act(
        runs.resume,
        "resume",
        "Continues where it stopped, or where the server was when it was killed.",
        202,
    ),
)
