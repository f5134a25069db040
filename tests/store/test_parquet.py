"""Files of events: written as a whole or not at all, and read back as they were."""

import os
from collections.abc import Iterator
from errno import EACCES, ENOSPC
from hashlib import sha256
from pathlib import Path

import pytest

from tollbook.domain.errors import DiskFull, SettingsError, StoreUnavailable
from tollbook.store import parquet
from tollbook.store.engine import Row
from tollbook.store.events import Stored
from tollbook.store.parquet import KINDS, EventFile, WrittenFile

arrow = pytest.importorskip("pyarrow.parquet")


def row(identity: str = "a", day: int = 20240115, **given: object) -> Row:
    usual = Stored(
        organization_id=7,
        day=day,
        id=identity,
        user_id="ann",
        meter=5,
        resource_id=None,
        time=1_705_312_800_000_000,
        quantity=61_000_000,
        billed=61_000_000,
        cost=122_000_000,
        rate_id=None,
        attributes="{}",
        received_at=1,
        own_cost=None,
        buy=None,
        position=None,
        tier_key=None,
        reverses=None,
        hour=28_421_880,
        country="GB",
    )
    return tuple(usual._replace(**given))


EXTREMES = [
    row("least", cost=-(2**63), quantity=-(2**63), day=0, meter=-(2**15)),
    row("most", cost=2**63 - 1, buy=2**63 - 1, day=2**31 - 1, meter=2**15 - 1),
    row("Größe 💬\n\0", attributes='{"ü":"\\u0000"}', country="", tier_key="", reverses=""),
    row("all", resource_id="r", rate_id=1, own_cost=0, buy=0, position=0, reverses="x"),
]


def write(path: Path, *groups: list[Row], **about: str) -> WrittenFile:
    return parquet.write_file(path, groups, about)


def test_rows_come_back_in_their_groups(tmp_path: Path) -> None:
    groups = [[row("a"), row("b")], EXTREMES, [row("z")]]
    written = write(tmp_path / "x.parquet", *groups)
    assert list(parquet.read_file(tmp_path / "x.parquet")) == groups
    assert written.rows == 7


def test_a_file_without_events_is_a_file(tmp_path: Path) -> None:
    written = write(tmp_path / "x.parquet", about="nothing")
    assert list(parquet.read_file(tmp_path / "x.parquet")) == []
    assert (written.rows, parquet.about(tmp_path / "x.parquet")) == (0, {"about": "nothing"})


def test_the_columns_are_those_of_the_ledger_in_its_order(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", [row()])
    schema = arrow.read_schema(tmp_path / "x.parquet")
    assert tuple(schema.names) == Stored._fields == tuple(KINDS)
    kinds = {name: str(schema.field(name).type) for name in ("id", "meter", "day", "cost")}
    assert kinds == {"id": "string", "meter": "int16", "day": "int32", "cost": "int64"}


def test_a_file_is_what_was_reported_of_it(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    written = write(path, [row("a")], [row("b")], month="202401", größe="ü")
    content = path.read_bytes()
    assert written.bytes == len(content)
    assert written.checksum == parquet.checksum_of(path) == sha256(content).hexdigest()
    assert written.digest == parquet.digest_of(path)
    assert parquet.about(path) == {"month": "202401", "größe": "ü"}


def test_the_digest_is_of_the_rows_and_their_groups_only(tmp_path: Path) -> None:
    one = write(tmp_path / "1", [row("a"), row("b")], made="now")
    same = write(tmp_path / "2", [row("a"), row("b")], made="later")
    others = (
        write(tmp_path / "3", [row("a"), row("c")]),
        write(tmp_path / "4", [row("b"), row("a")]),
        write(tmp_path / "5", [row("a")]),
        write(tmp_path / "6", [row("a", cost=1), row("b")]),
    )
    assert one.digest == same.digest
    assert one.checksum != same.checksum
    assert len({one.digest, *(it.digest for it in others)}) == 5


def test_a_checksum_is_of_all_pieces_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_READ_AT_ONCE", 3)
    path = tmp_path / "x"
    for content in (b"", b"ab", b"abc", b"abcdefgh"):
        path.write_bytes(content)
        assert parquet.checksum_of(path) == sha256(content).hexdigest()


def broken_rows() -> Iterator[list[Row]]:
    yield [row("a")]
    raise StoreUnavailable("the ledger is away")


def test_an_interrupted_file_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    with pytest.raises(StoreUnavailable, match="the ledger is away"):
        parquet.write_file(path, broken_rows(), {})
    assert list(tmp_path.iterdir()) == []


def test_a_file_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"

    def groups() -> Iterator[list[Row]]:
        yield [row("a")]
        assert [it.name for it in tmp_path.iterdir()] == ["x.parquet.unfinished"]
        assert parquet.unfinished_of(path).is_file()

    parquet.write_file(path, groups(), {})
    assert [it.name for it in tmp_path.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize(
    ("code", "kind"), [(ENOSPC, DiskFull), (EACCES, StoreUnavailable), (None, StoreUnavailable)]
)
def test_the_reason_why_a_file_was_not_written_is_named(
    code: int | None, kind: type[Exception]
) -> None:
    error = OSError(code, os.strerror(code)) if code else OSError("odd")
    found = parquet.not_written(Path("/archive/x"), error)
    assert type(found) is kind
    reason = os.strerror(code) if code else "odd"
    assert found.sentence == f"/archive/x could not be written ({reason}); no event was changed"


def test_a_missing_folder_is_an_error_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="could not be written"):
        write(tmp_path / "missing" / "x.parquet", [row()])


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(parquet, "import_module", missing)
    with pytest.raises(SettingsError, match="pip install 'pyarrow>=22'"):
        parquet.arrow_modules()


DAYS = (20240101, 20240102, 20240102, 20240103, 20240105)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (20231231, []),
        (20240101, [0]),
        (20240102, [0, 1]),
        (20240103, [1]),
        (20240104, []),
        (20240105, [2]),
        (20240106, []),
    ],
)
def test_only_groups_that_may_have_a_day_are_read(
    tmp_path: Path, day: int, expected: list[int]
) -> None:
    rows = [row(f"{at}", day=it) for at, it in enumerate(DAYS)]
    groups = [rows[:2], rows[2:4], rows[4:]]
    write(tmp_path / "x.parquet", *groups)
    file = EventFile(tmp_path / "x.parquet")
    found = [table.column("id").to_pylist() for table in file.groups(day)]
    assert found == [[it[2] for it in groups[number]] for number in expected]


def test_the_last_group_is_read_once_for_several_days(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", [row("a", day=20240101), row("b", day=20240103)])
    file = EventFile(tmp_path / "x.parquet")
    ((first,), (second,)) = (list(file.groups(day)) for day in (20240103, 20240101))
    assert first is second
