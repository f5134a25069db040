"""How statements are run: what a batch costs must not grow with the ledger."""

from tests.builders import Platform, event
from tollbook.store import identities
from tollbook.store.database import Database
from tollbook.store.staging import COLUMNS, Staged


def staged(number: int, identity: str) -> Staged:
    return Staged(number, identity, 0, 20240101, "", "", 1, "", 0, 0, 0, 0, None, "")


def test_the_columns_of_the_staging_table_are_those_of_its_rows() -> None:
    assert tuple(COLUMNS) == Staged._fields


def test_identities_are_looked_up_by_key_however_many_there_are(database: Database) -> None:
    platform = Platform(database)
    number = platform.organization()
    platform.send(*(event(id=f"call-{n}") for n in range(3_000)))
    bound = {"numbers": [number], "ids": [f"call-{n}" for n in range(2_000)]}
    has_planner = database.engine.has_clock
    with database.writing() as transaction:
        if has_planner:
            plan = transaction.table_by_key(f"EXPLAIN {identities.EXISTING}", bound, 1)
            assert transaction.row("SHOW enable_seqscan") == ("on",)
        else:
            sql = f"EXPLAIN QUERY PLAN {identities.EXISTING}"
            plan = transaction._engine.run(transaction._driver, sql, bound).fetchall()
    assert "Seq Scan on event_keys" not in str(plan)
    assert ("id = ANY" if has_planner else "organization_id=? AND id=?") in str(plan)


def test_a_lookup_tries_few_pairs_that_no_event_has() -> None:
    rows = [staged(number, f"{number}-{n}") for number in range(50) for n in range(3)]
    lookups = list(identities._lookups(rows))
    assert [(len(numbers), len(ids)) for numbers, ids in lookups] == [(5, 15)] * 10
    assert lookups[0][0] == [0, 1, 2, 3, 4]
    assert sorted(it for _, ids in lookups for it in ids) == sorted(row.id for row in rows)
    (one,) = identities._lookups([staged(7, str(n)) for n in range(2_000)])
    assert one[0] == [7]


def test_organizations_that_have_the_same_ids_are_told_apart(database: Database) -> None:
    platform = Platform(database)
    numbers = [platform.organization(name) for name in ("org_1", "org_2")]
    platform.send(event(id="one"), event(id="two", organization_id="org_2"))
    rows = [staged(number, identity) for number in numbers for identity in ("one", "two")]
    with database.reading() as snapshot:
        found = identities.existing(snapshot, rows)
    assert {(row.organization_id, row.id) for row in found} == {
        (numbers[0], "one"),
        (numbers[1], "two"),
    }


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
