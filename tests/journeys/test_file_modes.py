"""Every file that Tollbook creates can be read by its owner only, whatever the umask is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import Json, Platform, event
from tests.demo import MadeDemo
from tests.servers import Server
from tollbook.cli.main import run
from tollbook.store.database import open_database

DATABASE = "ledger.db"


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", f"sqlite:///{tmp_path / DATABASE}")
    before = os.umask(request.param)
    yield tmp_path
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    files = (it for it in sorted(folder.rglob("*")) if it.is_file())
    return {str(it.relative_to(folder)): oct(it.stat().st_mode & 0o777) for it in files}


def test_every_file_is_for_its_owner_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = os.environ["TOLLBOOK_DATABASE_URL"]
    seen: dict[str, str] = {}
    with Server(url) as server, server.client() as http:
        seen |= modes(folder)
        platform = Platform(open_database(url))
        platform.organization()
        body: list[Json] = [event(), event(id="2", time="2024-02-01T00:00:00Z")]
        answer = http.post("/v1/events", headers={"X-API-Key": platform.key()}, json=body)
        assert answer.status_code == 200
        seen |= modes(folder)
        assert run(["backup", "first.backup"]) == 0
        assert run(["archive", "--older-than", "1", "--to", "archive"]) == 0
        seen |= modes(folder)
        assert run(["users", "erase", "org_1", "user_1", "--yes"]) == 0
        seen |= modes(folder)
        platform.database.close()
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", f"sqlite:///{folder / 'restored.db'}")
    assert run(["restore", "first.backup"]) == 0
    assert run(["verify"]) == 0
    seen |= modes(folder)
    assert set(seen.values()) == {"0o600"}, seen
    names = {
        "restored.db",
        "ledger.db",
        "ledger.db-wal",
        "ledger.db-shm",
        "ledger.db-secret",
        "first.backup",
    }
    assert names <= seen.keys()
    assert len([it for it in seen if it.endswith(".parquet")]) == 4


def test_the_files_of_the_demo_too(made_demo: MadeDemo) -> None:
    found = modes(made_demo.folder)
    assert {"tollbook-demo.db", "tollbook-demo.json"} <= found.keys()
    assert set(found.values()) == {"0o600"}, found
