"""The migration that adds the cost of events whose purchase cost is known, archived ones too."""

import sqlite3
from pathlib import Path

import pytest

from tests.builders import Platform, event, reversal
from tests.lifecycle.test_archive import Keeper
from tollbook.lifecycle.missing_purchases import Rebuilt, rebuild_purchases
from tollbook.lifecycle.restore import Restored, RestoredPart, restore
from tollbook.store.audit import Actor
from tollbook.store.database import Database, Transaction
from tollbook.store.migrate import migrate
from tollbook.store.migrations import converted_tables
from tollbook.store.rollups import KEYS
from tollbook.store.tables.schema import SCHEMA_VERSION
from tollbook.wiring import now

pytest.importorskip("pyarrow")

BOOK = """
name: Bought
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - meter: voice.call
    per: minute
    graduated: [{up_to: 2, price: "0.10"}, {price: "0.01"}]
    buy: {price: "0.02", per: minute}
  - {meter: kb.rental, price: "3", per: month, buy: "1"}
  - {meter: sms.outbound, price: "0.01", per: segment}
  - {meter: brand.registration, price: "4", per: registration, buy: "5"}
"""
TABLES = (*KEYS, "archived_sums")
MONEY = "SUM(cost), SUM(buy), SUM(bought), SUM(bought_cost)"


def texts(identity: str, **given: object) -> dict[str, object]:
    return event(id=identity, type="sms.outbound", quantity=1, **given)


def fill(platform: Platform, organization: str) -> None:
    """Store two months: known and unknown purchases of one day, and reversals in tiers."""
    platform.organization(organization)
    for month in (1, 2):
        given = {"organization_id": organization, "time": f"2024-0{month}-15T10:30:00Z"}
        name = f"{organization} {month}"
        platform.send(
            *(event(id=f"{name} {n}", quantity=90, **given) for n in range(3)),
            event(id=f"{name} kb", type="kb.rental", resource_id="kb", quantity=1, **given),
            event(id=f"{name} brand", type="brand.registration", quantity=1, **given),
            texts(f"{name} bought", cost="0.5", **given),
            texts(f"{name} unknown", **given),
            texts(f"{name} reversed", cost="0.25", **given),
        )
        for identity in (f"{name} 0", f"{name} reversed"):
            platform.reversed(reversal(identity, organization_id=organization))


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> Keeper:
    """Return an operator whose first month is archived."""
    platform = Platform(database)
    platform.load(BOOK)
    for organization in ("org_1", "org_2"):
        fill(platform, organization)
    keeper = Keeper(platform, tmp_path / "archive")
    keeper.archive()
    return keeper


def money(keeper: Keeper) -> dict[str, list[tuple[object, ...]]]:
    """Return what each table of sums knows of costs, by its key."""
    rows = keeper.platform.rows
    found = {
        table: sorted(
            rows(f"SELECT {', '.join(keys)}, {MONEY} FROM {table} GROUP BY {', '.join(keys)}")
        )
        for table, keys in KEYS.items()
    }
    return {**found, "archived_sums": sorted(rows("SELECT * FROM archived_sums"))}


CORRECTED_EVENTS = """
CREATE TABLE corrected_events (
    organization_id BIGINT, id TEXT, received_at BIGINT, code TEXT, reason TEXT, event TEXT
)
"""


BUDGETS = """
CREATE TABLE budgets (
    organization_id BIGINT, user_id TEXT, monthly TEXT, alerts TEXT, created_at BIGINT,
    changed_at BIGINT, CONSTRAINT pk_budgets PRIMARY KEY (organization_id, user_id)
)
"""
LATER_TABLES = (
    *("meters", "event_types", "origins", "unpriced_groups", "quarantine_samples"),
    *("quarantine_alarms", "notifications", "notification_numbers", "endpoints", "deliveries"),
    *("delivery_attempts", "reports", "unsubscribed_addresses", "leases", "tenant_zones"),
    *("triggers", "trigger_states", "trigger_baselines", "budgets"),
    *("received_hours", "silences", "closed_days", "closed_months"),
)
LATER_COLUMNS = (
    ("tenants", "timezone"),
    ("tenants", "triggers_token"),
    ("quarantine", "country"),
    ("ledger_versions", "closed_day"),
)


def ids_as_texts(transaction: Transaction) -> None:
    """Make ids texts again, as before migration 0024."""
    for table in converted_tables.TABLES:
        transaction.execute(f"DROP VIEW readable_{table.name}")
    for table in converted_tables.TABLES:
        ids = [name for name, kind in table.kinds.items() if kind == "BYTEA"]
        if isinstance(transaction._driver, sqlite3.Connection):
            _copy_with_texts(transaction, table.name, table.columns, ids)
        else:
            changes = (f"ALTER COLUMN {it} TYPE TEXT USING id_text({it})" for it in ids)
            transaction.execute(f"ALTER TABLE {table.name} {', '.join(changes)}")
    if not isinstance(transaction._driver, sqlite3.Connection):
        transaction.execute("DROP FUNCTION id_text")


def _copy_with_texts(
    transaction: Transaction, table: str, columns: list[str], ids: list[str]
) -> None:
    found = transaction.rows(
        "SELECT sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL "
        "ORDER BY type DESC",
        name=table,
    )
    texts = [f"id_text({it})" if it in ids else it for it in columns]
    transaction.execute(f"CREATE TEMPORARY TABLE kept AS SELECT {', '.join(texts)} FROM {table}")
    transaction.execute(f"DROP TABLE {table}")
    for (sql,) in found:
        transaction.execute(sql.replace("BLOB", "TEXT"))
    transaction.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM kept")
    transaction.execute("DROP TABLE kept")


