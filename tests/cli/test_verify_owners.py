"""tollbook verify: every row belongs to a tenant, an organization and a user that are there."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.builders import Json, Platform, event, reversal
from tests.cli.conftest import Tollbook
from tollbook.lifecycle.archive import Due, archive
from tollbook.lifecycle.erase import Person, erase
from tollbook.store import directory
from tollbook.store.audit import Actor
from tollbook.store.database import open_database
from tollbook.wiring import now

OF_USERS = {"events", "usage_daily", "usage_monthly", "resources_daily"}
EVERYWHERE = OF_USERS | {
    *("organization_daily", "organization_monthly", "organization_hourly"),
    *("organization_resources", "quarantine", "quarantine_counts", "users"),
}
EVENTS = (
    event(id="call", user_id="user_1"),
    event(id="other", user_id="user_2"),
    event(id="base", type="kb.rental", user_id="user_1", quantity=1, resource_id="kb_1"),
    event(id="brand", type="brand.registration", user_id="user_3", quantity=1, resource_id="b"),
)


@pytest.fixture
def command(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Tollbook:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", database_url)
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(*EVENTS)
        platform.send(event(id="early", organization_id="nobody"))
        platform.reverse(reversal("other"))
    return Tollbook(capsys, tmp_path)


def damage(url: str, *statements: str) -> None:
    with closing(open_database(url)) as database, database.writing() as transaction:
        for statement in statements:
            transaction.execute(statement)


def found(command: Tollbook) -> list[Json]:
    listed: list[Json] = command.json("verify", code=1)["differences"]
    return listed


def test_a_ledger_of_every_kind_of_owner_verifies(command: Tollbook) -> None:
    assert command("verify").code == 0


@pytest.mark.parametrize("user", ["user_1", "user_2"])
def test_a_user_whose_row_is_gone_is_named(command: Tollbook, database_url: str, user: str) -> None:
    damage(database_url, f"DELETE FROM users WHERE id = '{user}'")
    expected = OF_USERS if user == "user_1" else OF_USERS - {"resources_daily"}
    rows = found(command)
    assert {it["row"]["table"] for it in rows} == expected
    assert {(it["check"], it["side"]) for it in rows} == {("owners", "no such user")}
    assert {(it["row"]["organization_id"], it["row"]["user_id"]) for it in rows} == {(1, user)}
    ran = command("verify")
    assert ran.code == 1
    assert f"owners: no such user: table=events, organization_id=1, user_id={user}\n" in ran.out


def test_a_user_of_what_the_organization_is_billed_for_is_not_missed(
    command: Tollbook, database_url: str
) -> None:
    damage(database_url, "DELETE FROM users WHERE id = 'user_3'")
    assert command("verify").code == 0


def test_an_organization_whose_tenant_is_missing_is_named(
    command: Tollbook, database_url: str
) -> None:
    damage(database_url, "DELETE FROM tenants")
    row = {"table": "organizations", "tenant_id": "default"}
    assert found(command) == [
        {"check": "owners", "side": "no such tenant", "row": {**row, "organization_id": number}}
        for number in (1, 2)
    ]


def test_rows_of_an_organization_that_is_not_there_are_named(
    command: Tollbook, database_url: str
) -> None:
    damage(database_url, "DELETE FROM organizations")
    rows = found(command)
    assert {it["side"] for it in rows} == {"no such organization"}
    assert {it["row"]["table"] for it in rows} == EVERYWHERE
    assert {it["row"]["organization_id"] for it in rows} == {1, 2}


def test_archived_sums_belong_to_users_too(
    command: Tollbook, database_url: str, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    with closing(open_database(database_url)) as database:
        actor = Actor("default", "cli", now())
        assert list(archive(database, actor, Due(None, 202402, tmp_path / "archive")))
        damage(database_url, "DELETE FROM users WHERE id = 'user_2'")
    tables: set[Any] = {it["row"]["table"] for it in found(command)}
    assert tables == {"archived_sums", "usage_daily", "usage_monthly"}
    damage(database_url, "DELETE FROM organizations WHERE organization_id = 1")
    tables = {it["row"]["table"] for it in found(command)}
    assert {"archived_sums", "archived_months"} <= tables


def test_a_person_who_was_erased_is_still_a_user(command: Tollbook, database_url: str) -> None:
    with closing(open_database(database_url)) as database:
        with database.reading() as snapshot:
            row = directory.find_organization(snapshot, "default", "org_1")
        assert row is not None
        erase(database, Actor("default", "cli", now()), Person(row, "user_1"))
    assert command("verify").code == 0
