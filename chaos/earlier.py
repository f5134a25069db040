"""Create a large ledger of an earlier Tollbook, whose migration needs disk space."""

from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from tollbook.store.database import open_database
from tollbook.store.migrate import migrate

REVISION = "0004"
"""The last revision without sums by hour, country and organization, which need all events."""

_WRITTEN = Path(__file__).parent.parent / "tests" / "store" / "upgrades" / f"{REVISION}.sql"
_MONTHS = (202401, 202402, 202403)
_MORE = (
    """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {events})
    INSERT INTO events (organization_id, day, id, user_id, meter, time, quantity, billed, cost,
        rate_id, attributes, received_at)
    SELECT 1, 20240301 + n % 28, 'more ' || n, 'user ' || (n % 500), 5,
        1709312400000000 + (n % 28) * 86400000000, 60000000, 60000000, 1260000000, 23,
        '{{"direction":"outbound","to":"+442071838750"}}', 1795599866432882
    FROM numbers
    """,
    """
    INSERT INTO event_keys (organization_id, id, fingerprint, day)
    SELECT organization_id, id, time, day FROM events WHERE id LIKE 'more %'
    """,
    """
    INSERT INTO usage_daily (organization_id, month, user_id, meter, day, count, quantity, billed,
        cost, buy, bought)
    SELECT organization_id, 202403, user_id, meter, day, COUNT(*), CAST(SUM(quantity) AS BIGINT),
        CAST(SUM(billed) AS BIGINT), CAST(SUM(cost) AS BIGINT), 0, 0
    FROM events WHERE id LIKE 'more %' GROUP BY organization_id, user_id, meter, day
    """,
    """
    INSERT INTO usage_monthly (organization_id, month, user_id, meter, count, quantity, billed,
        cost, buy, bought)
    SELECT organization_id, month, user_id, meter, CAST(SUM(count) AS BIGINT),
        CAST(SUM(quantity) AS BIGINT), CAST(SUM(billed) AS BIGINT), CAST(SUM(cost) AS BIGINT), 0, 0
    FROM usage_daily WHERE user_id LIKE 'user %'
    GROUP BY organization_id, month, user_id, meter
    """,
)
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def write_earlier(url: str, events: int) -> None:
    """Write the ledger of that Tollbook, with a number of additional events."""
    with closing(open_database(url, schema_version=None)) as database:
        migrate(database, REVISION)
        database.ensure_partitions(_MONTHS)
        statements = _WRITTEN.read_text().split(";\n")
        statements += [it.format(events=events) for it in _MORE]
        if database.engine.sqlalchemy.dialect.name == "postgresql":
            statements.append(
                "SELECT setval(pg_get_serial_sequence('organizations', 'organization_id'), 100)"
            )
        with database.writing() as transaction:
            for statement in filter(str.strip, statements):
                transaction._driver.execute(statement)  # colons in texts are not parameters


def state_of(url: str) -> dict[str, str]:
    """Return a hash of the rows of every table."""
    opened = open_database(url, schema_version=None)
    with closing(opened) as database, database.reading() as snapshot:
        tables = sorted(
            row[0] for row in snapshot.rows(_TABLES[database.engine.sqlalchemy.dialect.name])
        )
        return {it: _hash(map(repr, snapshot.rows(f"SELECT * FROM {it}"))) for it in tables}


def _hash(rows: Iterable[str]) -> str:
    return sha256("\n".join(sorted(rows)).encode()).hexdigest()
