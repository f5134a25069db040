"""Run the commands of docs/rerating.md in order; they leave the ledger unchanged."""

import re
import shlex
from pathlib import Path

import pytest

from tests.builders import Platform, event
from tests.rerating.builders import CALLS, Past, book
from tollbook.cli.main import run
from tollbook.store.database import open_database

PAGE = (Path(__file__).parents[2] / "docs" / "rerating.md").read_text()
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


def test_the_commands_of_the_page_run_in_order(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "better.yaml").write_text(book(CALLS))
    platform = Platform(open_database(sqlite_url))
    platform.organization("org_abc123")
    platform.send(event(organization_id="org_abc123"))
    past = Past(platform)
    costs = []
    for command in COMMANDS:
        assert run(command) == 0, command
        costs.append(past.costs()["call-1"])
    assert sorted(set(costs)) == [122_000_000, 183_000_000]
    assert costs[-1] == 122_000_000
