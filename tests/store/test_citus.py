"""A cluster of Citus: dividing the tables, and what it refuses."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.builders import Platform, event
from tests.clusters import CitusCluster
from tollbook.domain.errors import BackupRefused, SchemaChanged
from tollbook.store.backups import back_up, restore
from tollbook.store.citus.staging import NAMES
from tollbook.store.database import open_database
from tollbook.store.engine import Options
from tollbook.store.migrate import migrate
from tollbook.store.tables.placement import Placement, placements

_FEW = Options(shard_count=2)


class Killed(Exception):
    """The end of a process, between two tables."""


@pytest.fixture
def own_url(citus: CitusCluster) -> str:
    return citus.url(citus.create(migrated=False))


def ignore(_done: int, _total: int) -> None:
    """Show no progress."""


def test_a_ledger_of_plain_postgresql_is_divided_and_a_killed_run_goes_on(
    citus: CitusCluster,
) -> None:
    name = citus.create_apart()
    sent = [event(id=f"a{n}", organization_id=f"org_{n % 2 + 1}") for n in range(10)]
    with closing(open_database(citus.url(name))) as database:
        migrate(database)
        platform = Platform(database)
        platform.organization("org_1")
        platform.organization("org_2")
        assert set(platform.statuses(*sent)) == {"accepted"}
    citus.join(name)

    def kill_at_seven(done: int, _total: int) -> None:
        if done == 7:
            raise Killed

    totals: list[int] = []
    with closing(open_database(citus.url(name), options=_FEW)) as database:
        with pytest.raises(Killed):
            migrate(database, progress=kill_at_seven)
        with pytest.raises(SchemaChanged, match="being divided"), database.reading():
            pass
        migrate(database, progress=lambda _done, total: totals.append(total))
        wanted = [it for it in placements().values() if it != Placement.PLAIN]
        assert totals[0] == len(wanted) + len(NAMES) - 7
        assert not database.engine.must_divide()
        platform = Platform(database)
        assert set(platform.statuses(*sent)) == {"duplicate"}
        assert platform.statuses(event(id="b", time="2024-03-01T00:00:00Z")) == ["accepted"]
        database.engine.upkeep()
        assert platform.differences() == []
    with psycopg.connect(citus.url(name)) as connection:
        placed = connection.execute(
            "SELECT table_name::text, citus_table_type, shard_count FROM citus_tables"
        ).fetchall()
        for staged in NAMES:
            assert connection.execute(f"SELECT COUNT(*) FROM {staged}".encode()).fetchone() == (0,)
    kinds = {name: (kind, shards) for name, kind, shards in placed}
    assert kinds["event_keys"] == ("distributed", 2)
    assert kinds["organizations"] == ("reference", 1)
    assert kinds["audit_log"] == ("local", 1)


def test_a_dump_is_refused_and_a_portable_backup_is_not(
    citus: CitusCluster, own_url: str, tmp_path: Path
) -> None:
    with closing(open_database(own_url, options=_FEW)) as database:
        migrate(database)
        Platform(database).organization("org_1")
        assert Platform(database).statuses(event()) == ["accepted"]
        assert database.engine.size_in_bytes() > 3_000_000
    with pytest.raises(BackupRefused, match="--portable"):
        back_up(own_url, tmp_path / "a.dump", ignore, quick=False)
    assert back_up(own_url, tmp_path / "a.db", ignore, quick=False, portable=True) == 1
    other = citus.url(citus.create(migrated=False))
    assert restore(other, tmp_path / "a.db", ignore, replace=False, quick=False) == 1
