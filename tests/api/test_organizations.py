"""Organizations and their users: create, list, read, change."""

from typing import Any

import pytest

from tests.api.conftest import Tenant, error_of, problems
from tests.builders import event
from tollbook.domain.keys import Permission
from tollbook.store import directory

PATH = "/v1/organizations"
USERS = f"{PATH}/org_1/users"
BUDGET = "/v1/budgets/org_1"


def test_a_new_tenant_has_no_organizations(either: Tenant) -> None:
    fresh = Tenant(either.database, either.http)
    assert fresh.get(PATH).json() == {"success": True, "organizations": []}


def test_an_organization_is_created_and_read(either: Tenant) -> None:
    body = {
        "id": "org_2",
        "name": "Acme",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "status": "inactive",
        "number_format": "DE",
        "email": "billing@acme.com",
    }
    created = either.post(PATH, json=body)
    assert (created.status_code, created.json()) == (201, {"success": True, "organization": body})
    assert either.get(f"{PATH}/org_2").json() == created.json()
    assert either.get(PATH).json()["organizations"][1] == body


def test_an_organization_needs_a_name_only(tenant: Tenant) -> None:
    created = tenant.post(PATH, json={"name": "Acme"}).json()["organization"]
    assert created["id"].startswith("org_")
    assert {**created, "id": ""} == {
        "id": "",
        "name": "Acme",
        "timezone": "UTC",
        "currency": "USD",
        "status": "active",
        "number_format": None,
        "email": None,
    }


BY_PREFIX = """
name: By prefix
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: voice.call, to: 4420, price: 0.012, per: minute}
  - {meter: voice.call, price: 0.30, per: minute}
"""


def receipt(tenant: Tenant, to: str) -> tuple[str, str | None]:
    """Send a call and return what became of it."""
    body = event(id=f"call to {to}", attributes={"to": to}, quantity=60)
    (found,) = tenant.post("/v1/events", json=body).json()["receipts"]
    return found["status"], found.get("code")


def test_a_number_format_is_changed_logged_and_in_force_at_once(either: Tenant) -> None:
    either.load(BY_PREFIX)
    assert receipt(either, "442079460100") == ("quarantined", "number_unreadable")
    changed = either.patch(f"{PATH}/org_1", json={"number_format": "international"})
    assert changed.json()["organization"]["number_format"] == "international"
    assert either.get(f"{PATH}/org_1").json() == changed.json()
    assert either.replay_over_http() == (1, 0)
    assert receipt(either, "442079460101") == ("accepted", None)
    found = either.rows(
        "SELECT cost, country FROM events WHERE organization_id = :number",
        number=either.number("org_1"),
    )
    assert found == [(12_000_000, "GB")] * 2
    assert either.patch(f"{PATH}/org_1", json={"name": "Acme"}).status_code == 200
    assert receipt(either, "442079460102") == ("accepted", None), "what is left out stays"
    taken_back = either.patch(f"{PATH}/org_1", json={"number_format": None})
    assert taken_back.json()["organization"]["number_format"] is None
    assert receipt(either, "442079460103") == ("quarantined", "number_unreadable")
    acts = either.get("/v1/audit-log").json()["acts"]
    changes = [it for it in acts if it["action"] == "organization.change"]
    (first, named, last) = sorted(changes, key=lambda it: it["at"])
    assert first["details"]["changed"] == last["details"]["changed"] == ["number_format"]
    assert (first["details"]["number_format"], named["details"]["changed"]) == (
        "international",
        ["name"],
    )


def test_what_is_no_number_format_is_refused(tenant: Tenant) -> None:
    for answer in (
        tenant.post(PATH, json={"name": "Acme", "number_format": "ZZ"}),
        tenant.patch(f"{PATH}/org_1", json={"number_format": "E.164"}),
    ):
        assert problems(answer) == [("number_format", "invalid_number_format")]


