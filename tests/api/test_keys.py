"""API keys: issued within what the asking key is bound to, shown once, revoked at once."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Site, Tenant, prefix, problems
from tests.builders import event
from tollbook.domain.keys import Permission

PATH = "/v1/keys"
READ = {"name": "dashboard", "permissions": ["analytics:read"]}


def issue(tenant: Tenant, key: str | None = None, **given: Any) -> str:
    answer = tenant.post(PATH, key, json={**READ, **given})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["api_key"])


def test_a_key_is_shown_with_its_text_once(either: Tenant) -> None:
    answer = either.post(PATH, json={**READ, "organization_id": "org_1", "user_id": "ann"})
    assert answer.status_code == 201
    text, key = answer.json()["api_key"], answer.json()["key"]
    assert text.startswith(f"{key['prefix']}_")
    assert {**key, "prefix": "", "created_at": ""} == {
        "prefix": "",
        "name": "dashboard",
        "permissions": ["analytics:read"],
        "organization_id": "org_1",
        "user_id": "ann",
        "created_at": "",
        "revoked_at": None,
        "expires_at": None,
        "last_used_at": None,
        "meters": [],
        "allowed_addresses": [],
        "requests_per_minute": None,
        "id_prefix": None,
    }
    listing = either.get(PATH)
    assert key in listing.json()["keys"]
    assert text.removeprefix(f"{key['prefix']}_") not in listing.text


def test_the_text_of_a_key_is_stored_nowhere(site: Site, tenant: Tenant) -> None:
    text = issue(tenant)
    tenant.get("/v1/organizations", text)
    secret = text.removeprefix(f"{prefix(text)}_").encode()
    path = Path(site.server.database_url.removeprefix("sqlite:///"))
    files = [it.read_bytes() for it in path.parent.glob(f"{path.name}*")]
    assert any(prefix(text).encode() in content for content in files)
    assert not any(secret in content for content in files)


def test_a_key_works_at_once_and_is_dead_at_once_when_revoked(either: Tenant) -> None:
    key = issue(either)
    assert either.get("/v1/organizations", key).status_code == 200
    revoked = either.delete(f"{PATH}/{prefix(key)}")
    assert revoked.status_code == 200
    assert revoked.json()["key"]["revoked_at"] is not None
    answer = either.get("/v1/organizations", key)
    assert (answer.status_code, answer.json()["error"]) == (401, "Invalid API key")


def test_a_revoked_key_sends_nothing_more(either: Tenant) -> None:
    key = issue(either, permissions=["events:write"])
    assert either.post("/v1/events", key, json=event()).status_code == 200
    either.revoke(key)
    answer = either.post("/v1/events", key, json=event(id="2"))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")
    number = either.number("org_1")
    kept = either.rows(
        "SELECT id_text(id) FROM events WHERE organization_id = :number", number=number
    )
    assert kept == [("call-1",)]


@pytest.mark.parametrize("organization", ["org_2", "never heard of"])
def test_a_revoked_key_sends_nothing_for_an_organization_not_met_before(
    either: Tenant, organization: str
) -> None:
    either.organization("org_2")
    key = issue(either, permissions=["events:write"])
    assert either.post("/v1/events", key, json=event()).status_code == 200
    either.revoke(key)
    answer = either.post("/v1/events", key, json=event(organization_id=organization))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")


def test_revoking_again_changes_nothing(either: Tenant) -> None:
    key = issue(either)
    first = either.delete(f"{PATH}/{prefix(key)}").json()
    assert either.delete(f"{PATH}/{prefix(key)}").json() == first


@pytest.mark.parametrize("text", ["tb_000000000000", "nothing", "%00", "x" * 300])
def test_an_unknown_key_is_404(either: Tenant, text: str) -> None:
    answer = either.delete(f"{PATH}/{text}")
    assert (answer.status_code, answer.json()["error"]) == (404, "Key not found")


def test_a_stranger_cannot_revoke_or_list(either: Tenant) -> None:
    key = issue(either)
    stranger = Tenant(either.database, either.http)
    assert stranger.delete(f"{PATH}/{prefix(key)}").status_code == 404
    assert [it["prefix"] for it in stranger.get(PATH).json()["keys"]] == [prefix(stranger.admin)]
    assert either.get("/v1/organizations", key).status_code == 200


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("name", "missing_field"), ("permissions", "missing_field")]),
        ({**READ, "name": ""}, [("name", "empty")]),
        ({**READ, "permissions": []}, [("permissions", "invalid_permissions")]),
        ({**READ, "permissions": ["admin", "admin"]}, [("permissions", "invalid_permissions")]),
        ({**READ, "permissions": ["root"]}, [("permissions", "invalid_field")]),
        ({**READ, "user_id": "ann"}, [("organization_id", "missing_field")]),
        ({**READ, "organization_id": ""}, [("organization_id", "empty")]),
        ({**READ, "tenant_id": "other"}, [("tenant_id", "unknown_field")]),
    ],
)
def test_a_malformed_key_is_refused(tenant: Tenant, body: dict, found: list) -> None:
    answer = tenant.post(PATH, json=body)
    assert (answer.status_code, problems(answer)) == (400, found)


def test_a_key_for_an_unknown_organization_is_404(either: Tenant) -> None:
    answer = either.post(PATH, json={**READ, "organization_id": "nobody"})
    assert (answer.status_code, answer.json()["error"]) == (404, "Organization not found")


def test_an_organizations_admin_issues_keys_of_that_organization_only(either: Tenant) -> None:
    either.organization("org_2")
    admin = either.key(Permission.ADMIN, organization="org_1")
    issued = either.post(PATH, admin, json=READ).json()["key"]
    assert issued["organization_id"] == "org_1"
    other = either.post(PATH, admin, json={**READ, "organization_id": "org_2"})
    assert other.status_code == 404


def test_an_organizations_admin_lists_and_revokes_keys_of_that_organization_only(
    either: Tenant,
) -> None:
    either.organization("org_2")
    admin = either.key(Permission.ADMIN, organization="org_1")
    mine = issue(either, organization_id="org_1", user_id="ann")
    others = [issue(either), issue(either, organization_id="org_2"), either.admin]
    listed = {it["prefix"] for it in either.get(PATH, admin).json()["keys"]}
    assert listed == {prefix(admin), prefix(mine)}
    for other in others:
        assert either.delete(f"{PATH}/{prefix(other)}", admin).status_code == 404
    assert either.delete(f"{PATH}/{prefix(mine)}", admin).status_code == 200


def test_a_key_of_one_user_issues_no_keys(either: Tenant) -> None:
    admin = either.key(Permission.ADMIN, organization="org_1", user="ann")
    answer = either.post(PATH, admin, json={**READ, "organization_id": "org_1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
