"""The settings and temporary tables of each connection to SQLite."""

import sqlite3

from tollbook.store import recharge_table, staging

WAIT_FOR_LOCK_MS = 30_000
_CACHE_KIB = 65_536
_CACHE_OF_A_STREAM_KIB = 4_096
_CHECKPOINT_PAGES = 8_192


def prepare(connection: sqlite3.Connection) -> None:
    """Set a connection up, and make its temporary tables."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {WAIT_FOR_LOCK_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
        # So that an erasure leaves no copies that earlier changes left in free space.
        "secure_delete = ON",
        f"cache_size = -{_CACHE_KIB}",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    for table in (staging.CREATE, recharge_table.CREATE):
        connection.execute(table)


def prepare_stream(connection: sqlite3.Connection) -> None:
    """Set up a connection that reads each page once."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {WAIT_FOR_LOCK_MS}",
        f"cache_size = -{_CACHE_OF_A_STREAM_KIB}",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
