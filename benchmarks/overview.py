"""Measure the overview of a large tenant over HTTP, and its bare statements."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec
from tests.servers import Server

from benchmarks.answers import COLD, REPEATED, AnswerFigure, make_sure_that_cold_is_cold
from benchmarks.databases import Databases
from benchmarks.events import WITH_KNOWLEDGE_BASES as METERS
from benchmarks.figures import interleaved
from benchmarks.filling import COST, Filling, day_list, filling, meter_list
from benchmarks.ledgers import Ledger
from benchmarks.plan import Plan
from benchmarks.wire import Call, WrongAnswer, asking, request
from tollbook.analytics.overview import OVERVIEW, USERS_OF_ALL
from tollbook.analytics.period_cover import period_parameters
from tollbook.analytics.resources import KNOWLEDGE_BASES, resource_parameters
from tollbook.domain.exact import amount_text
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period

ORGANIZATIONS = 1_000
USERS_IN_EACH = 100
PERIOD = Period(date(2024, 1, 17), date(2024, 4, 15))
"""90 days that divide the first and the last month."""
BASES_IN_EACH = 10
_BARE = "bare"
_WARMING = 8
_FILLED = tuple(date(2024, 1, 1) + timedelta(days=it) for it in range(121))
"""Four whole months: the answer must not include days outside the period."""

DAYS = f"""
WITH days(day) AS (VALUES {day_list(_FILLED)}), meters(meter) AS (VALUES {meter_list(METERS)}),
numbered AS (
    SELECT organization_id, CAST(SUBSTR(id, 5) AS BIGINT) AS n
    FROM organizations WHERE tenant_id = :tenant
)
INSERT INTO organization_daily
    (organization_id, month, meter, day, count, quantity, billed, cost)
SELECT
    organization_id, day / 100, meter, day, :users, :users * :unit, :users * :unit,
    (n + day % 100) * meter * :cost
FROM numbered CROSS JOIN meters CROSS JOIN days
ORDER BY organization_id, day / 100, meter, day
"""

MONTHS = """
INSERT INTO organization_monthly
    (organization_id, month, meter, count, quantity, billed, cost)
SELECT
    organization_id, month, meter, CAST(SUM(count) AS BIGINT), CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(billed) AS BIGINT), CAST(SUM(cost) AS BIGINT)
FROM organization_daily GROUP BY organization_id, month, meter
"""

RESOURCES = f"""
WITH RECURSIVE bases(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM bases WHERE n < :bases)
INSERT INTO organization_resources (organization_id, month, meter, resource_id, days)
SELECT organization_id, month, meter, 'kb_' || n, 4294967294
FROM organization_monthly CROSS JOIN bases WHERE meter = {BY_TYPE["kb.usage"].code}
"""


@dataclass(frozen=True)
class OverviewFigures:
    """The times of one engine for the overview."""

    engine: str
    alone: list[AnswerFigure]


def overview(databases: Databases, plan: Plan) -> OverviewFigures:
    """Measure the overview cold and repeated, alternating with its statements."""
    make_sure_that_cold_is_cold()
    ledger = _tenant(databases)
    with ExitStack() as stack:
        calls: dict[str, Call] = {
            _BARE: _bare(databases, ledger),
            COLD: _call(stack, ledger, "0"),
            REPEATED: _call(stack, ledger, "64"),
        }
        interleaved(_WARMING, calls)
        times = interleaved(plan.answers, calls)
    cold = AnswerFigure(COLD, times[COLD], times[_BARE])
    repeated = AnswerFigure(REPEATED, times[REPEATED], times[_BARE])
    return OverviewFigures(databases.name, [cold, repeated])


def _tenant(databases: Databases) -> Ledger:
    with filling(databases) as it:
        _fill(it)
    what = f"{ORGANIZATIONS:,} organizations of {USERS_IN_EACH} users"
    print(f"  {databases.name}, {what}", flush=True)
    return it.ledger


def _fill(it: Filling) -> None:
    it.organizations(ORGANIZATIONS)
    it.users(USERS_IN_EACH)
    it.run(DAYS, users=USERS_IN_EACH)
    it.run(MONTHS)
    it.run(RESOURCES, bases=BASES_IN_EACH)


def _call(stack: ExitStack, ledger: Ledger, cached_mib: str) -> Call:
    server = stack.enter_context(Server(ledger.url, cached_answer_mib=cached_mib))
    path = f"/v1/analytics/overview?start_date={PERIOD.start}&end_date={PERIOD.end}"
    prepared = request("GET", path, {"X-API-Key": ledger.key})
    return asking(stack, server.port, prepared, _look_at)


def _look_at(body: bytes) -> None:
    """Raise `WrongAnswer` unless the answer matches the data of the tenant."""
    answer: dict[str, Any] = msgspec.json.decode(body)
    messages = ORGANIZATIONS * USERS_IN_EACH * 90
    found = (
        answer["total_sms_sent"],
        answer["total_voice_seconds"],
        answer["cost_breakdown"]["kb_count"],
        answer["organizations_count"],
        answer["users_count"],
    )
    bases = ORGANIZATIONS * BASES_IN_EACH
    if found != (messages, messages, bases, ORGANIZATIONS, ORGANIZATIONS * USERS_IN_EACH):
        raise WrongAnswer(f"the overview says {found}")
    if f'"total_cost":{amount_text(_cost())},'.encode() not in body:
        raise WrongAnswer(f"the overview costs {answer['total_cost']}, not {amount_text(_cost())}")


def _cost() -> int:
    """Return the total cost: for each day and meter, the organization's number plus the day's."""
    within = [it.day for it in _FILLED if PERIOD.start <= it <= PERIOD.end]
    own = len(within) * ORGANIZATIONS * (ORGANIZATIONS + 1) // 2
    codes = sum(BY_TYPE[it].code for it in METERS)
    return (own + ORGANIZATIONS * sum(within)) * codes * COST


def _bare(databases: Databases, ledger: Ledger) -> Call:
    numbers = databases.bare(ledger.url, "SELECT organization_id FROM organizations", {})()
    bound = {
        "numbers": [it[0] for it in numbers],
        **period_parameters(PERIOD),
        **resource_parameters(PERIOD),
    }
    calls = [
        databases.bare(ledger.url, it, bound) for it in (OVERVIEW, KNOWLEDGE_BASES, USERS_OF_ALL)
    ]
    return lambda: [call() for call in calls]
