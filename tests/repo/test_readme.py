"""Run the commands of the README, and compare its responses with the server's."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests import plain_http
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]
PATIENCE = 600


class Running:
    """The output of `make run`, and its port."""

    def __init__(self, port: int, environment: dict[str, str], output: str) -> None:
        self.port = port
        self.environment = environment
        self.output = output

    def shell(self, text: str) -> str:
        """Run a block with another port."""
        command = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run `make run` like the README, with a separate database and port."""
    folder = tmp_path_factory.mktemp("readme")
    port = free_port()
    url = f"sqlite:///{folder / 'tollbook.db'}"
    environment = {**os.environ, "TOLLBOOK_DATABASE_URL": url}
    log = folder / "output"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["make", "run", f"port={port}"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up and process.poll() is None:
        try:
            plain_http.get(f"http://127.0.0.1:{port}/openapi.json")
            break
        except httpx.TransportError:
            time.sleep(0.1)
    printed = log.read_text()
    key = re.search(r"API key +(\S+)", printed)
    assert key, printed
    yield Running(port, {**environment, "KEY": key[1]}, printed)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(PATIENCE)


def test_the_first_block_is_the_two_commands() -> None:
    commands = [line.partition("#")[0].strip() for line in SHELL[0].strip().splitlines()]
    assert commands == ["make run", "make test"]


def test_make_run_prints_a_page_a_key_and_a_curl_that_works(running: Running) -> None:
    page = re.search(r"Page +(\S+)", running.output)
    assert page
    assert plain_http.get(page[1]).status_code == 200
    curl = re.search(r"curl '.*?' \\\n.*?'$", running.output, re.DOTALL | re.MULTILINE)
    assert curl
    assert json.loads(running.shell(curl[0]))["users"][0]["total_cost"] == 193.35


@pytest.mark.parametrize("index", [n for n, (kind, _) in enumerate(BLOCKS) if kind == "json"])
def test_an_answer_in_the_readme_is_the_servers(running: Running, index: int) -> None:
    language, command = BLOCKS[index - 1]
    assert language == "sh"
    answer, documented = json.loads(running.shell(command)), json.loads(BLOCKS[index][1])
    assert list(answer) == list(documented)
    if "as_of" in documented:  # the instant of the commit
        assert datetime.fromisoformat(answer.pop("as_of")) > datetime.fromisoformat(
            documented.pop("as_of")
        )
    assert answer == documented


def test_the_event_that_is_sent_is_shown_in_the_terminal(running: Running) -> None:
    (command,) = re.findall("`(tollbook events show .*?)`", README)
    (sent,) = [text for text in SHELL if '"id": "call-7731"' in text]
    running.shell(sent)
    assert running.shell(f".venv/bin/{command}").startswith("call-7731: voice.call, charged")


def test_the_other_commands_of_the_readme_run(running: Running) -> None:
    answered = {BLOCKS[n - 1][1] for n, (kind, _) in enumerate(BLOCKS) if kind == "json"}
    for command in SHELL[1:]:
        if command not in answered:
            running.shell(command)
