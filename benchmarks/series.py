"""Measure a year by day over HTTP, and its bare statement through the plain driver."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from tests.servers import Server

from benchmarks.databases import Databases
from benchmarks.events import ORGANIZATION, USERS, YEAR
from benchmarks.figures import Times, interleaved
from benchmarks.ledgers import Ledger, year_ledger
from benchmarks.plan import Plan
from benchmarks.wire import Call, WrongAnswer, asking, request
from tollbook.analytics.period_cover import cover_parameters
from tollbook.analytics.series_reads import UsageFilter
from tollbook.analytics.series_statements import By, Unit
from tollbook.domain.periods import Period, day_number

PLAIN = "a year by day"
BY_METER = "a year by day, split by meter"
BY_USER = "a year by day, split by user"
COMPARED = "a year by day, compared with the 366 days before"
MONTHS = "a year by month, split by category"
_PERIOD = Period(date(2024, 1, 1), date(2024, 12, 31))
_WARMING = 8
_QUESTIONS = {
    PLAIN: "",
    BY_METER: "&split_by=meter",
    BY_USER: "&split_by=user",
    COMPARED: "&compare=previous_period",
    MONTHS: "&bucket=month&split_by=category",
}
_STATEMENTS = UsageFilter().statements
_BARE = {
    PLAIN: (_STATEMENTS.organization[Unit.DAY, By.NOTHING], YEAR),
    BY_METER: (_STATEMENTS.organization[Unit.DAY, By.METER], YEAR),
    BY_USER: (_STATEMENTS.users, len(USERS)),
}
"""The statement of a question, and the number of days or users that it returns.

The users with a series of their own are chosen by the sums of all users.
"""


@dataclass(frozen=True)
class SeriesFigure:
    """Times of one kind of series, and of its bare statement if there is one."""

    engine: str
    what: str
    times: Times
    bare: Times | None

    @property
    def ratio(self) -> float:
        """Return the ratio of the median to that of the bare statement."""
        return self.times.p50 / self.bare.p50 if self.bare else 0.0


def series(databases: Databases, plan: Plan) -> list[SeriesFigure]:
    """Measure each kind of series, cold."""
    ledger = year_ledger(databases)
    with ExitStack() as stack:
        server = stack.enter_context(Server(ledger.url, cached_answer_mib="0"))
        calls: dict[str, Call] = {}
        for what, query in _QUESTIONS.items():
            if what in _BARE:
                calls[f"bare {what}"] = _bare(databases, ledger, *_BARE[what])
            calls[what] = _call(stack, server, ledger, query)
        interleaved(_WARMING, calls)
        times = interleaved(plan.answers, calls)
    return [
        SeriesFigure(databases.name, what, times[what], times.get(f"bare {what}"))
        for what in _QUESTIONS
    ]


def _call(stack: ExitStack, server: Server, ledger: Ledger, query: str) -> Call:
    path = (
        f"/v1/analytics/series?organization_id={ORGANIZATION}"
        f"&start_date={_PERIOD.start}&end_date={_PERIOD.end}{query}"
    )
    prepared = request("GET", path, {"X-API-Key": ledger.key})
    return asking(stack, server.port, prepared, _look_at)


def _look_at(body: bytes) -> None:
    """Raise `WrongAnswer` unless every event is in the series."""
    answer: dict[str, Any] = msgspec.json.decode(body)
    if sum(it["total_events"] for it in answer["series"]) != YEAR * len(USERS):
        raise WrongAnswer("the series do not add up to all events")


def _bare(databases: Databases, ledger: Ledger, statement: str, keys: int) -> Call:
    first, last = day_number(_PERIOD.start), day_number(_PERIOD.end)
    bound = {
        "number": ledger.number,
        "first_day": first,
        "last_day": last,
        **cover_parameters(_PERIOD),
    }
    call = databases.bare(ledger.url, statement, bound)
    if len({row[0] for row in call()}) != keys:
        raise WrongAnswer(f"the bare statement does not return {keys} days or users")
    return call
