"""Run the commands and requests of docs/keys.md, and find keys by its pattern."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.builders import Platform
from tests.inside import serving
from tollbook.api.endpoints.audit_log import GET_AUDIT_LOG
from tollbook.cli.main import run
from tollbook.domain.keys import Permission, mint, prefix_of
from tollbook.domain.notifications import NotificationType
from tollbook.domain.viewers import new_id
from tollbook.store.database import open_database
from tollbook.store.viewers import secret_of
from tollbook.wiring import now

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "keys.md").read_text()
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
EXAMPLE = "tbv_0123456789abcdef"
REQUESTS = re.findall(r"```http\n(\w+) (\S+)\n(.*?)```\n\n```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_commands_and_requests_of_the_page_do_what_it_says(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    assert run(COMMANDS[0]) == 0
    platform = Platform(open_database(sqlite_url))
    reader = prefix_of(platform.key(Permission.READ_ANALYTICS)) or ""
    with platform.database.writing() as transaction:
        token = new_id(secret_of(transaction, platform.tenant, now()))
    for command in COMMANDS[1:]:
        words = [it.replace("{prefix}", reader).replace(EXAMPLE, token) for it in command]
        assert run(words) == 0, command
    old = prefix_of(platform.key(organization="org_abc123")) or ""
    assert len(REQUESTS) == 3
    with serving(open_database(sqlite_url), platform.key()) as client:
        for method, path, body, answer in REQUESTS:
            content = {"content": body} if body.strip() else {}
            found = client.request(method, path.replace("{prefix}", old), **content)
            assert found.status_code in (200, 201), found.text
            assert shape(found.json()) == shape(json.loads(answer))
    platform.database.close()


def shape(value: Any) -> Any:
    """Return the names of fields, in order."""
    if isinstance(value, dict):
        return [(name, shape(it)) for name, it in value.items() if name != "details"]
    return [shape(it) for it in value[:1]] if isinstance(value, list) and value else None


def test_the_form_on_the_page_finds_keys() -> None:
    (form,) = re.findall(r"^```\n(tb_.*)\n```", PAGE, re.MULTILINE)
    assert re.fullmatch(form, mint()[1])


def test_every_act_is_on_the_page() -> None:
    sources = "".join(it.read_text() for it in (ROOT / "src").rglob("*.py"))
    acts = set(re.findall(r'"((?:[a-z_]+)\.(?:[a-z_]+))"', sources))
    kinds = {it.partition(".")[0] for it in re.findall(r"`([a-z_]+\.[a-z_]+)`", PAGE)}
    acts -= set(NotificationType)
    written = {it for it in acts if it.partition(".")[0] in kinds - {"voice"}}
    assert GET_AUDIT_LOG.path in PAGE
    assert {it for it in written if f"`{it}`" not in PAGE} == set()
