"""Everything in a database moves to another one, of either engine, unchanged and once."""

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Integer, LargeBinary, SmallInteger, Table

from tests.builders import Platform, event
from tests.commands import run_command
from tests.lifecycle.kills import killed_at
from tests.store.moved import TABLES, moved_platform, rows_of
from tollbook.domain.errors import CopyRefused, SchemaChanged
from tollbook.store import copied_tables, copy_progress
from tollbook.store.copying import Copied, copy_database
from tollbook.store.database import Database, open_database
from tollbook.store.event_ids import encode_id
from tollbook.store.tables.schema import metadata

CHUNK = 3
TEXTS = ("", "a", "Ä", "日本", 'quote " and \\', "zz", "~")
LEAST, MOST = -(2**63), 2**63 - 1


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def copy(source: str, target: str, *, of_moment: bool = False, quick: bool = False) -> Copied:
    return copy_database(source, target, nothing, of_moment=of_moment, quick=quick)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copied_tables, "CHUNK", CHUNK)


@pytest.fixture
def other_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """The URL of an empty database of the other engine."""
    if database_url.startswith("sqlite"):
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture
def platform(database: Database) -> Platform:
    return moved_platform(database)


def made_rows(table: Table) -> Iterator[dict[str, Any]]:
    """Make rows with unusual values of every kind, each with a key of its own."""
    for place, text in enumerate(TEXTS):
        row: dict[str, Any] = {}
        for column in table.columns:
            kind = column.type
            if column.nullable and place % 2:
                row[column.name] = None
            elif column.name in {"day", "month"}:
                row[column.name] = {"day": 20240110, "month": 202401}[column.name] + place
            elif column.primary_key and isinstance(kind, Integer):
                row[column.name] = place + 1
            elif isinstance(kind, SmallInteger):
                row[column.name] = place
            elif isinstance(kind, Integer):
                large = type(kind) is not Integer
                row[column.name] = (LEAST, MOST, 0)[place % 3] if large else place
            else:
                row[column.name] = encode_id(text) if isinstance(kind, LargeBinary) else text
        yield row


def fill(database: Database) -> None:
    database.ensure_partitions([202401])
    with database.writing() as transaction:
        for table in metadata.tables.values():
            if table.name == "directory_state":
                continue
            names = [it.name for it in table.columns]
            transaction.execute_many(
                f"INSERT INTO {table.name} ({', '.join(names)}) "
                f"VALUES ({', '.join(f':{it}' for it in names)})",
                list(made_rows(table)),
            )


def test_every_table_is_copied_unchanged_to_the_other_engine(
    database: Database, database_url: str, other_url: str
) -> None:
    fill(database)
    copied = copy(database_url, other_url, quick=True)
    there = rows_of(other_url)
    assert there == rows_of(database_url)
    assert {len(rows) for rows in there.values()} == {len(TEXTS)}
    assert set(there) == set(metadata.tables) - {"directory_state", "archive_drafts"}
    assert copied.rows == len(TEXTS) * len(TABLES)


def test_a_copy_is_used_like_the_original(
    platform: Platform, database_url: str, other_url: str
) -> None:
    copied = copy(database_url, other_url)
    assert copied.events == platform.rows("SELECT COUNT(*) FROM events")[0][0]
    with closing(open_database(other_url)) as database:
        moved = Platform(database)
        assert moved.users() == platform.users()
        assert moved.differences() == []
        assert moved.statuses(event(id="call-1", attributes={"to": "+14155550100"})) == [
            platform.statuses(event(id="call-1", attributes={"to": "+14155550100"}))[0]
        ]
        assert moved.statuses(event(id="new"), event(id="x", organization_id="org_9")) == [
            "accepted",
            "quarantined",
        ]
        assert moved.organization("org_10") > max(
            number for (number,) in platform.rows("SELECT organization_id FROM organizations")
        )


def test_a_copy_there_and_back_is_the_original(
    platform: Platform, database_url: str, other_url: str, tmp_path: Path
) -> None:
    del platform
    back = f"sqlite:///{tmp_path / 'back.db'}"
    copy(database_url, other_url)
    copy(other_url, back)
    assert rows_of(back) == rows_of(database_url)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "point", ["copy_progress.begin", "copy_progress.write", "copying._copied_whole"]
)
def test_a_killed_copy_goes_on_where_it_was(
    platform: Platform, database_url: str, other_url: str, point: str, when: str
) -> None:
    del platform
    killed_at(f"tollbook.store.{point}", when, database_url, "copy", "--to", other_url)
    with (
        suppress(Exception),
        closing(open_database(other_url)) as unfinished,
        unfinished.reading() as snapshot,
    ):
        assert snapshot.integer("SELECT COUNT(*) FROM tenants") == 0
    copy(database_url, other_url)
    assert rows_of(other_url) == rows_of(database_url)


def test_pages_continue_after_a_position_to_the_end(platform: Platform) -> None:
    (events,) = (it for it in copied_tables.LEDGER_TABLES if it.name == "events")
    with platform.database.reading() as snapshot:
        pages = list(events.pages(snapshot))
        assert len(pages) > 2
        position = events.position_of(pages[0][-1])
        assert list(events.pages(snapshot, position)) == pages[1:]


