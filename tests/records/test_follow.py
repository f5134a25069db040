"""Files that grow and rotate lose no row, whatever happens to them and to the process."""

import gzip
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tollbook.records.follow.follower import LINGER, Follower
from tollbook.records.follow.growing import GrowingFile
from tollbook.records.follow.state import FORGET_AFTER, FileState, StateFile, locked
from tollbook.records.formats import mapping_of, reader_of
from tollbook.records.options import MappingChanges
from tollbook.records.rows import RecordRow, SourceRefused

COLUMNS = {"id": "id", "time": "time", "quantity": "seconds", "to": "to"}
HEADER = "id,time,seconds,to\n"


class Killed(Exception):
    """The process ended between a commit and its state."""


class World:
    """A folder with a log, and a process that follows it and may be killed."""

    def __init__(self, folder: Path, pattern: str = "cdr.csv") -> None:
        self.folder = folder
        self.log = folder / "cdr.csv"
        self.pattern = str(folder / pattern)
        self.stored: Counter[str] = Counter()
        self.rotations: Counter[str] = Counter()
        self.gaps: list[FileState] = []
        self.kills_next = False
        self.now = 1_000_000.0
        self.written: list[str] = []
        self.start()

    def start(self) -> None:
        """Start the process, from the state that the last one left."""
        mapping = mapping_of("csv", MappingChanges(columns=COLUMNS, timezone="UTC"))
        reader = reader_of(mapping)
        state_file = StateFile(self.folder / "state.json", {"o": 1})
        files = state_file.load(options_may_differ=False)
        self.follower = Follower(
            [self.pattern], mapping, reader, state_file, files, self._store, self
        )

    def restart(self) -> None:
        self.follower.close()
        self.start()

    def poll(self, seconds: float = 1.0) -> None:
        self.now += seconds
        try:
            self.follower.poll(self.now)
        except Killed:
            self.restart()

    def settle(self) -> None:
        for _ in range(4):
            self.poll()

    def _store(self, file: GrowingFile, rows: list[RecordRow]) -> None:
        for row in rows:
            assert row.refusal is None, row
            self.stored[row.values["id"]] += 1
        if self.kills_next:
            self.kills_next = False
            raise Killed

    def rotated(self, kind: str) -> None:
        self.rotations[kind] += 1

    def lost(self, state: FileState) -> None:
        self.gaps.append(state)

    def append(self, count: int, path: Path | None = None, end: str = "\n") -> None:
        path = path or self.log
        is_new = not path.exists() or path.stat().st_size == 0
        with path.open("a") as file:
            file.write(HEADER if is_new else "")
            for n in range(count):
                identity = f"c{len(self.written)}"
                self.written.append(identity)
                last = end if n == count - 1 else "\n"
                file.write(f"{identity},2024-06-15 09:00:00,61,+442079460100{last}")

    def complete(self) -> None:
        with self.log.open("a") as file:
            file.write("\n")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.follower.close()


def test_rows_are_read_as_they_come_and_half_a_row_when_it_is_whole(world: World) -> None:
    world.poll()
    world.append(3, end="")
    world.poll()
    assert world.stored.total() == 2
    world.complete()
    world.append(1)
    world.poll()
    assert world.stored == Counter(world.written)


def test_a_new_process_goes_on_where_the_last_one_ended(world: World) -> None:
    world.append(3)
    world.poll()
    world.restart()
    world.append(2)
    world.poll()
    assert world.stored == Counter(world.written)
    assert (world.folder / "state.json").stat().st_mode & 0o777 == 0o600


def test_a_renamed_file_is_read_until_it_rests(world: World) -> None:
    world.append(2)
    world.poll()
    old = world.folder / "cdr.csv.1"
    world.log.rename(old)
    world.append(1)
    world.append(1, path=old)
    world.poll()
    assert world.stored == Counter(world.written)
    assert world.rotations == {"renamed": 1}
    world.poll(LINGER + 1)
    world.poll()
    assert [it.name for it in world.follower.open_files] == [str(world.log)]


def test_a_file_that_was_rotated_while_nobody_looked_is_found(world: World) -> None:
    world.append(2)
    world.poll()
    world.append(2)
    world.log.rename(world.folder / "cdr.csv.1")
    world.append(1)
    world.restart()
    world.settle()
    assert world.stored == Counter(world.written)
    assert world.gaps == []


