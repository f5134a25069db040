"""Measure the users answer over HTTP, and its bare statement through the plain driver."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import msgspec
from tests.servers import Server

from benchmarks.amounts import check_amounts
from benchmarks.databases import Databases
from benchmarks.events import ORGANIZATION, USERS, WITH_KNOWLEDGE_BASES
from benchmarks.figures import Times, interleaved
from benchmarks.ledgers import CUT, DEFAULT, MONTH, Ledger, grown, new_ledger
from benchmarks.load import Job, Load
from benchmarks.plan import Plan
from benchmarks.wire import Call, Caller, WrongAnswer, body_of, check, header_of, request
from tollbook.analytics.filtered_users_statements import filtered_users_sql
from tollbook.analytics.users import USERS as STATEMENT
from tollbook.analytics.users import parameters
from tollbook.api.pipeline.cache import Answer, AnswerCache
from tollbook.domain.periods import Period

_AT_ONCE = 16
_WARMING = 8
_SLOWER = 4
"""A period that divides two months reads the days of both; it is measured less often."""
_BARE = "bare"
_BARE_MONTH = "bare, a whole month"
DEFAULT_PERIOD = "the default period"
WORST_PERIOD = "the worst period that cuts two months"
ONE_COUNTRY = "one country"
_COUNTRY = "US"
"""All usage is with numbers of this country: no answer for one country reads more."""
_IN_COUNTRY = filtered_users_sql(one_user=False, in_country=True, match="")
_BASES = "a knowledge base for each user"
COLD = "cold"
REPEATED = "repeated"
_GZIP = {"Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class AnswerFigure:
    """Times of one kind of answer over one connection, and of its bare statement.

    `month` has those of the bare statement for the same users over one whole month.
    """

    what: str
    times: Times
    bare: Times | None = None
    month: Times | None = None

    @property
    def ratio(self) -> float:
        """Return the ratio of the median to that of the bare statement."""
        return self.times.p50 / self.bare.p50 if self.bare else 0.0

    @property
    def times_month(self) -> float:
        """Return the ratio of the median to that of the bare statement over a whole month."""
        return self.times.p50 / self.month.p50 if self.month else 0.0


@dataclass(frozen=True)
class ManyFigure:
    """Times of one kind of answer over many concurrent connections."""

    what: str
    times: Times
    per_second: float


@dataclass
class AnswerFigures:
    """The figures of one engine, also for larger ledgers."""

    engine: str
    alone: list[AnswerFigure] = field(default_factory=list)
    together: list[ManyFigure] = field(default_factory=list)
    growth: list[tuple[Ledger, AnswerFigure]] = field(default_factory=list)


@dataclass(frozen=True)
class _Asked:
    """A running server on a ledger; every call has a separate connection."""

    ledger: Ledger
    server: Server
    end: ExitStack

    def prepared(self, period: Period, headers: dict[str, str], query: str = "") -> bytes:
        """Return the request; `query` has more parameters."""
        path = (
            f"/v1/analytics/users?organization_id={ORGANIZATION}"
            f"&start_date={period.start}&end_date={period.end}{query}"
        )
        return request("GET", path, {"X-API-Key": self.ledger.key, **headers})

    def ask(self, prepared: bytes, status: int = 200) -> bytearray:
        """Send the request once."""
        with Caller(self.server.port) as caller:
            answer = caller.ask(prepared)
        check(answer, status)
        return answer

    def call(
        self,
        period: Period,
        headers: dict[str, str] | None = None,
        status: int = 200,
        query: str = "",
    ) -> Call:
        """Return a call that sends the request, after checking one answer in detail."""
        prepared = self.prepared(period, headers or {}, query)
        body = body_of(self.ask(prepared, status))
        if status == 200 and not headers:
            _look_at(body)
        caller = self.end.enter_context(Caller(self.server.port))
        return lambda: check(caller.ask(prepared), status, body)

    def tag(self, period: Period) -> str:
        """Return the tag of the current answer."""
        return header_of(self.ask(self.prepared(period, {})), "ETag")

    def together(self, load: Load, what: str, requests: int) -> ManyFigure:
        """Request the month over many concurrent connections."""
        prepared = self.prepared(MONTH, {})
        start = body_of(self.ask(prepared))
        load.run(Job(self.server.port, _AT_ONCE, [prepared] * _AT_ONCE, 200, start))
        outcome = load.run(Job(self.server.port, _AT_ONCE, [prepared] * requests, 200, start))
        return ManyFigure(what, outcome.times, requests / outcome.seconds)


def answers(
    databases: Databases, load: Load, plan: Plan, millions: tuple[int, ...]
) -> AnswerFigures:
    """Measure every kind of answer, and the cold one on every size of ledger."""
    make_sure_that_cold_is_cold()
    ledgers = list(grown(databases, millions))
    with_bases = [new_ledger(databases, WITH_KNOWLEDGE_BASES)] if plan.thorough else []
    figures = AnswerFigures(databases.name)
    with ExitStack() as stack:
        cold = [_ask(stack, it, "0") for it in ledgers]
        warm = _ask(stack, ledgers[0], "64")
        bases = [_ask(stack, it, "0") for it in with_bases]
        figures.alone = _measure_alone(databases, plan, cold[0], warm, bases)
        figures.growth = _measure_growth(databases, plan, cold)
        figures.together = [
            cold[0].together(load, COLD, plan.answers_at_once),
            warm.together(load, REPEATED, plan.answers_at_once * 4),
        ]
    return figures


def _ask(stack: ExitStack, ledger: Ledger, cached_mib: str) -> _Asked:
    server = stack.enter_context(Server(ledger.url, cached_answer_mib=cached_mib))
    return _Asked(ledger, server, stack)


def _measure_alone(
    databases: Databases, plan: Plan, cold: _Asked, warm: _Asked, bases: list[_Asked]
) -> list[AnswerFigure]:
    calls: dict[str, Call] = {
        _BARE: _bare(databases, cold.ledger, MONTH),
        COLD: cold.call(MONTH),
        "cold, gzip": cold.call(MONTH, _GZIP),
        **{f"cold, {_BASES}": it.call(MONTH) for it in bases},
        REPEATED: warm.call(MONTH),
        "repeated, gzip": warm.call(MONTH, _GZIP),
        "repeated, not modified": warm.call(MONTH, {"If-None-Match": warm.tag(MONTH)}, 304),
    }
    figures = _alternate(plan.answers, calls)
    for what, period in ((DEFAULT_PERIOD, DEFAULT), (WORST_PERIOD, CUT)):
        calls = {
            _BARE: _bare(databases, cold.ledger, period),
            _BARE_MONTH: _bare(databases, cold.ledger, MONTH),
            f"{COLD}, {what}": cold.call(period),
        }
        figures += _alternate(plan.answers // _SLOWER, calls)
    in_country = parameters(cold.ledger.number, MONTH) | {"country": _COUNTRY}
    calls = {
        _BARE: databases.bare(cold.ledger.url, _IN_COUNTRY, in_country),
        f"{COLD}, {ONE_COUNTRY}": cold.call(MONTH, query=f"&country={_COUNTRY}"),
    }
    return figures + _alternate(plan.answers // _SLOWER, calls)


def _alternate(rounds: int, calls: dict[str, Call]) -> list[AnswerFigure]:
    """Time the calls alternately, of which some are bare statements."""
    interleaved(_WARMING, calls)
    times = interleaved(rounds, calls)
    bare = times.pop(_BARE)
    month = times.pop(_BARE_MONTH, bare)
    return [
        AnswerFigure(what, it, None if what.startswith(REPEATED) else bare, month)
        for what, it in times.items()
    ]


def _measure_growth(
    databases: Databases, plan: Plan, cold: list[_Asked]
) -> list[tuple[Ledger, AnswerFigure]]:
    calls: dict[str, Call] = {}
    for asked in cold:
        calls[f"bare {asked.ledger.events}"] = _bare(databases, asked.ledger, MONTH)
        calls[f"cold {asked.ledger.events}"] = asked.call(MONTH)
    interleaved(_WARMING, calls)
    times = interleaved(plan.answers, calls)
    return [
        (it, AnswerFigure(COLD, times[f"cold {it.events}"], times[f"bare {it.events}"]))
        for it in (asked.ledger for asked in cold)
    ]


def _bare(databases: Databases, ledger: Ledger, period: Period) -> Call:
    call = databases.bare(ledger.url, STATEMENT, parameters(ledger.number, period))
    if len(call()) != len(USERS):
        raise WrongAnswer("the bare statement does not return a row for each user")
    return call


def _look_at(body: bytes) -> None:
    """Raise `WrongAnswer` unless every user is present with usage and an own cost."""
    answer: dict[str, Any] = msgspec.json.decode(body)
    users = answer["users"]
    if len(users) != len(USERS) or not all(it["total_cost"] > 0 for it in users):
        raise WrongAnswer("the answer does not list each user with a cost")
    check_amounts(users)


def make_sure_that_cold_is_cold() -> None:
    """Raise `WrongAnswer` if a cache of 0 bytes stores anything."""
    cache = AnswerCache(0)
    cache.put("tenant", "tag", Answer(b"answer"))
    if cache.get("tenant", "tag"):
        raise WrongAnswer("a cache of 0 MiB keeps answers")