def test_an_id_is_taken_once_in_each_tenant(either: Tenant) -> None:
    again = either.post(PATH, json={"id": "org_1", "name": "Other"})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert either.get(f"{PATH}/org_1").json()["organization"]["name"] == "org_1"
    other = Tenant(either.database, either.http)
    assert other.post(PATH, json={"id": "org_1", "name": "Other"}).status_code == 201


def test_creating_an_organization_that_events_have_named_gives_it_a_name(either: Tenant) -> None:
    either.send(event(organization_id="org_2"))
    assert either.get(f"{PATH}/org_2").status_code == 404
    assert either.post(PATH, json={"id": "org_2", "name": "Two"}).status_code == 201
    assert either.get(f"{PATH}/org_2").json()["organization"]["name"] == "Two"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("name", "missing_field")]),
        ({"name": ""}, [("name", "empty")]),
        ({"name": "x" * 201}, [("name", "too_long")]),
        ({"name": "a\nb"}, [("name", "control_characters")]),
        ({"name": 1}, [("name", "invalid_field")]),
        ({"name": "a", "id": ""}, [("id", "empty")]),
        ({"name": "a", "id": "x" * 256}, [("id", "too_long")]),
        ({"name": "a", "timezone": "Mars"}, [("timezone", "unknown_timezone")]),
        ({"name": "a", "timezone": "../etc/passwd"}, [("timezone", "unknown_timezone")]),
        ({"name": "a", "currency": "usd"}, [("currency", "invalid_currency")]),
        ({"name": "a", "status": "unknown"}, [("status", "invalid_field")]),
        ({"name": "a", "tenant": "x"}, [("tenant", "unknown_field")]),
        (
            {"id": "", "name": "", "timezone": "", "currency": ""},
            [
                ("id", "empty"),
                ("name", "empty"),
                ("timezone", "unknown_timezone"),
                ("currency", "invalid_currency"),
            ],
        ),
        (
            {"colour": 1, "status": "x", "timezone": 2},
            [
                ("colour", "unknown_field"),
                ("name", "missing_field"),
                ("timezone", "invalid_field"),
                ("status", "invalid_field"),
            ],
        ),
    ],
)
def test_every_problem_of_a_body_is_listed(tenant: Tenant, body: Any, found: list) -> None:
    answer = tenant.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert problems(answer) == found


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "unreadable_body"),
        (b"{", 400, "unreadable_body"),
        (b'{"name": "\xff"}', 400, "unreadable_body"),
        (b"[" * 60_000, 400, "unreadable_body"),
        (b'{"name": ' + b"1" * 5_000 + b"}", 400, "unreadable_body"),
        (b"[]", 400, "invalid_request"),
        (b'"name"', 400, "invalid_request"),
        (b"null", 400, "invalid_request"),
        (b" " * 65_537, 413, "body_too_large"),
    ],
    ids=["empty", "half", "not UTF-8", "nested", "digits", "array", "text", "null", "large"],
)
def test_a_body_that_is_no_object_is_refused(
    tenant: Tenant, content: bytes, status: int, code: str
) -> None:
    answer = tenant.post(PATH, content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_organization_is_renamed_and_suspended(either: Tenant) -> None:
    changed = either.patch(f"{PATH}/org_1", json={"name": "New", "status": "suspended"})
    assert changed.status_code == 200
    organization = either.get(f"{PATH}/org_1").json()["organization"]
    assert (organization["name"], organization["status"]) == ("New", "suspended")
    assert either.patch(f"{PATH}/org_1", json={}).json() == changed.json()


TERMS = ({"timezone": "Europe/Paris"}, {"currency": "EUR"}, {"timezone": "UTC", "currency": "EUR"})


@pytest.mark.parametrize("body", TERMS)
def test_zone_and_currency_change_until_the_first_event(either: Tenant, body: dict) -> None:
    assert either.patch(f"{PATH}/org_1", json=body).json()["organization"].items() >= body.items()
    either.load(YEN)
    given = {"timezone": "Asia/Tokyo", "currency": "JPY"}
    assert either.patch(f"{PATH}/org_1", json=given).status_code == 200
    either.send(event(time="2024-01-15T20:00:00Z"))
    shown = either.get("/v1/events/org_1/call-1").json()
    assert (shown["event"]["day"], shown["charge"]["currency"]) == ("2024-01-16", "JPY")
    refused = either.patch(f"{PATH}/org_1", json={**body, "name": "New"})
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    changed = ", ".join(body).replace(", ", " and ")
    assert refused.json()["error"] == f"organization org_1 has events: its {changed} cannot change"
    assert either.patch(f"{PATH}/org_1", json={**given, "name": "New"}).status_code == 200
    assert either.get(f"{PATH}/org_1").json()["organization"]["name"] == "New"


YEN = """
name: Yen
currency: JPY
effective_from: 2024-01-01
source: a test
rates:
  - {meter: voice.call, price: 1, per: second}
"""


def test_an_event_in_quarantine_is_an_event(either: Tenant) -> None:
    either.send(event(organization_id="org_2"))
    assert either.post(PATH, json={"id": "org_2", "name": "Two"}).status_code == 201
    for body in TERMS[:2]:
        assert either.patch(f"{PATH}/org_2", json=body).json()["code"] == "in_use"


def test_a_currency_with_budgets_does_not_change(either: Tenant) -> None:
    either.post(USERS, json={"id": "ann", "name": "Ann"})
    assert either.call("PUT", f"{BUDGET}/users/ann", json={"monthly": 5}).status_code == 200
    refused = either.patch(f"{PATH}/org_1", json={"currency": "EUR"})
    assert (refused.status_code, refused.json()["error"]) == (
        409,
        "organization org_1 has budgets in USD: remove them first",
    )
    assert either.patch(f"{PATH}/org_1", json={"timezone": "Asia/Tokyo"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"id": "x"}, [("id", "unknown_field")]),
        ({"currency": "ZZZ"}, [("currency", "invalid_currency")]),
        ({"email": "nobody"}, [("email", "invalid_email")]),
        ({"timezone": "Mars"}, [("timezone", "unknown_timezone")]),
        ({"timezone": "localtime"}, [("timezone", "local_timezone")]),
    ],
)
def test_an_organization_changes_to_valid_values_only(
    tenant: Tenant, body: dict, found: list
) -> None:
    answer = tenant.patch(f"{PATH}/org_1", json=body)
    assert (answer.status_code, problems(answer)) == (400, found)


