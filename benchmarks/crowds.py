"""Compare the users answer for 10,000 users, 1,000 and one, each with its bare statements."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from tests.servers import Server

from benchmarks.amounts import check_amounts
from benchmarks.answers import DEFAULT_PERIOD, WORST_PERIOD, AnswerFigure
from benchmarks.databases import Databases
from benchmarks.events import DAYS, FIRST_DAY, METERS, PRICE
from benchmarks.figures import interleaved
from benchmarks.filling import Filling, day_list, filling, meter_list
from benchmarks.ledgers import CUT, DEFAULT, MONTH, Ledger
from benchmarks.plan import Plan
from benchmarks.wire import Call, WrongAnswer, asking, request
from tollbook.analytics.users import ONE_USER, USERS, parameters
from tollbook.domain.exact import NANOS
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period
from tollbook.lifecycle.close_days import close_days
from tollbook.store.database import open_database
from tollbook.wiring import now

FEW, MANY = 1_000, 10_000
_IDS = {FEW: "org_1", MANY: "org_2"}
WHOLE = "a whole month"
_ONE = "user_5000"
_WARMING = 3
_SLOWER = 4
_STEP = 53
"""More than any meter's code, so that the quantities and costs of two cells never are equal."""

_FILLED = tuple(FIRST_DAY + timedelta(days=it) for it in range(DAYS))

_NUMBERED = f"""numbered AS (
    SELECT
        organization_id, id AS user_id, meter,
        CAST(SUBSTR(id, 6) AS BIGINT) * {_STEP} + meter AS units
    FROM users CROSS JOIN meters
)"""

DAYS_OF_USERS = f"""
WITH days(day) AS (VALUES {day_list(_FILLED)}), meters(meter) AS (VALUES {meter_list(METERS)}),
{_NUMBERED}
INSERT INTO usage_daily
    (organization_id, month, user_id, meter, day, country, count, quantity, billed, cost)
SELECT
    organization_id, day / 100, user_id, meter, day, 'US',
    3, units * :unit, units * :unit, units * meter * :price
FROM numbered CROSS JOIN days
ORDER BY organization_id, day / 100, user_id, meter, day
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

ORGANIZATION_DAYS = """
INSERT INTO organization_daily
    (organization_id, month, meter, day, count, quantity, billed, cost)
SELECT
    organization_id, month, meter, day, CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT), CAST(SUM(billed) AS BIGINT), CAST(SUM(cost) AS BIGINT)
FROM usage_daily
GROUP BY organization_id, month, meter, day
ORDER BY organization_id, month, meter, day
"""
"""An answer asks these which days have usage, before it reads those of users."""

MONTHS_ALONE = f"""
WITH months(month) AS (VALUES (202312), (202401)),
meters(meter) AS (VALUES {meter_list(METERS)}),
{_NUMBERED}
INSERT INTO usage_monthly
    (organization_id, month, user_id, meter, count, quantity, billed, cost)
SELECT
    organization_id, month, user_id, meter,
    93, 31 * units * :unit, 31 * units * :unit, 31 * units * meter * :price
