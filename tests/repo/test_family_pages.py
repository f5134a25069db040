"""Run the requests of the pages on organizations, overview and usage."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import plain_http
from tests.demo import MadeDemo
from tests.servers import Server
from tollbook.api.application import ENDPOINTS

PAGES = Path(__file__).parents[2] / "docs" / "analytics"
NAMES = ("organizations", "overview", "usage")
KEYS = {"$KEY": "tenant", "$ATLAS": "atlas"}
ANSWERED = re.compile(
    r'curl -s "(\S+)" \\\n +-H "X-API-Key: (\$\w+)"\n```\n\n```json\n(.*?)```', re.DOTALL
)


@pytest.fixture(scope="module")
def running(
    made_demo: MadeDemo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, dict[str, str]]]:
    with Server(made_demo.copied_to(tmp_path_factory.mktemp("pages"))) as server:
        yield server, made_demo.keys


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_of_the_page_is_the_servers(
    running: tuple[Server, dict[str, str]], name: str
) -> None:
    server, keys = running
    (found,) = ANSWERED.findall((PAGES / f"{name}.md").read_text())
    address = found[0].replace("http://127.0.0.1:8000", server.address)
    answer = plain_http.get(address, headers={"X-API-Key": keys[KEYS[found[1]]]})
    assert answer.json() == json.loads(found[2])
    assert list(answer.json()) == list(json.loads(found[2]))


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_on_its_page(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text()
    (endpoint,) = (it for it in ENDPOINTS if it.path == f"/v1/analytics/{name}")
    assert [it.name for it in endpoint.parameters if f"`{it.name}`" not in page] == []
