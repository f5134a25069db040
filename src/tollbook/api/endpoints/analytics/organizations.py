"""GET /v1/analytics/organizations: usage and cost by organization."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.responses import Response

from tollbook.analytics.organizations import (
    ORGANIZATION_ROW,
    currencies_of,
    name_currencies,
    organization_rows,
    organizations_report,
    totals_written,
    with_currency,
)
from tollbook.analytics.organizations_slices import (
    ORGANIZATIONS_SHAPE,
    organization_groups,
    sliced_organizations,
    sliced_report,
)
from tollbook.analytics.scope import require_one_currency, summed_scope
from tollbook.analytics.slices import Groups, Slice, table_of
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.analytics.questions import (
    CURRENCY,
    END_DATE,
    INCLUDE,
    MIN_AS_OF,
    PERIOD,
    START_DATE,
    Question,
    Result,
    answer,
    asked,
    others_named,
    refuse_user_key,
    scope_of,
)
from tollbook.api.endpoints.analytics.slices import (
    QuestionSpec,
    ResultSet,
    answer_slice,
    is_sliced,
    slice_parameters,
)
from tollbook.api.endpoints.format_parameter import FORMAT
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_family import ORGANIZATIONS_ANSWER
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.schemas import ORGANIZATIONS_REPORT
from tollbook.domain.errors import (
    CurrencyRequired,
    CursorExpired,
    FormatNotInstalled,
    InvalidRequest,
    NotYet,
)
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row


def get_organizations(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Answer for every organization that the key sees."""
    refuse_user_key(call)
    scope, totals = scope_of(call, snapshot), "totals" in call.query["include"]
    if call.query["min_cost"] is not None:
        require_one_currency(snapshot, scope, "min_cost")
    it = asked(call, snapshot, scope)
    if is_sliced(call, totals=False):
        return answer_slice(it, _ORGANIZATIONS)
    return answer(it, lambda: _told(it, totals=totals))


def _told(it: Question, *, totals: bool) -> Result:
    rows = organization_rows(it.snapshot, it.scope, _days(it))
    report = _named(it, organizations_report(it.scope, _days(it), rows))
    if not totals:
        return Result(report, {}, lambda: _with_currency(it, table_of(rows, ORGANIZATIONS_SHAPE)))
    summed = _summed(it)
    counted = [row for row in rows if row[0] in summed.ids]
    sums = ORGANIZATION_ROW.total(counted)
    return Result(
        report,
        {"totals": totals_written(counted, summed.named)},
        lambda: _with_currency(it, table_of(rows, ORGANIZATIONS_SHAPE, sums)),
        summed.headers,
    )


class _Summed(NamedTuple):
    """Which organizations totals are of, in which currency if it must be named; and the header."""

    ids: set[str]
    named: str | None
    headers: Mapping[str, str]


def _summed(it: Question) -> _Summed:
    scope = summed_scope(it.snapshot, it.scope)
    ids = set(currencies_of(it.snapshot, scope))
    if scope == it.scope:
        return _Summed(ids, None, {})
    return _Summed(ids, scope.currency, others_named(it, scope))


def _named(it: Question, report: Any) -> Any:
    if "currency" not in it.call.query["include"]:
        return report
    return name_currencies(report, currencies_of(it.snapshot, it.scope))


def _with_currency(it: Question, table: Table) -> Table:
    currencies = currencies_of(it.snapshot, it.scope)
    summed = currencies_of(it.snapshot, summed_scope(it.snapshot, it.scope))
    return with_currency(table, currencies, next(iter(summed.values()), ""))


def _days(it: Question) -> Period:
    assert it.period  # noqa: S101  the question is dated
    return it.period


def _read(it: Question, wanted: Slice) -> ResultSet:
    """Read a slice, and the sums of its rows in one currency, which a later page may ask for."""
    whose = it.snapshot, it.scope, _days(it), wanted
    rows = sliced_organizations(*whose)
    groups = organization_groups(*whose) if wanted.group_by else {}
    summed = _summed(it)
    counted: list[Row] = [row for row in rows if row[0] in summed.ids]
    extras: dict[str, Any] = {"totals": totals_written(counted, summed.named)}
    return ResultSet(rows, groups, extras, counted, summed.headers)


def _report(it: Question, rows: list[Row], groups: Groups) -> Any:
    report = sliced_report(it.scope, _days(it), rows, groups, it.call.query["group_by"])
    return _named(it, report)


_ORGANIZATIONS = QuestionSpec(ORGANIZATIONS_SHAPE, _read, _report, _with_currency)

_INCLUDE = replace(
    INCLUDE,
    description=(
        f"{INCLUDE.description} `currency` adds the currency of each organization. When "
        "organizations have several currencies, `totals` are of those in the tenant's, which they "
        "name as `currency`; `X-Other-Currencies` names others with costs in the period."
    ),
    choices=("totals", "meta", "currency"),
)
_CURRENCY = replace(
    CURRENCY,
    description=(
        "Only organizations of this currency. Required with `min_cost` when the tenant's "
        "organizations have several."
    ),
)

GET_ORGANIZATIONS = Endpoint(
    method="GET",
    path="/v1/analytics/organizations",
    name="getOrganizationAnalytics",
    summary="Usage and cost by organization",
    description=(
        "Usage and cost of every organization of the tenant in a period, both days inclusive, each "
        "in its own time zone and currency. `total_cost` is of all its usage, its users' and its "
        "own. Organizations without usage are listed with zeros. Those in the tenant's currency "
        "come first, then by total cost, highest first, then by id. A key bound to an "
        "organization sees that one only."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        START_DATE,
        END_DATE,
        PERIOD,
        *slice_parameters(ORGANIZATIONS_SHAPE),
        _CURRENCY,
        _INCLUDE,
        FORMAT,
        MIN_AS_OF,
    ),
    answers={
        200: Body(
            ORGANIZATIONS_REPORT,
            ORGANIZATIONS_ANSWER,
            links=leads(
                "getUserAnalytics",
                "getChanges",
                organization_id="/organizations/0/organization_id",
                **SAME_PERIOD,
            ),
        )
    },
    read=get_organizations,
    errors=(
        InvalidRequest,
        CurrencyRequired,
        CursorExpired,
        NotYet,
        FormatNotInstalled,
    ),
    tagged=True,
)