FROM numbered CROSS JOIN months
ORDER BY organization_id, month, user_id, meter
"""
"""The same without days, which a whole month does not read."""


@dataclass(frozen=True)
class CrowdFigure:
    """The times of one period for few and for many users, and for one of the many."""

    period: str
    few: AnswerFigure
    many: AnswerFigure
    one: AnswerFigure


@dataclass(frozen=True)
class CrowdFigures:
    """The times of one engine, by period."""

    engine: str
    by_period: list[CrowdFigure]


@dataclass(frozen=True)
class _Subject:
    """All users of an organization, or one of them."""

    what: str
    users: int
    user: str | None = None

    @property
    def listed(self) -> int:
        """Return the number of users in the answer."""
        return 1 if self.user else self.users

    @property
    def query(self) -> str:
        """Return the parameters of the request."""
        only = f"&user_id={self.user}" if self.user else ""
        return f"organization_id={_IDS[self.users]}{only}"


_FEW, _MANY = _Subject(f"{FEW:,}", FEW), _Subject(f"{MANY:,}", MANY)
_ONE_OF_MANY = _Subject(f"1 of {MANY:,}", MANY, _ONE)


def crowds(databases: Databases, plan: Plan) -> CrowdFigures:
    """Measure both organizations alternately; the divided periods only in thorough runs."""
    ledger = _tenant(databases, plan.thorough)
    periods = {WHOLE: (MONTH, plan.answers)}
    if plan.thorough:
        periods[DEFAULT_PERIOD] = (DEFAULT, plan.answers // _SLOWER)
        periods[WORST_PERIOD] = (CUT, plan.answers // _SLOWER)
    with ExitStack() as stack:
        server = stack.enter_context(Server(ledger.url, cached_answer_mib="0"))
        alternate = partial(_alternate, databases, ledger, stack, server.port)
        measured = [alternate(what, *it) for what, it in periods.items()]
    return CrowdFigures(databases.name, measured)


def _tenant(databases: Databases, with_days: bool) -> Ledger:
    with filling(databases) as it:
        _fill(it, with_days)
    database = open_database(it.ledger.url)
    close_days(database, now())
    database.close()
    what = f"organizations of {FEW:,} and {MANY:,} users"
    print(f"  {databases.name}, {what}", flush=True)
    return it.ledger


def _fill(it: Filling, with_days: bool) -> None:
    it.organizations(len(_IDS))
    for users, identity in _IDS.items():
        it.users(users, identity)
    days = (DAYS_OF_USERS, MONTHS_OF_USERS, ORGANIZATION_DAYS)
    for statement in days if with_days else (MONTHS_ALONE,):
        it.run(statement, price=PRICE)


def _alternate(
    databases: Databases,
    ledger: Ledger,
    stack: ExitStack,
    port: int,
    what: str,
    period: Period,
    rounds: int,
) -> CrowdFigure:
    """Time the answer for each subject, its statement, and its statement over a whole month."""
    calls: dict[str, Call] = {}
    subjects = (_FEW, _MANY, _ONE_OF_MANY)
    for it in subjects:
        calls[f"month {it.what}"] = _bare(databases, ledger, MONTH, it)
        calls[f"bare {it.what}"] = _bare(databases, ledger, period, it)
        calls[it.what] = _call(stack, port, ledger.key, period, it)
    interleaved(_WARMING, calls)
    times = interleaved(rounds, calls)
    few, many, one = (
        AnswerFigure(it, times[it], times[f"bare {it}"], times[f"month {it}"])
        for it in (subject.what for subject in subjects)
    )
    return CrowdFigure(what, few, many, one)


def _call(stack: ExitStack, port: int, key: str, period: Period, subject: _Subject) -> Call:
    path = f"/v1/analytics/users?{subject.query}&start_date={period.start}&end_date={period.end}"
    prepared = request("GET", path, {"X-API-Key": key})
    return asking(stack, port, prepared, lambda body: _look_at(body, subject))


def _look_at(body: bytes, subject: _Subject) -> None:
    """Raise `WrongAnswer` unless each user has exactly the cost of 31 days."""
    answer: dict[str, Any] = msgspec.json.decode(body)
    listed = answer["users"]
    if len(listed) != subject.listed or any(it["total_cost"] != _cost(it) for it in listed):
        raise WrongAnswer("the answer does not list each user with the cost of 31 days")
    check_amounts(listed)


def _cost(user: dict[str, Any]) -> float:
    units = int(user["user_id"].removeprefix("user_")) * _STEP
    codes = [BY_TYPE[it].code for it in METERS]
    return 31 * sum((units + code) * code for code in codes) * PRICE / NANOS


def _bare(databases: Databases, ledger: Ledger, period: Period, subject: _Subject) -> Call:
    of_id = {"id": _IDS[subject.users]}
    sql = "SELECT organization_id FROM organizations WHERE id = :id"
    ((number,),) = databases.bare(ledger.url, sql, of_id)()
    bound = parameters(number, period)
    if subject.user:
        call = databases.bare(ledger.url, ONE_USER, bound | {"user": subject.user})
    else:
        call = databases.bare(ledger.url, USERS, bound)
    if len(call()) != subject.listed:
        raise WrongAnswer("the bare statement does not return a row for each user")
    return call
