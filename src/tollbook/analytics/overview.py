"""Usage and cost of a whole tenant: the question behind GET /v1/analytics/overview."""

from functools import partial
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from tollbook.analytics.by_meter import AMOUNTS, COLUMNS, ByMeter
from tollbook.analytics.figures import AnswerKind, Measure
from tollbook.analytics.filters import Filters
from tollbook.analytics.period_cover import period_cover_sql, period_parameters
from tollbook.analytics.resources import KNOWLEDGE_BASES, resource_parameters
from tollbook.analytics.row_details import (
    DETAIL_FIELDS,
    NOTHING_MORE,
    DetailsQuestion,
    RowDetails,
    Wanted,
    read_details,
    with_total,
)
from tollbook.analytics.rows import RowLayout, define
from tollbook.analytics.scope import QuestionScope, organizations_of
from tollbook.analytics.tables import Table, period_columns, text_columns
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row
from tollbook.store.meters import read_catalog

OVERVIEW_ROW = RowLayout(AnswerKind.OVERVIEW)

OverviewBreakdown = OVERVIEW_ROW.breakdown_type(
    "OverviewBreakdown",
    "Costs by category, with their counts. `kb_monthly_cost` and `kb_usage_cost` are in `kb_cost`.",
)
OverviewReport = define(
    "OverviewReport",
    "The answer, in the documented field order.",
    [
        ("success", bool),
        ("tenant_id", str),
        ("period", dict[str, str]),
        *OVERVIEW_ROW.fields(OverviewBreakdown),
        *DETAIL_FIELDS,
    ],
)


class Overview(NamedTuple):
    """The sums of a period by meter, and the counts of knowledge bases, organizations and users.

    `details` are margins and meters, if they are asked for.
    """

    sums: ByMeter
    knowledge_bases: int
    organizations: int
    users: int
    details: RowDetails | None = None


def read_overview(
    snapshot: Snapshot, scope: QuestionScope, period: Period, wanted: Wanted = NOTHING_MORE
) -> Overview:
    """Read the sums of all organizations in a scope, which must have one currency."""
    ids = {it.number: it.id for it in organizations_of(snapshot, scope)}
    numbers = list(ids)
    details = DetailsQuestion(
        key="organization_id",
        parameters={"numbers": numbers, **period_parameters(period)},
        wanted=wanted,
        filters=Filters(),
        group_by=None,
        catalog=read_catalog(snapshot, scope.tenant),
        ids=ids,
    )
    bound = {"numbers": numbers, **period_parameters(period), **resource_parameters(period)}
    return Overview(
        ByMeter(snapshot.sums(OVERVIEW, bound, COLUMNS, AMOUNTS)),
        snapshot.table(KNOWLEDGE_BASES, bound, 1)[0][0],
        len(numbers),
        snapshot.table(USERS_OF_ALL, bound, 1)[0][0],
        with_total(read_details(snapshot, details), ids.values()),
    )


def overview_report(scope: QuestionScope, period: Period, found: Overview) -> msgspec.Struct:
    """Return the answer with an overview."""
    answer = partial(OverviewReport, True, scope.tenant, period.to_json())
    (report,) = map(answer, *OVERVIEW_ROW.cells([_row(found)], OverviewBreakdown))
    return report if found.details is None else replace(report, **found.details.total_fields)


def overview_table(scope: QuestionScope, period: Period, found: Overview) -> Table:
    """Return an overview as a table of one row."""
    constants = (
        *text_columns(tenant_id=scope.tenant),
        *period_columns(period),
        *text_columns(currency=scope.currency),
    )
    table = OVERVIEW_ROW.table([_row(found)])._replace(constants=constants)
    details = found.details
    if details is None:
        return table
    cells = details.cells(details.total)
    return table._replace(
        rows=((*row, *cells) for row in table.rows), marks=tuple(details.columns())
    )


def _row(found: Overview) -> Row:
    others = {
        Measure.ORGANIZATIONS: found.organizations,
        Measure.USERS: found.users,
        Measure.RESOURCES: found.knowledge_bases,
        Measure.TOTAL: found.sums.total_cost(),
    }
    return tuple(
        others[it.measure] if it.measure in others else found.sums.figure(it)
        for it in OVERVIEW_ROW.stored
    )


OVERVIEW = f"""
SELECT
    meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
{period_cover_sql("organization", "meter", "organization_id IN :numbers")}
) AS period_cover
GROUP BY meter
"""

USERS_OF_ALL = """
SELECT COUNT(*) FROM users WHERE organization_id IN :numbers
"""