def test_an_email_is_removed_with_null(either: Tenant) -> None:
    either.post(USERS, json={"id": "ann", "name": "Ann", "email": "ann@acme.com"})
    kept = either.patch(f"{USERS}/ann", json={"name": "Anna"}).json()["user"]
    assert (kept["name"], kept["email"]) == ("Anna", "ann@acme.com")
    assert either.patch(f"{USERS}/ann", json={"email": None}).json()["user"]["email"] is None
    for email in ("billing@acme.com", None):
        changed = either.patch(f"{PATH}/org_1", json={"email": email}).json()["organization"]
        assert changed["email"] == email
    assert either.get(f"{PATH}/org_1").json()["organization"] == changed


def test_a_permission_is_changed_and_logged(either: Tenant) -> None:
    either.post(USERS, json={"id": "ann", "name": "Ann"})
    for permission in ("admin", "user"):
        changed = either.patch(f"{USERS}/ann", json={"permission": permission}).json()["user"]
        assert changed["permission"] == permission
        assert either.get(f"{USERS}/ann").json()["user"] == changed
    acts = either.get("/v1/audit-log?action=user.change").json()["acts"]
    assert {it["details"]["permission"] for it in acts} == {"admin", "user"}
    refused = either.patch(f"{USERS}/ann", json={"permission": "owner"})
    assert problems(refused) == [("permission", "invalid_field")]


