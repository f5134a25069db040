"""What single migrations make of the rows that earlier ones left."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate

CORRECTED = ((7, "a", "NULL"), (7, "b", "'back b'"), (8, "a", "NULL"))
"""The number of an organization, an event and its reversal."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'earlier.db'}"
    with closing(open_database(url, schema_version=None)) as database:
        yield database


def write(database: Database, *statements: str) -> None:
    with database.writing() as transaction:
        for sql in statements:
            transaction.execute(sql)


def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    with database.reading() as snapshot:
        return [tuple(row) for row in snapshot.rows(sql)]


def test_corrected_events_move_to_their_corrections(database: Database) -> None:
    migrate(database, "0017")
    write(
        database,
        *(
            "INSERT INTO corrections (organization_id, corrects, id, reversal_id, reason, user_id, "
            f"corrected_user_id, received_at) VALUES ({number}, '{corrects}', 'new {corrects}', "
            f"{reversal}, 'r', 'ann', 'ann', 9)"
            for number, corrects, reversal in CORRECTED
        ),
        *(
            "INSERT INTO corrected_events (organization_id, id, received_at, code, reason, event, "
            f"time, user_id, meter) VALUES ({number}, 'a', {number}, 'no_price', 'why {number}', "
            f"'{{\"n\":{number}}}', 1, 'ann', 5)"
            for number in (7, 8)
        ),
        *(
            "INSERT INTO quarantine (organization_id, id, received_at, code, reason, event, time, "
            f"user_id, meter) VALUES (7, '{identity}', {at}, 'cost_pending', 'r', '{{}}', {at}, "
            "'ann', 5)"
            for identity, at in (("a", 30), ("z", 10), ("m", 20))
        ),
    )
    migrate(database, "0018")
    assert rows(
        database,
        "SELECT organization_id, corrects, quarantined_at, quarantine_code, quarantine_reason, "
        "quarantined_event FROM corrections ORDER BY organization_id, corrects",
    ) == [
        (7, "a", 7, "no_price", "why 7", '{"n":7}'),
        (7, "b", None, None, None, None),
        (8, "a", 8, "no_price", "why 8", '{"n":8}'),
    ]
    found = rows(database, "SELECT id, received_at, time, meter FROM quarantine ORDER BY rowid")
    assert found == [("z", 10, 10, 5), ("m", 20, 20, 5), ("a", 30, 30, 5)]
    tables = [name for (name,) in rows(database, "SELECT name FROM sqlite_master")]
    assert "corrected_events" not in tables
    assert {"ix_quarantine_by_user", "ix_quarantine_pending"} <= set(tables)


def test_what_waits_already_is_the_first_sample(database: Database) -> None:
    migrate(database, "0020")
    write(
        database,
        *(
            "INSERT INTO organizations (organization_id, tenant_id, id, name, timezone, currency, "
            f"status, created_at) VALUES ({number}, '{tenant}', 'o{number}', '', 'UTC', 'USD', "
            "'active', 1)"
            for number, tenant in ((1, "a"), (2, "a"), (3, "b"))
        ),
        *(
            f"INSERT INTO quarantine_counts (organization_id, code, events) VALUES ({values})"
            for values in ("1, 'no_price', 2", "1, 'x', 3", "2, 'no_price', 4", "3, 'x', 0")
        ),
        "INSERT INTO quarantine (organization_id, id, received_at, code, reason, event) "
        "VALUES (1, 'a', 1, 'no_price', 'r', '{}')",
    )
    migrate(database, "0021")
    assert rows(database, "SELECT tenant_id, at, waiting FROM quarantine_samples") == [("a", 0, 9)]
    assert rows(database, "SELECT id, country FROM quarantine") == [("a", "")]
    for table in ("unpriced_groups", "quarantine_alarms", "origins"):
        assert rows(database, f"SELECT * FROM {table}") == []
