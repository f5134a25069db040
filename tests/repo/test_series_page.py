"""Run the request and the command of docs/analytics/series.md on the demo."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests import plain_http
from tests.builders import Platform
from tests.servers import Server
from tollbook.cli.demo import TENANT
from tollbook.cli.demo_data import ACME, ACME_USERS, acme_events
from tollbook.cli.main import run
from tollbook.store import directory
from tollbook.store.database import open_database
from tollbook.wiring import now

PAGE = (Path(__file__).parents[2] / "docs" / "analytics" / "series.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def demo_key(sqlite_url: str) -> str:
    """Send the events of the published example; return a key of their tenant."""
    platform = Platform(open_database(sqlite_url), TENANT)
    number = platform.organization(ACME.id, name=ACME.name)
    with platform.database.writing() as transaction:
        for user in ACME_USERS:
            directory.add_user(transaction, number, user, now())
    events = list(acme_events())
    for first in range(0, len(events), 5_000):
        platform.send(*events[first : first + 5_000])
    key = platform.key()
    platform.database.close()
    return key


def test_the_request_of_the_page_has_its_answer(sqlite_url: str, demo_key: str) -> None:
    (_, curl), (language, answer) = BLOCKS[:2]
    assert language == "json"
    path = shlex.split(curl)[2].removeprefix("http://127.0.0.1:8000")
    with Server(sqlite_url) as server:
        response = plain_http.get(f"{server.address}{path}", headers={"X-API-Key": demo_key})
    assert response.json() == json.loads(answer)


def test_the_command_of_the_page_prints_what_it_says(
    sqlite_url: str,
    demo_key: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COLUMNS", "80")
    (_, command), (language, printed) = BLOCKS[2:]
    assert language == "text"
    assert run(shlex.split(command)[1:]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [it for it in lines if it] == [it for it in printed.splitlines() if it]
