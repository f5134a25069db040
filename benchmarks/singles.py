"""Compare versions and workers by single events over 64 connections, alternately."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.servers import Server

from benchmarks.databases import Databases, PostgresDatabases
from benchmarks.events import ORGANIZATION, Traffic
from benchmarks.figures import Times
from benchmarks.imports import cpu_seconds
from benchmarks.load import Job, Load
from benchmarks.plan import Plan
from benchmarks.tables import ms, table
from benchmarks.wire import request

_CONNECTIONS = 64
_CONNECTIONS_TO_POSTGRES = {"max_read_connections": "8", "max_write_connections": "4"}
"""All servers together need fewer than PostgreSQL allows by default."""
_HERE = Path(__file__).parents[1]
_START = b'{"success":true,"counts":{"accepted":1,'
BEFORE, NOW, WORKERS = "before", "this one", "this one, 2 workers"
_TEXT = """\
## Single events in turn

Single events over 64 connections, to servers that get them in turn, each with a database of its
own. *CPU µs* is the processor time of all of a server's processes for an event. The ratios to the
first row of a storage are medians of the rounds.
"""


@dataclass(frozen=True)
class SinglesFigure:
    """Medians of a server's rounds, and of their ratios to the first server's."""

    engine: str
    version: str
    events_per_second: float
    times: Times
    cpu_seconds: float
    times_events: float
    times_cpu: float
    times_p99: float


@dataclass(frozen=True)
class _Round:
    events_per_second: float
    times: Times
    cpu_seconds: float


class _Version:
    """A running server on the source in a folder."""

    def __init__(self, name: str, root: Path, databases: Databases, *options: str) -> None:
        path = os.pathsep.join(map(str, (root / "src", root)))
        url = databases.fresh()
        self.name = name
        self.server = Server(url, **_CONNECTIONS_TO_POSTGRES)
        self.server.options = options
        self.server.environment["PYTHONPATH"] = path
        command = [sys.executable, "-P", str(_HERE / "benchmarks" / "prepared.py")]
        done = subprocess.run(
            [*command, url, ORGANIZATION],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        self._headers = {"X-API-Key": done.stdout.split()[-1]}
        self.rounds: list[_Round] = []

    def send(self, load: Load, bodies: Sequence[bytes]) -> _Round:
        """Send bodies of one event each."""
        requests = [request("POST", "/v1/events", self._headers, it) for it in bodies]
        busy = cpu_seconds(self.server)
        done = load.run(Job(self.server.port, _CONNECTIONS, requests, 200, _START))
        used = cpu_seconds(self.server) - busy
        return _Round(len(bodies) / done.seconds, done.times, used / len(bodies))


def singles(
    databases: Databases, load: Load, plan: Plan, before: Path | None
) -> list[SinglesFigure]:
    """Measure this version, the one before if there is one, and two workers on PostgreSQL."""
    versions = [_Version(BEFORE, before.resolve(), databases)] if before else []
    versions.append(_Version(NOW, _HERE, databases))
    if databases.name == PostgresDatabases.name:
        versions.append(_Version(WORKERS, _HERE, databases, "--workers", "2"))
    traffic, count = Traffic(), plan.singles[_CONNECTIONS]
    with ExitStack() as running:
        for it in versions:
            running.enter_context(it.server)
        for number in range(plan.rounds + 1):
            bodies = traffic.bodies(count if number else 10 * _CONNECTIONS, 1)
            for it in versions:
                done = it.send(load, bodies)
                if number:  # the first round fills the memory of a server
                    it.rounds.append(done)
    for it in versions:
        databases.drop(it.server.database_url)
    print(f"  {databases.name}, {len(versions)} servers in turn", flush=True)
    return [_figure(databases.name, it, versions[0].rounds) for it in versions]


def _figure(engine: str, version: _Version, first: Sequence[_Round]) -> SinglesFigure:
    rounds = version.rounds
    pairs = list(zip(rounds, first, strict=True))
    return SinglesFigure(
        engine=engine,
        version=version.name,
        events_per_second=median(it.events_per_second for it in rounds),
        times=Times([second for it in rounds for second in it.times.seconds]),
        cpu_seconds=median(it.cpu_seconds for it in rounds),
        times_events=median(it.events_per_second / of.events_per_second for it, of in pairs),
        times_cpu=median(it.cpu_seconds / of.cpu_seconds for it, of in pairs),
        times_p99=median(it.times.p99 / of.times.p99 for it, of in pairs),
    )


def singles_section(figures: Sequence[SinglesFigure]) -> list[str]:
    """Return the section of the page; nothing when single events were not compared."""
    head = (
        *("Storage", "Version", "Events/s", "p50 ms", "p99 ms", "CPU µs"),
        *("Times events/s", "Times CPU", "Times p99"),
    )
    rows = (
        (
            it.engine,
            it.version,
            f"{it.events_per_second:,.0f}",
            ms(it.times.p50),
            ms(it.times.p99),
            f"{it.cpu_seconds * 1e6:.0f}",
            f"{it.times_events:.2f}",
            f"{it.times_cpu:.2f}",
            f"{it.times_p99:.2f}",
        )
        for it in figures
    )
    return [_TEXT, table(head, rows)] if figures else []
