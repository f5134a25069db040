"""Every verb reports a database that is away as a sentence, not as a traceback."""

import pytest

from tests.cli.conftest import Tollbook
from tests.servers import free_port
from tollbook import wiring
from tollbook.cli.main import VERBS
from tollbook.settings import Settings

COMMANDS = (
    "serve",
    "demo",
    "migrate",
    "tenants list",
    "organizations list",
    "users list org_1",
    "users erase org_1 user_1 --yes",
    "keys list",
    "viewers create org_1 --key tb_0123456789ab",
    "audit",
    "prices list",
    "meters list",
    "event-types list",
    "origins list",
    "triggers list",
    "endpoints list",
    "notifications list",
    "reports list",
    "alerts run",
    "budgets list",
    "import events.ndjson",
    "consume nats://127.0.0.1/events",
    "events show org_1 call-1",
    "quarantine list",
    "report overview",
    "backup b",
    "copy --to sqlite:///target.db",
    "restore b.dump",
    "archive --list",
    "archive --older-than 1 --to folder",
    "archive --discard file --yes",
    "verify",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_away_is_a_sentence(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(wiring, "_VERB_RETRY_SECONDS", 0)
    tollbook.write("events.ndjson", "")
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/x")
    said = tollbook(*command.split())
    assert (said.code, "Traceback" in said.err) == (1, False)
    expected = "is not a file" if command.startswith("restore") else "database is not available"
    assert expected in said.err


def test_every_verb_is_tried() -> None:
    without_database = {"demo-host", "mcp"}
    assert {it.name for it in VERBS} - without_database == {it.split()[0] for it in COMMANDS}


def test_a_driver_error_that_no_layer_expects_is_a_sentence_too(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    def fail(_settings: Settings, _progress: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("tollbook.cli.migrate.open_migrated", fail)
    assert tollbook.refusal("migrate") == "tollbook: the database is not available\n"
