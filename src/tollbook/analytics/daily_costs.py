"""Read the cost of each day, for forecasts and budgets."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from tollbook.analytics.scope import QuestionScope
from tollbook.domain.meters import CATALOG, ONCE_CATEGORIES, Meter
from tollbook.domain.own_meters import is_monthly_code, own_codes_of
from tollbook.domain.periods import day_number, day_of
from tollbook.store.database import Snapshot
from tollbook.store.meters import read_catalog

MONTHLY = tuple(meter for meter in CATALOG if meter.is_monthly)


class DayCost(NamedTuple):
    """The cost of a day in nanos.

    `rhythm` is the part that recurs daily, such as usage; `monthly` has the costs of the `MONTHLY`
    meters, `own` those of the tenant's own meters that are charged once a month, by code.
    """

    cost: int
    rhythm: int
    monthly: tuple[int, ...]
    own: Mapping[int, int] = MappingProxyType({})


NO_COST = DayCost(0, 0, (0,) * len(MONTHLY))
DailyCosts = dict[date, DayCost]
BudgetHolder = tuple[int, str]
"""An organization's number and a user's id, empty for the whole organization."""

_ONCE = tuple(meter.code for meter in CATALOG if meter.is_charged_once)


def daily_costs(snapshot: Snapshot, scope: QuestionScope, first: date, last: date) -> DailyCosts:
    """Read the costs of the days of a scope that have usage."""
    bound: dict[str, Any] = {"organization": scope.number}
    sql = ORGANIZATION_DAYS
    if scope.organization is None:
        bound, sql = {"tenant": scope.tenant, "currency": scope.currency or ""}, TENANT_DAYS
    elif scope.user_id is not None:
        bound["user"], sql = scope.user_id, USER_DAYS
    bound |= _days(first, last)
    rows = snapshot.sums(sql, bound, 1 + _COSTS_READ, range(1, 1 + _COSTS_READ))
    found = {day_of(day): _day_cost(*costs) for day, *costs in rows}
    if read_catalog(snapshot, scope.tenant).own:
        for day, code, cost in snapshot.sums(_OWN[sql], bound, 3, (2,)):
            _set_apart(found, day, code, cost)
    return found


def _day_cost(cost: int, rhythm: int, *monthly: int) -> DayCost:
    return DayCost(cost, rhythm, monthly)


def _set_apart(found: DailyCosts, number: int, code: int, cost: int) -> None:
    """Take a cost of an own meter out of the rhythm of a day: it is charged on single days."""
    day = day_of(number)
    it = found[day]
    own = {**it.own, code: cost} if is_monthly_code(code) else it.own
    found[day] = it._replace(rhythm=it.rhythm - cost, own=own)


def budgeted_costs(
    snapshot: Snapshot, scope: QuestionScope, first: date, last: date
) -> dict[BudgetHolder, DailyCosts]:
    """Read the costs of the days of all users and organizations in a scope with a budget."""
    days = _days(first, last)
    found: dict[BudgetHolder, DailyCosts] = {}
    if scope.user_id is not None:
        return {(scope.number or 0, scope.user_id): daily_costs(snapshot, scope, first, last)}
    if scope.organization is not None:
        found[(scope.organization.number, "")] = daily_costs(snapshot, scope, first, last)
        bound = {"organization": scope.number} | days
        _add_days(found, snapshot, scope, BUDGETED_USERS, bound)
        return found
    for sql in (BUDGETED_ORGANIZATIONS, ALL_BUDGETED_USERS):
        _add_days(found, snapshot, scope, sql, {"tenant": scope.tenant} | days)
    return found


def _add_days(
    found: dict[BudgetHolder, DailyCosts],
    snapshot: Snapshot,
    scope: QuestionScope,
    sql: str,
    bound: dict[str, Any],
) -> None:
    rows = snapshot.sums(sql, bound, 3 + _COSTS_READ, range(3, 3 + _COSTS_READ))
    for number, user, day, *costs in rows:
        found.setdefault((number, user), {})[day_of(day)] = _day_cost(*costs)
    if read_catalog(snapshot, scope.tenant).own:
        for number, user, day, code, cost in snapshot.sums(_OWN[sql], bound, 5, (4,)):
            _set_apart(found[number, user], day, code, cost)


_COSTS_READ = 2 + len(MONTHLY)

_MONTHS = "abcdefg"
"""A history and the month it is for touch at most seven months."""


def _days(first: date, last: date) -> dict[str, int]:
    """Return the days, and their months one by one, so that a user's rows are read by key."""
    months = [first.year * 12 + first.month - 1]
    while months[-1] < last.year * 12 + last.month - 1:
        months.append(months[-1] + 1)
    padded = months + months[-1:] * (len(_MONTHS) - len(months))
    numbers = [it // 12 * 100 + it % 12 + 1 for it in padded]
    named = {f"month_{it}": number for it, number in zip(_MONTHS, numbers, strict=True)}
    return {
        "first": day_number(first),
        "last": day_number(last),
        "first_month": numbers[0],
        "last_month": numbers[-1],
        **named,
    }


def _cost_of(meter: Meter) -> str:
    only = f"FILTER (WHERE sums.meter = {meter.code})"
    return f"CAST(COALESCE(SUM(sums.cost) {only}, 0) AS BIGINT)"


_MONTHLY_COSTS = ",\n    ".join(map(_cost_of, MONTHLY))
_COSTS = f"""\
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN ({", ".join(map(str, _ONCE))})), 0
    ) AS BIGINT),
    {_MONTHLY_COSTS}"""
_BETWEEN = "sums.month BETWEEN :first_month AND :last_month"
_EACH = f"sums.month IN ({', '.join(f':month_{it}' for it in _MONTHS)})"


def _sql(table: str, where: str, by: str = "") -> str:
    months = _EACH if "usage_daily" in table else _BETWEEN
    days = f"""
FROM {table}
WHERE {where}
    AND {months}
    AND sums.day BETWEEN :first AND :last"""
    sql = f"""
SELECT
    {by}sums.day,
{_COSTS}{days}
GROUP BY {by}sums.day
"""
    _OWN[sql] = f"""
SELECT {by}sums.day, sums.meter, CAST(SUM(sums.cost) AS BIGINT){days}
    AND {_OWN_ONCE}
GROUP BY {by}sums.day, sums.meter
"""
    return sql


_OWN: dict[str, str] = {}
"""For each statement, the one that reads the tenant's own meters that are charged once."""
# The category and the kind of an own meter are in its code.
_OWN_ONCE = (
    " OR ".join(
        (
            "(sums.meter >= 1000 AND (sums.meter % 1000 >= 500",
            *(
                f"sums.meter BETWEEN {codes.start} AND {codes.stop - 1}"
                for codes in map(own_codes_of, ONCE_CATEGORIES)
            ),
        )
    )
    + "))"
)


_BY_HOLDER = "budgets.organization_id, budgets.user_id, "
_ORGANIZATIONS = """organizations
CROSS JOIN budgets
CROSS JOIN """
"""SQLite keeps the order of cross joins. Budgets are few, and give the keys of the sums."""
_OF_TENANT = """organizations.tenant_id = :tenant
    AND budgets.organization_id = organizations.organization_id
    AND sums.organization_id = budgets.organization_id"""
# A holder may have several budgets, and its costs are read once.
_FIRST_OF_HOLDER = """NOT EXISTS (
        SELECT 1 FROM budgets AS others
        WHERE others.organization_id = budgets.organization_id
            AND others.user_id = budgets.user_id AND others.period < budgets.period
    )"""
_OF_USER = "budgets.user_id <> '' AND sums.user_id = budgets.user_id"

ORGANIZATION_DAYS = _sql("organization_daily AS sums", "sums.organization_id = :organization")
USER_DAYS = _sql(
    "usage_daily AS sums", "sums.organization_id = :organization AND sums.user_id = :user"
)
TENANT_DAYS = _sql(
    "organizations\nCROSS JOIN organization_daily AS sums",
    "organizations.tenant_id = :tenant AND organizations.currency = :currency\n"
    "    AND sums.organization_id = organizations.organization_id",
)
BUDGETED_USERS = _sql(
    "budgets\nCROSS JOIN usage_daily AS sums",
    f"budgets.organization_id = :organization\n    AND {_FIRST_OF_HOLDER}\n"
    f"    AND sums.organization_id = budgets.organization_id\n    AND {_OF_USER}",
    _BY_HOLDER,
)
ALL_BUDGETED_USERS = _sql(
    _ORGANIZATIONS + "usage_daily AS sums",
    f"{_OF_TENANT}\n    AND {_FIRST_OF_HOLDER}\n    AND {_OF_USER}",
    _BY_HOLDER,
)
BUDGETED_ORGANIZATIONS = _sql(
    _ORGANIZATIONS + "organization_daily AS sums",
    f"{_OF_TENANT}\n    AND {_FIRST_OF_HOLDER}\n    AND budgets.user_id = ''",
    _BY_HOLDER,
)
