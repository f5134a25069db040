"""Faults, and the bench on which they are tested."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from chaos.places import Cluster, Place, SqliteFile
from chaos.world import Verdict, World

ENGINES = ("SQLite", "PostgreSQL")


@dataclass(frozen=True)
class Bench:
    """The test bench of a fault: an engine, a temporary folder, and the number of repetitions.

    With `quick`, lasting faults take only a few seconds.
    """

    engine: str
    folder: Path
    times: int
    random: Random
    quick: bool = False

    @property
    def pause(self) -> float:
        """Return the seconds between the requests of a client.

        The load of a quick bench leaves time for what happens to the server meanwhile.
        """
        return 0.05 if self.quick else 0.0

    def patience(self, seconds: float) -> float:
        """Return how long an answer may take; a quick bench measures nothing and waits longer."""
        return 60.0 if self.quick else seconds

    def place(self, options: str = "", folder: Path | None = None) -> Place:
        """Create a database of the engine."""
        if self.engine == "SQLite":
            return SqliteFile(folder or self.folder)
        return Cluster(folder or self.folder, options).create()

    def cluster(self, options: str = "") -> Cluster:
        """Create a PostgreSQL cluster."""
        return Cluster(self.folder, options).create()

    def under_load(
        self, place: Place, act: Callable[[World], None], *, keep: bool = False, **settings: str
    ) -> Verdict:
        """Run `act` on a server under load, and compare; drop the place unless `keep`."""
        try:
            world = World(place, clients=4, pause=self.pause, **settings)
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
    """A fault: its name, expected result, engines, and number of repetitions.

    A fault that `mounts` a disk needs root. A fault that `pools` needs PgBouncer.
    """

    name: str
    expected: str
    run: Callable[[Bench], Verdict]
    times: int = 1
    quick: int = 1
    engines: tuple[str, ...] = ENGINES
    mounts: bool = False
    pools: bool = False
