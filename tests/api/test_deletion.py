"""Organizations and users without events are deleted, with everything of them but the audit log."""

from tests.api.conftest import Tenant
from tests.builders import event
from tollbook.domain.keys import Permission

PATH = "/v1/organizations/org_1"
ANN = f"{PATH}/users/ann"
BOOK = """
name: Own
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: voice.call, price: 5, per: second}
"""
OF_ORGANIZATION = ("users", "budgets", "api_keys", "price_books")


def furnish(tenant: Tenant) -> str:
    """Give org_1 a user, budgets, a key and a book; return a key of the user."""
    tenant.post(f"{PATH}/users", json={"id": "ann", "name": "Ann"})
    for holder in ("org_1", "org_1/users/ann"):
        tenant.call("PUT", f"/v1/budgets/{holder}", json={"monthly": 5})
    tenant.key(organization="org_1")
    loaded = tenant.post(
        "/v1/price-books?organization_id=org_1",
        content=BOOK,
        headers={"Content-Type": "application/yaml"},
    )
    assert loaded.is_success
    return tenant.key(Permission.READ_ANALYTICS, organization="org_1", user="ann")


def counts(tenant: Tenant) -> list[int]:
    sql = "SELECT COUNT(*) FROM {} WHERE organization_id = :number"
    number = tenant.number("org_1")
    return [tenant.rows(sql.format(it), number=number)[0][0] for it in OF_ORGANIZATION]


def test_an_organization_goes_with_everything_of_it(either: Tenant) -> None:
    key = furnish(either)
    token = either.post("/v1/viewer-tokens", json={"organization_id": "org_1"}).json()
    assert counts(either) == [1, 2, 2, 1]
    deleted = either.delete(PATH)
    assert (deleted.status_code, deleted.json()["organization"]["id"]) == (200, "org_1")
    assert counts(either) == [0, 0, 0, 0]
    assert either.rows(
        "SELECT COUNT(*) FROM rates WHERE rate_id NOT IN (SELECT rate_id FROM "
        "rates JOIN price_books ON rate_id BETWEEN first_rate AND last_rate)"
    ) == [(0,)]
    assert either.get("/v1/organizations").json()["organizations"] == []
    assert either.get("/v1/analytics/organizations").json()["organizations"] == []
    for answer in (either.get(PATH), either.patch(PATH, json={}), either.delete(PATH)):
        assert (answer.status_code, answer.json()["error"]) == (404, "Organization not found")
    assert either.get("/v1/keys/self", key).status_code == 401
    users = "/v1/analytics/users?organization_id=org_1"
    assert either.get(users, token["token"]).status_code == 404
    (act,) = either.get("/v1/audit-log?action=organization.delete").json()["acts"]
    assert (act["object"], act["organization_id"]) == ("organization org_1", "org_1")
    assert either.differences() == []


def test_a_deleted_organization_can_be_created_again_and_starts_empty(either: Tenant) -> None:
    furnish(either)
    either.delete(PATH)
    receipt = either.send(event(id="lost")).receipts[0]
    assert (receipt.status, receipt.code) == ("quarantined", "unknown_organization")
    new = {"id": "org_1", "name": "New", "currency": "USD", "timezone": "Asia/Tokyo"}
    assert either.post("/v1/organizations", json=new).status_code == 201
    assert either.get(f"{PATH}/users").json()["users"] == []
    either.send(event())
    charge = either.get("/v1/events/org_1/call-1").json()["charge"]
    assert charge["cost"] == 0.122, "the own book went with the organization"


def test_a_user_goes_with_its_budget_and_keys(either: Tenant) -> None:
    key = furnish(either)
    deleted = either.delete(ANN)
    assert (deleted.status_code, deleted.json()["user"]["name"]) == (200, "Ann")
    assert counts(either) == [0, 1, 1, 1]
    for answer in (either.get(ANN), either.delete(ANN)):
        assert (answer.status_code, answer.json()["error"]) == (404, "User not found")
    assert either.get("/v1/keys/self", key).status_code == 401
    either.send(event(user_id="ann"))
    assert either.get(ANN).json()["user"]["name"] == "ann", "events create users"


def test_what_events_name_is_not_deleted(either: Tenant) -> None:
    furnish(either)
    either.send(event(user_id="bob"))
    answer = either.delete(PATH)
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
    assert answer.json()["error"] == "organization org_1 has events and cannot be deleted"
    bob = either.delete(f"{PATH}/users/bob")
    assert (bob.status_code, bob.json()["code"]) == (409, "in_use")
    assert either.delete(ANN).status_code == 200


def test_events_in_quarantine_and_of_the_organization_count(either: Tenant) -> None:
    for name in ("ann", "bob", 'c"/\\d', "eve"):
        either.post(f"{PATH}/users", json={"id": name, "name": name})
    either.send(event(id="1", user_id="ann", time="1999-01-01T00:00:00Z"))
    either.send(event(id="2", user_id='c"/\\d', time="1999-01-01T00:00:00Z"))
    either.send(event(id="3", user_id="bob", type="brand.registration", quantity=1))
    assert either.delete(ANN).status_code == 409
    assert either.delete(f"{PATH}/users/c%22%2F%5Cd").status_code == 409
    assert either.delete(f"{PATH}/users/bob").status_code == 409
    assert either.delete(f"{PATH}/users/eve").status_code == 200


def test_only_keys_of_a_wider_scope_delete(either: Tenant) -> None:
    either.post(f"{PATH}/users", json={"id": "ann", "name": "Ann"})
    own = either.key(organization="org_1")
    assert either.delete(PATH, own).status_code == 403
    assert either.delete(ANN, either.key(organization="org_1", user="ann")).status_code == 403
    stranger = Tenant(either.database, either.http)
    assert stranger.delete(PATH).status_code == stranger.delete(ANN).status_code == 404
    assert either.delete(ANN, own).status_code == 200
