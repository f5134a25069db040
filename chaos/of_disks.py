"""Faults: disks that are full or read-only."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from time import sleep

import httpx
import psycopg
from tests import plain_http
from tests.commands import run_command
from tests.servers import Server

from chaos.disks import filled, read_only_disk, read_only_file, small_disk
from chaos.earlier import state_of, write_earlier
from chaos.faults import Bench, Fault
from chaos.places import Cluster, Place, SqliteFile
from chaos.world import Verdict, World

_DISK_MIB = {"SQLite": 96, "PostgreSQL": 400}
_LITTLE_LOG = "-c wal_keep_size=0 -c max_wal_size=64MB"
_KIB, _MIB = 1 << 10, 1 << 20
_ANSWER = "/v1/analytics/users?organization_id=org_1"
_EXPORT = "/v1/events?organization_id=org_1&start_date=2024-01-01&end_date=2024-12-31&format=csv"
_REPORT = ("report", "events", "org_1", "--start", "2024-01-01", "--end", "2024-12-31", "--csv")


def _full_during_ingest(bench: Bench) -> Verdict:
    with small_disk(bench.folder / "disk", _DISK_MIB[bench.engine]) as disk:
        place = bench.place(_LITTLE_LOG, disk)

        def act(world: World) -> None:
            for _ in range(bench.times):
                world.load.wait_for(200)
                with filled(disk):
                    world.until_ready(ready=False)
                    sleep(0.5)
                    _read_on_a_full_disk(world, place)
                _start_if_ended(place)
                world.until_ready()
                world.load.wait_for(200)

        return bench.under_load(place, act, min_free_mib="0")


def _read_on_a_full_disk(world: World, place: Place) -> None:
    """Read an answer and a file; these may fail only if PostgreSQL has stopped."""
    allowed = (200,) if isinstance(place, SqliteFile) else (200, 503)
    for path in (_ANSWER, _EXPORT):
        try:
            reading = world.get(path)
        except httpx.RemoteProtocolError:
            if isinstance(place, SqliteFile):
                world.notes.append("wrong: a file was truncated on a full disk")
            continue
        if reading.status_code not in allowed:
            world.notes.append(f"wrong: a read on a full disk: {reading.status_code}")
        if path == _EXPORT and reading.status_code == 200 and reading.text.count("\n") < 2:
            world.notes.append("wrong: a file without events on a full disk")


def _start_if_ended(place: Place) -> None:
    """Start PostgreSQL if it has stopped because it could not write its log."""
    if not isinstance(place, Cluster):
        return
    try:
        place.execute("SELECT 1")
    except psycopg.OperationalError:
        sleep(1)
        try:
            place.execute("SELECT 1")
        except psycopg.OperationalError:
            place.start()


def _full_during_migration(bench: Bench) -> Verdict:
    """Leave different amounts of space, so that the migration fails early or late."""
    wrong: list[str] = []
    words: tuple[str, ...] = ("there is no room on the disk",)
    if bench.engine == "PostgreSQL":  # PostgreSQL stops when it has no space for its log
        words = (*words, "the database is not available")
    with small_disk(bench.folder / "disk", _DISK_MIB[bench.engine]) as disk:
        place = bench.place(_LITTLE_LOG, disk)
        try:
            write_earlier(place.url, 10_000 if bench.quick else 40_000)
            before = state_of(place.url)
            for number in range(bench.times):
                with filled(disk, (_MIB, 4 * _MIB, 0)[number % 3]):
                    wrong += _refused(place.url, words)
                _start_if_ended(place)
                if state_of(place.url) != before:
                    wrong.append("a migration without space changed the database")
            with Server(place.url, min_free_mib="0"):
                pass
        except BaseException:
            place.drop()
            raise
        verdict = bench.under_load(place, lambda it: it.load.wait_for(500), min_free_mib="0")
    verdict.wrong += wrong
    return verdict


def _refused(url: str, words: tuple[str, ...]) -> list[str]:
    """Start a server, which must refuse with an error that contains one of these texts."""
    try:
        with Server(url, min_free_mib="0"):
            return ["a server started"]
    except RuntimeError as error:
        message = str(error)
    if "Traceback" in message or not any(f"tollbook: {it}" in message for it in words):
        return [f"a server printed: {message[-300:]}"]
    return []


def _full_during_copies(bench: Bench) -> Verdict:
    """Copy a ledger to a full disk under load; then free space, restore and archive the copy."""
    place = bench.place()

    def act(world: World) -> None:
        with small_disk(bench.folder / "disk", _DISK_MIB[bench.engine]) as disk:
            world.load.wait_for(2000)
            for number in range(bench.times):
                # With more space, the archive of a month would rightly succeed.
                with filled(disk, (0, 4 * _KIB)[number % 2]):
                    _fail_to_copy(world, disk)
                world.load.wait_for(50)
            _copy(world, disk)

    return bench.under_load(place, act)


def _fail_to_copy(world: World, disk: Path) -> None:
    backup, archive = disk / "backup", disk / "archive"
    for arguments in (
        ("backup", str(backup)),
        ("archive", "--older-than", "1", "--to", str(archive)),
        _REPORT,
    ):
        done = run_command(world.place.url, *arguments, output=str(disk / "output"))
        if done.returncode != 1 or not done.stderr.lstrip().startswith("tollbook: "):
            world.notes.append(f"wrong: {arguments[0]}: {done.returncode} {done.stderr[-300:]}")
    left = [it.name for it in (backup, *archive.rglob("*"), *disk.glob("*.unfinished*"))]
    if backup.exists() or len(left) > 1:
        world.notes.append(f"wrong: left over on a full disk: {left}")
    (disk / "output").unlink()


def _copy(world: World, disk: Path) -> None:
    backup, archive = str(disk / "backup"), str(disk / "archive")
    other = f"sqlite:///{disk}/restored.db"
    if isinstance(world.place, Cluster):
        world.place.execute("CREATE DATABASE restored")
        other = f"{world.place.url.rpartition('/')[0]}/restored"
    for url, arguments in (
        (world.place.url, ("backup", backup)),
        (world.place.url, _REPORT),
        (other, ("restore", backup)),
        (other, ("archive", "--older-than", "1", "--to", archive)),
        (other, ("verify", "--archive", archive)),
    ):
        done = run_command(url, *arguments)
        if done.returncode:
            world.notes.append(f"wrong: with enough space, {arguments[0]}: {done.stderr[-300:]}")
    if not any(Path(archive).iterdir()):
        world.notes.append("wrong: with enough space, nothing was archived")


def _not_writable(bench: Bench) -> Verdict:
    """Check that a read-only file can be read, and that one in a read-only folder is refused."""
    with small_disk(bench.folder / "disk", _DISK_MIB[bench.engine]) as disk:
        place = SqliteFile(disk)
        verdict = bench.under_load(place, lambda world: world.load.wait_for(500), keep=True)
        content = place.path.read_bytes()
        ways: tuple[tuple[Callable[[Path], AbstractContextManager[None]], Path, str, int], ...] = (
            (read_only_disk, disk, "the database file cannot be opened", 1),
            (read_only_file, place.path, "the database is read-only", 0),
        )
        for way, path, words, code in ways:
            with way(path):
                verdict.wrong += _refused(place.url, (words,))
                for reading in (("verify",), _REPORT):
                    done = run_command(place.url, *reading)
                    if done.returncode != code or ("tollbook: " in done.stderr) != bool(code):
                        verdict.wrong.append(f"{words}: {done.returncode} {done.stderr[-300:]}")
            if place.path.read_bytes() != content:
                verdict.wrong.append(f"{words}, but the file was changed")
        with Server(place.url, min_free_mib="0") as server:
            if plain_http.get(f"{server.address}/readyz").status_code != 200:
                verdict.wrong.append("not ready on a file that is writable again")
        if run_command(place.url, "verify").returncode:
            verdict.wrong.append("it does not verify when it is writable again")
    return verdict


OF_DISKS = (
    Fault(
        "a disk that is temporarily full",
        "503 and red readiness; reads and exports continue; automatic recovery (PostgreSQL is "
        "started again if it has stopped)",
        _full_during_ingest,
        times=5,
        mounts=True,
    ),
    Fault(
        "a disk that is full during a migration",
        "an error and no start; no row is changed; with enough space the server starts and all "
        "sums are correct (PostgreSQL is started again if it has stopped)",
        _full_during_migration,
        times=6,
        mounts=True,
    ),
    Fault(
        "a disk that is full when a backup, an archive or a report is written",
        "an error; no file under its final name, and no event removed; with enough space, success",
        _full_during_copies,
        times=6,
        mounts=True,
    ),
    Fault(
        "a database file or folder that is read-only",
        "an error and no start; the file can be read where SQLite can; it is not changed",
        _not_writable,
        engines=("SQLite",),
        mounts=True,
    ),
)
