"""Faults: slow readers of PostgreSQL, a silent network, and poolers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

import psycopg
from tests import plain_http
from tests.builders import event
from tests.poolers import Pooler
from tests.ways import Way

from chaos.faults import Bench, Fault
from chaos.places import Place
from chaos.world import Verdict, World

_RECOVERS_WITHIN = 30.0


@dataclass
class Through:
    """A database that is reached through a proxy."""

    place: Place
    url: str

    @property
    def engine(self) -> str:
        """Return the name of the engine."""
        return self.place.engine

    def drop(self) -> None:
        """Drop the database."""
        self.place.drop()


def _slow_reader(bench: Bench) -> Verdict:
    place = bench.place()

    def act(world: World) -> None:
        for turn in range(bench.times):
            with _reading(place):
                day = f"{2021 + turn // 12}-{turn % 12 + 1:02d}-15"
                new = event(id=f"first-{turn}", time=f"{day}T12:00:00Z")
                world.load.sent["org_1", new["id"]] = new["quantity"]
                key = {"X-API-Key": world.key}
                sent = plain_http.post(
                    f"{world.server.address}/v1/events",
                    json=new,
                    headers=key,
                    timeout=bench.patience(20),
                )
                if sent.status_code != 200:
                    world.notes.append(f"wrong: {sent.status_code} for the first of a month")
                world.load.wait_for(50)
                path = f"/v1/events/org_1/{new['id']}"
                if world.get(path).status_code != 200:
                    world.notes.append("wrong: an event was not explained during a slow read")

    return bench.under_load(place, act)


@contextmanager
def _reading(place: Place) -> Iterator[None]:
    """Keep a read of events open, like a slow export or dump."""
    with psycopg.connect(place.url) as reader:
        reader.execute("SELECT * FROM events LIMIT 1")
        yield
        reader.rollback()


def _silence(bench: Bench) -> Verdict:
    place = bench.place()
    with Way(place.url) as way:

        def act(world: World) -> None:
            for turn in range(bench.times):
                way.silence()
                silent = monotonic()
                while monotonic() < silent + (3 if bench.quick else 15 * turn + 5):
                    sleep(1)
                    alive = plain_http.get(
                        f"{world.server.address}/healthz", timeout=bench.patience(5)
                    )
                    if alive.status_code != 200:
                        world.notes.append("wrong: not alive while the database is silent")
                way.open()
                start = monotonic()
                world.load.wait_for(20)
                world.until_ready()
                if not bench.quick and monotonic() - start > _RECOVERS_WITHIN:
                    world.notes.append(
                        f"wrong: recovered {monotonic() - start:.0f} s after the network was back"
                    )

        return bench.under_load(Through(place, way.url), act)


def _pooler(bench: Bench) -> Verdict:
    place = bench.place()
    program = os.environ.get("TOLLBOOK_TEST_PGBOUNCER", "")
    if not program:
        place.drop()
        raise RuntimeError("no PgBouncer found; on Debian: apt-get install pgbouncer")
    with Pooler(place.url, program, sessions=4) as pooler:

        def act(world: World) -> None:
            for _ in range(bench.times):
                world.load.wait_for(200)
                if world.get("/v1/analytics/users?organization_id=org_1").status_code != 200:
                    world.notes.append("wrong: a question failed behind the pooler")
                if world.get("/readyz").status_code != 200:
                    world.notes.append("wrong: not ready behind the pooler")
            refused = {it: n for it, n in world.load.refused.items() if it != "429"}
            if refused:
                world.notes.append(f"wrong: refused behind the pooler: {refused}")

        return bench.under_load(Through(place, pooler.url), act)


OF_WAYS = (
    Fault(
        "a slow reader, and the first event of a month",
        "no request waits for the reader",
        _slow_reader,
        times=20,
        engines=("PostgreSQL",),
    ),
    Fault(
        "a network that accepts data and returns nothing",
        "alive meanwhile; recovery within 30 s after the network is back",
        _silence,
        times=4,
        engines=("PostgreSQL",),
    ),
    Fault(
        "PgBouncer in transaction mode, with 4 sessions",
        "no request fails because of it",
        _pooler,
        times=10,
        engines=("PostgreSQL",),
        pools=True,
    ),
)
