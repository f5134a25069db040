"""Rerating: see what a price change would do to the past, do it as a run, take it back."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from starlette.responses import Response

from tollbook.api.endpoints.amounts import AmountsQuery
from tollbook.api.endpoints.paths import RunPath, run_number
from tollbook.api.endpoints.rerating_answers import (
    DryRunAnswer,
    NewRerating,
    RunAnswer,
    UnpricedEvent,
    below_buy_of,
    dry_run_answer,
    run_answer,
    unpriced_event,
)
from tollbook.api.openapi.endpoint import ApiRequest, AsyncHandler, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples_rerating import DRY_RUN, RERATING, RUN, UNPRICED
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import about, whole_number
from tollbook.api.openapi.parameters import Path
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import organization_of, require_tenant_key
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.request_body import MOST_OTHER_BYTES, read_bounded
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import NotFound, Problem, RunConflict, refuse
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.periods import day_number
from tollbook.domain.rerating import RerateRange, Run
from tollbook.rerating import runs
from tollbook.rerating.dry_run import dry_run
from tollbook.rerating.price_book_set import require_book, require_ledger
from tollbook.store import rerating_runs
from tollbook.store.audit import Actor
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import TimeLimit

Act = Callable[[Transaction, Actor, int], Run]
_KIND = "rerating run"


class RunsQuery(AmountsQuery, frozen=True, kw_only=True):
    """The query of a list of runs, or of the events that a run could not price."""

    limit: Annotated[int, whole_number(), about("The maximum number of rows.", 100)] = 100


async def post_rerating(request: AsyncRequest[AmountsQuery]) -> Response:
    """Charge a period again: in mind at once, in the ledger by a run that works on behind this."""
    services = request.services
    body = await read_bounded(request.http, MOST_OTHER_BYTES)

    def ask() -> tuple[Actor, RerateRange, NewRerating]:
        with services.database.reading() as snapshot:
            key = _authenticate(request, snapshot)
            request.read_query()
            asked = read_body(body, NewRerating)
            return request.actor(key), _span(snapshot, key, asked), asked

    actor, span, asked = await run_sync(ask)
    if asked.apply:
        run = await run_sync(runs.begin, services.database, actor, span)
        services.rerating_worker.enqueue(actor.tenant, run.id)
        return json_response({"success": True, "run": run_answer(run)}, 202)

    def look() -> Response:
        with services.database.reading(TimeLimit.NONE) as snapshot:
            require_ledger(snapshot, actor.tenant, span)
            require_book(snapshot, actor.tenant, span, apply=False)
            result = dry_run(snapshot, actor.tenant, span, actor.at, asked.limit)
            below_buy = below_buy_of(snapshot, actor.tenant, span, result)
        return json_response({"success": True, "dry_run": dry_run_answer(result, below_buy)})

    return await run_sync(look, limiter=services.looking)


def list_runs(request: ApiRequest[RunsQuery], snapshot: Snapshot) -> Response:
    """List the latest runs."""
    require_tenant_key(request.key, "see reratings")
    found = rerating_runs.runs(snapshot, request.tenant, request.query.limit)
    return json_response({"success": True, "runs": [run_answer(it) for it in found]})


def get_run(request: ApiRequest[RunsQuery, RunPath], snapshot: Snapshot) -> Response:
    """Return a run, with events that it could not price."""
    require_tenant_key(request.key, "see reratings")
    run = runs.require_run(snapshot, request.actor, run_number(request.path, _KIND))
    left = rerating_runs.unpriced(snapshot, request.tenant, run.id, request.query.limit)
    return json_response(
        {
            "success": True,
            "run": run_answer(run),
            "unpriced_events": [unpriced_event(it) for it in left],
        }
    )


async def _act(act: Act, status: int, request: AsyncRequest[AmountsQuery, RunPath]) -> Response:
    """Change what becomes of a run; once that is on disk, the thread looks at it."""

    def work() -> Response:
        with request.services.database.writing() as transaction:
            actor = request.actor(_authenticate(request, transaction))
            request.read_query()
            run = act(transaction, actor, run_number(request.path, _KIND))
        request.services.rerating_worker.enqueue(actor.tenant, run.id)
        return json_response({"success": True, "run": run_answer(run)}, status)

    return await run_sync(work)


def _authenticate(request: AsyncRequest[AmountsQuery, Path], snapshot: Snapshot) -> ApiKey:
    key = request.authenticate(snapshot)
    require_tenant_key(key, "rerate")
    return key


def _span(snapshot: Snapshot, key: ApiKey, asked: NewRerating) -> RerateRange:
    if asked.start_date > asked.end_date:
        sentence = "start_date must not be after end_date"
        refuse([Problem("start_date", "invalid_period", sentence)])
    number = None
    if asked.organization_id is not None:
        number = organization_of(snapshot, key, asked.organization_id).number
    first, last = day_number(asked.start_date), day_number(asked.end_date)
    return RerateRange(first, last, number, asked.version)


_OF_RUN = ("getRerating", "stopRerating", "resumeRerating", "revertRerating")
_ONE_ANSWER = {"success": True, "run": RUN}
_ONE = Body(answer_schema(run=RunAnswer), _ONE_ANSWER, links=leads(*_OF_RUN, run="/run/id"))


def _endpoint_of_act(
    act: Act, name: str, summary: str, description: str, status: int = 202
) -> Endpoint:
    take: AsyncHandler = partial(_act, act, status)
    return Endpoint(
        route=f"POST /v1/rerating/{{run}}/{name}",
        name=f"{name}Rerating",
        summary=summary,
        description=f"{description} Requires a tenant-wide key.",
        permission=Permission.ADMIN,
        answers={status: _ONE},
        handle=take,
        errors=(RunConflict,),
        tag="Rerating",
    )


RERATING_ENDPOINTS = (
    Endpoint(
        route="POST /v1/rerating",
        name="rerate",
        summary="Rerate a period",
        description=(
            "Computes what the events of a period would cost by the price books that are in"
            " force now or, with `version`, by that book on every day. Without `apply` "
            "nothing is written: the answer has the sums of everything, the rows that "
            "differ most, and events without a price. With `apply` a run is recorded and "
            "processes the period day by day; until it is done, each day has either its old"
            " or its new costs. Events without a price keep their charge. Requires a "
            "tenant-wide key."
        ),
        permission=Permission.ADMIN,
        request=Body(NewRerating, RERATING),
        answers={
            200: Body(
                answer_schema(dry_run=DryRunAnswer),
                {"success": True, "dry_run": DRY_RUN},
                description="What would change.",
            ),
            202: replace(_ONE, description="With `apply`: the run has started."),
        },
        handle=post_rerating,
        errors=(NotFound, RunConflict),
        tag="Rerating",
    ),
    Endpoint(
        route="GET /v1/rerating",
        name="listReratings",
        summary="List runs",
        description="The latest runs, newest first. Requires a tenant-wide key.",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(runs=list[RunAnswer]),
            {"success": True, "runs": [RUN]},
            links=leads(*_OF_RUN, run="/runs/0/id"),
        ),
        read=list_runs,
        tag="Rerating",
    ),
    Endpoint(
        route="GET /v1/rerating/{run}",
        name="getRerating",
        summary="Get a run",
        description=(
            f"Its progress, its changes, and up to {rerating_runs.MOST_LISTED:,} of the "
            "events that it could not price. Requires a tenant-wide key."
        ),
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(run=RunAnswer, unpriced_events=list[UnpricedEvent]),
            {**_ONE_ANSWER, "unpriced_events": [UNPRICED]},
            links=_ONE.links,
        ),
        read=get_run,
        tag="Rerating",
    ),
    _endpoint_of_act(
        runs.stop,
        "stop",
        "Stop a run",
        "It stops after the current day; the days before keep their new costs.",
        200,
    ),
    _endpoint_of_act(
        runs.resume,
        "resume",
        "Resume a run",
        "Continues where it stopped, or where the server was when it was killed.",
    ),
    _endpoint_of_act(
        runs.revert,
        "revert",
        "Revert a run",
        "Every event gets the charge that it had before the run, day by day. Refused while a later "
        "run of the same days is in effect.",
    ),
)
