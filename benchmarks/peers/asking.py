"""Measure the users of the default period: Tollbook over HTTP, others from raw events."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.servers import Server

from benchmarks.databases import Databases, PostgresDatabases
from benchmarks.events import ORGANIZATION
from benchmarks.figures import Times, interleaved
from benchmarks.ledgers import DEFAULT, Ledger
from benchmarks.peers.ledgers import SameEvents, growing
from benchmarks.peers.processes import PYTHON, Engine
from benchmarks.peers.question import Answer, answer_of_report, answer_of_rows, statement
from benchmarks.wire import Call, WrongAnswer, asking, request

_WARMING = 2
POSTGRESQL, DUCKDB, CLICKHOUSE = "PostgreSQL", "DuckDB", "ClickHouse"
PEERS = (POSTGRESQL, DUCKDB, CLICKHOUSE)
_STATEMENT = statement(str(DEFAULT.start), str(DEFAULT.end))


@dataclass(frozen=True)
class QuestionFigure:
    """The times of each candidate for one number of events."""

    events: int
    times: dict[str, Times]

    def ratio(self, name: str, peer: str) -> float:
        """Return the ratio of the medians of two candidates."""
        return self.times[name].p50 / self.times[peer].p50


def tollbook_on(engine: str) -> str:
    """Return the name of Tollbook on one of its engines."""
    return f"Tollbook, {engine}"


def questions(
    databases: Sequence[tuple[Databases, int]],
    postgres: PostgresDatabases,
    sizes: Sequence[int],
    rounds: int,
    folder: Path,
    peers: Sequence[str] = PEERS,
    python: Path = PYTHON,
) -> list[QuestionFigure]:
    """Measure all candidates alternately for each number of events.

    Raises `WrongAnswer` unless every figure of every user is the same in all of them.
    """
    with TemporaryDirectory(dir=folder) as made:
        sized = growing(databases, Path(made) / "events.tsv", sizes)
        open_peer = partial(_engine, postgres, python)
        return [_measure(it, rounds, peers, open_peer) for it in sized]


def _measure(
    same: SameEvents, rounds: int, peers: Sequence[str], open_peer: Callable[..., Engine]
) -> QuestionFigure:
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(dir=same.raw.parent))
        answers: dict[str, Answer] = {}
        calls: dict[str, Call] = {}
        for engine, ledger in same.ledgers:
            name = tollbook_on(engine)
            calls[name], answers[name] = _tollbook(stack, ledger)
        for peer in peers:
            opened = stack.enter_context(open_peer(peer, folder, same.raw))
            answers[peer] = answer_of_rows(opened.rows(_STATEMENT))
            calls[peer] = partial(opened.count, _STATEMENT)
        require_equal(answers)
        print(f"  the same answer to {same.events:,} events: {', '.join(answers)}", flush=True)
        interleaved(_WARMING, calls)
        return QuestionFigure(same.events, interleaved(rounds, calls))


def _engine(postgres: PostgresDatabases, python: Path, name: str, folder: str, raw: Path) -> Engine:
    return Engine(name, postgres.fresh() if name == POSTGRESQL else folder, raw, python)


def _tollbook(stack: ExitStack, ledger: Ledger) -> tuple[Call, Answer]:
    server = stack.enter_context(Server(ledger.url, cached_answer_mib="0"))
    path = (
        f"/v1/analytics/users?organization_id={ORGANIZATION}"
        f"&start_date={DEFAULT.start}&end_date={DEFAULT.end}"
    )
    bodies: list[bytes] = []
    prepared = request("GET", path, {"X-API-Key": ledger.key})
    call = asking(stack, server.port, prepared, bodies.append)
    return call, answer_of_report(users_of(bodies[0]))


def users_of(body: bytes) -> list[Any]:
    """Return the users of an answer, with exact numbers."""
    users: list[Any] = json.loads(body, parse_float=Decimal)["users"]
    return users


def require_equal(answers: dict[str, Answer]) -> None:
    """Raise `WrongAnswer` unless all candidates have the same figures of the same users."""
    (first, expected), *others = answers.items()
    if not expected:
        raise WrongAnswer(f"{first} has no users")
    for name, answer in others:
        different = [it for it in expected.keys() | answer if expected.get(it) != answer.get(it)]
        if different:
            user = min(different)
            raise WrongAnswer(
                f"{len(different)} users differ: {user} has {expected.get(user)} in {first}, "
                f"{answer.get(user)} in {name}"
            )
