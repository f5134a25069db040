"""Fault: a backup is restored while a server uses the database."""

import os
import subprocess
import sys
from pathlib import Path

from chaos.faults import Bench, Fault
from chaos.places import Place
from chaos.world import Verdict, World


def _restored(bench: Bench) -> Verdict:
    """Try to restore a backup over a database that a server uses."""
    place = bench.place()
    backup = str(bench.folder / "backup")

    def act(world: World) -> None:
        for _ in range(bench.times):
            world.load.wait_for(100)
            code, message = _tollbook(place, "backup", backup)
            if code:
                world.notes.append(f"wrong: backup: {message}")
            world.load.wait_for(50)
            code, message = _tollbook(place, "restore", backup, "--replace")
            if code != 1 or "in use" not in message:
                world.notes.append(f"wrong: a restore under a server: {code}, {message}")
            Path(backup).unlink()
        world.load.wait_for(50)

    return bench.under_load(place, act)


def _tollbook(place: Place, *verb: str) -> tuple[int, str]:
    done = subprocess.run(
        (sys.executable, "-m", "tollbook", *verb),
        env={**os.environ, "TOLLBOOK_DATABASE_URL": place.url},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr[-300:]


OF_RESTORES = (
    Fault(
        "restore of a backup under a running server",
        "refused; the server continues, and every acknowledged event is stored once",
        _restored,
        times=5,
    ),
)
