"""Measure exports of a large ledger over HTTP: rows per second and memory."""

import csv
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from tests.servers import Server

from benchmarks.databases import Databases
from benchmarks.events import FIRST_DAY, LAST_DAY, METERS, ORGANIZATION
from benchmarks.figures import Times
from benchmarks.ledgers import MONTH, Ledger, filled, new_ledger
from benchmarks.wire import Caller, WrongAnswer, check, request
from tollbook.domain.periods import day_number

_EVENTS = 1_000_000
_WARMING = 5
_DAY = "SELECT * FROM events WHERE organization_id = :organization AND day = :day"
_ASKED_ALONE = 40
_PAUSE = 0.02
_CHUNK = 1 << 20
_RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")
_LAST_PIECE = b"0\r\n\r\n"
FORMATS = ("csv", "ndjson", "parquet")


@dataclass(frozen=True)
class ExportFigure:
    """One export of all events, and the users answer with and without an export."""

    engine: str
    form: str
    events: int
    seconds: float
    bytes: int
    idle_mib: float
    peak_mib: float
    alone: Times
    beside: Times
    bare_rows_per_second: float
    """All columns of one day's events through the plain driver, written by `csv.writer`."""

    @property
    def rows_per_second(self) -> float:
        """Return the events per second."""
        return self.events / self.seconds

    @property
    def above_idle_mib(self) -> float:
        """Return the peak of memory above idle."""
        return self.peak_mib - self.idle_mib


def exports(databases: Databases, *, quick: bool) -> list[ExportFigure]:
    """Measure each format on a separate server."""
    small = new_ledger(databases, METERS)
    ledger = small if quick else filled(databases, small.url, small, METERS, _EVENTS)
    bound = {"organization": ledger.number, "day": day_number(LAST_DAY)}
    bare = databases.bare(ledger.url, _DAY, bound)
    return [_measure(databases.name, ledger, form, bare) for form in FORMATS]


def _bare_speed(bare: Callable[[], list[Any]]) -> float:
    """Return the rows per second without a server; the median of a few times."""
    seconds: list[float] = []
    for _ in range(_WARMING):
        start = time.perf_counter()
        rows = bare()
        csv.writer(StringIO()).writerows(rows)
        seconds.append(time.perf_counter() - start)
    return len(rows) / median(seconds)


def _measure(engine: str, ledger: Ledger, form: str, bare: Callable[[], list[Any]]) -> ExportFigure:
    with Server(ledger.url, cached_answer_mib="0") as server:
        process = server.process
        if process is None:
            raise WrongAnswer("the server is not running")
        with Caller(server.port) as caller:
            ask = _main_job(caller, ledger)
            for _ in range(_WARMING):
                ask()
            alone = Times([ask() for _ in range(_ASKED_ALONE)])
        idle = peak = _resident_mib(process.pid)
        download = _Download(server.port, ledger, form)
        while download.is_alive():
            peak = max(peak, _resident_mib(process.pid))
            time.sleep(_PAUSE)
        download.verify()
        second = _Download(server.port, ledger, form)
        beside: list[float] = []
        with Caller(server.port) as caller:
            ask = _main_job(caller, ledger)
            while second.is_alive():
                beside.append(ask())
                time.sleep(_PAUSE)
        second.verify()
        return ExportFigure(
            engine,
            form,
            ledger.events,
            download.seconds,
            download.size,
            idle,
            peak,
            alone,
            Times(beside),
            _bare_speed(bare),
        )


def _main_job(caller: Caller, ledger: Ledger) -> Callable[[], float]:
    """Return a call that requests the users of the month and returns its seconds."""
    path = (
        f"/v1/analytics/users?organization_id={ORGANIZATION}"
        f"&start_date={MONTH.start}&end_date={MONTH.end}"
    )
    prepared = request("GET", path, {"X-API-Key": ledger.key})

    def ask() -> float:
        start = time.perf_counter()
        check(caller.ask(prepared), 200)
        return time.perf_counter() - start

    return ask


class _Download(Thread):
    """Download a file and discard it, at the speed of a client with a disk."""

    def __init__(self, port: int, ledger: Ledger, form: str) -> None:
        super().__init__()
        path = (
            f"/v1/events?organization_id={ORGANIZATION}&format={form}"
            f"&start_date={FIRST_DAY}&end_date={LAST_DAY}"
        )
        self._form, self._events = form, ledger.events
        self._prepared = request("GET", path, {"X-API-Key": ledger.key})
        self._port = port
        self._ends = b""
        self._lines = 0
        self.size = 0
        self.seconds = 0.0
        self.start()

    def run(self) -> None:
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self._port), timeout=60) as connection:
            connection.sendall(self._prepared)
            while not self._ends.endswith(_LAST_PIECE) and (some := connection.recv(_CHUNK)):
                self.size += len(some)
                self._lines += some.count(b"\n")
                self._ends = (self._ends + some)[-len(_LAST_PIECE) :]
        self.seconds = time.perf_counter() - start

    def verify(self) -> None:
        """Raise `WrongAnswer` unless the file is complete."""
        self.join()
        whole = self._ends == _LAST_PIECE
        if not whole or (self._form != "parquet" and self._lines < self._events):
            raise WrongAnswer(f"the {self._form} file of {self._events} events is incomplete")


def _resident_mib(pid: int) -> float:
    found = _RESIDENT.search(Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
