"""Faults: clocks that jump, are wrong, or differ between servers."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

from tests import plain_http
from tests.servers import Server

from chaos.faults import Bench, Fault
from chaos.load import Load
from chaos.world import Verdict, World


class WrongClock(Server):
    """A server whose clock is ahead by the seconds in a file."""

    def __init__(self, database_url: str, clock: Path, **settings: str) -> None:
        super().__init__(database_url, **settings)
        self.module = "chaos.served"
        os.environ["CHAOS_CLOCK"] = str(clock)


def _clock_jumps(bench: Bench) -> Verdict:
    place = bench.place()
    clock = bench.folder / "clock"
    clock.write_text("0")

    def act(world: World) -> None:
        world.server.stop()
        world.server = WrongClock(place.url, clock)
        world.server.start()
        for _ in range(bench.times):
            for offset in (-7200, 7200, 86_400, -86_400 * 30, 0):
                clock.write_text(str(offset))
                world.load.wait_for(100)
                if world.get("/readyz").status_code != 200:
                    world.notes.append(f"wrong: not ready with a clock that is {offset} s ahead")

    return bench.under_load(place, act)


def _clocks_differ(bench: Bench) -> Verdict:
    place = bench.place()
    clock = bench.folder / "clock"
    clock.write_text("240")

    def act(world: World) -> None:
        other = WrongClock(place.url, clock)
        with other:
            second = Load(lambda: other.address, world.key, clients=2, pause=bench.pause)
            second.sent, second.acknowledged = world.load.sent, world.load.acknowledged
            second.prefix = "other"
            second.start()
            second.wait_for(300 * bench.times)
            newest = plain_http.get(
                f"{other.address}/v1/analytics/users?organization_id=org_1",
                headers={"X-API-Key": world.key},
            ).headers["x-as-of"]
            sleep(0.1)
            later = world.get(
                f"/v1/analytics/users?organization_id=org_1&min_as_of={newest}"
            ).status_code
            if later not in (200, 503):
                world.notes.append(f"wrong: min_as_of of the server ahead: {later}")
            second.stop()
            world.notes.extend(f"wrong: {it}" for it in second.wrong)

    return bench.under_load(place, act)


def _clock_is_wrong(bench: Bench) -> Verdict:
    place = bench.place()
    clock = bench.folder / "clock"
    clock.write_text("0")

    def act(world: World) -> None:
        world.server.stop()
        world.server = WrongClock(place.url, clock)
        world.server.start()
        with Server(place.url) as right:
            for _ in range(bench.times):
                for offset in (90_000, -90_000):
                    clock.write_text(str(offset))
                    world.until_ready(ready=False)
                    message = world.get("/readyz").json()["checks"]["clock"]
                    if "90000 seconds" not in message:
                        world.notes.append(f"wrong: readiness reports {message} with a wrong clock")
                    seen = plain_http.get(
                        f"{right.address}/v1/analytics/users?organization_id=org_1",
                        headers={"X-API-Key": world.key},
                    ).headers["x-as-of"]
                    if datetime.fromisoformat(seen) > datetime.now(UTC) + timedelta(minutes=5):
                        world.notes.append(f"wrong: the other server reports as of {seen}")
                    clock.write_text("0")
                    world.until_ready()
                    world.load.wait_for(50)

    return bench.under_load(place, act)


OF_CLOCKS = (
    Fault(
        "a clock that jumps back and ahead, by up to a month",
        "identities, sums and readiness are not affected",
        _clock_jumps,
        times=3,
        engines=("SQLite",),
    ),
    Fault(
        "a server whose clock is wrong by 25 hours, next to another server",
        "it writes nothing and reports the reason; the other is not affected; automatic recovery",
        _clock_is_wrong,
        times=3,
        engines=("PostgreSQL",),
    ),
    Fault(
        "two servers with clocks four minutes apart",
        "one consistent ledger; neither refuses the other's events",
        _clocks_differ,
        times=3,
        engines=("PostgreSQL",),
    ),
)
