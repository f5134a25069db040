"""GET /v1/analytics/changes: who grew and who shrank most, who costs most, who uses nothing."""

from typing import Annotated

from starlette.responses import Response

from tollbook.analytics.changes import read_changes
from tollbook.analytics.changes_report import ChangesReport, changes_report, changes_table
from tollbook.analytics.scope import count_subjects, in_its_currency
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.periods import compared_period, resolve_period
from tollbook.api.endpoints.analytics.queries import (
    ChosenCurrency,
    ComparedWith,
    MarginOrTotals,
    OrganizationId,
    PeriodQuery,
)
from tollbook.api.endpoints.analytics.questions import open_question
from tollbook.api.endpoints.analytics.scope import refuse_user_key, resolve_scope
from tollbook.api.endpoints.row_limits import reserve_rows
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_outlook import CHANGES_ANSWER
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.parameter_types import about, whole_number
from tollbook.api.openapi.schemas import extended
from tollbook.domain.keys import Permission
from tollbook.domain.limit_errors import TooManyAnswers
from tollbook.domain.periods import Comparison
from tollbook.store.database import Snapshot

_MOST_LISTED = 1000


class ChangesQuery(PeriodQuery, frozen=True, kw_only=True):
    """The query of the changes answer."""

    organization_id: Annotated[
        OrganizationId | None,
        about(
            "The organization to answer for, by user. Without it the whole tenant, by organization."
        ),
    ] = None
    compare: ComparedWith = Comparison.PREVIOUS_PERIOD
    limit: Annotated[
        int,
        whole_number(most=_MOST_LISTED),
        about("How many to list of each at most."),
    ] = 10
    currency: ChosenCurrency = None
    include: MarginOrTotals = ()


def get_changes(request: ApiRequest[ChangesQuery], snapshot: Snapshot) -> Response:
    """Compare two periods, by user of an organization or by organization of the tenant."""
    refuse_user_key(request.key)
    query, clock = request.query, request.services.clock()
    scope = resolve_scope(request, snapshot, query.organization_id, currency=query.currency)
    scope = in_its_currency(snapshot, scope)
    chosen = resolve_period(query.start_date, query.end_date, query.period, scope, clock)
    period, before = chosen.period, compared_period(chosen, query.compare)
    question = open_question(request, snapshot, scope, clock, period, compared=before)
    found = answers.find(question)
    if found.is_missing:
        reserve_rows(request, count_subjects(snapshot, scope))
        result = read_changes(
            snapshot, scope, period, before, with_margin="margin" in query.include
        )
        if question.is_table:
            with_totals = "totals" in query.include
            table = changes_table(result, scope, period, before, with_totals=with_totals)
            answer = answers.write_table(question, table)
        else:
            report = changes_report(result, scope, period, before, query.limit)
            answer = answers.write_report(question, report)
        found = answers.keep(question, found, answer)
    return answers.respond(question, found)


GET_CHANGES = Endpoint(
    route="GET /v1/analytics/changes",
    name="getChanges",
    summary="Largest increases, decreases and costs",
    description=(
        "Compares the costs of a period with those of an earlier one, by user of an "
        "organization or by organization of the whole tenant. Reports the largest "
        "increases and decreases, the highest costs with their shares of the total, who"
        " has no usage, and the cost of each active user or organization. "
        "Organization-level usage is in the total and in `organization_level`, and is "
        "not attributed to a user. A key bound to one user is refused."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        extended(ChangesReport),
        CHANGES_ANSWER,
        links=leads(
            "listEvents",
            organization_id="/organization_id",
            user_id="/grew/0/user_id",
            **SAME_PERIOD,
        ),
    ),
    read=get_changes,
    errors=(TooManyAnswers,),
)
