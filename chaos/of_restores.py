"""Fault: a backup is restored while a server uses the database."""

from pathlib import Path

from tests.commands import run_command

from chaos.faults import Bench, Fault
from chaos.world import Verdict, World


def _restored(bench: Bench) -> Verdict:
    """Try to restore a backup over a database that a server uses."""
    place = bench.place()
    backup = str(bench.folder / "backup")

    def act(world: World) -> None:
        for _ in range(bench.times):
            world.load.wait_for(100)
            done = run_command(place.url, "backup", backup)
            if done.returncode:
                world.notes.append(f"wrong: backup: {done.stderr[-300:]}")
            world.load.wait_for(50)
            done = run_command(place.url, "restore", backup, "--replace")
            if done.returncode != 1 or "in use" not in done.stderr:
                world.notes.append(
                    f"wrong: a restore under a server: {done.returncode}, {done.stderr[-300:]}"
                )
            Path(backup).unlink()
        world.load.wait_for(50)

    return bench.under_load(place, act)


OF_RESTORES = (
    Fault(
        "restore of a backup under a running server",
        "refused; the server continues, and every acknowledged event is stored once",
        _restored,
        times=5,
    ),
)
