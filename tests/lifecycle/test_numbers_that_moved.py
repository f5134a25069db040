"""Work of several transactions stops when an organization's number is another's by now."""

from pathlib import Path

import pytest

from tests.builders import Platform, event
from tollbook.domain.errors import StoreUnavailable
from tollbook.lifecycle import archive, erase
from tollbook.store import directory
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    platform.send(event())
    return platform


def move(platform: Platform, monkeypatch: pytest.MonkeyPatch, module: object) -> None:
    """Change the number of the organization, as one that is created again gets it."""
    held = module.ledger.hold_ledgers  # type: ignore[attr-defined]

    def hold(transaction: object, numbers: object) -> None:
        held(transaction, numbers)
        transaction.execute(  # type: ignore[attr-defined]
            "UPDATE organizations SET organization_id = 99 WHERE tenant_id = :tenant",
            tenant=platform.tenant,
        )

    monkeypatch.setattr(module.ledger, "hold_ledgers", hold)  # type: ignore[attr-defined]


def test_an_erasure_does_not_reach_another_organization(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
    assert row is not None
    actor = Actor(platform.tenant, COMMAND_LINE, 1)
    move(platform, monkeypatch, erase)
    with pytest.raises(StoreUnavailable, match="organization org_1 is not the same as before"):
        erase.erase(platform.database, actor, erase.Person(row, "user_1"))
    assert platform.rows("SELECT name FROM users") == [("user_1",)]


def test_an_archive_does_not_take_the_events_of_another_organization(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    actor = Actor(platform.tenant, COMMAND_LINE, 1)
    move(platform, monkeypatch, archive)
    with pytest.raises(StoreUnavailable, match="organization org_1 is not the same as before"):
        list(archive.archive(platform.database, actor, archive.Due(None, 202402, tmp_path)))
    assert platform.rows("SELECT id_text(id) FROM events") == [("call-1",)]