def interrupted(platform: Platform, source: str, target: str, monkeypatch: Any) -> None:
    """Copy, and fail at the end, when all of the ledgers is in the target."""
    del platform

    def fail(*_: object) -> None:
        raise CopyRefused("no further")

    with monkeypatch.context() as patched:
        patched.setattr("tollbook.store.copying._copied_whole", fail)
        with pytest.raises(CopyRefused, match="no further"):
            copy(source, target)


def test_a_second_try_copies_only_what_is_missing(
    platform: Platform, database_url: str, other_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(platform, database_url, other_url, monkeypatch)
    inserted = []
    real = copied_tables.CopiedTable.insert

    def counted(table: copied_tables.CopiedTable, *arguments: Any) -> None:
        inserted.append(table.name)
        real(table, *arguments)

    monkeypatch.setattr(copied_tables.CopiedTable, "insert", counted)
    copy(database_url, other_url)
    assert "events" not in inserted
    assert "tenants" in inserted
    assert rows_of(other_url) == rows_of(database_url)


def test_a_second_try_begins_again_when_the_source_has_changed(
    platform: Platform, database_url: str, other_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(platform, database_url, other_url, monkeypatch)
    platform.send(event(id="late", time="2024-01-01T00:00:00Z"))
    copy(database_url, other_url)
    assert rows_of(other_url) == rows_of(database_url)


def test_no_server_uses_an_unfinished_copy(
    platform: Platform, database_url: str, other_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(platform, database_url, other_url, monkeypatch)
    with (
        closing(open_database(other_url)) as unfinished,
        pytest.raises(SchemaChanged, match="a copy that is not complete"),
        unfinished.reading(),
    ):
        pass
    refused = run_command(other_url, "verify")
    assert refused.returncode == 1
    assert "run the same `tollbook copy` again" in refused.stderr


def test_a_row_that_differs_in_the_target_is_found(
    platform: Platform, database_url: str, other_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(platform, database_url, other_url, monkeypatch)
    with (
        closing(open_database(other_url, schema_version=None)) as target,
        target.writing() as transaction,
    ):
        transaction.execute("UPDATE users SET name = 'somebody' WHERE id = 'user_1'")
    with pytest.raises(CopyRefused, match="rows of users are in the target"):
        copy(database_url, other_url)


@pytest.mark.parametrize("of_moment", [False, True])
def test_a_source_that_changes_meanwhile_is_refused_unless_a_moment_is_wanted(
    platform: Platform,
    database_url: str,
    other_url: str,
    monkeypatch: pytest.MonkeyPatch,
    of_moment: bool,
) -> None:
    before = rows_of(database_url)
    real = copy_progress.begin

    def begin(*arguments: Any) -> None:
        real(*arguments)
        platform.send(event(id="late", user_id="late"))

    monkeypatch.setattr(copy_progress, "begin", begin)
    if of_moment:
        copy(database_url, other_url, of_moment=True)
        assert rows_of(other_url) == before
    else:
        with pytest.raises(CopyRefused, match="the source has changed since the copy began"):
            copy(database_url, other_url)
        with pytest.raises(SchemaChanged):
            rows_of(other_url)


def test_a_database_with_anything_in_it_is_never_replaced(
    platform: Platform, database_url: str, other_url: str
) -> None:
    copy(database_url, other_url)
    before = rows_of(other_url)
    with pytest.raises(CopyRefused, match="the target is not empty"):
        copy(database_url, other_url)
    with pytest.raises(CopyRefused, match="the target is not empty"):
        copy(database_url, database_url)
    assert rows_of(other_url) == before
    assert platform.differences() == []


def test_a_source_without_a_ledger_is_refused(other_url: str, tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path / 'nowhere.db'}"
    with pytest.raises(CopyRefused, match="no schema of Tollbook"):
        copy(nowhere, other_url)


def test_sums_that_are_wrong_in_the_source_are_not_copied_in_silence(
    platform: Platform, database_url: str, other_url: str
) -> None:
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE usage_monthly SET cost = cost + 1 WHERE user_id = 'user_1'")
    with pytest.raises(CopyRefused, match="the first in usage_monthly: run tollbook verify"):
        copy(database_url, other_url)


def test_the_command_says_what_it_copied_and_where_the_secret_is(
    platform: Platform, database_url: str, other_url: str, tmp_path: Path
) -> None:
    events = platform.rows("SELECT COUNT(*) FROM events")[0][0]
    is_file = database_url.startswith("sqlite")
    if is_file:
        (tmp_path / "tollbook.db-secret").write_text("x" * 40)
    done = run_command(database_url, "copy", "--to", other_url)
    assert done.returncode == 0, done.stderr
    assert f"{events} events among them; checked" in done.stdout
    assert ("tollbook.db-secret, and was not copied" in done.stdout) == is_file
    assert "xxx" not in done.stdout
    again = run_command(database_url, "copy", "--to", other_url)
    assert (again.returncode, again.stdout) == (1, "")
    third = f"sqlite:///{tmp_path / 'third.db'}"
    printed = run_command(third, "copy", "--from", database_url, "--to", third, "--json")
    assert msgspec.json.decode(printed.stdout)["events"] == events
