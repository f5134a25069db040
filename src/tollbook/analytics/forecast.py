"""The expected cost of a month: the question behind GET /v1/analytics/forecast."""

from datetime import date

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.completeness import as_of_text
from tollbook.analytics.daily_costs import daily_costs
from tollbook.analytics.outlook import Outlook, closed, first_needed, month_of, outlook
from tollbook.analytics.pace import Method
from tollbook.analytics.scope import QuestionScope, subject_columns
from tollbook.analytics.tables import Column, ColumnKind, Table, text_columns
from tollbook.domain.exact import AmountJson, raw_amount
from tollbook.store.database import Snapshot

_MILLISECOND = 1_000
_RENTALS = (
    "Rentals of last month that are not charged yet are expected again; purchases and "
    "registrations are not."
)
DESCRIPTIONS = {
    Method.WEEKDAY_MEAN: (
        "The amount spent, plus for each remaining day the mean of the same weekday in the last "
        "eight weeks; each week weighs three quarters of the week after it. The range from low to "
        "high holds four times out of five, judged by the method's errors in past weeks. "
        + _RENTALS
    ),
    Method.DAILY_MEAN: (
        "The amount spent, plus for each remaining day the mean of the days since the first usage, "
        "of which there are fewer than 14. The range from low to high holds four times out of five "
        "if the remaining days vary as these do. " + _RENTALS
    ),
    Method.NONE: ("The amount spent: there was no usage on a whole day of the last eight weeks."),
    Method.CLOSED: "The amount spent: the month is over.",
}


class ForecastReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. `spent` is exact, the others are rounded to cents."""

    success: bool
    tenant_id: str
    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    currency: str | None
    month: str
    as_of: str
    spent: AmountJson
    forecast: AmountJson
    low: AmountJson | None
    high: AmountJson | None
    method: Method
    method_description: str
    days_left: int
    based_on_days: int


def month_outlook(snapshot: Snapshot, scope: QuestionScope, month: date, today: date) -> Outlook:
    """Read daily costs and compute the outlook on a month; `month` is any day of it."""
    whole = month_of(month)
    if whole.end < today:
        return closed(daily_costs(snapshot, scope, whole.start, whole.end), whole)
    costs = daily_costs(snapshot, scope, min(first_needed(today), whole.start), whole.end)
    return outlook(costs, today)


def forecast_report(
    found: Outlook, scope: QuestionScope, user_name: str, month: date, as_of: int
) -> ForecastReport:
    """Return the answer with an outlook."""
    organization = scope.organization
    return ForecastReport(
        success=True,
        tenant_id=scope.tenant,
        organization_id=organization.id if organization else UNSET,
        organization_name=organization.name if organization else UNSET,
        user_id=UNSET if scope.user_id is None else scope.user_id,
        user_name=UNSET if scope.user_id is None else user_name,
        currency=scope.currency,
        month=f"{month:%Y-%m}",
        as_of=as_of_text(as_of),
        spent=raw_amount(found.spent),
        forecast=raw_amount(found.forecast),
        low=None if found.low is None else raw_amount(found.low),
        high=None if found.high is None else raw_amount(found.high),
        method=found.method,
        method_description=DESCRIPTIONS[found.method],
        days_left=found.days_left,
        based_on_days=found.based_on_days,
    )


def forecast_table(
    found: Outlook, scope: QuestionScope, user_name: str, month: date, as_of: int
) -> Table:
    """Return an outlook as a table of one row."""
    columns = (
        Column("month", ColumnKind.TEXT),
        Column("spent", ColumnKind.AMOUNT),
        Column("forecast", ColumnKind.AMOUNT),
        Column("low", ColumnKind.AMOUNT),
        Column("high", ColumnKind.AMOUNT),
        Column("method", ColumnKind.TEXT),
        Column("method_description", ColumnKind.TEXT),
        Column("days_left", ColumnKind.COUNT),
        Column("based_on_days", ColumnKind.COUNT),
    )
    figures = (found.spent, found.forecast, found.low, found.high)
    method = (found.method.value, DESCRIPTIONS[found.method])
    rest = (*method, found.days_left, found.based_on_days)
    constants = (
        *subject_columns(scope, user_name),
        (Column("as_of", ColumnKind.INSTANT), as_of - as_of % _MILLISECOND),
        *text_columns(currency=scope.currency),
    )
    return Table(columns, [(f"{month:%Y-%m}", *figures, *rest)], constants=constants)
