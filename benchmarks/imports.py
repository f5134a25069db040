"""Compare the import of Asterisk's records with the same calls in batches over HTTP."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from chaos.memory import peak_mib_of
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
_USERS = 900
_SOME_NUMBERS, _ALL_NUMBERS = 10_000, 1_000_000
"""With the second, a million calls go to a number each."""
_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK_EVERY = 0.02


@dataclass(frozen=True)
class ImportFigure:
    """Rows per second of an import and of batches, the median ratio, and the peak of memory.

    `numbers` counts the different called numbers. `cpu_ratio` compares the CPU seconds of the
    server with those of the import.
    """

    engine: str
    rows: int
    numbers: int
    rows_per_second: float
    events_per_second: float
    ratio: float
    cpu_ratio: float
    peak_mib: float


@dataclass(frozen=True)
class ImportMemoryFigure:
    """The peak of memory of an import of all rows, and of one of a tenth of them, in MiB."""

    engine: str
    rows: int
    peak_mib: float
    peak_mib_of_tenth: float


@dataclass(frozen=True)
class _Spent:
    seconds: float
    cpu: float
    peak_mib: float = 0.0


def imports(databases: Databases, load: Load, plan: Plan) -> list[ImportFigure]:
    """Measure imports of calls to some numbers, and to one number each."""
    found = [_imports(databases, load, plan, it) for it in (_SOME_NUMBERS, _ALL_NUMBERS)]
    print(f"  {databases.name}, {plan.imported_rows:,} records", flush=True)
    return found


def import_memory(databases: Databases, plan: Plan) -> ImportMemoryFigure:
    """Import a tenth of the rows and all of them, all to different numbers."""
    rows = plan.imported_rows
    tenth, peak = (_peak_mib(databases, it) for it in (rows // 10, rows))
    return ImportMemoryFigure(databases.name, rows, peak, tenth)


def _peak_mib(databases: Databases, rows: int) -> float:
    target = Target(databases)
    with TemporaryDirectory() as folder:
        path = Path(folder, "Master.csv")
        _write(path, range(rows), _ALL_NUMBERS)
        spent = _import(target, path)
    target.database.close()
    databases.drop(target.url)
    return spent.peak_mib


def _write(path: Path, calls: Sequence[int], numbers: int) -> None:
    with path.open("w") as file:
        file.writelines(_row(it, numbers) for it in calls)


def _imports(databases: Databases, load: Load, plan: Plan, numbers: int) -> ImportFigure:
    """Import rows and send the same calls alternately, each to a database of its own."""
    imported, served = Target(databases), Target(databases)
    each = plan.imported_rows // plan.rounds // BATCH * BATCH
    rounds: list[tuple[_Spent, _Spent]] = []
    with Server(served.url) as server, TemporaryDirectory() as folder:
        headers = {"X-API-Key": served.platform.key(Permission.WRITE_EVENTS)}
        for round_ in range(plan.rounds):
            calls = range(round_ * each, (round_ + 1) * each)
            path = Path(folder, "Master.csv")
            _write(path, calls, numbers)
            bodies = [_body(calls[at : at + BATCH], numbers) for at in range(0, each, BATCH)]
            rounds.append((_import(imported, path), _send(load, server, headers, bodies)))
    for target in (imported, served):
        target.verify(each * plan.rounds)
        target.database.close()
        databases.drop(target.url)
    return ImportFigure(
        databases.name,
        each * plan.rounds,
        min(numbers, each * plan.rounds),
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
    peak = _peak_until_end(pid)
    _, status, used = os.wait4(pid, 0)
    seconds = perf_counter() - start
    if status:
        raise WrongAnswer(f"the import ended with {os.waitstatus_to_exitcode(status)}")
    return _Spent(seconds, used.ru_utime + used.ru_stime, peak)


def _peak_until_end(pid: int) -> float:
    """Wait for the end of a process; return the most memory that it used, in MiB.

    `ru_maxrss` would count the memory of this process, which the other one has before it starts.
    """
    peak = 0.0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        peak = max(peak, peak_mib_of(pid))
        sleep(_LOOK_EVERY)
    return peak


def _send(load: Load, server: Server, headers: dict[str, str], bodies: Sequence[bytes]) -> _Spent:
    """Send batches over one connection."""
    requests = [request("POST", "/v1/events", headers, body) for body in bodies]
    start = b'{"success":true,"counts":{"accepted":%d,' % BATCH
    before = cpu_seconds(server)
    outcome = load.run(Job(server.port, 1, requests, 200, start))
    return _Spent(outcome.seconds, cpu_seconds(server) - before)


def cpu_seconds(server: Server) -> float:
    """Return the processor time of a server and its workers until now, in seconds."""
    assert server.process is not None
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return sum(map(_ticks, (str(pid), *children.split()))) / _TICKS


def _ticks(pid: str) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _call(number: int, numbers: int) -> tuple[int, int, str, datetime]:
    """Return the user, the seconds, the called number and the answer time of a call."""
    return (
        100 + number % _USERS,
        number * 7 % 900 + 1,
        f"2079{number * 31 % numbers:06}",
        _FIRST + timedelta(seconds=number % (28 * 86_400)),
    )


def _row(number: int, numbers: int) -> str:
    user, seconds, called, time = _call(number, numbers)
    begun = f"{time - timedelta(seconds=5):%Y-%m-%d %H:%M:%S}"
    ended = f"{time + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"
    identity = f"{number + 1_704_067_200}.{number}"
    return (
        f'"acme","{user}","0{called}","from-internal","""Ann"" <{user}>",'
        f'"PJSIP/{user}-{number:08x}","PJSIP/trunk-00000001","Dial","PJSIP/0{called}@trunk","{begun}",'
        f'"{time:%Y-%m-%d %H:%M:%S}","{ended}",{seconds + 5},{seconds},"ANSWERED","DOCUMENTATION",'
        f'"{identity}","","","{identity}",{number}\n'
    )


def _body(calls: Sequence[int], numbers: int) -> bytes:
    return f"[{','.join(_event(it, numbers) for it in calls)}]".encode()


def _event(number: int, numbers: int) -> str:
    user, seconds, called, time = _call(number, numbers)
    return (
        f'{{"id":"asterisk:{number + 1_704_067_200}.{number}:{number}","type":"voice.call",'
        f'"organization_id":"{ORGANIZATION}","time":"{time:%Y-%m-%dT%H:%M:%SZ}",'
        f'"quantity":{seconds},"user_id":"{user}","attributes":{{"to":"+44{called}",'
        f'"from":"{user}","direction":"outbound"}}}}'
    )
