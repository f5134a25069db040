"""An erasure is reported as pending until no file of the database has what was erased."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.api.conftest import Tenant
from tests.builders import Platform, event
from tests.cli.conftest import Tollbook, tollbook  # noqa: F401
from tests.inside import serving
from tests.lifecycle.test_archive import Keeper
from tests.lifecycle.test_erase import erasing, jane
from tests.waiting import wait_for
from tollbook.api.operation import maintenance
from tollbook.domain.directory import User
from tollbook.lifecycle.pending_erasures import finish_erasures
from tollbook.store import directory
from tollbook.store.audit import acts
from tollbook.store.database import Database, open_database
from tollbook.wiring import now

PATH = "/v1/organizations/org_1/users/user_1/personal-data"
NAMES = (b"Jane", b"4155550100", b"2071838750", b"5550123")


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    with closing(open_database(sqlite_url)) as opened:
        yield opened


def left_in_files(url: str) -> dict[str, list[bytes]]:
    """Search all files of the database for what was erased."""
    path = Path(url.removeprefix("sqlite:///"))
    found = {}
    for file in path.parent.glob(f"{path.name}*"):
        content = file.read_bytes()
        if names := [it for it in NAMES if it in content]:
            found[file.name] = names
    return found


def actions(tenant: Tenant | Keeper) -> list[str]:
    platform = tenant.platform if isinstance(tenant, Keeper) else tenant
    with platform.database.reading() as snapshot:
        found = [it.action for it in acts(snapshot, platform.tenant)]
    return [it for it in reversed(found) if it.startswith("user.erase")]


def person(tenant: Tenant) -> None:
    number = tenant.organization()
    with tenant.database.writing() as transaction:
        directory.add_user(transaction, number, User("user_1", "Jane", "jane@acme.example"), now())
    tenant.send(event(attributes={"to": "+442071838750"}))


def test_an_erasure_is_finished_at_once_when_nobody_reads(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    keeper = Keeper(Platform(database), tmp_path / "archive")
    jane(keeper.platform, other=False)
    done = erasing(keeper)
    assert not done.pending
    assert actions(keeper) == ["user.erase", "user.erase_finished"]
    if database_url.startswith("sqlite"):
        assert left_in_files(database_url) == {}


def test_a_long_read_keeps_it_pending_until_it_ends(
    sqlite: Database, sqlite_url: str, tmp_path: Path
) -> None:
    keeper = Keeper(Platform(sqlite), tmp_path / "archive")
    jane(keeper.platform, other=False)
    with sqlite.streaming() as export:
        assert export.integer("SELECT COUNT(*) FROM events") > 0
        done = erasing(keeper)
        assert done.pending
        assert left_in_files(sqlite_url) != {}
        assert actions(keeper) == ["user.erase"]
        assert not finish_erasures(sqlite, now())
        # Other writers are not held up by it.
        keeper.platform.send(event(id="later", user_id="user_2"))
    assert finish_erasures(sqlite, now())
    assert left_in_files(sqlite_url) == {}
    assert actions(keeper) == ["user.erase", "user.erase_finished"]
    assert finish_erasures(sqlite, now())
    assert actions(keeper) == ["user.erase", "user.erase_finished"]


def test_copies_that_earlier_changes_left_are_gone_too(sqlite: Database, sqlite_url: str) -> None:
    platform = Platform(sqlite)
    number = platform.organization()
    with sqlite.writing() as transaction:
        assert transaction.row("PRAGMA secure_delete") == (1,)
        for n in range(200):
            directory.add_user(transaction, number, User(f"user_{n}", f"Jane {n}"), now())
    for name in ("Ann", "Bob the builder of very long names", "C"):
        with sqlite.writing() as transaction:
            transaction.execute(
                "UPDATE users SET name = :name WHERE organization_id = :number",
                name=name,
                number=number,
            )
    assert sqlite.engine.flush_traces()
    assert left_in_files(sqlite_url) == {}


def test_a_server_says_so_and_finishes_it(
    sqlite: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "_EVERY", 0.05)
    with serving(open_database(sqlite_url)) as http:
        tenant = Tenant(sqlite, http)
        person(tenant)
        with sqlite.streaming() as export:
            assert export.integer("SELECT COUNT(*) FROM events") == 1
            for _ in range(2):  # asking again tells the same
                answer = tenant.delete(PATH)
                assert (answer.status_code, answer.json()["erased"]["pending"]) == (202, True)
            (metric,) = _metric(http.get("/metrics").text)
            assert metric == "tollbook_erasures_pending 1.0"
            (act, *_) = tenant.get("/v1/audit-log?action=user.erase").json()["acts"]
            assert act["details"]["pending"] is True
        wait_for(lambda: actions(tenant)[-1] == "user.erase_finished")
        assert left_in_files(sqlite_url) == {}
        answer = tenant.delete(PATH)
        assert (answer.status_code, answer.json()["erased"]["pending"]) == (200, False)


def _metric(text: str) -> list[str]:
    return [it for it in text.splitlines() if it.startswith("tollbook_erasures_pending")]


def test_the_command_says_so_and_fails(
    tollbook: Tollbook,  # noqa: F811
    sqlite: Database,
    sqlite_url: str,
) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook("users", "create", "org_1", "user_1", "--name", "Jane")
    erase = ("users", "erase", "org_1", "user_1", "--yes")
    with sqlite.streaming() as export:
        assert export.integer("SELECT COUNT(*) FROM users") == 1
        ran = tollbook(*erase)
        assert (ran.code, "PENDING" in ran.out) == (1, True)
        assert tollbook.json(*erase, code=1)["pending"] is True
    ran = tollbook(*erase)
    assert (ran.code, "PENDING" in ran.out) == (0, False)
    assert left_in_files(sqlite_url) == {}


def test_an_erasure_during_another_attempt_stays_pending(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second erasure commits after the list was read: the log may be emptied before it."""
    keeper = Keeper(Platform(sqlite), tmp_path / "archive")
    jane(keeper.platform, other=False)
    flush = sqlite.engine.flush_traces
    monkeypatch.setattr(sqlite.engine, "flush_traces", lambda: False)
    assert erasing(keeper).pending

    def flushed_before_another() -> bool:
        monkeypatch.setattr(sqlite.engine, "flush_traces", lambda: False)
        assert erasing(keeper).pending
        return True

    monkeypatch.setattr(sqlite.engine, "flush_traces", flushed_before_another)
    assert finish_erasures(sqlite, now())
    assert actions(keeper) == ["user.erase", "user.erase"]
    monkeypatch.setattr(sqlite.engine, "flush_traces", flush)
    assert finish_erasures(sqlite, now())
    assert actions(keeper)[-1] == "user.erase_finished"
