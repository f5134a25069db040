"""Verbs print no character that acts on a terminal; their JSON and CSV stay as they are."""

import os
import subprocess
import sys
import unicodedata
from collections.abc import Sequence

import msgspec
import pytest

from tests.builders import Platform, event
from tests.cli.conftest import Ran, Tollbook
from tollbook.store.database import Database

HOSTILE = "\x1b[31m\x9b2J\u202eevil\u2066\x07"
"""An attribute may hold any of these."""
TURNING = "\u202eevil\u2066\u200f"
"""A name or an id may hold these."""
SHOWN = "\\u202eevil\\u2066\\u200f"
DAYS = ("--start", "2024-01-01", "--end", "2024-01-31")


def acting(text: str) -> set[str]:
    marks = {chr(code) for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F))}
    marks |= {chr(code) for code in range(0x2066, 0x206A)}
    return {it for it in text if it in marks or (unicodedata.category(it) == "Cc" and it != "\n")}


def assert_harmless(ran: Ran) -> None:
    assert acting(ran.out + ran.err) == set()


@pytest.fixture
def platform(tollbook: Tollbook, ledger: Database) -> Platform:
    platform = Platform(ledger)
    identity = f"org{TURNING}"
    platform.organization(identity, name=f"name{TURNING}")
    user = f"user{TURNING}"
    of = {"organization_id": identity, "user_id": user}
    platform.send(event(id=f"id{TURNING}", resource_id=f"r{TURNING}", **of))
    platform.send(event(id="second", attributes={f"k{HOSTILE}": f"v{HOSTILE}\nfaked: 1"}, **of))
    platform.send(event(id="waits", organization_id=f"nobody{TURNING}"))
    return platform


ORGANIZATION = f"org{TURNING}"
VERBS: list[tuple[str, ...]] = [
    ("events", "show", ORGANIZATION, "second"),
    ("events", "show", ORGANIZATION, f"id{TURNING}"),
    ("events", "show", HOSTILE, "second"),
    ("organizations", "list"),
    ("organizations", "create", f"new{TURNING}"),
    ("tenants", "create", f"tenant{TURNING}"),
    ("users", "create", ORGANIZATION, f"new{TURNING}"),
    ("users", "list", ORGANIZATION),
    ("quarantine", "list"),
    ("keys", "create", "--permission", "admin", "--organization", f"x{TURNING}"),
    ("keys", "list", "--tenant", HOSTILE),
    ("budgets", "set", ORGANIZATION, "5"),
    ("prices", "load", f"{HOSTILE}.yaml"),
    ("import", f"{HOSTILE}.ndjson"),
    ("audit", "--organization", f"x{TURNING}"),
    ("report", "users", ORGANIZATION, *DAYS),
    ("report", "events", ORGANIZATION, *DAYS),
    ("report", "usage", ORGANIZATION, *DAYS),
    ("report", "series", ORGANIZATION, "--split", "user", *DAYS),
    ("report", "changes", ORGANIZATION, *DAYS),
    ("report", "organizations", *DAYS),
    ("report", "users", HOSTILE),
    ("keys", "list", HOSTILE),
    ("quarantine", "list", "--limit", HOSTILE),
    ("report", "events", ORGANIZATION, "--limit", f"x\nfaked{HOSTILE}"),
]


@pytest.mark.parametrize("arguments", VERBS, ids=lambda it: ascii(" ".join(it[:2])))
def test_no_verb_prints_a_character_that_acts(
    tollbook: Tollbook, platform: Platform, arguments: Sequence[str]
) -> None:
    ran = tollbook(*arguments)
    assert ran.out + ran.err
    assert_harmless(ran)
    assert not any(line.startswith("faked") for line in (ran.out + ran.err).splitlines())


def test_an_event_shows_its_attributes_escaped_each_in_a_line(
    tollbook: Tollbook, platform: Platform
) -> None:
    said = tollbook("events", "show", ORGANIZATION, "second").out
    escaped = "\\x1b[31m\\x9b2J\\u202eevil\\u2066\\x07"
    assert f"k{escaped}v{escaped}\\nfaked: 1\n" in said
    assert f"user          user{SHOWN}\n" in said


def test_json_and_csv_are_byte_for_byte(tollbook: Tollbook, platform: Platform) -> None:
    shown = tollbook.json("events", "show", ORGANIZATION, "second")
    assert shown["event"]["attributes"] == {f"k{HOSTILE}": f"v{HOSTILE}\nfaked: 1"}
    assert f"name{TURNING}" in tollbook("organizations", "list", "--json").out
    assert f"user{TURNING}" in tollbook("report", "users", ORGANIZATION, *DAYS, "--csv").out


def test_an_import_names_ids_escaped(tollbook: Tollbook, platform: Platform) -> None:
    lines = [event(id=f"bad{TURNING}", quantity=-1), event(id="x", type=HOSTILE)]
    path = tollbook.write("e.ndjson", b"\n".join(map(msgspec.json.encode, lines)))
    ran = tollbook("import", path)
    assert_harmless(ran)
    assert f"line 1: bad{SHOWN}: " in ran.out
    refused = tollbook.json("import", path, code=1)["refused"]
    assert refused[0].startswith(f"line 1: bad{TURNING}: ")


def test_keys_of_a_price_file_are_escaped(tollbook: Tollbook) -> None:
    path = tollbook.write("p.yaml", 'name: x\n"k\\e[31m\\u202e": 1\nrates: [{"r\\e[1m": 2}]\n')
    ran = tollbook("prices", "load", path)
    assert ran.code == 1
    assert_harmless(ran)
    assert "k\\x1b[31m\\u202e" in ran.err


def test_a_book_s_name_is_escaped_where_it_is_loaded_and_shown(tollbook: Tollbook) -> None:
    path = tollbook.write(
        "p.yaml",
        'name: "n\\u202e"\ncurrency: USD\neffective_from: 2024-01-01\nsource: "s\\u202e"\n'
        "rates: [{meter: voice.call, price: 0.002, per: second}]\n",
    )
    loaded = tollbook("prices", "load", path)
    assert "n\\u202e: 1 rates loaded" in loaded.out
    for ran in (loaded, tollbook("prices", "list"), tollbook("prices", "show")):
        assert_harmless(ran)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_an_argument_that_is_not_utf_8_is_a_sentence(sqlite_url: str, form: tuple) -> None:
    arguments = [sys.executable, "-m", "tollbook", "users", "list", b"\xff\x1b", *form]
    environment = {**os.environ, "TOLLBOOK_DATABASE_URL": sqlite_url}
    ran = subprocess.run(arguments, env=environment, capture_output=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith(b"tollbook: ")
    assert b"Traceback" not in ran.stderr
    assert b"\x1b" not in ran.stderr
