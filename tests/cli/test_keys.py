"""tollbook keys: create, list, revoke."""

import pytest

from tests.cli.conftest import Tollbook
from tollbook.domain.keys import Permission


def test_a_key_is_printed_alone_so_that_a_script_can_take_it(tollbook: Tollbook) -> None:
    ran = tollbook("keys", "create", "--permission", "admin")
    assert ran.code == 0
    assert ran.out.startswith("tb_")
    assert ran.out.count("\n") == 1


def test_a_key_is_an_admins_of_the_tenant_unless_said_otherwise(tollbook: Tollbook) -> None:
    made = tollbook.json("keys", "create", "--permission", "admin")
    assert made["api_key"].startswith(f"{made['key']['prefix']}_")
    assert {**made["key"], "prefix": "", "created_at": ""} == {
        "prefix": "",
        "name": "command line",
        "permissions": ["admin"],
        "organization_id": None,
        "user_id": None,
        "created_at": "",
        "revoked_at": None,
        "expires_at": None,
        "last_used_at": None,
        "meters": [],
        "allowed_addresses": [],
        "requests_per_minute": None,
        "id_prefix": None,
    }


def test_a_key_is_bound_and_limited(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    made = tollbook.json(
        *("keys", "create", "--name", "n", "--organization", "org_1", "--user", "ann"),
        *("--permission", "events:write", "--permission", "analytics:read"),
        *("--permission", "events:write", "--id-prefix", "ann-"),
    )["key"]
    assert (made["organization_id"], made["user_id"]) == ("org_1", "ann")
    assert made["id_prefix"] == "ann-"
    assert made["permissions"] == ["events:write", "analytics:read"]
    assert tollbook.json("keys", "list") == [made]


def test_a_key_says_what_it_may_do(tollbook: Tollbook) -> None:
    ran = tollbook("keys", "create", "--name", "all")
    assert ran.code == 2
    assert "Missing option '--permission'" in ran.err
    assert tollbook.json("keys", "list") == []


def test_a_key_that_makes_no_sense_is_refused(tollbook: Tollbook) -> None:
    assert "organization_id is required" in tollbook.refusal(
        "keys", "create", "--permission", "admin", "--user", "ann"
    )
    assert "no organization" in tollbook.refusal(
        "keys", "create", "--permission", "admin", "--organization", "nobody"
    )
    assert tollbook("keys", "create", "--permission", "root").code == 2
    assert tollbook.json("keys", "list") == []


@pytest.mark.parametrize("option", ["--name", "--user"])
@pytest.mark.parametrize("text", ["", " ", "a\tb", "x" * 300])
def test_a_key_is_held_to_what_the_api_holds_it_to(
    tollbook: Tollbook, option: str, text: str
) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook.refusal(
        "keys", "create", "--permission", "admin", "--organization", "org_1", option, text
    )
    assert tollbook.json("keys", "list") == []


def test_a_key_is_revoked_and_its_text_never_listed(tollbook: Tollbook) -> None:
    made = tollbook.json("keys", "create", "--permission", "admin")
    prefix = made["key"]["prefix"]
    revoked = tollbook.json("keys", "revoke", prefix)
    assert revoked == {"prefix": prefix, "revoked": True}
    listed = tollbook("keys", "list", "--json").out
    assert made["api_key"] not in listed
    assert tollbook.json("keys", "list")[0]["revoked_at"] is not None
    assert tollbook("keys", "revoke", prefix).out == f"key {prefix} revoked\n"


@pytest.mark.parametrize("tenant", ["default", "other"])
def test_a_key_of_nobody_or_another_tenant_is_not_revoked(tollbook: Tollbook, tenant: str) -> None:
    prefix = tollbook.json("keys", "create", "--permission", "admin", "--tenant", "mine")["key"][
        "prefix"
    ]
    said = tollbook.refusal("keys", "revoke", prefix, "--tenant", tenant)
    assert said == f"tollbook: tenant {tenant} has no key {prefix}\n"
    assert tollbook.json("keys", "list", "--tenant", "mine")[0]["revoked_at"] is None


def test_the_list_shows_prefixes_whole_so_that_they_can_be_revoked(tollbook: Tollbook) -> None:
    assert tollbook("keys", "list").out == "tenant default has no keys yet\n"
    tollbook("organizations", "create", "organization_of_a_usual_length")
    made = tollbook.json(
        *("keys", "create", "--name", "dashboard of the front desk"),
        *("--organization", "organization_of_a_usual_length", "--user", "someone@example.com"),
        *("--permission", "events:write", "--permission", "analytics:read"),
        *("--id-prefix", "desk-"),
    )["key"]
    listed = tollbook("keys", "list").out
    assert made["prefix"] in listed
    assert "ids desk-…" in listed


@pytest.mark.parametrize(
    "bound", [("--organization", "org_1", "--user", "ann"), ("--meter", "voice.call")]
)
def test_a_key_that_sends_within_a_part_needs_a_prefix(
    tollbook: Tollbook, bound: tuple[str, ...]
) -> None:
    tollbook("organizations", "create", "org_1")
    create = ("keys", "create", "--permission", "events:write", *bound)
    assert "id_prefix is required" in tollbook.refusal(*create)
    made = tollbook.json(*create, "--id-prefix", "a-")["key"]
    rotated = tollbook.json("keys", "rotate", made["prefix"])["key"]
    assert rotated["id_prefix"] == "a-"


def test_the_help_says_what_each_permission_adds(tollbook: Tollbook) -> None:
    said = " ".join(tollbook("keys", "create", "--help").out.split())
    assert all(f"{it.value}" in said for it in Permission)
    assert "--id-prefix" in said


@pytest.mark.parametrize(
    "bound", [("--organization", ""), ("--organization", "org_1", "--user", "")]
)
def test_an_empty_binding_does_not_widen_a_key(tollbook: Tollbook, bound: tuple) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook.refusal("keys", "create", "--permission", "admin", *bound)
    assert tollbook.json("keys", "list") == []


@pytest.mark.parametrize("tenant", ["default", "other"])
@pytest.mark.parametrize(
    "verb",
    [
        ("keys", "revoke"),
        ("keys", "rotate"),
        ("viewers", "create", "org_1", "--key"),
        ("viewers", "create", "--tenant"),
        ("keys", "list", "--tenant", "default"),
        ("users", "list"),
    ],
)
def test_no_error_shows_a_whole_key(tollbook: Tollbook, verb: tuple[str, ...], tenant: str) -> None:
    tollbook("organizations", "create", "org_1")
    made = tollbook.json("keys", "create", "--permission", "admin", "--tenant", tenant)
    ran = tollbook(*verb, made["api_key"])
    assert ran.code in (1, 2)
    assert made["api_key"] not in ran.err
    assert made["api_key"].removeprefix(made["key"]["prefix"])[:12] not in ran.err
    assert tollbook.json("keys", "list", "--tenant", tenant)[0]["revoked_at"] is None


def test_a_whole_key_is_refused_by_its_prefix(tollbook: Tollbook) -> None:
    made = tollbook.json("keys", "create", "--permission", "admin")
    said = tollbook.refusal("keys", "revoke", made["api_key"])
    assert said == (
        f"tollbook: the key must be named by its public prefix only: {made['key']['prefix']}\n"
    )
