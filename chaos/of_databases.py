"""Faults: databases that are locked, slow, read-only or broken."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import psycopg
from tests.servers import Server

from chaos.faults import Bench, Fault
from chaos.of_processes import CUT
from chaos.places import Cluster, Place, SqliteFile
from chaos.world import Verdict, World


def _lock_held(bench: Bench) -> Verdict:
    place = bench.place()

    def act(world: World) -> None:
        for _ in range(bench.times):
            with _locked(place):
                sleep(2)
                if world.get("/v1/analytics/users?organization_id=org_1").status_code != 200:
                    world.notes.append("wrong: reads did not work while a lock was held")
            world.load.wait_for(50)

    return bench.under_load(place, act)


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    """Hold a lock that every commit of events needs."""
    if isinstance(place, SqliteFile):
        connection = sqlite3.connect(place.path, isolation_level=None, timeout=30)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.close()
        return
    with psycopg.connect(place.url) as holder:
        holder.execute("SELECT * FROM ledger_versions FOR UPDATE")
        yield
        holder.rollback()


def _statement_timeout(bench: Bench) -> Verdict:
    cluster = bench.cluster()

    def act(world: World) -> None:
        for _ in range(bench.times):
            with _locked(cluster):
                cluster.execute("ALTER DATABASE postgres SET statement_timeout = '50ms'")
                cluster.execute(CUT)
                sleep(1)
            cluster.execute("ALTER DATABASE postgres RESET statement_timeout")
            cluster.execute(CUT)
            world.load.wait_for(50)

    return bench.under_load(cluster, act)


def _read_only(bench: Bench) -> Verdict:
    cluster = bench.cluster()

    def act(world: World) -> None:
        for _ in range(bench.times):
            _set_read_only(cluster, "on")
            world.until_ready(ready=False)
            _set_read_only(cluster, "off")
            world.until_ready()
            world.load.wait_for(50)

    return bench.under_load(cluster, act)


def _set_read_only(cluster: Cluster, state: str) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {state}".encode())
        connection.execute("SELECT pg_reload_conf()")


def _broken_file(bench: Bench) -> Verdict:
    """Break a file in several ways; a server must refuse each without changing it."""
    whole = SqliteFile(bench.folder)
    verdict = bench.under_load(whole, lambda world: world.load.wait_for(500), keep=True)
    content = whole.path.read_bytes()
    broken = {
        "truncated in the middle": content[: len(content) // 2],
        "truncated in its first page": content[:100],
        "another file": b"not a database" * 1000,
        "first page overwritten": b"\0" * 4096 + content[4096:],
        "schema overwritten": content[:100] + b"\xff" * 3996 + content[4096:],
    }
    for name, damaged in broken.items():
        path = bench.folder / "broken.db"
        path.write_bytes(damaged)
        try:
            Server(f"sqlite:///{path}").start()
            verdict.wrong.append(f"a file {name} was served")
        except RuntimeError as error:
            if "tollbook: " not in str(error) or "restore" not in str(error):
                verdict.wrong.append(f"a file {name}: {str(error)[-300:]}")
        if path.read_bytes() != damaged:
            verdict.wrong.append(f"a file {name} was changed")
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    whole.drop()
    return verdict


OF_DATABASES = (
    Fault("a lock held for two seconds", "clients wait; reads continue", _lock_held, times=5),
    Fault(
        "statements that time out",
        "503, and nothing is stored; afterwards everything is",
        _statement_timeout,
        times=5,
        engines=("PostgreSQL",),
    ),
    Fault(
        "a database that is temporarily read-only",
        "503 and red readiness; automatic recovery",
        _read_only,
        times=3,
        engines=("PostgreSQL",),
    ),
    Fault(
        "a database file that is damaged in five ways",
        "refused with an error that says what to do; the file is not changed",
        _broken_file,
        engines=("SQLite",),
    ),
)
