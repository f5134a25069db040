"""What each day cost, by whom: the sums that forecasts and budgets are made from."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from tollbook.analytics.scope import Scope
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import day_number, day_of
from tollbook.store.database import Snapshot


class DayCost(NamedTuple):
    """What a day cost, in nanos; `rhythm` is what of it comes by the day, as usage does."""

    cost: int
    rhythm: int
    phone_rental: int
    kb_rental: int


NO_COST = DayCost(0, 0, 0, 0)
DailyCosts = dict[date, DayCost]
Owner = tuple[int, str]
"""An organization's number and a user's id, empty for the whole organization."""

_ONCE = tuple(
    BY_TYPE[it].code for it in ("phone.rental", "phone.purchase", "kb.rental", "brand.registration")
)
"""What is charged on single days: nothing follows from it for the days after."""


def daily_costs(snapshot: Snapshot, scope: Scope, first: date, last: date) -> DailyCosts:
    """Read the days of a scope that have any usage."""
    bound: dict[str, Any] = {"organization": scope.number}
    sql = ORGANIZATION_DAYS
    if scope.organization is None:
        bound, sql = {"tenant": scope.tenant, "currency": scope.currency or ""}, TENANT_DAYS
    elif scope.user_id is not None:
        bound["user"], sql = scope.user_id, USER_DAYS
    rows = snapshot.table(sql, bound | _days(first, last), 1 + len(DayCost._fields))
    return {day_of(day): DayCost(*costs) for day, *costs in rows}


def budgeted_costs(
    snapshot: Snapshot, scope: Scope, first: date, last: date
) -> dict[Owner, DailyCosts]:
    """Read the days of everybody in a scope who has a budget."""
    days = _days(first, last)
    found: dict[Owner, DailyCosts] = {}
    if scope.user_id is not None:
        return {(scope.number or 0, scope.user_id): daily_costs(snapshot, scope, first, last)}
    if scope.organization is not None:
        found[(scope.organization.number, "")] = daily_costs(snapshot, scope, first, last)
        bound = {"organization": scope.number} | days
        _sort_in(found, snapshot.table(BUDGETED_USERS, bound, _WIDTH))
        return found
    for sql in (BUDGETED_ORGANIZATIONS, ALL_BUDGETED_USERS):
        _sort_in(found, snapshot.table(sql, {"tenant": scope.tenant} | days, _WIDTH))
    return found


def _sort_in(found: dict[Owner, DailyCosts], rows: Iterable[tuple[Any, ...]]) -> None:
    for number, user, day, *costs in rows:
        found.setdefault((number, user), {})[day_of(day)] = DayCost(*costs)


_WIDTH = 3 + len(DayCost._fields)


def _days(first: date, last: date) -> dict[str, int]:
    start, end = day_number(first), day_number(last)
    return {
        "first": start,
        "last": end,
        "first_month": start // 100,
        "last_month": end // 100,
    }


def _cost_of(meter: str) -> str:
    only = f"FILTER (WHERE sums.meter = {BY_TYPE[meter].code})"
    return f"CAST(COALESCE(SUM(sums.cost) {only}, 0) AS BIGINT)"


_COSTS = f"""\
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN ({", ".join(map(str, _ONCE))})), 0
    ) AS BIGINT),
    {_cost_of("phone.rental")},
    {_cost_of("kb.rental")}"""
_WITHIN = """sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first AND :last"""


def _sql(table: str, where: str, by: str = "") -> str:
    return f"""
SELECT
    {by}sums.day,
{_COSTS}
FROM {table}
WHERE {where}
    AND {_WITHIN}
GROUP BY {by}sums.day
"""


_OF_BUDGETS = """budgets
JOIN organizations ON organizations.organization_id = budgets.organization_id
JOIN """
_BY_OWNER = "budgets.organization_id, budgets.user_id, "

ORGANIZATION_DAYS = _sql("organization_daily AS sums", "sums.organization_id = :organization")
USER_DAYS = _sql(
    "usage_daily AS sums", "sums.organization_id = :organization AND sums.user_id = :user"
)
TENANT_DAYS = _sql(
    "organizations\nJOIN organization_daily AS sums\n"
    "    ON sums.organization_id = organizations.organization_id",
    "organizations.tenant_id = :tenant AND organizations.currency = :currency",
)
BUDGETED_USERS = _sql(
    "budgets\nJOIN usage_daily AS sums ON sums.organization_id = budgets.organization_id\n"
    "    AND sums.user_id = budgets.user_id",
    "budgets.organization_id = :organization AND budgets.user_id <> ''",
    _BY_OWNER,
)
ALL_BUDGETED_USERS = _sql(
    _OF_BUDGETS + "usage_daily AS sums ON sums.organization_id = budgets.organization_id\n"
    "    AND sums.user_id = budgets.user_id",
    "organizations.tenant_id = :tenant AND budgets.user_id <> ''",
    _BY_OWNER,
)
BUDGETED_ORGANIZATIONS = _sql(
    _OF_BUDGETS + "organization_daily AS sums\n"
    "    ON sums.organization_id = budgets.organization_id",
    "organizations.tenant_id = :tenant AND budgets.user_id = ''",
    _BY_OWNER,
)
