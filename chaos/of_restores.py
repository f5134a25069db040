"""Restores of a backup while a server and commands are at work on the database."""

import os
import subprocess
import sys
from pathlib import Path

from chaos.faults import Bench, Fault
from chaos.places import Place
from chaos.world import Verdict, World


def _restored(bench: Bench) -> Verdict:
    """Try to put a backup in the place of a database that a server has open."""
    place = bench.place()
    backup = str(bench.folder / "backup")

    def act(world: World) -> None:
        for _ in range(bench.times):
            world.load.wait_for(100)
            code, said = _tollbook(place, "backup", backup)
            if code:
                world.notes.append(f"wrong: backup: {said}")
            world.load.wait_for(50)
            code, said = _tollbook(place, "restore", backup, "--replace")
            if code != 1 or "in use" not in said:
                world.notes.append(f"wrong: a restore under a server: {code}, {said}")
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
        "refused; the server goes on and everything acknowledged is there once",
        _restored,
        times=5,
    ),
)
