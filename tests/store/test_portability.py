"""Statements run on every engine and on a cluster; every test's statements are checked."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import tollbook
from tests.portability import DIVIDED, STAGED, UncertainCount, problems, require_portable
from tollbook.store.database import Database

IS_STATEMENT = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\s")

REFUSED = {
    "names columns in the head of a CTE": (
        "WITH cover (whose, count) AS (SELECT user_id, 1 FROM events) SELECT whose FROM cover",
        "WITH RECURSIVE months(month) AS (SELECT 1) SELECT month FROM months",
        "WITH a AS (SELECT 1), b (c) AS (SELECT 2) SELECT c FROM b",
    ),
    "correlates a subselect with staging": (
        "SELECT id, (SELECT k.day FROM event_keys AS k WHERE k.organization_id = "
        "staging.organization_id AND k.id = staging.id) FROM staging",
        "DELETE FROM staging WHERE (SELECT 1 FROM event_keys WHERE event_keys.id = staging.id) = 1",
        "DELETE FROM quarantine WHERE organization_id = :number AND EXISTS ("
        "SELECT 1 FROM staging WHERE staging.id = quarantine.id)",
    ),
    "correlates a subselect with a table of every node": (
        "SELECT id FROM organizations WHERE tenant_id = :tenant AND EXISTS ("
        "SELECT 1 FROM users WHERE users.organization_id = organizations.organization_id)",
    ),
    "joins without the organization of both": (
        "SELECT 1 FROM events JOIN reversals ON reversals.id = events.id",
        "SELECT 1 FROM events AS e JOIN event_keys AS k ON k.id = e.id "
        "WHERE e.organization_id = :number",
        "SELECT 1 FROM staging JOIN event_keys ON event_keys.id = staging.id",
        "UPDATE events SET cost = recharged.cost FROM recharged "
        "WHERE events.organization_id = :organization AND events.id = recharged.id",
        "SELECT 1 FROM users WHERE users.organization_id = :number AND EXISTS ("
        "SELECT 1 FROM events WHERE events.user_id = users.id)",
        "SELECT 1 FROM users JOIN events ON events.organization_id = :one "
        "WHERE users.organization_id = :other",
    ),
}
ALLOWED = (
    "WITH cover AS (SELECT user_id AS whose FROM events) SELECT whose FROM cover",
    "SELECT 1 FROM staging JOIN event_keys ON event_keys.organization_id = staging.organization_id "
    "AND event_keys.id = staging.id",
    "UPDATE ledger_versions SET parts = 1 WHERE organization_id IN "
    "(SELECT organization_id FROM staging)",
    "UPDATE events SET cost = recharged.cost FROM recharged WHERE "
    "recharged.organization_id = events.organization_id AND events.id = recharged.id",
    "SELECT 1 FROM users JOIN events ON events.organization_id = :number "
    "WHERE users.organization_id = :number",
    "SELECT 1 FROM organizations AS o JOIN users AS u ON u.organization_id = o.organization_id "
    "JOIN events AS e ON e.organization_id = o.organization_id",
    "INSERT INTO events (id) SELECT id FROM staging",
    "SELECT id FROM organizations AS o JOIN users AS u ON u.organization_id = o.organization_id "
    "WHERE EXISTS (SELECT 1 FROM events AS e WHERE e.organization_id = o.organization_id)",
    "SELECT id FROM organizations WHERE organization_id IN (SELECT organization_id FROM users)",
)


@pytest.mark.parametrize("sql", [sql for cases in REFUSED.values() for sql in cases])
def test_a_statement_that_breaks_on_a_cluster_is_refused(sql: str) -> None:
    assert problems(sql)
    with pytest.raises(AssertionError):
        require_portable(sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_a_statement_that_runs_everywhere_is_allowed(sql: str) -> None:
    assert problems(sql) == []


def test_the_tables_of_organizations_are_divided() -> None:
    assert {"events", "event_keys", "users", "usage_daily", "quarantine"} <= DIVIDED
    assert not DIVIDED & ({"organizations", "tenants", "price_books"} | STAGED)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str) and IS_STATEMENT.match(value):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _texts(item)


def _statements() -> Iterator[tuple[str, str]]:
    for module in pkgutil.walk_packages(tollbook.__path__, "tollbook."):
        if ".migrations" in module.name or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for sql in _texts(value):
                yield f"{module.name}.{name}", sql


def test_every_statement_of_a_module_runs_everywhere() -> None:
    found = list(_statements())
    assert len(found) > 100
    assert {name: problems(sql) for name, sql in found if problems(sql)} == {}


def test_every_statement_of_a_test_is_checked(database: Database) -> None:
    with database.reading() as snapshot, pytest.raises(AssertionError, match="CTE"):
        snapshot.rows("WITH a (b) AS (SELECT 1) SELECT b FROM a")


def test_the_row_count_of_on_conflict_cannot_be_used(database: Database) -> None:
    add = "INSERT INTO tenants (tenant_id, name, created_at, token) VALUES ('t', '', 0, 0)"
    with database.writing() as transaction:
        assert transaction.execute(add) == 1
        count = transaction.execute(f"{add} ON CONFLICT (tenant_id) DO NOTHING")
        for use in (bool, int, lambda it: it < 1, lambda it: it == 1, lambda it: it + 1):
            with pytest.raises(AssertionError, match="row count"):
                use(count)
        assert isinstance(count, UncertainCount)


def test_the_rows_that_an_insert_has_stored_are_counted(database: Database) -> None:
    add = (
        "INSERT INTO tenants (tenant_id, name, created_at, token) VALUES ('t', '', 0, 0), "
        "('{}', '', 0, 0) ON CONFLICT (tenant_id) DO NOTHING RETURNING 1"
    )
    with database.writing() as transaction:
        assert transaction.insert(add.format("a")) == 2
        assert transaction.insert(add.format("a")) == 0
        assert transaction.insert(add.format("b")) == 1
