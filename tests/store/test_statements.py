"""How the write path's statements are run: what a batch costs must not grow with the ledger."""

from tests.builders import Platform, event
from tollbook.store import ledger_statements
from tollbook.store.database import open_database
from tollbook.store.staging import COLUMNS, Staged


def test_the_columns_of_the_staging_table_are_those_of_its_rows() -> None:
    assert tuple(COLUMNS) == Staged._fields


def test_postgresql_looks_identities_up_by_key_however_many_there_are(postgres_url: str) -> None:
    database = open_database(postgres_url)
    platform = Platform(database)
    platform.organization()
    platform.send(*(event(id=f"call-{n}") for n in range(5_000)))
    with database.writing() as transaction:
        for statement in (ledger_statements.STANDING, ledger_statements.DROP_STANDING):
            plan = "\n".join(row[0] for row in transaction.rows(f"EXPLAIN {statement}"))
            assert "Seq Scan on event_keys" not in plan
            assert "Index" in plan
    database.close()
