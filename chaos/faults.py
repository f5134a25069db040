"""What a fault is, and all of them in the order of the page."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from chaos.places import Cluster, Place, SqliteFile
from chaos.world import Verdict, World

ENGINES = ("SQLite", "PostgreSQL")


@dataclass(frozen=True)
class Bench:
    """Where a fault is tried: an engine, a folder that is removed afterwards, how many times.

    A fault that lasts is `quick` when it lasts a few seconds only.
    """

    engine: str
    folder: Path
    times: int
    random: Random
    quick: bool = False

    def place(self, options: str = "", folder: Path | None = None) -> Place:
        """Make a database of the engine."""
        if self.engine == "SQLite":
            return SqliteFile(folder or self.folder)
        return Cluster(folder or self.folder, options).create()

    def cluster(self, options: str = "") -> Cluster:
        """Make a PostgreSQL cluster."""
        return Cluster(self.folder, options).create()

    def under_load(
        self, place: Place, act: Callable[[World], None], *, keep: bool = False, **settings: str
    ) -> Verdict:
        """Put a server on a place under load, act, and compare; drop the place unless told."""
        try:
            world = World(place, **settings)
            try:
                world.load.start()
                world.load.wait_for(50)
                act(world)
                verdict = world.finish()
                verdict.wrong.extend(it for it in world.notes if it.startswith("wrong: "))
                return verdict
            finally:
                if world.server.process and world.server.process.poll() is None:
                    world.server.kill()
        finally:
            if not keep:
                place.drop()


@dataclass(frozen=True)
class Fault:
    """A fault: what it is called, what must come of it, where it applies, how often it is tried.

    Only an administrator can produce one that `mounts` a disk. One that `pools` needs a PgBouncer.
    """

    name: str
    expected: str
    run: Callable[[Bench], Verdict]
    times: int = 1
    quick: int = 1
    engines: tuple[str, ...] = ENGINES
    mounts: bool = False
    pools: bool = False