@pytest.mark.parametrize("identity", ["nobody", "%00", "%20", "x" * 300, "%F0%9F%98%80"])
def test_an_unknown_organization_is_404_to_every_method(either: Tenant, identity: str) -> None:
    path = f"{PATH}/{identity}"
    for answer in (
        either.get(path),
        either.patch(path, json={"name": "a"}),
        either.get(f"{path}/users"),
        either.post(f"{path}/users", json={"name": "a"}),
        either.get(f"{path}/users/a"),
        either.patch(f"{path}/users/a", json={"name": "a"}),
    ):
        assert (answer.status_code, answer.json()["error"]) == (404, "Organization not found")


@pytest.mark.parametrize("identity", ["nobody", "%00", "%20", "x" * 300, "%F0%9F%98%80"])
def test_an_unknown_user_is_404_to_every_method(either: Tenant, identity: str) -> None:
    path = f"{USERS}/{identity}"
    for answer in (either.get(path), either.patch(path, json={"name": "a"})):
        assert (answer.status_code, answer.json()["error"]) == (404, "User not found")


def test_a_stranger_learns_nothing(either: Tenant) -> None:
    stranger = Tenant(either.database, either.http)
    either.post(USERS, json={"id": "ann", "name": "Ann"})
    for path in (f"{PATH}/org_1", USERS, f"{USERS}/ann"):
        unknown = stranger.get(path.replace("org_1", "org_9"))
        foreign = stranger.get(path)
        assert (foreign.status_code, error_of(foreign)) == (404, error_of(unknown))
        renamed = stranger.patch(path, json={"name": "Mine"})
        assert renamed.status_code in (404, 405)
    assert stranger.get(PATH).json()["organizations"] == []
    assert either.get(f"{USERS}/ann").json()["user"]["name"] == "Ann"


def test_a_user_is_created_read_and_changed(either: Tenant) -> None:
    body = {"id": "ann", "name": "Ann", "email": "ann@acme.com", "status": "active"}
    body["permission"] = "admin"
    created = either.post(USERS, json=body)
    assert (created.status_code, created.json()) == (
        201,
        {"success": True, "organization_id": "org_1", "user": body},
    )
    assert either.get(f"{USERS}/ann").json() == created.json()
    changed = either.patch(f"{USERS}/ann", json={"name": "Anna", "status": "inactive"})
    assert changed.json()["user"] == {**body, "name": "Anna", "status": "inactive"}
    assert either.get(USERS).json()["users"] == [changed.json()["user"]]


def test_a_user_needs_a_name_only(tenant: Tenant) -> None:
    user = tenant.post(USERS, json={"name": "Ann"}).json()["user"]
    assert user["id"].startswith("user_")
    assert (user["email"], user["status"], user["permission"]) == (None, "active", "user")


def test_a_users_id_is_taken_once_in_each_organization(either: Tenant) -> None:
    either.organization("org_2")
    body = {"id": "ann", "name": "Ann"}
    assert either.post(USERS, json=body).status_code == 201
    assert either.post(USERS, json=body).json()["code"] == "already_exists"
    assert either.post(f"{PATH}/org_2/users", json=body).status_code == 201


def test_a_user_that_events_have_named_is_there_already(either: Tenant) -> None:
    either.send(event(user_id="ann"))
    assert either.get(f"{USERS}/ann").json()["user"]["name"] == "ann"
    assert either.post(USERS, json={"id": "ann", "name": "Ann"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("name", "missing_field")]),
        ({"name": " "}, [("name", "empty")]),
        ({"name": "a", "email": "nobody"}, [("email", "invalid_email")]),
        ({"name": "a", "email": f"{'a' * 254}@"}, [("email", "too_long")]),
        ({"name": "a", "id": "a\x7f"}, [("id", "control_characters")]),
    ],
)
def test_a_malformed_user_is_refused(tenant: Tenant, body: dict, found: list) -> None:
    answer = tenant.post(USERS, json=body)
    assert (answer.status_code, problems(answer)) == (400, found)


