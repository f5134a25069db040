"""Run the commands of docs/backup.md and docs/archives.md in order."""

import re
import shlex
from pathlib import Path

import pytest

from tests.builders import Platform, event
from tollbook.cli.main import run
from tollbook.store.database import open_database

DOCS = Path(__file__).parents[2] / "docs"


def commands(page: str) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", ["backup.md", "archives.md"])
def test_the_commands_of_the_page_run_in_order(
    page: str,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    database = open_database(sqlite_url)
    platform = Platform(database)
    platform.organization("org_abc123")
    given = {"organization_id": "org_abc123", "user_id": "user_123"}
    platform.send(event(attributes={"to": "+442071838750"}, time="2021-01-15T10:30:00Z", **given))
    database.close()
    for command in commands(page):
        assert run(command) == 0, (command, capsys.readouterr().err)


def test_archive_and_erase_report_missing_options(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", sqlite_url)
    assert run(["archive", "--older-than", "0", "--to", "x"]) == 2
    assert run(["archive"]) == 2
    database = open_database(sqlite_url)
    platform = Platform(database)
    platform.organization()
    platform.send(event())
    database.close()
    assert run(["users", "erase", "org_1", "user_1"]) == 1
    assert "confirm with --yes" in capsys.readouterr().err
    assert run(["users", "erase", "org_1", "nobody", "--yes"]) == 1
