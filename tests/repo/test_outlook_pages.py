"""Run the requests of docs/analytics on the demo of 19 January 2024, in order."""

import asyncio
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.types import ASGIApp

from tests.builders import Json, Platform
from tollbook.api.application import application
from tollbook.cli.demo import TENANT
from tollbook.cli.demo_data import HARBOR, HARBOR_USERS, harbor_events
from tollbook.domain.events import microseconds
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.database import open_database
from tollbook.wiring import services

PAGES = Path(__file__).parents[2] / "docs" / "analytics"
REQUESTED_AT = datetime(2024, 1, 19, 10, 30, tzinfo=UTC)


def steps(name: str) -> list[tuple[list[str], Json | None]]:
    """Return the commands of a page, each with the answer below it, if there is one."""
    found: list[tuple[list[str], Json | None]] = []
    page = (PAGES / f"{name}.md").read_text()
    for language, text in re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL):
        if language == "sh":
            commands = text.replace("\\\n", " ").splitlines()
            found.extend((shlex.split(line), None) for line in commands)
        elif language == "json":
            found[-1] = (found[-1][0], json.loads(text))
    return found


class Demo:
    """The demo on a day, with requests written as curl commands."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key

    def curl(self, command: list[str]) -> Json:
        url = next(it for it in command if it.startswith("http://127.0.0.1:8000"))
        data = command[command.index("-d") + 1] if "-d" in command else None
        method = command[command.index("-X") + 1] if "-X" in command else "GET"
        answer = asyncio.run(self._send(method, url, data))
        assert answer.status_code == 200, answer.text
        decoded: Json = answer.json()
        return decoded

    async def _send(self, method: str, url: str, data: str | None) -> Response:
        async with AsyncClient(transport=ASGITransport(self._app)) as client:
            headers = {"X-API-Key": self._key}
            return await client.request(method, url, content=data, headers=headers)


@pytest.fixture(scope="module")
def demo(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    path = tmp_path_factory.mktemp("pages") / "tollbook.db"
    path.write_bytes(migrated_file.read_bytes())
    url = f"sqlite:///{path}"
    database = open_database(url)
    requested_at = microseconds(REQUESTED_AT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.builders.now", lambda: requested_at)
        platform = Platform(database, TENANT)
        number = platform.organization(HARBOR.id, name=HARBOR.name, timezone=HARBOR.timezone)
        with database.writing() as transaction:
            for user in HARBOR_USERS:
                directory.add_user(transaction, number, user, requested_at)
        events = list(harbor_events(REQUESTED_AT))
        for first in range(0, len(events), 5_000):
            platform.send(*events[first : first + 5_000])
        key = platform.key()
    app = application(replace(services(Settings(url), database), clock=lambda: requested_at))
    yield Demo(app, key)
    database.close()


@pytest.mark.parametrize("name", ["changes", "forecast", "budgets"])
def test_the_requests_of_a_page_are_answered_as_it_says(demo: Demo, name: str) -> None:
    requests = [it for it in steps(name) if it[0][0] == "curl"]
    assert len([answer for _, answer in requests if answer]) >= 1
    for command, answer in requests:
        actual = demo.curl(command)
        if answer is not None:
            assert actual == answer
