"""tollbook viewers: tokens signed and taken back at the machine, judged by a server's own rules."""

import pytest

from tests.cli.conftest import Tollbook
from tests.inside import serving
from tollbook.domain.keys import Permission
from tollbook.store.database import Database

SELF = "/v1/keys/self"


@pytest.fixture
def key(tollbook: Tollbook) -> str:
    """Return the prefix of a key that may read analytics; create an organization."""
    tollbook("organizations", "create", "org_1")
    made = tollbook.json("keys", "create", "--permission", Permission.READ_ANALYTICS.value)
    return str(made["key"]["prefix"])


def test_a_token_is_for_the_key_that_is_named(
    tollbook: Tollbook, key: str, ledger: Database
) -> None:
    made = tollbook.json("viewers", "create", "org_1", "--user", "ann", "--key", key)
    shown = made["viewer_token"]
    assert (shown["organization_id"], shown["user_id"]) == ("org_1", "ann")
    every = tollbook(
        "viewers", "create", "org_1", "--key", key, "--expires-in-seconds", "60"
    ).out.strip()
    with serving(ledger) as http:

        def status(text: str) -> int:
            return http.get(SELF, headers={"X-API-Key": text}).status_code

        asked = http.get(SELF, headers={"X-API-Key": made["token"]}).json()["key"]
        assert (asked["user_id"], asked["permissions"]) == ("ann", ["analytics:read"])
        assert status(every) == 200
        tollbook("viewers", "revoke", shown["id"])
        assert (status(made["token"]), status(every)) == (401, 200)
        assert "all viewer tokens" in tollbook("viewers", "revoke", "--all").out
        assert status(every) == 401
    acts = tollbook.json("audit", "--limit", "4")
    assert [(it["action"], it["organization_id"]) for it in acts] == [
        ("viewer_token.revoke_all", None),
        ("viewer_token.revoke", None),
        ("viewer_token.create", "org_1"),
        ("viewer_token.create", "org_1"),
    ]
    assert {it["key_prefix"] for it in acts} == {"cli"}
    assert acts[3]["details"]["key"] == key


def test_a_token_has_no_more_than_its_key(tollbook: Tollbook, key: str) -> None:
    tollbook("organizations", "create", "org_2")
    write = tollbook.json("keys", "create", "--permission", "events:write")["key"]["prefix"]
    bound = tollbook.json(
        *("keys", "create", "--permission", "analytics:read", "--organization", "org_1"),
        *("--user", "ann"),
    )["key"]["prefix"]
    create = ("viewers", "create", "org_1", "--key")
    assert "lacks the permission" in tollbook.refusal(*create, write)
    assert "another user" in tollbook.refusal(*create, bound, "--user", "bob")
    assert tollbook.json(*create, bound)["viewer_token"]["user_id"] == "ann"
    said = tollbook.refusal("viewers", "create", "org_2", "--key", bound)
    assert said == f"tollbook: key {bound} has no access to organization org_2\n"
    said = tollbook.refusal("viewers", "create", "nobody", "--key", key)
    assert said == "tollbook: tenant default has no organization nobody\n"
    assert "no key" in tollbook.refusal(*create, "tb_000000000000")
    tollbook("keys", "revoke", key)
    assert "has expired or is revoked" in tollbook.refusal(*create, key)


def test_what_makes_no_sense_is_not_understood(tollbook: Tollbook, key: str) -> None:
    create = ("viewers", "create", "org_1", "--key", key, "--expires-in-seconds")
    assert [tollbook(*create, it).code for it in ("0", "86401", "x")] == [2, 2, 2]
    assert tollbook("viewers", "revoke").code == 2
    assert "not found" in tollbook.refusal("viewers", "revoke", key)


def test_a_whole_token_is_no_id_and_is_not_repeated(tollbook: Tollbook, key: str) -> None:
    token = tollbook("viewers", "create", "org_1", "--key", key).out.strip()
    ran = tollbook("viewers", "revoke", token)
    assert (ran.code, ran.out, ran.err) == (1, "", "tollbook: Viewer token not found\n")
    assert token not in tollbook("audit", "--json").out
    assert token not in tollbook("viewers", "revoke", "tbv_0123456789abcdef", token).err
