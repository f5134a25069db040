"""GET /v1/analytics/organizations: usage and cost by organization."""

from typing import Annotated

from starlette.responses import Response

from tollbook.analytics.filtered_organizations import BY_ORGANIZATION
from tollbook.analytics.margin import SORT_FIELDS
from tollbook.analytics.organizations import ORGANIZATION_ROW
from tollbook.analytics.scope import require_one_currency
from tollbook.api.endpoints.analytics.periods import resolve_period
from tollbook.api.endpoints.analytics.queries import (
    MARGIN,
    METERS,
    SORTED_BY_MARGIN,
    TOTALS_OR_META,
    Currency,
    RowsQuery,
)
from tollbook.api.endpoints.analytics.questions import open_question
from tollbook.api.endpoints.analytics.rows import respond_with_rows
from tollbook.api.endpoints.analytics.scope import refuse_user_key, resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_family import ORGANIZATIONS_ANSWER
from tollbook.api.openapi.examples_margins import ORGANIZATIONS_WITH_MARGIN
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.parameter_types import about, one_of, some_of
from tollbook.api.openapi.schemas import ORGANIZATIONS_REPORT
from tollbook.domain.errors import CurrencyRequired, CursorExpired
from tollbook.domain.keys import Permission
from tollbook.domain.limit_errors import ExportExpired, TooManyAnswers, TooManyExports
from tollbook.store.database import Snapshot


class OrganizationsQuery(RowsQuery, frozen=True, kw_only=True):
    """The query of the organizations answer."""

    sort: Annotated[
        str | None,
        one_of((*(column.name for column in ORGANIZATION_ROW.columns), *SORT_FIELDS)),
        about(f"The field to order by. Default: `total_cost`. {SORTED_BY_MARGIN}", "total_cost"),
    ] = None
    currency: Annotated[
        Currency | None,
        about(
            "Only organizations of this currency. Required with `min_cost` when the "
            "tenant's organizations have several."
        ),
    ] = None
    include: Annotated[
        tuple[str, ...],
        some_of(("totals", "meta", "currency", "margin", "meters")),
        about(
            f"{TOTALS_OR_META} `currency` adds the currency of each organization. When "
            "organizations have several currencies, `totals` are of those in the tenant's, which "
            "they name as `currency`; `X-Other-Currencies` names others with costs in the period. "
            f"{MARGIN} {METERS}"
        ),
    ] = ()


def get_organizations(request: ApiRequest[OrganizationsQuery], snapshot: Snapshot) -> Response:
    """Return the usage of every organization that the key sees."""
    refuse_user_key(request.key)
    query, clock = request.query, request.services.clock()
    scope = resolve_scope(request, snapshot, currency=query.currency)
    if query.min_cost is not None:
        require_one_currency(snapshot, scope, "min_cost")
    period = resolve_period(query.start_date, query.end_date, query.period, scope, clock).period
    question = open_question(request, snapshot, scope, clock, period)
    return respond_with_rows(question, query, BY_ORGANIZATION)


GET_ORGANIZATIONS = Endpoint(
    route="GET /v1/analytics/organizations",
    name="getOrganizationAnalytics",
    summary="Usage and cost by organization",
    description=(
        "Usage and cost of every organization of the tenant in a period, both days "
        "inclusive, each in its own time zone and currency. `total_cost` includes the "
        "usage of its users and organization-level usage. Organizations without usage "
        "are listed with zeros. Organizations in the tenant's currency come first, then"
        " those with the highest total cost, then by id. A key bound to an organization"
        " sees that organization only."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        ORGANIZATIONS_REPORT,
        ORGANIZATIONS_ANSWER,
        more_examples={"margin": ORGANIZATIONS_WITH_MARGIN},
        links=leads(
            "getUserAnalytics",
            "getChanges",
            organization_id="/organizations/0/organization_id",
            **SAME_PERIOD,
        ),
    ),
    read=get_organizations,
    errors=(CurrencyRequired, CursorExpired, ExportExpired, TooManyAnswers, TooManyExports),
)
