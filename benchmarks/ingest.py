"""Measure durable ingest over HTTP, and the engine writing the same rows without HTTP."""

import gc
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from chaos.memory import peak_mib
from tests.builders import TENANT, Platform
from tests.servers import Server

from benchmarks.databases import Databases
from benchmarks.events import ORGANIZATION, Traffic
from benchmarks.figures import Times
from benchmarks.load import Job, Load, Outcome
from benchmarks.plan import BATCH, Plan
from benchmarks.wire import WrongAnswer, request
from tollbook.domain.keys import KeyScope, Permission
from tollbook.ingest.decode import decode_json
from tollbook.ingest.known_users import User
from tollbook.ingest.submit import draft_of, submission_of
from tollbook.store import ledger
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate
from tollbook.store.staging import Staged
from tollbook.store.verification import CHECKS, count_events, differences
from tollbook.wiring import now

_MOST_IN_A_TRANSACTION = 10_000
_WARMING = 4
"""Requests before the measurement, so that keys, terms and most users are in memory."""


@dataclass(frozen=True)
class IngestFigure:
    """The figures of one number of connections, and of the engine."""

    engine: str
    events_in_request: int
    connections: int
    events: int
    events_per_second: float
    times: Times
    peak_mib: float
    events_in_transaction: float
    engine_events_per_second: float
    ratio: float
    client_share: float


@dataclass(frozen=True)
class _Round:
    http: Outcome
    engine_seconds: float
    events: int


class Target:
    """A fresh database with an organization, a tenant and its prices."""

    def __init__(self, databases: Databases) -> None:
        self.url = databases.fresh()
        self.database: Database = open_database(self.url)
        migrate(self.database)
        self.platform = Platform(self.database)
        self.number = self.platform.organization(ORGANIZATION)
        self.users: set[User] = set()

    def rows_of(self, bodies: list[bytes]) -> list[Staged]:
        """Return the rows that the server would store for these bodies."""
        rows: list[Staged] = []
        for body in bodies:
            draft = draft_of(decode_json(body), KeyScope(TENANT), now())
            terms = self.platform.directory_cache.loaded_terms(TENANT, draft.organizations, now())
            rows += submission_of(draft, terms).rows
        self.database.ensure_partitions({row.day // 100 for row in rows})
        return rows

    def record(self, rows: list[Staged], per_transaction: int) -> float:
        """Write rows with a number of them in each transaction, and return the seconds."""
        groups = [
            rows[start : start + per_transaction] for start in range(0, len(rows), per_transaction)
        ]
        # The server also has the users in memory.
        users = {(row.organization_id, row.user_id) for row in rows}
        added = not users <= self.users
        self.users |= users
        gc.freeze()
        start = perf_counter()
        for group in groups:
            with self.database.writing() as transaction:
                ledger.record(transaction, group, now(), lambda _: added)
        return perf_counter() - start

    def verify(self, acknowledged: int) -> None:
        """Raise `WrongAnswer` unless all acknowledged events exist and the rollups are correct."""
        with self.database.reading() as snapshot:
            stored = count_events(snapshot)
            if stored != acknowledged:
                raise WrongAnswer(f"{acknowledged} events acknowledged, {stored} stored")
            for check in CHECKS:
                for difference in differences(snapshot, check):
                    raise WrongAnswer(f"the rollups do not agree: {difference}")


def ingest(databases: Databases, load: Load, plan: Plan) -> list[IngestFigure]:
    """Measure batches and single events at every number of connections."""
    figures: list[IngestFigure] = []
    for events, requests in ((BATCH, plan.batches), (1, plan.singles)):
        for connections, count in requests.items():
            figures.append(_cell(databases, load, plan.rounds, events, connections, count))
            print(
                f"  {databases.name}, {events} in a request, {connections} connections", flush=True
            )
    return figures


def _cell(
    databases: Databases, load: Load, rounds: int, events: int, connections: int, requests: int
) -> IngestFigure:
    served, direct = Target(databases), Target(databases)
    traffic = Traffic()
    with Server(served.url) as server:
        headers = {"X-API-Key": served.platform.key(Permission.WRITE_EVENTS)}
        sender = _Sender(load, server, headers, events, connections)
        warming = max(_WARMING, connections)
        sender.round(direct, traffic.bodies(warming, events))
        commits = _commits(server)
        done = [sender.round(direct, traffic.bodies(requests, events)) for _ in range(rounds)]
        commits = _commits(server) - commits
        peak = peak_mib(server)
    for target in (served, direct):
        target.verify((warming + rounds * requests) * events)
        target.database.close()
        databases.drop(target.url)
    return _figure(databases.name, events, connections, done, peak, commits)


def _commits(server: Server) -> int:
    """Return the number of transactions that the writer of a server has committed."""
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    (line,) = (it for it in lines if it.startswith("tollbook_commit_seconds_count "))
    return int(float(line.split()[1]))


@dataclass(frozen=True)
class _Sender:
    load: Load
    server: Server
    headers: dict[str, str]
    events: int
    connections: int

    def round(self, direct: Target, bodies: list[bytes]) -> _Round:
        """Send bodies to the server, then write the same rows without HTTP."""
        rows = direct.rows_of(bodies)
        requests = [request("POST", "/v1/events", self.headers, body) for body in bodies]
        start = b'{"success":true,"counts":{"accepted":%d,' % self.events
        job = Job(self.server.port, self.connections, requests, 200, start)
        http = self.load.run(job)
        group = min(self.connections * self.events, _MOST_IN_A_TRANSACTION)
        return _Round(http, direct.record(rows, group), len(rows))


def _figure(
    engine: str, events: int, connections: int, rounds: list[_Round], peak: float, commits: int
) -> IngestFigure:
    total = sum(it.events for it in rounds)
    return IngestFigure(
        engine=engine,
        events_in_request=events,
        connections=connections,
        events=total,
        events_per_second=median(it.events / it.http.seconds for it in rounds),
        times=Times([second for it in rounds for second in it.http.times.seconds]),
        peak_mib=peak,
        events_in_transaction=total / commits,
        engine_events_per_second=median(it.events / it.engine_seconds for it in rounds),
        ratio=median(it.engine_seconds / it.http.seconds for it in rounds),
        client_share=sum(it.http.client_seconds for it in rounds)
        / sum(it.http.seconds for it in rounds),
    )
