"""When a replica may be read: by the places of two logs and a clock, without a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.logs import captured_logs
from tollbook.domain.errors import StoreUnavailable
from tollbook.store import replica as module
from tollbook.store.database import Database
from tollbook.store.replica import Replica

LAG = 10


class Node:
    """A database with a log and a directory, which may be away."""

    def __init__(self) -> None:
        self.place = 0
        self.directory_token = 1
        self.replayed_at: int | None = 1
        self.problem = ""
        self.engine = SimpleNamespace(log_position=self._position)

    def _position(self) -> int:
        if self.problem:
            raise StoreUnavailable(self.problem)
        return self.place

    @contextmanager
    def reading(self) -> Iterator[Any]:
        if self.problem:
            raise StoreUnavailable(self.problem)
        yield SimpleNamespace(directory_token=self.directory_token, replayed_at=self.replayed_at)


class World:
    """A primary, its standby and a clock, all moved by the test."""

    def __init__(self) -> None:
        self.now = 100.0
        self.primary, self.standby = Node(), Node()
        standby, primary = cast("Database", self.standby), cast("Database", self.primary)
        self.replica = Replica(standby, primary, LAG, lambda: self.now)

    def look(self, *, at: float, written: int, replayed: int) -> None:
        self.now, self.primary.place, self.standby.place = at, written, replayed
        self.replica.look()

    def refusal(self) -> str | None:
        try:
            with self.replica.reading():
                return None
        except StoreUnavailable as error:
            return error.sentence.removeprefix("the replica is not read: ")


@pytest.fixture
def world() -> World:
    return World()


def test_a_replica_is_not_read_before_it_was_compared(world: World) -> None:
    assert world.replica.lag_seconds is None
    assert world.refusal() == "not compared yet"


def test_a_replica_that_has_replayed_everything_has_no_lag(world: World) -> None:
    world.look(at=100, written=5, replayed=5)
    assert world.replica.lag_seconds == 0
    assert world.refusal() is None


def test_the_lag_is_the_age_of_the_newest_place_that_was_replayed(world: World) -> None:
    for second in range(5):
        world.look(at=100 + second, written=10 * second, replayed=0)
    assert world.replica.lag_seconds == 4
    world.look(at=105, written=50, replayed=29)
    assert world.replica.lag_seconds == 3
    world.look(at=106, written=60, replayed=30)
    assert world.replica.lag_seconds == 3
    world.look(at=107, written=60, replayed=60)
    assert world.replica.lag_seconds == 0


def test_nothing_is_known_until_the_first_place_was_replayed(world: World) -> None:
    world.look(at=100, written=5, replayed=4)
    assert world.replica.lag_seconds is None
    assert world.refusal() == "more than 10 seconds behind"
    world.look(at=101, written=9, replayed=5)
    assert world.replica.lag_seconds == 1


@pytest.mark.parametrize(("lag", "is_read"), [(LAG - 0.5, True), (LAG, True), (LAG + 0.5, False)])
def test_a_replica_is_read_up_to_its_largest_lag(world: World, lag: float, is_read: bool) -> None:
    world.look(at=100, written=5, replayed=5)
    world.now += lag
    assert (world.refusal() is None) == is_read


def test_a_clock_that_goes_back_makes_no_negative_lag(world: World) -> None:
    world.look(at=100, written=5, replayed=5)
    world.now = 90
    assert world.replica.lag_seconds == 0


@pytest.mark.parametrize("name", ["primary", "standby"])
def test_a_database_that_is_away_is_the_problem(world: World, name: str) -> None:
    world.look(at=100, written=5, replayed=5)
    node: Node = getattr(world, name)
    node.problem = "it is away"
    world.look(at=101, written=5, replayed=5)
    assert world.refusal() == "it is away"
    node.problem = ""
    world.look(at=102, written=5, replayed=5)
    assert world.refusal() is None


def test_a_promoted_standby_is_not_read(world: World) -> None:
    world.look(at=100, written=5, replayed=5)
    world.standby.replayed_at = None
    assert world.refusal() == "it is no longer a standby"


def test_a_replica_without_a_change_of_the_directory_is_not_read(world: World) -> None:
    world.look(at=100, written=5, replayed=5)
    world.primary.directory_token = 2
    assert world.refusal() == "its directory is another one"
    world.standby.directory_token = 2
    assert world.refusal() is None


def test_only_a_change_of_use_is_logged(world: World) -> None:
    with captured_logs() as logs:
        world.look(at=100, written=5, replayed=5)
        world.look(at=101, written=6, replayed=6)
        world.standby.problem = "it is away"
        world.look(at=102, written=7, replayed=7)
        world.look(at=103, written=8, replayed=8)
        world.standby.problem = ""
        world.look(at=104, written=9, replayed=9)
    found = [(it["event"], it["log_level"], it.get("problem")) for it in logs]
    assert found == [
        ("replica_in_use", "info", None),
        ("replica_not_in_use", "warning", "it is away"),
        ("replica_in_use", "info", None),
    ]


def test_places_are_kept_up_to_a_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_POSITIONS", 3)
    small = World()
    for second in range(6):
        small.look(at=100 + second, written=second + 1, replayed=0)
    small.look(at=110, written=9, replayed=5)
    assert small.replica.lag_seconds == 6
