"""Dividing the tables of a database over the nodes of a cluster, one transaction a table."""

import psycopg

from tollbook.store.citus import staging
from tollbook.store.engine import STATE_TABLE, Progress
from tollbook.store.tables.placement import FIRST_DIVIDED, Placement, placements
from tollbook.store.tables.schema import SCHEMA_VERSION, UNFINISHED_COPY, UNFINISHED_DIVISION

Driver = psycopg.Connection[tuple[object, ...]]

NO_DUMP = (
    "the database is divided over a cluster, whose dump cannot be restored: run tollbook backup "
    "--portable, or take a base backup of each node"
)
NO_RESTORE = (
    "a dump cannot be restored into a cluster: run tollbook backup --portable on its database, and "
    "restore that into an empty one"
)

# The tables that the cluster knows.
_KNOWN = """
SELECT relname FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid
WHERE relnamespace = 'public'::regnamespace
"""
_PRESENT = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""
_DIVIDE_FIRST = """
SELECT create_distributed_table(
    %(table)s, 'organization_id', colocate_with => 'none', shard_count => %(shards)s
)
"""
_DIVIDE = """
SELECT create_distributed_table(%(table)s, 'organization_id', colocate_with => %(first)s)
"""
_COPY_EVERYWHERE = "SELECT create_reference_table(%(table)s)"
_KEEP_HERE = "SELECT citus_add_local_table_to_metadata(%(table)s)"
# Citus creates a function on the nodes when it is created; not one of before the extension.
_DISTRIBUTE_FUNCTION = """
SELECT create_distributed_function(pg_proc.oid::regprocedure) FROM pg_proc
WHERE proname = 'id_text' AND pronamespace = 'public'::regnamespace
"""
_SET_VERSION = (
    f"UPDATE {STATE_TABLE} SET schema_version = %(version)s WHERE schema_version <> %(copy)s"
)


def undivided(driver: Driver) -> list[tuple[str, Placement]]:
    """Return the tables that the cluster does not keep as planned yet, in their order.

    The tables of staged rows are the last; they may not exist yet.
    """
    known = {name for (name,) in driver.execute(_KNOWN, prepare=False)}
    present = {name for (name,) in driver.execute(_PRESENT, prepare=False)}
    planned = {**placements(), **dict.fromkeys(staging.NAMES, Placement.DIVIDED)}
    return [
        (name, placement)
        for name, placement in planned.items()
        if name in (present | set(staging.NAMES)) - known and placement != Placement.PLAIN
    ]


def divide(driver: Driver, shards: int, progress: Progress) -> None:
    """Divide each table in a transaction of its own, into `shards` parts.

    The driver commits each statement, so a second run continues where a killed one ended. Nobody
    else uses the database meanwhile: its schema has the version `UNFINISHED_DIVISION`.
    """
    missing = undivided(driver)
    for staged in staging.TABLES.values():
        driver.execute(staged.create.encode(), prepare=False)
    driver.execute(_DISTRIBUTE_FUNCTION, prepare=False)
    for done, (table, placement) in enumerate(missing):
        progress(done, len(missing))
        parameters = {"table": table, "first": FIRST_DIVIDED, "shards": shards}
        driver.execute(_statement(table, placement), parameters, prepare=False)
    progress(len(missing), len(missing))


def _statement(table: str, placement: Placement) -> str:
    if placement == Placement.DIVIDED:
        return _DIVIDE_FIRST if table == FIRST_DIVIDED else _DIVIDE
    return _COPY_EVERYWHERE if placement == Placement.EVERYWHERE else _KEEP_HERE


def close_to_others(driver: Driver) -> None:
    """Refuse all transactions of servers until the tables are divided."""
    parameters = {"version": UNFINISHED_DIVISION, "copy": UNFINISHED_COPY}
    driver.execute(_SET_VERSION, parameters, prepare=False)


def open_to_others(driver: Driver) -> None:
    """Accept transactions again."""
    parameters = {"version": SCHEMA_VERSION, "copy": UNFINISHED_COPY}
    driver.execute(_SET_VERSION, parameters, prepare=False)
