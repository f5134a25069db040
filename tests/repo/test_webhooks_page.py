"""The receivers in docs/webhooks.md verify what Tollbook sends, and nothing else."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.alerts.builders import (
    delivering,
    make_endpoint,
    notification,
    notify,
    wait_until_delivered,
)
from tests.servers import free_port
from tests.waiting import wait_for
from tollbook.domain.deliveries import AttemptCode, DeliveryStatus
from tollbook.domain.endpoints import new_signing_secret
from tollbook.domain.notifications import NotificationType
from tollbook.store.database import Database, open_database

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "webhooks.md").read_text()
ALERTS = (ROOT / "docs" / "alerts.md").read_text()
LIBRARY = ROOT / "node_modules" / "standardwebhooks"


class Language(NamedTuple):
    """How a receiver of the page runs."""

    name: str
    suffix: str
    command: Sequence[str]


PYTHON = Language("python", ".py", (sys.executable,))
JAVASCRIPT = Language("javascript", ".mjs", ("node",))


@pytest.mark.parametrize("language", [PYTHON, JAVASCRIPT], ids=lambda it: it.name)
def test_a_receiver_of_the_page_verifies(
    tmp_path: Path, sqlite_url: str, language: Language
) -> None:
    if language is JAVASCRIPT:
        if not LIBRARY.is_dir():
            pytest.skip("NO STANDARDWEBHOOKS: run `make test`, or scripts/node")
        (tmp_path / "node_modules").symlink_to(LIBRARY.parent)
    (source,) = re.findall(rf"```{language.name}\n(.*?)```", PAGE, re.DOTALL)
    script = tmp_path / f"receiver{language.suffix}"
    script.write_text(source)
    secret, port = new_signing_secret(), free_port()
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    running = subprocess.Popen(
        [*language.command, script], env=environment, stdout=subprocess.PIPE, text=True
    )
    database = open_database(sqlite_url)
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for(lambda: forged(url) == 400)
        deliver(database, url, secret)
        assert running.stdout is not None
        assert running.stdout.readline().startswith("trigger.reached {")
    finally:
        database.close()
        running.kill()
        running.communicate()


def forged(url: str) -> int | None:
    """Return the status of a message that nobody signed; None while the receiver starts."""
    headers = {"webhook-id": "ntf_1", "webhook-timestamp": "1", "webhook-signature": "v1,YQ=="}
    try:
        return httpx.post(url, content=b"{}", headers=headers, timeout=60).status_code
    except httpx.TransportError:
        return None


def deliver(database: Database, url: str, secret: str) -> None:
    make_endpoint(database, url, (new_signing_secret(), secret))
    notify(database, notification("a"))
    with delivering(database):
        wait_until_delivered(database, 1)


@pytest.mark.parametrize("code", AttemptCode)
def test_every_code_is_on_the_page(code: AttemptCode) -> None:
    assert f"`{code}`" in PAGE


@pytest.mark.parametrize("name", [*NotificationType, *DeliveryStatus])
def test_every_type_and_status_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in ALERTS