def test_names_are_kept_as_they_were_given(either: Tenant) -> None:
    names = ["Ann O'Neil", '=HYPERLINK("x")', "<b>&", "\U0001f600", "ä" * 200, "a  b"]
    for number, name in enumerate(names):
        either.post(USERS, json={"id": str(number), "name": name})
    assert [it["name"] for it in either.get(USERS).json()["users"]] == names


def test_a_key_of_one_user_sees_that_user_only(either: Tenant) -> None:
    either.send(event(), event(id="2", user_id="user_2"))
    mine = either.key(Permission.READ_ANALYTICS, organization="org_1", user="user_1")
    assert [it["id"] for it in either.get(USERS, mine).json()["users"]] == ["user_1"]
    assert either.get(f"{USERS}/user_1", mine).status_code == 200
    assert either.get(f"{USERS}/user_2", mine).json()["error"] == "User not found"


def test_a_new_organization_has_the_currency_of_its_tenant(either: Tenant) -> None:
    with either.database.writing() as transaction:
        tenant = directory.find_tenant(transaction, either.tenant)
        assert tenant is not None
        directory.change_tenant(transaction, tenant._replace(currency="EUR"))
    created = either.post(PATH, json={"id": "new", "name": "New"})
    assert created.json()["organization"]["currency"] == "EUR"
    own = either.post(PATH, json={"id": "own", "name": "Own", "currency": "JPY"})
    assert own.json()["organization"]["currency"] == "JPY"
    listed = either.get("/v1/analytics/organizations", params={"include": "currency"})
    found = {it["organization_id"]: it["currency"] for it in listed.json()["organizations"]}
    assert (found["new"], found["own"]) == ("EUR", "JPY")
    assert next(iter(found.values())) == "EUR"


def pages(tenant: Tenant, path: str, name: str, key: str | None = None) -> list[list[str]]:
    """Return the ids of each page of two."""
    found, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = tenant.get(path, key, params=query).json()
        found.append([it["id"] for it in answer[name]])
        cursor = answer["next_cursor"]
        if cursor is None:
            return found


def test_organizations_and_users_are_listed_by_page(either: Tenant) -> None:
    for name in ("ü/1", "b", "a", "C", "z"):
        either.organization(name)
        either.post(USERS, json={"id": name, "name": name})
    assert pages(either, PATH, "organizations") == [["C", "a"], ["b", "org_1"], ["z", "ü/1"]]
    assert pages(either, USERS, "users") == [["C", "a"], ["b", "z"], ["ü/1"]]
    own = either.key(Permission.READ_ANALYTICS, organization="org_1", user="a")
    assert pages(either, PATH, "organizations", own) == [["org_1"]]
    assert pages(either, USERS, "users", own) == [["a"]]
    assert "next_cursor" not in either.get(PATH).json()
    cursor = either.get(PATH, params={"limit": 3}).json()["next_cursor"]
    rest = either.get(PATH, params={"cursor": cursor}).json()
    assert [it["id"] for it in rest["organizations"]] == ["org_1", "z", "ü/1"]
    assert either.get(PATH, own, params={"cursor": cursor}).json()["organizations"] == [
        either.get(f"{PATH}/org_1").json()["organization"]
    ]


@pytest.mark.parametrize("path", [PATH, USERS])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "invalid_integer"),
        ({"limit": 10_001}, "invalid_integer"),
        ({"cursor": "x"}, "invalid_cursor"),
        ({"cursor": "WzEsIiJd"}, "invalid_cursor"),
    ],
)
def test_a_wrong_page_is_refused(tenant: Tenant, path: str, query: dict, code: str) -> None:
    answer = tenant.get(path, params=query)
    assert (answer.status_code, problems(answer)) == (400, [(next(iter(query)), code)])
