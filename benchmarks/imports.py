"""Compare the import of Asterisk's records with the same calls in batches over HTTP."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.builders import TENANT
from tests.servers import Server

from benchmarks.databases import Databases
from benchmarks.events import ORGANIZATION
from benchmarks.ingest import Target
from benchmarks.load import Job, Load
from benchmarks.plan import BATCH, Plan
from benchmarks.wire import WrongAnswer, request
from tollbook.domain.keys import Permission

_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_USERS, _NUMBERS = 900, 10_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ImportFigure:
    """Rows per second of an import and of batches, the median ratio, and the peak of memory.

    `cpu_ratio` compares the CPU seconds of the server with those of the import.
    """

    engine: str
    rows: int
    rows_per_second: float
    events_per_second: float
    ratio: float
    cpu_ratio: float
    peak_mib: float


@dataclass(frozen=True)
class _Spent:
    seconds: float
    cpu: float
    peak_mib: float = 0.0


def imports(databases: Databases, load: Load, plan: Plan) -> ImportFigure:
    """Import rows and send the same calls alternately, each to a database of its own."""
    imported, served = Target(databases), Target(databases)
    each = plan.imported_rows // plan.rounds // BATCH * BATCH
    rounds: list[tuple[_Spent, _Spent]] = []
    with Server(served.url) as server, TemporaryDirectory() as folder:
        headers = {"X-API-Key": served.platform.key(Permission.WRITE_EVENTS)}
        for round_ in range(plan.rounds):
            calls = range(round_ * each, (round_ + 1) * each)
            path = Path(folder, "Master.csv")
            path.write_text("".join(map(_row, calls)))
            bodies = [_body(calls[at : at + BATCH]) for at in range(0, each, BATCH)]
            rounds.append((_import(imported, path), _send(load, server, headers, bodies)))
    for target in (imported, served):
        target.verify(each * plan.rounds)
        target.database.close()
        databases.drop(target.url)
    return ImportFigure(
        databases.name,
        each * plan.rounds,
        median(each / one.seconds for one, _ in rounds),
        median(each / other.seconds for _, other in rounds),
        median(other.seconds / one.seconds for one, other in rounds),
        median(other.cpu / one.cpu for one, other in rounds),
        max(one.peak_mib for one, _ in rounds),
    )


def _import(target: Target, path: Path) -> _Spent:
    """Import a file in a process of its own."""
    arguments = (
        *("import", str(path), "--format", "asterisk", "--organization", ORGANIZATION),
        *("--timezone", "UTC", "--country", "GB", "--tenant", TENANT),
    )
    environment = {**os.environ, "TOLLBOOK_DATABASE_URL": target.url}
    command = [sys.executable, "-m", "tollbook", *arguments]
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = perf_counter()
    pid = os.posix_spawn(sys.executable, command, environment, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    seconds = perf_counter() - start
    if status:
        raise WrongAnswer(f"the import ended with {os.waitstatus_to_exitcode(status)}")
    return _Spent(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _send(load: Load, server: Server, headers: dict[str, str], bodies: Sequence[bytes]) -> _Spent:
    """Send batches over one connection."""
    requests = [request("POST", "/v1/events", headers, body) for body in bodies]
    start = b'{"success":true,"counts":{"accepted":%d,' % BATCH
    before = _cpu_seconds(server)
    outcome = load.run(Job(server.port, 1, requests, 200, start))
    return _Spent(outcome.seconds, _cpu_seconds(server) - before)


def _cpu_seconds(server: Server) -> float:
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _call(number: int) -> tuple[int, int, str, datetime]:
    """Return the user, the seconds, the called number and the answer time of a call."""
    return (
        100 + number % _USERS,
        number * 7 % 900 + 1,
        f"2079{number * 31 % _NUMBERS:06}",
        _FIRST + timedelta(seconds=number % (28 * 86_400)),
    )


def _row(number: int) -> str:
    user, seconds, called, time = _call(number)
    begun = f"{time - timedelta(seconds=5):%Y-%m-%d %H:%M:%S}"
    ended = f"{time + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"
    identity = f"{number + 1_704_067_200}.{number}"
    return (
        f'"acme","{user}","0{called}","from-internal","""Ann"" <{user}>",'
        f'"PJSIP/{user}-{number:08x}","PJSIP/trunk-00000001","Dial","PJSIP/0{called}@trunk","{begun}",'
        f'"{time:%Y-%m-%d %H:%M:%S}","{ended}",{seconds + 5},{seconds},"ANSWERED","DOCUMENTATION",'
        f'"{identity}","","","{identity}",{number}\n'
    )


def _body(numbers: Sequence[int]) -> bytes:
    return f"[{','.join(map(_event, numbers))}]".encode()


def _event(number: int) -> str:
    user, seconds, called, time = _call(number)
    return (
        f'{{"id":"asterisk:{number + 1_704_067_200}.{number}:{number}","type":"voice.call",'
        f'"organization_id":"{ORGANIZATION}","time":"{time:%Y-%m-%dT%H:%M:%SZ}",'
        f'"quantity":{seconds},"user_id":"{user}","attributes":{{"to":"+44{called}",'
        f'"from":"{user}","direction":"outbound"}}}}'
    )
