"""Run the request of docs/analytics/users.md on the demo."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.demo import MadeDemo
from tests.servers import Server
from tollbook.api.endpoints.analytics.users import GET_USERS

PAGE = (Path(__file__).parents[2] / "docs" / "analytics" / "users.md").read_text()


def test_the_request_of_the_page_is_answered_as_it_says(
    made_demo: MadeDemo, tmp_path: Path
) -> None:
    ((command, answer),) = re.findall(r"```sh\n(.*?)```\n\n```json\n(.*?)```", PAGE, re.DOTALL)
    with Server(made_demo.copied_to(tmp_path)) as server:
        output = subprocess.run(
            ["bash", "-c", command.replace("http://127.0.0.1:8000", server.address)],
            env={**os.environ, "KEY": made_demo.keys["tenant"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert json.loads(output) == json.loads(answer)


@pytest.mark.parametrize("parameter", GET_USERS.parameters, ids=lambda it: it.name)
def test_every_filter_is_on_the_page(parameter: object) -> None:
    name: str = parameter.name  # type: ignore[attr-defined]
    shared = ("organization_id", "start_date", "end_date", "min_as_of", "format", "currency")
    assert name in shared or f"`{name}" in PAGE
