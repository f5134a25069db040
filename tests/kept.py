"""Engines of PostgreSQL that stay open from one test to the next."""

from typing import Any, NamedTuple

from sqlalchemy import Pool

from tollbook.store.database import Database, open_database
from tollbook.store.engine import Engine
from tollbook.store.tables.schema import SCHEMA_VERSION


class _Open(NamedTuple):
    """An engine, and its pools as they were when it was opened."""

    engine: Engine
    pools: tuple[Pool, Pool]


class Kept:
    """Opens databases by their URL, with the engine that was left for it, if there is one.

    An engine is only left when no test could see that it was used before.
    """

    def __init__(self) -> None:
        self._used: dict[str, _Open] = {}
        self._left: dict[str, _Open] = {}

    def open(self, url: str) -> Database:
        """Open a database, of which nothing but connections has been used before."""
        it = self._left.pop(url, None) or _opened(url)
        self._used[url] = it
        it.engine.forget_partitions()
        return Database(it.engine, schema_version=SCHEMA_VERSION)

    def leave(self, url: str, database: Database) -> None:
        """Leave an engine for the next test; close it when it was closed or is still in use."""
        it = self._used.pop(url)
        if _pools(it.engine) == it.pools and not any(map(_is_busy, it.pools)):
            self._left[url] = it
        else:
            database.close()

    def backends(self, url: str) -> list[int]:
        """Return the processes of the server that belong to an engine that was left."""
        it = self._left.get(url)
        return [pid for pool in it.pools for pid in _backends(pool)] if it else []

    def close(self, url: str) -> None:
        """Close the engine that was left for a database."""
        it = self._left.pop(url, None)
        if it:
            it.engine.close()


def _opened(url: str) -> _Open:
    engine = open_database(url).engine
    return _Open(engine, _pools(engine))


def _pools(engine: Any) -> tuple[Pool, Pool]:
    """Return the pools of an engine, which are others after it was closed."""
    return engine.sqlalchemy.pool, engine._readers.pool


def _is_busy(pool: Any) -> bool:
    return bool(pool.checkedout())


def _backends(pool: Any) -> list[int]:
    return [it.driver_connection.info.backend_pid for it in list(pool._pool.queue)]
