"""Runs over the quarantine: replay or discard selected events, behind the answer."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from starlette.responses import Response

from tollbook.api.endpoints.paths import RunPath, run_number
from tollbook.api.endpoints.quarantine_answers import (
    QuarantineRunAnswer,
    ReplayDryRunAnswer,
    quarantine_run_answer,
    replay_dry_run_answer,
)
from tollbook.api.endpoints.quarantine_selection import (
    ReplayBody,
    ReplayQuery,
    SelectedEvents,
    SelectionQuery,
    read_replay,
    selected,
)
from tollbook.api.openapi.endpoint import ApiRequest, AsyncHandler, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples_quarantine import QUARANTINE_RUN, REPLAY, REPLAY_DRY_RUN
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Flag, about, whole_number
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    require_tenant_key,
)
from tollbook.api.pipeline.request_body import MOST_OTHER_BYTES, read_bounded
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import NotFound, Problem, RunConflict, refuse
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.quarantine import QuarantineAction, QuarantineRun
from tollbook.quarantine import runs
from tollbook.quarantine.dry_run import MOST_CHARGES, dry_run_replay
from tollbook.store import quarantine_runs
from tollbook.store.audit import Actor
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import TimeLimit

Act = Callable[[Transaction, Actor, int], QuarantineRun]
_ACTION = "work on quarantined events"


class DiscardQuery(SelectionQuery, frozen=True, kw_only=True):
    """The query of a discard."""

    all: Annotated[
        Flag, about("Discard every event in quarantine, when no other parameter selects some.")
    ] = False


class QuarantineRunsQuery(Query, frozen=True, kw_only=True):
    """The query of a list of runs."""

    limit: Annotated[int, whole_number(), about("The maximum number of runs.", 100)] = 100


async def replay_quarantine(request: AsyncRequest[ReplayQuery]) -> Response:
    """Begin to charge quarantined events again, or report what that would do."""
    body = await read_bounded(request.http, MOST_OTHER_BYTES)
    given = request.http.query_params.multi_items()

    def select() -> tuple[Actor, SelectedEvents, bool]:
        with request.services.database.reading() as snapshot:
            key = request.authenticate(snapshot)
            query = read_replay(given, body)
            return request.actor(key), selected(snapshot, key, query), query.dry_run

    actor, found, is_dry_run = await run_sync(select)
    if is_dry_run:
        limiter = request.services.looking
        return await run_sync(_dry_run, request.services, actor, found, limiter=limiter)
    return await run_sync(_begin, request, actor, QuarantineAction.REPLAY, found)


def _dry_run(services: Services, actor: Actor, found: SelectedEvents) -> Response:
    cache, tenant = services.directory_cache, actor.tenant
    with services.database.reading(TimeLimit.NONE) as snapshot:
        result = dry_run_replay(snapshot, cache, tenant, found.selection, actor.at)
    return json_response({"success": True, "dry_run": replay_dry_run_answer(result)})


async def discard_quarantine(request: AsyncRequest[DiscardQuery]) -> Response:
    """Begin to discard quarantined events."""

    def begin() -> Response:
        with request.services.database.reading() as snapshot:
            key = request.authenticate(snapshot)
            require_tenant_key(key, "discard quarantined events")
            query = request.read_query()
            found = selected(snapshot, key, query)
            refuse([selection_problem(found, every=query.all)])
        return _begin(request, request.actor(key), QuarantineAction.DISCARD, found)

    return await run_sync(begin)


def selection_problem(found: SelectedEvents, *, every: bool) -> Problem | None:
    """Return the problem of a discard that selects nothing, or too much."""
    is_all = found == SelectedEvents(type(found.selection)(), None)
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
    catalog = request.services.directory_cache.catalog(snapshot, request.tenant)
    shown = [quarantine_run_answer(it, catalog) for it in found]
    return json_response({"success": True, "runs": shown})


def get_quarantine_run(request: ApiRequest[Query, RunPath], snapshot: Snapshot) -> Response:
    """Return a run."""
    run = _visible_run(snapshot, request.key, request.actor, request.path)
    catalog = request.services.directory_cache.catalog(snapshot, request.tenant)
    return json_response({"success": True, "run": quarantine_run_answer(run, catalog)})


def _begin(
    request: AsyncRequest, actor: Actor, action: QuarantineAction, found: SelectedEvents
) -> Response:
    run = runs.begin(request.services.database, actor, action, *found)
    return _enqueued(request, actor, run)


async def _act(act: Act, status: int, request: AsyncRequest[Query, RunPath]) -> Response:
    """Change what becomes of a run; once that is on disk, the thread looks at it."""

    def work() -> Response:
        with request.services.database.writing() as transaction:
            key = request.authenticate(transaction)
            actor = request.actor(key)
            request.read_query()
            found = _visible_run(transaction, key, actor, request.path)
            if found.action is QuarantineAction.DISCARD:
                require_tenant_key(key, "discard quarantined events")
            run = act(transaction, actor, found.id)
        return _enqueued(request, actor, run, status)

    return await run_sync(work)


def _enqueued(
    request: AsyncRequest, actor: Actor, run: QuarantineRun, status: int = 202
) -> Response:
    request.services.quarantine_worker.enqueue(actor.tenant, run.id)
    _, catalog = request.services.directory_cache.loaded_catalog(actor.tenant)
    return json_response({"success": True, "run": quarantine_run_answer(run, catalog)}, status)


def _bound_organization(snapshot: Snapshot, key: ApiKey) -> int | None:
    """Return the number of the organization that a key is bound to."""
    require_organization_key(key, _ACTION)
    bound = key.scope.organization_id
    return None if bound is None else organization_of(snapshot, key, bound).number


def _visible_run(snapshot: Snapshot, key: ApiKey, actor: Actor, path: RunPath) -> QuarantineRun:
    """Return a run that a key may see: a key of an organization sees the runs of its own."""
    number = _bound_organization(snapshot, key)
    run = runs.require_run(snapshot, actor, run_number(path, "quarantine run"))
    if number not in (None, run.selection.organization):
        raise NotFound("there is no such quarantine run")
    return run


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
            "reason that applies then. With `dry_run`, nothing is written: the answer has counts "
            "by code, sums by currency, organization and meter, and the first "
            f"{MOST_CHARGES:,} charges. The parameters may also come as a JSON object, with lists "
            f"for `codes` and `ids`. {_SMALL}"
        ),
        permission=Permission.ADMIN,
        request=Body(ReplayBody, REPLAY, required=False),
        answers={
            200: Body(
                answer_schema(dry_run=ReplayDryRunAnswer),
                {"success": True, "dry_run": REPLAY_DRY_RUN},
                description="With `dry_run`: what a replay would do.",
            ),
            202: replace(_ONE, description="The run has started."),
        },
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
