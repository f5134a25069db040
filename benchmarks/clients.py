"""Compare a meter of the Python client with prepared requests to the same server."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.servers import Server

from benchmarks.databases import Databases
from benchmarks.events import Traffic
from benchmarks.imports import cpu_seconds
from benchmarks.ingest import Target
from benchmarks.load import Job, Load
from benchmarks.plan import Plan
from benchmarks.tables import table
from benchmarks.wire import WrongAnswer, request
from tollbook.domain.keys import Permission

_BATCH = 2000
_BATCHES = 15
_ROOT = Path(__file__).parent.parent
_CLIENT = str(_ROOT / "clients" / "python" / "src")
_TEXT = """\
## Sending with the Python client

One process calls `Meter.record` for each event, which commits it to the spool, while its thread
sends batches of 2,000. Alternately, the same server gets prepared and compressed batches of 2,000
over one connection, which is its own limit. Processes share the cores of the machine, so *CPU µs*
counts: the processor time for an event of the client (of it *record* alone), and of the server.
*Ratio* is that of the client to that of the server, *CPU events/s* how many events a second of the
client's processor time is enough for.
"""


@dataclass(frozen=True)
class ClientFigure:
    """Medians of the rounds: events per second, and seconds of processor time for an event."""

    engine: str
    events: int
    server_per_second: float
    recorded_per_second: float
    sent_per_second: float
    server_cpu: float
    record_cpu: float
    client_cpu: float
    ratio: float


@dataclass(frozen=True)
class _Round:
    server_seconds: float
    server_cpu: float
    recorded_seconds: float
    record_cpu: float
    sent_seconds: float
    client_cpu: float


def clients(databases: Databases, load: Load, plan: Plan) -> ClientFigure:
    """Measure a meter and prepared requests alternately."""
    target, traffic = Target(databases), Traffic()
    with Server(target.url) as server, TemporaryDirectory() as folder:
        key = target.platform.key(Permission.WRITE_EVENTS)
        work = _Work(load, server, key, Path(folder))
        work.prepared(traffic.bodies(2, _BATCH))
        rounds = [work.round(traffic) for _ in range(plan.rounds)]
    target.verify((2 + 2 * plan.rounds * _BATCHES) * _BATCH)
    target.database.close()
    databases.drop(target.url)
    print(f"  {databases.name}, the Python client", flush=True)
    return _figure(databases.name, rounds)


@dataclass(frozen=True)
class _Work:
    load: Load
    server: Server
    key: str
    folder: Path

    def round(self, traffic: Traffic) -> _Round:
        """Send prepared requests, then record and send as many events with a meter."""
        server = self.prepared(traffic.bodies(_BATCHES, _BATCH))
        return _Round(*server, *self.metered(traffic.bodies(_BATCHES, _BATCH)))

    def prepared(self, bodies: Sequence[bytes]) -> tuple[float, float]:
        """Return the seconds of requests one after the other, and of the server's processor."""
        headers = {"X-API-Key": self.key, "Content-Encoding": "gzip"}
        requests = [request("POST", "/v1/events", headers, gzip.compress(it, 1)) for it in bodies]
        start = b'{"success":true,"counts":{"accepted":%d,' % _BATCH
        before = cpu_seconds(self.server)
        outcome = self.load.run(Job(self.server.port, 1, requests, 200, start))
        return outcome.seconds, cpu_seconds(self.server) - before

    def metered(self, bodies: Sequence[bytes]) -> Iterator[float]:
        """Return what `benchmarks.recording` prints."""
        file = self.folder / "events"
        lines = (json.dumps(event) for body in bodies for event in json.loads(body))
        file.write_text("\n".join(lines))
        command = [sys.executable, "-m", "benchmarks.recording", self.server.address, self.key]
        done = subprocess.run(
            [*command, self.folder / "spool.db", file],
            env={**os.environ, "PYTHONPATH": f"{_CLIENT}:{_ROOT}"},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise WrongAnswer(done.stderr)
        return iter(json.loads(done.stdout))


def _figure(engine: str, rounds: Sequence[_Round]) -> ClientFigure:
    events = _BATCHES * _BATCH
    return ClientFigure(
        engine=engine,
        events=events * len(rounds),
        server_per_second=median(events / it.server_seconds for it in rounds),
        recorded_per_second=median(events / it.recorded_seconds for it in rounds),
        sent_per_second=median(events / it.sent_seconds for it in rounds),
        server_cpu=median(it.server_cpu / events for it in rounds),
        record_cpu=median(it.record_cpu / events for it in rounds),
        client_cpu=median(it.client_cpu / events for it in rounds),
        ratio=median(it.client_cpu / it.server_cpu for it in rounds),
    )


def clients_section(figures: Sequence[ClientFigure]) -> list[str]:
    """Return the section of the page; nothing when clients were not measured."""
    head = (
        *("Storage", "Events", "Server alone/s", "Recorded/s", "Recorded and sent/s"),
        *("Server CPU µs", "Client CPU µs", "Of it record", "Ratio", "CPU events/s"),
    )
    rows = (
        (
            it.engine,
            f"{it.events:,}",
            f"{it.server_per_second:,.0f}",
            f"{it.recorded_per_second:,.0f}",
            f"{it.sent_per_second:,.0f}",
            f"{it.server_cpu * 1e6:.1f}",
            f"{it.client_cpu * 1e6:.1f}",
            f"{it.record_cpu * 1e6:.1f}",
            f"{it.ratio:.2f}",
            f"{1 / it.client_cpu:,.0f}",
        )
        for it in figures
    )
    return [_TEXT, table(head, rows)] if figures else []
