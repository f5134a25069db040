"""Migrations on both engines: from nothing to the schema in code, and never backwards."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.conftest import ENGINES
from tollbook.domain.errors import DatabaseTooNew
from tollbook.domain.meters import CATALOG
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate
from tollbook.store.tables.schema import SCHEMA_VERSION, metadata
from tollbook.store.verification import CHECKS, differences


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = open_database(empty_url, schema_version=None)
    yield database
    database.close()


def is_ours(_thing: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out partitions of months, and the staging table of a cluster: code has neither."""
    made_later = ("events_", "staged_rows_")
    return not (kind == "table" and name is not None and name.startswith(made_later))


@pytest.mark.parametrize("empty_url", ENGINES, indirect=True)
def test_migrating_from_nothing_gives_the_schema_in_code(empty: Database) -> None:
    migrate(empty)
    with empty.engine.sqlalchemy.connect() as connection:
        options = {"compare_type": True, "include_object": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(empty: Database) -> None:
    migrate(empty)
    migrate(empty)


OF_0001 = (
    "INSERT INTO ledger_heads VALUES (1, 1, 0)",
    "INSERT INTO event_keys VALUES (1, 'priced', 7, 20190115), (1, 'brought', 8, 20190115)",
    "INSERT INTO events VALUES "
    "(1, 20190115, 'priced', 'u', 5, NULL, 0, 61000000, 61000000, 122000000, 3, '', 0),"
    "(1, 20190115, 'brought', 'u', 5, NULL, 0, 1000000, 1000000, 7, NULL, '', 0)",
    "INSERT INTO usage_daily VALUES (1, 201901, 'u', 5, 20190115, 2, 62000000, 62000000, "
    "122000007)",
    "INSERT INTO usage_monthly VALUES (1, 201901, 'u', 5, 2, 62000000, 62000000, 122000007)",
)


def test_a_ledger_of_the_first_schema_carries_over_and_its_purchases_stay_unknown(
    empty: Database,
) -> None:
    migrate(empty, "0001")
    with empty.writing() as transaction:
        for statement in OF_0001:
            transaction.execute(statement)
    migrate(empty)
    with empty.reading() as snapshot:
        facts = (
            "SELECT id_text(id), own_cost, buy, position, tier_key, reverses "
            "FROM events ORDER BY id"
        )
        assert snapshot.rows(facts) == [
            ("brought", 7, None, None, None, None),
            ("priced", None, None, None, None, None),
        ]
        for table in ("usage_daily", "usage_monthly"):
            assert snapshot.rows(f"SELECT count, buy, bought FROM {table}") == [(2, 0, 0)]
        assert [it for check in CHECKS for it in differences(snapshot, check)] == []


OF_0004 = (
    "INSERT INTO organizations VALUES (1, 't', 'org', 'Org', 'Asia/Kolkata', 'USD', 'active', 0)",
    "INSERT INTO ledger_heads VALUES (1, 1, 0)",
    "INSERT INTO event_keys VALUES (1, 'out', 7, 19700101), (1, 'in', 8, 19700101), (1, 'w', 9, 0)",
    "INSERT INTO events VALUES "
    "(1, 19700101, 'out', 'u', 5, NULL, 3600000000, 61, 61, 9, 3, "
    '\'{"to": "+442071838750"}\', 7, '
    "NULL, NULL, NULL, NULL, NULL),"
    "(1, 19700101, 'in', 'u', 2, NULL, 0, 1, 1, 7, 3, '{\"from\": \"+14155550100\"}', 8, "
    "NULL, 4, NULL, NULL, NULL)",
    "INSERT INTO usage_daily VALUES (1, 197001, 'u', 5, 19700101, 1, 61, 61, 9, 0, 0),"
    "(1, 197001, 'u', 2, 19700101, 1, 1, 1, 7, 4, 1)",
    "INSERT INTO usage_monthly VALUES (1, 197001, 'u', 5, 1, 61, 61, 9, 0, 0),"
    "(1, 197001, 'u', 2, 1, 1, 1, 7, 4, 1)",
    "INSERT INTO quarantine VALUES "
    "(1, 'w', 5, 'no_price', '', '{\"time\": \"1970-01-01T00:00:02+00:00\"}')",
)


def test_a_ledger_of_the_fourth_schema_gets_its_hours_and_countries(empty: Database) -> None:
    migrate(empty, "0004")
    with empty.writing() as transaction:
        for statement in OF_0004:
            # A colon in a text is no parameter.
            transaction._driver.execute(statement)
    migrate(empty)
    with empty.reading() as snapshot:
        facts = "SELECT id_text(id), hour, country FROM events ORDER BY id"
        assert snapshot.rows(facts) == [("in", -30, "US"), ("out", 30, "GB")]
        days = "SELECT meter, day, country, cost, buy FROM usage_daily ORDER BY meter"
        assert snapshot.rows(days) == [(2, 19700101, "US", 7, 4), (5, 19700101, "GB", 9, 0)]
        hours = "SELECT meter, hour, country, cost, buy FROM organization_hourly ORDER BY meter"
        assert snapshot.rows(hours) == [(2, -30, "US", 7, 4), (5, 30, "GB", 9, 0)]
        assert snapshot.rows("SELECT time FROM quarantine") == [(2_000_000,)]
        heads = "SELECT newest, received_at FROM ledger_versions"
        assert snapshot.rows(heads) == [(3_600_000_000, 8)]
        assert [it for check in CHECKS for it in differences(snapshot, check)] == []


def test_a_ledger_of_the_sixth_schema_gets_a_table_for_budgets_and_nothing_else_changes(
    empty: Database,
) -> None:
    migrate(empty, "0006")
    organization = "(1, 't', 'org', 'Org', 'UTC', 'USD', 'active', 0)"
    with empty.writing() as transaction:
        transaction.execute(f"INSERT INTO organizations VALUES {organization}")
        transaction.execute("INSERT INTO ledger_heads VALUES (1, 7, 3, 0, 0)")
    migrate(empty)
    with empty.writing() as transaction:
        assert transaction.rows("SELECT * FROM budgets") == []
        transaction.execute("INSERT INTO budgets VALUES (1, '', 'day', '5', '[0.5]', 1, 1, 1)")
        assert transaction.rows("SELECT id FROM organizations") == [("org",)]
        assert transaction.rows("SELECT as_of FROM ledger_versions") == [(3,)]


@pytest.mark.parametrize("lost", ["u", ""])
def test_a_user_whose_row_was_lost_is_added(empty: Database, lost: str) -> None:
    migrate(empty, "0010")
    with empty.writing() as transaction:
        transaction.execute(
            "INSERT INTO ledger_heads (organization_id, revision, as_of) VALUES (1, 1, 9)"
        )
        transaction.execute("INSERT INTO users VALUES (1, 'known', 'Known', NULL, 'active', 1)")
        for user in ("known", lost):
            transaction.execute(
                "INSERT INTO usage_monthly (organization_id, month, user_id, meter, count, "
                "quantity, billed, cost) VALUES (1, 202401, :user, 5, 1, 1, 1, 1)",
                user=user,
            )
    migrate(empty)
    with empty.reading() as snapshot:
        users = snapshot.rows("SELECT id, name, created_at FROM users ORDER BY id")
    assert users == [("known", "Known", 1)] + [("u", "u", 9)] * bool(lost)


def test_tokens_are_renewed_and_the_version_is_stored(empty: Database) -> None:
    migrate(empty, "0010")
    with empty.writing() as transaction:
        transaction.execute(
            "INSERT INTO ledger_heads (organization_id, revision, as_of) VALUES (1, 5, 9)"
        )
    migrate(empty)
    with empty.reading() as snapshot:
        ((token, version),) = snapshot.rows("SELECT token, schema_version FROM directory_state")
        ((of_ledger,),) = snapshot.rows("SELECT token FROM ledger_versions")
    assert version == SCHEMA_VERSION
    assert min(token, of_ledger) > 5


def test_a_newer_database_is_refused_with_a_sentence(database: Database) -> None:
    with database.writing() as transaction:
        transaction.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNew, match=r"migration 9999.*Upgrade Tollbook"):
        migrate(database)