def to_0016(database: Database) -> Database:
    """Bring the schema back to what it was; return the database without a check of its version."""
    with database.writing() as transaction:
        ids_as_texts(transaction)
        transaction.execute(CORRECTED_EVENTS)
        for column in ("quarantined_at", "quarantine_code", "quarantine_reason"):
            transaction.execute(f"ALTER TABLE corrections DROP COLUMN {column}")
        transaction.execute("ALTER TABLE corrections DROP COLUMN quarantined_event")
        for table in TABLES:
            transaction.execute(f"ALTER TABLE {table} DROP COLUMN bought_cost")
        for column in ("buy_changed", "purchases"):
            transaction.execute(f"ALTER TABLE rerating_runs DROP COLUMN {column}")
        for table, column in LATER_COLUMNS:
            transaction.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in LATER_TABLES:
            transaction.execute(f"DROP TABLE {table}")
        transaction.execute(BUDGETS)
        transaction.execute("UPDATE alembic_version SET version_num = '0016'")
        transaction.execute("UPDATE directory_state SET schema_version = '0016'")
    return Database(database.engine, schema_version=None)


def test_costs_of_archived_events_are_those_that_ingest_added_up(keeper: Keeper) -> None:
    before = money(keeper)
    assert migrate(to_0016(keeper.platform.database)) == []
    assert money(keeper) == before
    assert keeper.problems() == []
    (row,) = keeper.platform.rows(
        "SELECT count, cost, buy, bought, bought_cost FROM organization_monthly "
        f"WHERE organization_id = {keeper.platform.number('org_1')} "
        "AND month = 202401 AND meter = 1"
    )
    assert row == (2, 510_000_000, 500_000_000, 1, 500_000_000)


def test_files_are_read_where_they_have_been_moved_to(keeper: Keeper, tmp_path: Path) -> None:
    before = money(keeper)
    moved = keeper.folder.rename(tmp_path / "moved")
    assert migrate(to_0016(keeper.platform.database), archives=moved) == []
    assert money(keeper) == before


def test_without_a_file_the_purchase_costs_of_its_mixed_groups_are_unknown(keeper: Keeper) -> None:
    platform = keeper.platform
    lost = next(name for name in keeper.files() if name.startswith("org_1"))
    (keeper.folder / lost).unlink()
    (problem,) = migrate(to_0016(platform.database))
    assert problem.startswith(f"{lost} is missing")
    assert platform.differences() == []
    rows = platform.rows(
        "SELECT organization_id, meter, buy, bought, bought_cost FROM organization_monthly "
        "WHERE month = 202401 ORDER BY organization_id, meter"
    )
    one, two = platform.number("org_1"), platform.number("org_2")
    known = [(10, 1_000_000_000, 1, 3_000_000_000), (12, 5_000_000_000, 1, 4_000_000_000)]
    assert rows == [
        *((one, meter, 0, 0, 0) for meter in (1, 5)),
        *((one, *it) for it in known),
        (two, 1, 500_000_000, 1, 500_000_000),
        (two, 5, 60_000_000, 2, 210_000_000),
        *((two, *it) for it in known),
    ]


def lost_file(keeper: Keeper, folder: Path) -> Database:
    """Migrate while the file of org_1 is in another folder; return the database of now."""
    folder.mkdir()
    (name,) = (it for it in keeper.files() if it.startswith("org_1"))
    (keeper.folder / name).rename(folder / name)
    database = keeper.platform.database
    assert len(migrate(to_0016(database))) == 1
    (keeper.folder / name).unlink(missing_ok=True)
    return Database(database.engine, schema_version=SCHEMA_VERSION)


def test_a_file_that_is_found_again_is_added_to_the_sums(keeper: Keeper, tmp_path: Path) -> None:
    before = money(keeper)
    database = lost_file(keeper, tmp_path / "found")
    for file in keeper.folder.iterdir():
        file.rename(tmp_path / "found" / file.name)
    keeper.folder = tmp_path / "found"
    assert len(keeper.problems()) == 1
    (done,) = rebuild_purchases(database, keeper.folder, now())
    assert isinstance(done, Rebuilt)
    assert done.month.organization_id == "org_1"
    assert money(keeper) == before
    assert keeper.problems() == []
    assert list(rebuild_purchases(database, keeper.folder, now())) == []


def test_restoring_a_month_adds_what_its_sums_lack(keeper: Keeper, tmp_path: Path) -> None:
    before = money(keeper)
    database = lost_file(keeper, tmp_path / "found")
    wanted = RestoredPart(keeper.platform.number("org_1"), 202401, tmp_path / "found")
    actor = Actor(keeper.platform.tenant, "cli", now())
    assert all(isinstance(it, Restored) for it in restore(database, actor, wanted))
    after = money(keeper)
    assert {table: after[table] for table in KEYS} == {table: before[table] for table in KEYS}
    assert keeper.platform.differences() == []


def test_costs_past_64_bits_are_divided(database: Database) -> None:
    platform = Platform(database)
    platform.organization()
    platform.send(*(texts(str(n), cost=100_000_000) for n in range(150)))
    migrate(to_0016(database))
    assert Platform(Database(database.engine, schema_version=SCHEMA_VERSION)).differences() == []
    parts = platform.rows("SELECT bought_cost FROM usage_monthly")
    assert sum(row[0] for row in parts) == 150 * 10**17
