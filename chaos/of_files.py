"""Faults: commits whose response is lost, and archive runs and erasures that are killed."""

from contextlib import closing
from pathlib import Path
from time import sleep

from tests.builders import Platform, event
from tests.commands import Command, run_command
from tests.proxies import Proxy

from chaos.faults import Bench, Fault
from chaos.load import ORGANIZATIONS
from chaos.places import Cluster, Place
from chaos.world import Verdict, World
from tollbook.lifecycle.check import archive_differences
from tollbook.store.database import Database, open_database
from tollbook.store.orphans import owner_differences
from tollbook.store.parquet import read_file
from tollbook.store.verification import CHECKS, differences

_OF, _ERASED = ORGANIZATIONS[0], "user_1"
_NUMBERS = "4420718387"
_LONGEST_RUN = 60.0


class _Proxied:
    """A cluster that is reached through a proxy."""

    engine = "PostgreSQL"

    def __init__(self, cluster: Cluster, proxy: Proxy) -> None:
        self._cluster = cluster
        self.url = proxy.url

    def drop(self) -> None:
        """Kill the cluster."""
        self._cluster.drop()


def _answers_lost(bench: Bench) -> Verdict:
    cluster = bench.cluster()
    with Proxy(cluster.url) as proxy:

        def act(world: World) -> None:
            for _ in range(bench.times):
                world.load.wait_for(bench.random.randint(1, 100))
                proxy.lose_commit("", is_done=bench.random.random() < 0.75)
                if not proxy.lost.wait(_LONGEST_RUN):
                    world.notes.append("wrong: there was no commit to lose")
                world.load.wait_for(1)

        return bench.under_load(_Proxied(cluster, proxy), act)


def _killed(bench: Bench) -> Verdict:
    """Kill archive runs and erasures, let one of each finish, and check for leftovers."""
    place = bench.place()
    verdict = bench.under_load(place, lambda world: world.load.wait_for(100), keep=True)
    folder = bench.folder / "archive"
    folder.mkdir()
    archive = ("archive", "--older-than", "1", "--to", str(folder), "--organization", _OF)
    erasure = ("users", "erase", _OF, _ERASED, "--yes")
    try:
        with closing(open_database(place.url)) as database:
            for number in range(bench.times):
                _send_late_events(database, number)
                verb = archive if number % 2 == 0 else erasure
                _kill(bench, place, folder, verb)
            for verb in (archive, erasure):
                done = run_command(place.url, *verb)
                if done.returncode:
                    verdict.wrong.append(f"{verb[:2]} after the kills: {done.stderr[-200:]}")
            verdict.wrong.extend(_left_in(database, folder))
    finally:
        place.drop()
    return verdict


def _send_late_events(database: Database, number: int) -> None:
    platform = Platform(database)
    given = {"organization_id": _OF, "user_id": _ERASED, "attributes": {"to": f"+{_NUMBERS}50"}}
    platform.send(
        *(
            event(id=f"late-{number}-{month}", time=f"2024-0{month}-15T10:30:00Z", **given)
            for month in range(1, 5)
        )
    )


def _kill(bench: Bench, place: Place, folder: Path, verb: tuple[str, ...]) -> None:
    """Kill a command while it writes and replaces files."""
    before = set(folder.iterdir())
    command = Command(place.url, *verb)
    while command.poll() is None and set(folder.iterdir()) == before:
        sleep(0.001)
    sleep(bench.random.uniform(0, 0.3))
    command.kill()


def _left_in(database: Database, folder: Path) -> list[str]:
    """Return problems: files that should not be in the folder, or are missing."""
    wrong = []
    with database.reading() as snapshot:
        found = [it for check in CHECKS for it in differences(snapshot, check)]
        found += owner_differences(snapshot)
        found += archive_differences(snapshot, folder)
        recorded = {row[0] for row in snapshot.rows("SELECT file FROM archived_months")}
        drafts = snapshot.rows("SELECT file FROM archive_drafts")
    wrong += [f"verify: {it.check} {it.side} {it.row}" for it in found[:3]]
    files = {it.name for it in folder.iterdir()}
    if files != recorded:
        wrong.append(f"{len(files - recorded)} files left over, {len(recorded - files)} missing")
    if drafts:
        wrong.append(f"{len(drafts)} files recorded as being written")
    rows = [row for it in folder.iterdir() for group in read_file(it) for row in group]
    if any(_NUMBERS in str(row) for row in rows if row[3] == _ERASED):
        wrong.append("data of an erased person in an archive file")
    return wrong


OF_FILES = (
    Fault(
        "commits whose response is lost, or that never arrive",
        "503 `outcome_unknown`; after a retry, every event is stored once",
        _answers_lost,
        times=20,
        quick=3,
        engines=("PostgreSQL",),
    ),
    Fault(
        "archive runs and erasures killed (SIGKILL) at random instants",
        "every event is once in the ledger or an archive; no file is left over; no data of an "
        "erased person remains",
        _killed,
        times=40,
        quick=2,
    ),
)
