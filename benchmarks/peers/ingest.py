"""Measure durable ingest over HTTP: Tollbook, and the plain service on the same engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from tests.servers import Server

from benchmarks.databases import Databases
from benchmarks.events import ORGANIZATION, Traffic
from benchmarks.figures import Times
from benchmarks.ingest import Target
from benchmarks.load import Job, Load, Outcome
from benchmarks.peers.asking import require_equal, users_of
from benchmarks.peers.processes import PlainServer, cpu_seconds
from benchmarks.peers.question import answer_of_report, answer_of_rows
from benchmarks.plan import BATCH
from benchmarks.wire import Caller, body_of, request
from tollbook.domain.keys import Permission


@dataclass(frozen=True)
class Way:
    """How events are sent: how many in a request, over how many connections."""

    events: int
    connections: int
    requests: int


FULL = (Way(BATCH, 8, 48), Way(1, 64, 3_000))
QUICK = (Way(BATCH, 8, 8), Way(1, 64, 256))


@dataclass(frozen=True)
class _Rounds:
    """What one service did."""

    seconds: list[float]
    times: Times
    cpu_seconds: float


@dataclass(frozen=True)
class IngestFigure:
    """Tollbook and the plain service on one engine, with the same events."""

    engine: str
    way: Way
    tollbook: _Rounds
    plain: _Rounds

    def events_per_second(self, rounds: _Rounds) -> float:
        """Return the median of the rounds."""
        return median(self.way.events * self.way.requests / it for it in rounds.seconds)

    def cpu_microseconds(self, rounds: _Rounds) -> float:
        """Return the CPU time of the server's process for an event."""
        events = self.way.events * self.way.requests * len(rounds.seconds)
        return rounds.cpu_seconds * 1e6 / events

    @property
    def times(self) -> float:
        """Return the median of the rounds: how many times as many events Tollbook stores."""
        pairs = zip(self.plain.seconds, self.tollbook.seconds, strict=True)
        return median(plain / tollbook for plain, tollbook in pairs)

    @property
    def cpu_ratio(self) -> float:
        """Return the ratio of the CPU times for an event."""
        return self.tollbook.cpu_seconds / self.plain.cpu_seconds


class _Candidate:
    """A running service that receives events."""

    def __init__(self, load: Load, port: int, pid: int, start: bytes, headers: dict[str, str]):
        self._load, self._port, self._pid = load, port, pid
        self._start, self._headers = start, headers
        self.outcomes: list[Outcome] = []
        self.busy = 0.0

    def send(self, bodies: Sequence[bytes], connections: int) -> None:
        """Send the bodies; raise `WrongAnswer` if any event is not accepted."""
        requests = [request("POST", "/v1/events", self._headers, it) for it in bodies]
        busy = cpu_seconds(self._pid)
        self.outcomes.append(
            self._load.run(Job(self._port, connections, requests, 200, self._start))
        )
        self.busy += cpu_seconds(self._pid) - busy

    def rounds(self) -> _Rounds:
        """Return the measured rounds."""
        times = [second for it in self.outcomes for second in it.times.seconds]
        return _Rounds([it.seconds for it in self.outcomes], Times(times), self.busy)

    def users(self) -> bytes:
        """Return the answer about today's users."""
        today = datetime.now(UTC).date()
        path = f"/v1/analytics/users?organization_id={ORGANIZATION}"
        path += f"&start_date={today}&end_date={today}"
        with Caller(self._port) as caller:
            return body_of(caller.ask(request("GET", path, self._headers)))


def ingest(
    databases: Databases, load: Load, ways: Sequence[Way], rounds: int
) -> list[IngestFigure]:
    """Measure each way alternately, on fresh databases; both must answer the same afterwards."""
    return [_measure(databases, load, it, rounds) for it in ways]


def _measure(databases: Databases, load: Load, way: Way, rounds: int) -> IngestFigure:
    target, traffic = Target(databases), Traffic()
    key = target.platform.key(Permission.WRITE_EVENTS, Permission.READ_ANALYTICS)
    accepted = b'{"success":true,"counts":{"accepted":%d,' % way.events
    with Server(target.url) as server, PlainServer(databases.fresh()) as service:
        assert server.process is not None
        tollbook = _Candidate(load, server.port, server.process.pid, accepted, {"X-API-Key": key})
        stored = b'{"accepted":%d}' % way.events
        plain = _Candidate(load, service.port, service.process.pid, stored, {})
        for number in range(1 + rounds):
            bodies = traffic.bodies(way.requests if number else way.connections, way.events)
            tollbook.send(bodies, way.connections)
            plain.send(bodies, way.connections)
            if not number:
                tollbook.outcomes.clear()
                plain.outcomes.clear()
                tollbook.busy = plain.busy = 0.0
        _compare(tollbook, plain)
    target.database.close()
    print(f"  {databases.name}, {way.events} in a request: the same answers", flush=True)
    return IngestFigure(databases.name, way, tollbook.rounds(), plain.rounds())


def _compare(tollbook: _Candidate, plain: _Candidate) -> None:
    """Raise `WrongAnswer` unless both services report the same figures of all users."""
    require_equal(
        {
            "Tollbook": answer_of_report(users_of(tollbook.users())),
            "the plain service": answer_of_rows(users_of(plain.users())),
        }
    )