def test_a_file_with_a_header_only_is_not_taken_for_another(world: World) -> None:
    world.log.write_text(HEADER)
    world.poll()
    world.append(2)
    world.log.rename(world.folder / "cdr.csv.1")
    world.log.write_text(HEADER)
    world.append(1)
    world.restart()
    world.settle()
    assert world.stored == Counter(world.written)


def test_a_truncated_file_goes_on_in_its_copy(world: World) -> None:
    world.append(2)
    world.poll()
    world.append(2)
    shutil.copy(world.log, world.folder / "cdr.csv.1")
    os.truncate(world.log, 0)
    world.append(1)
    world.settle()
    assert world.stored == Counter(world.written)
    assert world.rotations == {"truncated": 1}


def test_a_packed_file_goes_on_at_its_offset(world: World) -> None:
    world.append(2)
    world.poll()
    world.append(2)
    packed = gzip.compress(world.log.read_bytes())
    (world.folder / "cdr.csv.1.gz").write_bytes(packed)
    world.log.unlink()
    world.append(1)
    world.restart()
    world.settle()
    assert world.stored == Counter(world.written)
    assert world.rotations["packed"] == 1


def test_a_rest_that_is_nowhere_is_a_gap(world: World) -> None:
    world.append(2)
    world.poll()
    world.follower.close()
    world.log.unlink()
    world.append(1)
    world.start()
    world.settle()
    assert [it.offset > 0 for it in world.gaps] == [True]
    world.poll(FORGET_AFTER + 1)
    world.poll()
    assert len(world.follower.files) == 1


def test_new_files_of_a_pattern_are_read_from_their_beginning(tmp_path: Path) -> None:
    world = World(tmp_path, pattern="cdr*.csv")
    world.append(1)
    world.poll()
    world.append(1, path=tmp_path / "cdr-2.csv")
    (tmp_path / "cdr-refused.csv").write_bytes(b"#tollbook: x\n")
    world.settle()
    world.follower.close()
    assert world.stored == Counter(world.written)


@pytest.mark.parametrize("seed", range(12))
def test_no_row_is_lost_whatever_happens(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    world = World(tmp_path, chance.choice(["cdr.csv", "cdr.csv*"]))
    for _ in range(60):
        match chance.randrange(9):
            case 0 | 1 | 2:
                world.append(chance.randrange(1, 30))
            case 3:
                world.append(1, end="")
                world.poll()
                world.complete()
            case 4 if world.log.exists():
                _rotate(world)
            case 5 if world.log.exists() and world.log.stat().st_size:
                _rotate(world, copies=True)
            case 6:
                _pack(world)
            case 7:
                world.kills_next = True
                world.append(chance.randrange(1, 30))
            case 8:
                world.restart()
        if chance.random() < 0.6:
            world.poll(chance.choice([1, 1, 1, 70]))
    world.settle()
    world.follower.close()
    assert set(world.stored) == set(world.written)
    assert world.gaps == []


def _rotate(world: World, *, copies: bool = False) -> None:
    if "*" not in world.pattern:
        world.poll()  # a file that came and went while nobody looked has a name nobody knows
    for n in range(20, 0, -1):
        for ending in ("", ".gz"):
            older = world.folder / f"cdr.csv.{n}{ending}"
            if older.exists():
                older.rename(world.folder / f"cdr.csv.{n + 1}{ending}")
    if copies:
        shutil.copy(world.log, world.folder / "cdr.csv.1")
        os.truncate(world.log, 0)
    else:
        world.log.rename(world.folder / "cdr.csv.1")


def _pack(world: World) -> None:
    found = world.folder / "cdr.csv.1"
    if found.exists():
        (world.folder / "cdr.csv.1.gz").write_bytes(gzip.compress(found.read_bytes()))
        found.unlink()


def test_other_options_and_a_damaged_state_start_nothing(world: World) -> None:
    world.append(1)
    world.poll()
    path = world.folder / "state.json"
    with pytest.raises(SourceRefused, match="options-changed"):
        StateFile(path, {"o": 2}).load(options_may_differ=False)
    assert StateFile(path, {"o": 2}).load(options_may_differ=True)
    path.write_text("{")
    with pytest.raises(SourceRefused, match="damaged"):
        StateFile(path, {"o": 1}).load(options_may_differ=False)


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with locked(path), pytest.raises(SourceRefused, match="another process"), locked(path):
        pass
