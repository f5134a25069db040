"""Run every snippet of docs/clients-typescript.md on a server with the demo data."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo import MadeDemo
from tests.servers import SECRET_KEY, Server
from tests.typescript.building import CLIENT, COMPILER, ROOT, build, require_node

PAGE = (ROOT / "docs" / "clients-typescript.md").read_text()
SNIPPETS = re.findall(r"```ts\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL)
_SPOOL = "/var/lib/app/tollbook-spool"
_OPTION = re.compile(r"^  (\w+)\?: ", re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the package is found, with the snippets."""
    require_node()
    build()
    made = tmp_path_factory.mktemp("snippets")
    (made / "package.json").write_text('{"type": "module"}')
    (made / "node_modules" / "@tollbook").mkdir(parents=True)
    (made / "node_modules" / "@tollbook" / "client").symlink_to(CLIENT)
    (made / "node_modules" / "@types").symlink_to(ROOT / "node_modules" / "@types")
    (made / "node_modules" / "undici-types").symlink_to(ROOT / "node_modules" / "undici-types")
    for number, (text, _) in enumerate(SNIPPETS):
        code = text.replace(_SPOOL, str(made / "spool"))
        (made / f"snippet{number}.ts").write_text(code)
        (made / f"snippet{number}.mjs").write_text(code)
    return made


@pytest.fixture(scope="module")
def environment(made_demo: MadeDemo, folder: Path) -> Iterator[dict[str, str]]:
    with Server(made_demo.copied_to(folder), secret_key=SECRET_KEY) as server:
        found = {"TOLLBOOK_URL": server.address, "TOLLBOOK_API_KEY": made_demo.keys["tenant"]}
        yield {**os.environ, **found}


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_snippet_prints_what_the_page_says(
    number: int, folder: Path, environment: dict[str, str]
) -> None:
    command = [require_node(), f"snippet{number}.mjs"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.stderr == ""
    printed = SNIPPETS[number][1]
    assert ran.stdout == printed or not printed


def test_the_snippets_have_valid_types(folder: Path) -> None:
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    options += ["--lib", "es2023,dom,esnext.disposable", "--skipLibCheck"]
    command = [COMPILER, *options, *sorted(it.name for it in folder.glob("*.ts"))]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ran.stdout == ""


@pytest.mark.parametrize(
    ("source", "interface"),
    [("client.ts", "TollbookOptions"), ("meter/meter.ts", "MeterOptions")],
)
def test_every_option_is_on_the_page(source: str, interface: str) -> None:
    text = (CLIENT / "src" / source).read_text()
    (body,) = re.findall(rf"export interface {interface}.*?\{{\n(.*?)\n\}}", text, re.DOTALL)
    assert [it for it in _OPTION.findall(body) if f"`{it}`" not in PAGE] == []


def test_every_error_is_on_the_page() -> None:
    text = (CLIENT / "src" / "errors.ts").read_text()
    assert [it for it in re.findall(r"export class (\w+)", text) if f"`{it}`" not in PAGE] == []


def test_every_count_is_on_the_page() -> None:
    text = (CLIENT / "src" / "meter" / "stats.ts").read_text()
    (body,) = re.findall(r"export interface MeterReport \{\n(.*?)\n\}", text, re.DOTALL)
    receipts = {"accepted", "duplicate", "quarantined", "conflict", "rejected"}
    names = set(re.findall(r"^  (\w+): ", body, re.MULTILINE)) - receipts
    assert {it for it in names if f"`{it}`" not in PAGE} == set()
