"""How statements are run: what a batch costs must not grow with the ledger."""

from tests.builders import Platform, event
from tollbook.store import ledger_statements
from tollbook.store.database import Database, open_database
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


ODD = [
    *("plain", "", "NULL", "null", "{}", "{a,b}", "a,b", " a ", "a b", "'", "''", "%s", ":ids"),
    *(
        '"',
        '""',
        '","',
        "\\",
        "\\\\",
        '\\"',
        '"\\',
        "\n",
        "\t",
        "\u00a0",
        "\u2028",
        "é",
        "\U0001f600",
    ),
]


def test_a_list_of_texts_finds_exactly_these(database: Database) -> None:
    platform = Platform(database)
    number = platform.organization()
    add = (
        "INSERT INTO users (organization_id, id, name, status, created_at) "
        "VALUES (:number, :id, '', 'active', 0)"
    )
    users = {*ODD, "none of them"}
    with database.writing() as transaction:
        transaction.execute_many(add, [{"number": number, "id": it} for it in users])
    sql = "SELECT id FROM users WHERE organization_id = :number AND id IN :ids"
    with database.reading() as snapshot:
        for some in (*([it] for it in ODD), ODD, ["plain", "missing"]):
            found = snapshot.table(sql, {"number": number, "ids": some}, 1)
            assert sorted(it for (it,) in found) == sorted(users & set(some))


def test_a_list_without_texts_finds_nothing_or_its_numbers(database: Database) -> None:
    number = Platform(database).organization()
    sql = "SELECT id FROM organizations WHERE organization_id IN :numbers"
    with database.reading() as snapshot:
        assert snapshot.table(sql, {"numbers": []}, 1) == []
        assert snapshot.table(sql, {"numbers": [number, number + 1]}, 1) == [("org_1",)]