def test_sqlite_is_durable_at_every_commit(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with database.reading() as snapshot:
        assert snapshot.row("PRAGMA journal_mode") == ("wal",)
        assert snapshot.row("PRAGMA synchronous") == (2,)
    database.close()


def test_postgresql_is_durable_at_every_commit(postgres_url: str) -> None:
    database = open_database(postgres_url)
    with database.writing() as transaction:
        assert transaction.row("SHOW synchronous_commit") == ("on",)
    database.close()


def test_a_tenant_gets_the_only_currency_of_its_organizations(empty: Database) -> None:
    migrate(empty, "0009")
    currencies = {"one": ["EUR", "EUR", ""], "several": ["EUR", "JPY"], "none": []}
    with empty.writing() as transaction:
        for tenant, of_organizations in currencies.items():
            transaction.execute(f"INSERT INTO tenants VALUES ('{tenant}', '{tenant}', 0)")
            for number, currency in enumerate(of_organizations):
                transaction.execute(
                    "INSERT INTO organizations "
                    "(tenant_id, id, name, timezone, currency, status, created_at) VALUES "
                    f"('{tenant}', '{number}', '', 'UTC', '{currency}', 'active', 0)"
                )
    migrate(empty)
    with empty.reading() as snapshot:
        found = dict(snapshot.rows("SELECT tenant_id, currency FROM tenants"))
    assert found == {"one": "EUR", "several": "USD", "none": "USD"}


OF_0012 = (
    "INSERT INTO organizations (organization_id, tenant_id, id, name, timezone, currency, status, "
    "created_at) VALUES (1, 't', 'org', 'Org', 'UTC', 'USD', 'active', 0)",
    "INSERT INTO quarantine (organization_id, id, received_at, code, reason, event, time) VALUES "
    "(1, 'of a user', 1, 'no_price', '', '{\"user_id\":\"\u00e4nn\",\"type\":\"kb.rental\"}', 2), "
    "(1, 'of nobody', 1, 'no_price', '', '{\"user_id\":null,\"type\":\"sms.inbound\"}', 2)",
)
WRITE, READ = "events:write", "analytics:read"
BOTH = "events:cost events:reverse"
KEYS = {
    "tenant": (("NULL", "NULL", "NULL"), WRITE, f"{WRITE} {BOTH}", None),
    "organization": (("1", "NULL", "''"), f"{WRITE} {READ}", f"{WRITE} {READ} {BOTH}", None),
    "reader": (("NULL", "NULL", "NULL"), READ, f"{READ} {BOTH}", None),
    "admin": (("1", "NULL", "NULL"), "admin", "admin", None),
    "user": (("1", "'ann'", "NULL"), WRITE, WRITE, "user:"),
    "user admin": (("1", "'ann'", "NULL"), "admin", "admin", "user admin:"),
    "user reader": (("1", "'ann'", "NULL"), READ, READ, None),
    "meters": (("NULL", "NULL", "'voice.call'"), WRITE, WRITE, "meters:"),
    "meters reader": (("1", "NULL", "'voice.call'"), READ, READ, None),
}


def test_keys_of_the_twelfth_schema_get_permissions_or_a_prefix(empty: Database) -> None:
    migrate(empty, "0012")
    with empty.writing() as transaction:
        for statement in OF_0012:
            transaction._driver.execute(statement)
        for prefix, ((organization, user, meters), permissions, _, _) in KEYS.items():
            transaction._driver.execute(
                "INSERT INTO api_keys (prefix, hash, name, tenant_id, organization_id, user_id, "
                f"meters, permissions, created_at) VALUES ('{prefix}', '', '', 't', "
                f"{organization}, {user}, {meters}, '{permissions}', 0)"
            )
    migrate(empty)
    with empty.reading() as snapshot:
        rows = snapshot.rows("SELECT prefix, permissions, id_prefix FROM api_keys")
        owners = snapshot.rows("SELECT id_text(id), user_id, meter FROM quarantine ORDER BY id")
    assert {row[0]: row[1:] for row in rows} == {name: it[2:] for name, it in KEYS.items()}
    assert owners == [("of a user", "\u00e4nn", 10), ("of nobody", "", 2)]


def test_the_migration_knows_the_codes_of_all_meters() -> None:
    known = import_module(
        "tollbook.store.migrations.versions.0013_ids_of_narrow_keys_and_pending_erasures"
    )._METERS
    assert dict(enumerate(known, 1)) == {meter.code: meter.type for meter in CATALOG}
