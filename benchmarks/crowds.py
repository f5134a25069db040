"""Compare the users answer for 10,000 and 1,000 users, each with its bare statement."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from tests.servers import Server

from benchmarks.answers import AnswerFigure
from benchmarks.databases import Databases
from benchmarks.events import DAYS, FIRST_DAY, METERS
from benchmarks.figures import interleaved
from benchmarks.filling import COST, Filling, day_list, filling, meter_list
from benchmarks.ledgers import CUT, MONTH, Ledger
from benchmarks.plan import Plan
from benchmarks.wire import Call, WrongAnswer, asking, request
from tollbook.analytics.users import USERS as STATEMENT
from tollbook.analytics.users import parameters
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period

FEW, MANY = 1_000, 10_000
_IDS = {FEW: "org_1", MANY: "org_2"}
WHOLE = "a whole month"
CUTTING = "a period that cuts two months"
_WARMING = 3
_SLOWER = 4

_FILLED = tuple(FIRST_DAY + timedelta(days=it) for it in range(DAYS))

DAYS_OF_USERS = f"""
WITH days(day) AS (VALUES {day_list(_FILLED)}), meters(meter) AS (VALUES {meter_list(METERS)})
INSERT INTO usage_daily
    (organization_id, month, user_id, meter, day, country, count, quantity, billed, cost)
SELECT
    users.organization_id, day / 100, users.id, meter, day, 'US',
    3, 3 * :unit, 3 * :unit, meter * :cost
FROM users CROSS JOIN meters CROSS JOIN days
ORDER BY users.organization_id, day / 100, users.id, meter, day
"""

MONTHS_OF_USERS = """
INSERT INTO usage_monthly
    (organization_id, month, user_id, meter, count, quantity, billed, cost)
SELECT
    organization_id, month, user_id, meter, CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT), CAST(SUM(billed) AS BIGINT), CAST(SUM(cost) AS BIGINT)
FROM usage_daily
GROUP BY organization_id, month, user_id, meter
ORDER BY organization_id, month, user_id, meter
"""

MONTHS_ALONE = f"""
WITH months(month) AS (VALUES (202312), (202401)),
meters(meter) AS (VALUES {meter_list(METERS)})
INSERT INTO usage_monthly
    (organization_id, month, user_id, meter, count, quantity, billed, cost)
SELECT
    users.organization_id, month, users.id, meter,
    93, 93 * :unit, 93 * :unit, 31 * meter * :cost
FROM users CROSS JOIN meters CROSS JOIN months
ORDER BY users.organization_id, month, users.id, meter
"""
"""The same without days, which a whole month does not read."""


@dataclass(frozen=True)
class CrowdFigures:
    """The times of one engine for few and for many users, by period."""

    engine: str
    by_period: list[tuple[str, AnswerFigure, AnswerFigure]]


def crowds(databases: Databases, plan: Plan) -> CrowdFigures:
    """Measure both organizations alternately; the divided period only in thorough runs."""
    ledger = _tenant(databases, plan.thorough)
    measured = []
    with ExitStack() as stack:
        server = stack.enter_context(Server(ledger.url, cached_answer_mib="0"))
        ask = partial(_figures, databases, ledger, stack, server.port)
        measured.append((WHOLE, *ask(MONTH, plan.answers)))
        if plan.thorough:
            measured.append((CUTTING, *ask(CUT, plan.answers // _SLOWER)))
    return CrowdFigures(databases.name, measured)


def _tenant(databases: Databases, with_days: bool) -> Ledger:
    with filling(databases) as it:
        _fill(it, with_days)
    what = f"organizations of {FEW:,} and {MANY:,} users"
    print(f"  {databases.name}, {what}", flush=True)
    return it.ledger


def _fill(it: Filling, with_days: bool) -> None:
    it.organizations(len(_IDS))
    for users, identity in _IDS.items():
        it.users(users, identity)
    for statement in (DAYS_OF_USERS, MONTHS_OF_USERS) if with_days else (MONTHS_ALONE,):
        it.run(statement)


def _figures(
    databases: Databases, ledger: Ledger, stack: ExitStack, port: int, period: Period, rounds: int
) -> tuple[AnswerFigure, AnswerFigure]:
    calls: dict[str, Call] = {}
    for users, identity in _IDS.items():
        calls[f"bare {users}"] = _bare(databases, ledger, period, users)
        calls[f"{users}"] = _call(stack, port, ledger.key, period, identity, users)
    interleaved(_WARMING, calls)
    times = interleaved(rounds, calls)
    few, many = (AnswerFigure(f"{it:,}", times[f"{it}"], times[f"bare {it}"]) for it in _IDS)
    return few, many


def _call(stack: ExitStack, port: int, key: str, period: Period, identity: str, users: int) -> Call:
    path = (
        f"/v1/analytics/users?organization_id={identity}"
        f"&start_date={period.start}&end_date={period.end}"
    )
    prepared = request("GET", path, {"X-API-Key": key})
    return asking(stack, port, prepared, lambda body: _look_at(body, users))


def _look_at(body: bytes, users: int) -> None:
    """Raise `WrongAnswer` unless each user has exactly the cost of 31 days."""
    answer: dict[str, Any] = msgspec.json.decode(body)
    cost = 31 * sum(BY_TYPE[it].code for it in METERS) * COST / 1e9
    listed = answer["users"]
    if len(listed) != users or any(it["total_cost"] != cost for it in listed):
        raise WrongAnswer("the answer does not list each user with the cost of 31 days")


def _bare(databases: Databases, ledger: Ledger, period: Period, users: int) -> Call:
    found = databases.bare(
        ledger.url, "SELECT organization_id FROM organizations WHERE id = :id", {"id": _IDS[users]}
    )()
    call = databases.bare(ledger.url, STATEMENT, parameters(found[0][0], period))
    if len(call()) != users:
        raise WrongAnswer("the bare statement does not return a row for each user")
    return call
