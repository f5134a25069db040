"""tollbook audit and keys rotate: what was done at the machine is written down as from nowhere."""

import csv
import io
import json

from tests.cli.conftest import Tollbook


def test_nothing_was_done_yet(tollbook: Tollbook) -> None:
    assert "has no such acts" in tollbook("audit").out
    assert tollbook.json("audit") == []


def test_every_command_that_administers_leaves_an_act(tollbook: Tollbook) -> None:
    tollbook("tenants", "create", "t")
    tollbook("organizations", "create", "org_1", "--tenant", "t")
    tollbook("users", "create", "org_1", "ann", "--tenant", "t")
    prefix = tollbook.json("keys", "create", "--permission", "admin", "--tenant", "t")["key"][
        "prefix"
    ]
    new = tollbook.json("keys", "rotate", prefix, "--tenant", "t")["key"]["prefix"]
    tollbook("keys", "revoke", new, "--tenant", "t")
    acts = tollbook.json("audit", "--tenant", "t")
    assert [it["action"] for it in reversed(acts)] == [
        "tenant.create",
        "organization.create",
        "user.create",
        "key.create",
        "key.rotate",
        "key.revoke",
    ]
    assert {(it["key_prefix"], it["address"]) for it in acts} == {("cli", None)}
    assert tollbook.json("audit") == []


def test_acts_are_chosen(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook("users", "create", "org_1", "ann")
    tollbook("keys", "create", "--permission", "admin")
    assert len(tollbook.json("audit", "--organization", "org_1")) == 2
    assert len(tollbook.json("audit", "--action", "key.create", "--key", "cli")) == 1
    assert tollbook.json("audit", "--end", "2024-01-31") == []
    assert len(tollbook.json("audit", "--limit", "1")) == 1
    assert "key.create" in tollbook("audit").out
    assert "no organization" in tollbook.refusal("audit", "--organization", "nobody")


def test_acts_are_exported_all_of_them(tollbook: Tollbook) -> None:
    assert tollbook("audit", "--ndjson").out == ""
    for n in range(120):
        tollbook("organizations", "create", f"org_{n:03}")
    shown = tollbook.json("audit", "--limit", "1000")
    lines = [json.loads(it) for it in tollbook("audit", "--ndjson").out.splitlines()]
    assert lines == shown
    assert len(shown) == 120
    rows = list(csv.DictReader(io.StringIO(tollbook("audit", "--csv").out)))
    assert [it["object"] for it in rows] == [it["object"] for it in shown]
    assert json.loads(rows[0]["details"]) == shown[0]["details"]
    few = tollbook("audit", "--csv", "--limit", "2", "--organization", "org_007").out
    assert len(few.splitlines()) == 2
    assert len(tollbook("audit", "--ndjson", "--limit", "2").out.splitlines()) == 2


def test_a_key_is_rotated_with_an_overlap(tollbook: Tollbook) -> None:
    made = tollbook.json(
        *("keys", "create", "--permission", "events:write", "--meter", "voice.call"),
        *("--id-prefix", "calls-"),
    )
    prefix = made["key"]["prefix"]
    new = tollbook("keys", "rotate", prefix, "--overlap", "60")
    assert new.out.startswith("tb_")
    old, other = tollbook.json("keys", "list")
    assert (old["prefix"], other["meters"]) == (prefix, ["voice.call"])
    assert other["id_prefix"] == "calls-"
    assert old["expires_at"] is not None
    assert tollbook("keys", "rotate", prefix, "--overlap", "x").code == 2
    tollbook("keys", "revoke", prefix)
    assert "has expired or is revoked" in tollbook.refusal("keys", "rotate", prefix)
    assert "no key" in tollbook.refusal("keys", "rotate", "tb_000000000000")


def test_a_key_is_limited_on_the_command_line(tollbook: Tollbook) -> None:
    key = tollbook.json(
        *("keys", "create", "--permission", "analytics:read", "--expires-in-days", "1"),
        *("--allow-from", "192.0.2.0/24", "--allow-from", "::1", "--rate-limit", "60"),
    )["key"]
    assert key["allowed_addresses"] == ["192.0.2.0/24", "::1/128"]
    assert (key["requests_per_minute"], key["expires_at"] is None) == (60, False)
    assert "60 requests per minute" in tollbook("keys", "list").out
    for option, value in (
        ("--meter", "fax"),
        ("--expires-in-days", "0"),
        ("--expires-in-days", "1e3"),
        ("--allow-from", "192.0.2.0/99"),
        ("--rate-limit", "-1"),
    ):
        ran = tollbook("keys", "create", "--permission", "admin", option, value)
        assert (ran.code, option in ran.err) == (2, True)
