"""The migration of ids to bytes: step by step, continued after a kill, and compared at the end."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.builders import Platform
from tests.store.test_upgrades import FIXTURES, MONTHS, every_charge_replays
from tollbook.domain.errors import SchemaChanged
from tollbook.store.database import Database, open_database
from tollbook.store.event_ids import decode_row
from tollbook.store.migrate import migrate, missing_migrations
from tollbook.store.migrations import ids_as_bytes
from tollbook.store.migrations.converted_tables import TABLES
from tollbook.store.tables.schema import SCHEMA_VERSION

KILLED = """
import os, signal, sys
from tollbook.store.database import open_database
from tollbook.store.migrate import migrate
from tollbook.store.migrations import ids_as_bytes

ids_as_bytes.STEP = 3
steps = 0

def progress(done, total):
    global steps
    steps += 1
    if steps == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

migrate(open_database(sys.argv[1], schema_version=None), progress=progress)
"""
Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture
def earlier(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A ledger of the migration before, with more events than a step."""
    monkeypatch.setattr(ids_as_bytes, "STEP", 3)
    database = open_database(empty_url, schema_version=None)
    migrate(database, "0023")
    database.ensure_partitions(MONTHS)
    with database.writing() as transaction:
        for statement in (FIXTURES / "0023.sql").read_text().split(";\n"):
            if statement.strip():
                transaction._driver.execute(statement)  # colons in texts are no parameters
    yield database
    database.close()


def rows_of(database: Database) -> Rows:
    with database.reading() as snapshot:
        return {
            table.name: sorted(
                (
                    decode_row(row)
                    for row in snapshot.rows(f"SELECT {', '.join(table.columns)} FROM {table.name}")
                ),
                key=repr,
            )
            for table in TABLES
        }


def is_the_same(database: Database, before: Rows) -> None:
    assert missing_migrations(database) is None
    assert rows_of(database) == before
    platform = Platform(Database(database.engine, schema_version=SCHEMA_VERSION))
    assert platform.differences() == []
    every_charge_replays(platform)
    with database.reading() as snapshot:
        assert snapshot.integer("SELECT COUNT(*) FROM readable_events") == len(before["events"])


def test_all_rows_are_converted_in_steps_that_show_progress(earlier: Database) -> None:
    before = rows_of(earlier)
    shown: list[tuple[int, int]] = []
    migrate(earlier, progress=lambda done, total: shown.append((done, total)))
    total = 2 * sum(map(len, before.values()))
    assert {it for _, it in shown} == {total}
    assert [done for done, _ in shown] == sorted(done for done, _ in shown)
    assert shown[-1] == (total, total)
    is_the_same(earlier, before)


@pytest.mark.parametrize("steps", [(1, 1), (2, 9), (14, 6), (26, 4)])
def test_a_migration_that_is_killed_continues(earlier: Database, steps: tuple[int, ...]) -> None:
    before = rows_of(earlier)
    url = earlier.engine.sqlalchemy.url.render_as_string(hide_password=False)
    for at in steps:
        command = [sys.executable, "-c", KILLED, url, str(at)]
        assert subprocess.run(command, check=False).returncode == -9
    assert missing_migrations(earlier)
    with (
        closing(open_database(url)) as server,
        pytest.raises(SchemaChanged, match="being converted"),
        server.reading(),
    ):
        pass
    migrate(earlier)
    is_the_same(earlier, before)


def test_a_copy_with_other_rows_replaces_nothing(earlier: Database) -> None:
    before = rows_of(earlier)
    ids_as_bytes.convert_ids(earlier.engine, lambda _done, _total: None)
    with earlier.writing() as transaction:
        transaction.execute("DELETE FROM reversals")
    with pytest.raises(RuntimeError, match="reversals has 0 rows; 3 were copied"):
        migrate(earlier)
    assert missing_migrations(earlier)
    assert rows_of(earlier)["events"] == before["events"]
