"""A database that any earlier Tollbook wrote opens, is brought up to date, and adds up.

Each file in `upgrades` is what the last Tollbook of one migration wrote when it was given the same
events: two organizations, prices, quarantine, and as soon as there were any tiers, reversals, a
rerating and corrections.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from tests.builders import Platform, event, reversal
from tests.clusters import CitusCluster
from tests.rerating.builders import Past
from tollbook.analytics.event import ChargedEvent, find_event
from tollbook.domain.quarantine import Selection
from tollbook.store import corrections, quarantine_runs
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import _config, ignore_progress, migrate
from tollbook.store.tables.schema import SCHEMA_VERSION

FIXTURES = Path(__file__).parent / "upgrades"
HEAD = ScriptDirectory.from_config(_config()).get_current_head()
STEPS = [it.revision for it in ScriptDirectory.from_config(_config()).walk_revisions()]
EARLIER = sorted(it for it in STEPS if it != HEAD)
FIRST_DIVIDED = "0021"
"""The migration of the first Tollbook that divides tables over a cluster."""
MONTHS = [202401, 202402, 202403]


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = open_database(empty_url, schema_version=None)
    yield database
    database.close()


def written_by(database: Database, revision: str, *, divided: bool = False) -> Platform:
    """Make a database as the Tollbook of a migration left it, and bring it up to date."""
    migrate(database, revision)
    if divided:
        database.engine.divide(ignore_progress)
    database.ensure_partitions(MONTHS)
    with database.writing() as transaction:
        for statement in (FIXTURES / f"{revision}.sql").read_text().split(";\n"):
            if statement.strip():
                transaction._driver.execute(statement)  # colons in texts are no parameters
        _count_on(transaction, database)
    migrate(database)
    return Platform(Database(database.engine, schema_version=SCHEMA_VERSION))


def _count_on(transaction: object, database: Database) -> None:
    """Let PostgreSQL give the numbers behind those that came with the rows."""
    if database.engine.sqlalchemy.dialect.name == "postgresql":
        transaction._driver.execute(  # type: ignore[attr-defined]
            "SELECT setval(pg_get_serial_sequence('organizations', 'organization_id'), 100)"
        )


def test_the_version_in_code_is_that_of_the_latest_migration() -> None:
    assert SCHEMA_VERSION == HEAD


def test_there_is_a_database_of_every_earlier_migration() -> None:
    assert sorted(it.stem for it in FIXTURES.glob("*.sql")) == EARLIER


@pytest.mark.parametrize("revision", EARLIER)
def test_it_adds_up_and_every_charge_replays_and_it_goes_on(empty: Database, revision: str) -> None:
    adds_up_and_goes_on(written_by(empty, revision))


@pytest.mark.parametrize("revision", [it for it in EARLIER if it >= FIRST_DIVIDED])
def test_so_does_one_whose_tables_are_divided_already(citus: CitusCluster, revision: str) -> None:
    name = citus.create(migrated=False)
    with closing(open_database(citus.url(name), schema_version=None)) as database:
        adds_up_and_goes_on(written_by(database, revision, divided=True))
        assert not database.engine.must_divide()
    citus.drop(name)


def adds_up_and_goes_on(platform: Platform) -> None:
    assert platform.differences() == []
    every_charge_replays(platform)
    (events,) = platform.rows("SELECT COUNT(*) FROM events")
    assert events[0] >= 19
    waiting = platform.rows("SELECT id_text(id), code FROM quarantine ORDER BY id")
    assert [it[0] for it in waiting] == ["lost", "unpriced"]
    same = {
        "id": "zone",
        "organization_id": "org_2",
        "time": "2024-01-31T23:30:00Z",
        "quantity": 5,
        "attributes": {"to": "+919876543210"},
    }
    assert platform.statuses(event(**same), event(**{**same, "quantity": 6})) == [
        "duplicate",
        "conflict",
    ]
    assert platform.statuses(event(id="new")) == ["accepted"]
    assert platform.reversed(reversal("call 3 0")) == [("accepted", None)]
    platform.organization("org_unknown")
    assert platform.replay() >= 1
    Past(platform).apply(start="2024-03-01", end="2024-03-31")
    assert platform.differences() == []


def every_charge_replays(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        for number, identity in snapshot.rows("SELECT organization_id, id_text(id) FROM events"):
            found = find_event(snapshot, platform.tenant, number, identity)
            assert isinstance(found, ChargedEvent)
            assert found.replay_mismatch is None, (identity, found.replay_mismatch)


def test_a_run_over_the_quarantine_keeps_the_code_that_it_selects(empty: Database) -> None:
    platform = written_by(empty, "0015")
    with empty.reading() as snapshot:
        (run,) = quarantine_runs.runs(snapshot, platform.tenant, None, 10)
    assert run.selection == Selection(organization=1, codes=("no_price",))


def test_events_that_were_corrected_in_quarantine_are_kept_with_their_corrections(
    empty: Database,
) -> None:
    platform = written_by(empty, "0017")
    kept = platform.rows(
        "SELECT corrects, quarantine_code, quarantine_reason, quarantined_event "
        "FROM corrections ORDER BY corrects"
    )
    assert [row[:2] for row in kept] == [
        ("late 1", "cost_pending"),
        ("late 2", "cost_pending"),
        ("new late 2", "cost_pending"),
        ("short", None),
    ]
    assert '"quantity":7' in kept[2][3]
    number = platform.number("org_1")
    with platform.database.reading() as snapshot:
        found = corrections.find(snapshot, number, "late 2")
        assert corrections.find(snapshot, number, "short") is None
    assert found is not None
    assert (found.code, found.event) == ("cost_pending", kept[1][3])
    assert found.reason == kept[1][2]
    late = event(id="late 1", cost_pending=True)
    assert platform.statuses(late) == ["duplicate"]
