"""tollbook endpoints, notifications and alerts."""

import json

import pytest

from tests.alerts.builders import notification, notify
from tests.cli.conftest import Tollbook
from tollbook.store.database import Database

URL = "https://example.com/hook"


def test_an_endpoint_is_added_changed_and_removed(tollbook: Tollbook) -> None:
    added = json.loads(tollbook("endpoints", "add", URL, "--type", "key.*", "--json").out)
    identity = added["endpoint"]["id"]
    assert added["secret"].startswith("whsec_")
    assert added["endpoint"]["types"] == ["key.*"]
    assert identity in tollbook("endpoints", "list").out
    rotated = tollbook("endpoints", "rotate", identity)
    assert rotated.out.startswith("whsec_")
    assert rotated.out.strip() != added["secret"]
    new = ("--name", "Other", "--url", f"{URL}/2", "--type", "trigger.*", "--type", "key.*")
    changed = json.loads(tollbook("endpoints", "change", identity, *new, "--json").out)
    assert (changed["name"], changed["url"]) == ("Other", f"{URL}/2")
    assert changed["types"] == ["trigger.*", "key.*"]
    changed = json.loads(tollbook("endpoints", "change", identity, "--all-types", "--json").out)
    assert (changed["name"], changed["types"]) == ("Other", [])
    both = tollbook("endpoints", "change", identity, "--all-types", "--type", "key.*")
    assert (both.code, "--all-types" in both.err) == (2, True)
    assert "url must begin" in tollbook("endpoints", "change", identity, "--url", "x").err
    assert "ntf_" in tollbook("endpoints", "test", identity).out
    assert "is disabled" in tollbook("endpoints", "change", identity, "--disable").out
    assert "enable it first" in tollbook("endpoints", "test", identity).err
    assert tollbook("endpoints", "remove", identity).code == 0
    assert tollbook("endpoints", "remove", identity).code == 1
    (test,) = json.loads(tollbook("notifications", "list", "--json").out)
    assert (test["type"], test["data"]) == ("endpoint.test", {"message": "This is a test."})


def test_mails_need_a_server(tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch) -> None:
    add = ("endpoints", "add", "a@example.com, b@example.com", "--kind", "mail")
    assert "set TOLLBOOK_SMTP_URL and TOLLBOOK_MAIL_FROM" in tollbook(*add).err
    monkeypatch.setenv("TOLLBOOK_SMTP_URL", "smtp://mail.example.com")
    monkeypatch.setenv("TOLLBOOK_MAIL_FROM", "alerts@example.com")
    added = json.loads(tollbook(*add, "--json").out)
    assert added["endpoint"]["to"] == ["a@example.com", "b@example.com"]
    assert (added["endpoint"]["url"], added["secret"]) == (None, None)
    assert "a@example.com, b@example.com" in tollbook("endpoints", "list").out
    change = ("endpoints", "change", added["endpoint"]["id"], "--json")
    moved = tollbook(*change, "--to", "b@example.com,c@example.com", "--resubscribe")
    assert json.loads(moved.out)["to"] == ["b@example.com", "c@example.com"]
    assert "to must contain e-mail addresses" in tollbook(*change, "--to", "b").err
    assert tollbook.json("audit")[0]["details"]["resubscribe"] is True


def test_a_wrong_url_is_refused(tollbook: Tollbook) -> None:
    refused = tollbook("endpoints", "add", "http://example.com")
    assert (refused.code, "url must begin with https://" in refused.err) == (1, True)


def test_notifications_are_listed(tollbook: Tollbook, ledger: Database) -> None:
    assert "nothing was notified yet" in tollbook("notifications", "list").out
    (identity,) = notify(ledger, notification("a"))
    assert identity in tollbook("notifications", "list").out
    assert identity not in tollbook("notifications", "list", "--type", "key.expiring").out
