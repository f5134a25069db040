"""Engines that answer the question from raw events; each is imported when it is used."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Rows = Sequence[Sequence[Any]]
Ask = Callable[[str], Rows]
"""Run a statement and return its rows as values of Python."""


def postgresql(url: str, events: Path) -> Ask:
    """Load tab-separated events into PostgreSQL, with an index on organization and day."""
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    connection.execute(
        "CREATE TABLE events (organization BIGINT NOT NULL, day DATE NOT NULL, "
        "user_id TEXT NOT NULL, meter TEXT NOT NULL, quantity BIGINT NOT NULL, "
        "cost BIGINT NOT NULL)"
    )
    copy = connection.cursor().copy("COPY events FROM STDIN")
    with events.open("rb") as file, copy as target:
        while some := file.read(1 << 20):
            target.write(some)
    connection.execute("CREATE INDEX ON events (organization, day)")
    connection.execute("VACUUM (ANALYZE) events")
    return lambda statement: connection.execute(statement.encode()).fetchall()


def duckdb(folder: str, events: Path) -> Ask:
    """Load events into a DuckDB file, in the order of time."""
    import duckdb

    connection = duckdb.connect(str(Path(folder) / "events.duckdb"))
    connection.execute(
        "CREATE TABLE events (organization BIGINT NOT NULL, day DATE NOT NULL, "
        "user_id TEXT NOT NULL, meter TEXT NOT NULL, quantity BIGINT NOT NULL, "
        "cost BIGINT NOT NULL)"
    )
    connection.execute(f"COPY events FROM '{events}' (DELIMITER '\t', HEADER false)")
    connection.execute("CHECKPOINT")
    return lambda statement: connection.execute(statement).fetchall()


def clickhouse(folder: str, events: Path) -> Ask:
    """Load events into embedded ClickHouse: a MergeTree by organization, day and user."""
    from chdb.session import Session

    session = Session(str(Path(folder) / "clickhouse"))
    session.query("CREATE DATABASE IF NOT EXISTS peers")
    session.query("USE peers")
    session.query(
        "CREATE TABLE events (organization Int64, day Date, user_id String, "
        "meter LowCardinality(String), quantity Int64, cost Int64) "
        "ENGINE = MergeTree ORDER BY (organization, day, user_id)"
    )
    session.query(f"INSERT INTO events FROM INFILE '{events}' FORMAT TabSeparated")
    session.query("OPTIMIZE TABLE events FINAL")

    def ask(statement: str) -> Rows:
        text = session.query(statement, "TabSeparated").bytes().decode()
        lines = (line.split("\t") for line in text.splitlines())
        return [(user, *map(int, sums)) for user, *sums in lines]

    return ask


ENGINES: dict[str, Callable[[str, Path], Ask]] = {
    "PostgreSQL": postgresql,
    "DuckDB": duckdb,
    "ClickHouse": clickhouse,
}
