"""Who may do what: every endpoint with every kind of key."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from tests.alerts.builders import make_endpoint
from tests.api.conftest import Site, Tenant, prefix
from tests.builders import correction, event, reversal
from tests.rerating.builders import Past
from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.endpoint import Endpoint
from tollbook.domain.endpoints import EndpointKind
from tollbook.domain.keys import Permission
from tollbook.domain.quarantine import EVERYTHING, QuarantineAction
from tollbook.quarantine import runs
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.wiring import now

NOBODY = {"none": 401, "garbage": 401, "revoked": 401}


def granted(status: int, **given: int) -> dict[str, int]:
    """Return the status for each kind of key, where the rest is as for an admin."""
    kinds = ("writer", "reader", "organization", "user", "stranger", "admin")
    return {**NOBODY, **dict.fromkeys(kinds, status), **given}


def for_readers(status: int = 200, **given: int) -> dict[str, int]:
    return granted(status, **{"writer": 403, **given})


def for_admins(status: int = 200, **given: int) -> dict[str, int]:
    return granted(status, **{"writer": 403, "reader": 403, **given})


class Case(NamedTuple):
    method: str
    path: str
    expected: Mapping[str, int]
    body: Any = None


JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
BUDGET = {"monthly": 100}
TRIGGER = {"name": "x", "organization_id": "org_1", "figure": "cost", "period": "day", "at": [1]}
ROTATED = {"organization": 404, "user": 403, "stranger": 404}
NO_ADMIN = {"user": 403, "stranger": 404}
FOREIGN = {"organization": 404, "user": 404, "stranger": 404}
OTHER_RUNS = {"organization": 404, "user": 403, "stranger": 404}
TENANT_WIDE = for_admins(organization=403, user=403)
ENDPOINT = {"name": "Billing", "url": "https://example.com/hook"}
OWNED_BY_TENANT = for_admins(organization=404, user=403, stranger=404)
REPORT = {"schedule": "daily", "endpoint_id": "{mailing}"}
ORIGIN = {"origin": "https://app.example.com"}
METER = {"type": "fax.page", "unit": "page", "category": "messaging"}
# Two organizations have a user_2; a key of one of them sees no other.
AMBIGUOUS = for_readers(reader=400, admin=400, user=404, stranger=404)
CASES = [
    Case("GET", "/v1/analytics/users?organization_id=org_1", for_readers(stranger=404)),
    Case("GET", "/v1/analytics/users?organization_id=org_2", for_readers(**FOREIGN)),
    Case(
        "GET",
        "/v1/analytics/users?organization_id=org_1&limit=1&group_by=meter&include=totals",
        for_readers(stranger=404),
    ),
    Case("GET", "/v1/analytics/changes", for_readers(user=403)),
    Case("GET", "/v1/analytics/changes?organization_id=org_1", for_readers(user=403, stranger=404)),
    Case(
        "GET",
        "/v1/analytics/changes?organization_id=org_2",
        for_readers(organization=404, user=403, stranger=404),
    ),
    Case("GET", "/v1/analytics/forecast", for_readers()),
    Case("GET", "/v1/analytics/forecast?organization_id=org_1", for_readers(stranger=404)),
    Case("GET", "/v1/analytics/forecast?organization_id=org_2", for_readers(**FOREIGN)),
    Case(
        "GET",
        "/v1/analytics/forecast?organization_id=org_1&user_id=user_1",
        for_readers(stranger=404),
    ),
    Case("GET", "/v1/analytics/series", for_readers()),
    Case("GET", "/v1/analytics/series?organization_id=org_1", for_readers(stranger=404)),
    Case("GET", "/v1/analytics/series?organization_id=org_2", for_readers(**FOREIGN)),
    Case("GET", "/v1/events?organization_id=org_1", for_readers(stranger=404)),
    Case("GET", "/v1/events?organization_id=org_2", for_readers(**FOREIGN)),
    Case("GET", "/v1/budgets", for_readers()),
    Case("GET", "/v1/budgets?organization_id=org_1", for_readers(stranger=404)),
    Case("GET", "/v1/budgets?organization_id=org_2", for_readers(**FOREIGN)),
    Case("PUT", "/v1/budgets/org_1", for_admins(user=403, stranger=404), BUDGET),
    Case(
        "PUT",
        "/v1/budgets/org_2",
        for_admins(organization=404, user=403, stranger=404),
        BUDGET,
    ),
    Case("PUT", "/v1/budgets/org_1/users/user_1", for_admins(user=403, stranger=404), BUDGET),
    Case(
        "PUT",
        "/v1/budgets/org_2/users/user_1",
        for_admins(organization=404, user=403, stranger=404),
        BUDGET,
    ),
    # The first that may takes it away; then there is none.
    Case("DELETE", "/v1/budgets/org_1", for_admins(404, organization=200, user=403)),
    Case("DELETE", "/v1/budgets/org_2", for_admins(organization=404, user=403, stranger=404)),
    Case("DELETE", "/v1/budgets/org_1/users/user_1", for_admins(404, organization=200, user=403)),
    Case(
        "DELETE",
        "/v1/budgets/org_2/users/user_1",
        for_admins(organization=404, user=403, stranger=404),
    ),
    Case("GET", "/v1/triggers", for_readers()),
    Case("GET", "/v1/triggers?organization_id=org_2", for_readers(**FOREIGN)),
    Case("POST", "/v1/triggers", for_admins(201, user=403, stranger=404), TRIGGER),
    Case(
        "POST",
        "/v1/triggers",
        for_admins(201, organization=404, user=403, stranger=404),
        TRIGGER | {"organization_id": "org_2"},
    ),
    Case("GET", "/v1/triggers/trg_none", for_readers(404)),
    Case("PATCH", "/v1/triggers/{trigger}", OWNED_BY_TENANT, {"name": "y"}),
    Case("DELETE", "/v1/triggers/{old trigger}", OWNED_BY_TENANT),
    Case("GET", "/v1/reports", for_admins(user=403)),
    # The endpoint is the tenant's.
    Case("POST", "/v1/reports", for_admins(201, organization=400, user=403, stranger=400), REPORT),
    Case(
        "POST",
        "/v1/reports",
        for_admins(201, organization=404, user=403, stranger=404),
        REPORT | {"organization_id": "org_2"},
    ),
    Case("GET", "/v1/reports/rep_none", for_admins(404, user=403)),
    Case("DELETE", "/v1/reports/{old report}", OWNED_BY_TENANT),
    Case("GET", "/v1/origins", TENANT_WIDE),
    Case("POST", "/v1/origins", {**TENANT_WIDE, "stranger": 201, "admin": 201}, ORIGIN),
    Case("DELETE", "/v1/origins?origin=https://old.example.com", TENANT_WIDE),
    Case("GET", "/v1/analytics/organizations", for_readers(user=403)),
    Case("GET", "/v1/analytics/overview", for_readers(user=403)),
    Case("GET", "/v1/analytics/period?organization_id=org_1", for_readers(stranger=404)),
    Case("GET", "/v1/analytics/period?organization_id=org_2", for_readers(**FOREIGN)),
    Case("GET", "/v1/analytics/usage?organization_id=org_1", for_readers(stranger=404)),
    Case("GET", "/v1/analytics/usage?organization_id=org_2", for_readers(**FOREIGN)),
    Case("GET", "/v1/analytics/usage?user_id=user_2", AMBIGUOUS),
    Case("POST", "/v1/events", granted(200, reader=403, stranger=207), event()),
    Case(
        "POST",
        "/v1/events",
        granted(200, reader=403, organization=207, user=207, stranger=207),
        event(organization_id="org_2"),
    ),
    Case(
        "POST",
        "/v1/events/reversals",
        granted(200, writer=207, reader=403, user=207, stranger=207),
        reversal("user_1"),
    ),
    Case(
        "POST",
        "/v1/events/reversals",
        granted(200, writer=207, reader=403, user=207, stranger=207),
        reversal("user_2"),
    ),
    Case(
        "POST",
        "/v1/events/reversals",
        granted(200, writer=207, reader=403, organization=207, user=207, stranger=207),
        reversal("user_1", organization_id="org_2"),
    ),
    Case(
        "POST",
        "/v1/events/corrections",
        granted(200, writer=207, reader=403, user=207, stranger=207),
        correction("wrong", quantity=62),
    ),
    Case(
        "POST",
        "/v1/events/corrections",
        granted(200, writer=207, reader=403, organization=207, user=207, stranger=207),
        correction("wrong", organization_id="org_2", quantity=62),
    ),
    Case("GET", "/v1/events/org_1/user_1", for_readers(stranger=404)),
    Case("GET", "/v1/events/org_1/user_2", for_readers(user=404, stranger=404)),
    Case("GET", "/v1/events/org_1/back user_1", for_readers(stranger=404)),
    Case("GET", "/v1/events/org_1/back user_2", for_readers(user=404, stranger=404)),
    Case("GET", "/v1/events/org_2/user_1", for_readers(**FOREIGN)),
    Case(
        "GET",
        "/v1/events/nobody/lost",
        for_readers(**FOREIGN),
    ),
    Case("POST", "/v1/rate", granted(200, writer=403, stranger=207), event()),
    Case("POST", "/v1/rate", granted(200, writer=403, user=207, stranger=207), event(user_id="x")),
    Case(
        "POST",
        "/v1/rate",
        granted(200, writer=403, organization=207, user=207, stranger=207),
        event(organization_id="org_2"),
    ),
    Case("GET", "/v1/organizations", for_readers()),
    Case("POST", "/v1/organizations", for_admins(201, organization=403, user=403), {"name": "x"}),
    Case("GET", "/v1/organizations/org_1", for_readers(stranger=404)),
    Case("GET", "/v1/organizations/org_2", for_readers(**FOREIGN)),
    Case("PATCH", "/v1/organizations/org_1", for_admins(user=403, stranger=404), {}),
    Case(
        "PATCH",
        "/v1/organizations/org_2",
        for_admins(organization=404, user=403, stranger=404),
        {},
    ),
    Case("GET", "/v1/organizations/org_1/users", for_readers(stranger=404)),
    Case("GET", "/v1/organizations/org_2/users", for_readers(**FOREIGN)),
    Case(
        "POST",
        "/v1/organizations/org_1/users",
        for_admins(201, user=403, stranger=404),
        {"name": "x"},
    ),
    Case(
        "POST",
        "/v1/organizations/org_2/users",
        for_admins(201, organization=404, user=403, stranger=404),
        {"name": "x"},
    ),
    Case("GET", "/v1/organizations/org_1/users/user_1", for_readers(stranger=404)),
    Case("GET", "/v1/organizations/org_1/users/user_2", for_readers(user=404, stranger=404)),
    Case("GET", "/v1/organizations/org_2/users/user_1", for_readers(**FOREIGN)),
    Case("PATCH", "/v1/organizations/org_1/users/user_1", for_admins(stranger=404), {}),
    Case("PATCH", "/v1/organizations/org_1/users/user_2", for_admins(user=404, stranger=404), {}),
    Case("PATCH", "/v1/organizations/org_2/users/user_1", for_admins(**FOREIGN), {}),
    Case("GET", "/v1/keys", for_admins()),
    Case(
        "POST",
        "/v1/keys",
        for_admins(201, user=403, stranger=404),
        {"name": "x", "permissions": ["admin"], "organization_id": "org_1"},
    ),
    Case(
        "POST",
        "/v1/keys",
        for_admins(201, organization=404, user=403, stranger=404),
        {"name": "x", "permissions": ["admin"], "organization_id": "org_2"},
    ),
    Case("DELETE", "/v1/keys/{of org_1}", for_admins(user=404, stranger=404)),
    Case("DELETE", "/v1/keys/{of org_2}", for_admins(**FOREIGN)),
    Case("DELETE", "/v1/keys/{of the tenant}", for_admins(**FOREIGN)),
    Case("GET", "/v1/keys/self", granted(200)),
    Case("POST", "/v1/keys/{to rotate}/rotation", for_admins(201, **ROTATED), {}),
    Case(
        "POST",
        "/v1/viewer-tokens",
        granted(201, writer=403, stranger=404),
        {"organization_id": "org_1"},
    ),
    Case(
        "POST",
        "/v1/viewer-tokens",
        granted(201, writer=403, organization=404, user=404, stranger=404),
        {"organization_id": "org_2"},
    ),
    Case("DELETE", "/v1/viewer-tokens/{token}", for_readers(user=403, stranger=404)),
    Case("DELETE", "/v1/viewer-tokens/nothing", for_readers(404, user=403)),
    Case("DELETE", "/v1/viewer-tokens", for_admins(organization=403, user=403)),
    Case("GET", "/v1/audit-log", for_admins(user=403)),
    Case("GET", "/v1/audit-log?organization_id=org_1", for_admins(user=403, stranger=404)),
    Case(
        "GET",
        "/v1/audit-log?organization_id=org_2",
        for_admins(organization=404, user=403, stranger=404),
    ),
    Case("GET", "/v1/price-books", for_admins(user=403)),
    Case("GET", "/v1/price-books/1", for_admins(user=403)),
    # An invalid book: a key that may write gets its errors, any other key a missing permission.
    Case("POST", "/v1/price-books", for_admins(415, organization=403, user=403), {}),
    Case("POST", "/v1/price-books/1/publish", for_admins(organization=403, user=403)),
    Case("GET", "/v1/endpoints", for_admins(user=403)),
    Case("POST", "/v1/endpoints", for_admins(201, user=403), ENDPOINT),
    Case("GET", "/v1/endpoints/{endpoint}", OWNED_BY_TENANT),
    Case("PATCH", "/v1/endpoints/{endpoint}", OWNED_BY_TENANT, {"name": "Other"}),
    Case("GET", "/v1/endpoints/{endpoint}/deliveries", OWNED_BY_TENANT),
    Case("POST", "/v1/endpoints/{endpoint}/rotation", {**OWNED_BY_TENANT, "admin": 201}, {}),
    Case("POST", "/v1/endpoints/{endpoint}/test", {**OWNED_BY_TENANT, "admin": 202}),
    Case("GET", "/v1/notifications", for_readers()),
    Case("GET", "/v1/notifications?organization_id=org_2", for_readers(**FOREIGN)),
    Case(
        "POST",
        "/v1/notifications/ntf_none/resend",
        for_admins(404, user=403),
        {"endpoint_id": "{endpoint}"},
    ),
    Case("DELETE", "/v1/endpoints/{old endpoint}", OWNED_BY_TENANT),
    Case("GET", "/v1/event-types", TENANT_WIDE),
    Case("GET", "/v1/event-types/com.example.kept", {**TENANT_WIDE, "stranger": 404}),
    Case("PUT", "/v1/event-types/com.example.new", TENANT_WIDE, {"meter": "voice.call"}),
    Case("DELETE", "/v1/event-types/com.example.old", {**TENANT_WIDE, "stranger": 404}),
    Case("GET", "/v1/meters", granted(200)),
    Case("POST", "/v1/meters", for_admins(201, organization=403, user=403), METER),
    Case("PATCH", "/v1/meters/fax.kept", {**TENANT_WIDE, "stranger": 404}, {"name": "Faxes"}),
    Case(
        "PATCH",
        "/v1/meters/voice.call",
        {**TENANT_WIDE, "stranger": 409, "admin": 409},
        {"name": "Calls"},
    ),
    Case("GET", "/v1/quarantine", for_admins(user=403)),
    Case(
        "GET",
        "/v1/quarantine?organization_id=org_2",
        for_admins(organization=404, user=403),
    ),
    Case("POST", "/v1/rerating", for_admins(organization=403, user=403), JANUARY),
    Case(
        "POST",
        "/v1/rerating",
        for_admins(organization=403, user=403, stranger=404),
        {**JANUARY, "organization_id": "org_1"},
    ),
    Case("GET", "/v1/rerating", for_admins(organization=403, user=403)),
    *(
        Case(method, f"/v1/rerating/{{run}}{act}", expected)
        for method, act, expected in (
            ("GET", "", for_admins(organization=403, user=403, stranger=404)),
            ("POST", "/stop", for_admins(409, organization=403, user=403, stranger=404)),
            ("POST", "/resume", for_admins(409, organization=403, user=403, stranger=404)),
            ("POST", "/revert", for_admins(409, organization=403, user=403, stranger=404)),
        )
    ),
    # Another run is at work: a key that may begin one gets an error that says so.
    Case("POST", "/v1/quarantine/replay", for_admins(409, user=403)),
    Case(
        "POST",
        "/v1/quarantine/replay?organization_id=org_2",
        for_admins(409, organization=404, user=403),
    ),
    Case("DELETE", "/v1/quarantine?codes=no_price", for_admins(409, organization=403, user=403)),
    Case(
        "DELETE",
        "/v1/quarantine/nobody/lost",
        for_admins(organization=403, user=403, stranger=404),
    ),
    Case("GET", "/v1/quarantine-runs", for_admins(user=403)),
    *(
        Case(method, f"/v1/quarantine-runs/{{replay}}{act}", for_admins(status, **OTHER_RUNS))
        for method, act, status in (
            ("GET", "", 200),
            ("POST", "/stop", 409),
            ("POST", "/resume", 409),
        )
    ),
    Case("DELETE", "/v1/organizations/org_1", for_admins(409, organization=403, **NO_ADMIN)),
    Case("DELETE", "/v1/organizations/org_2", for_admins(409, organization=403, **NO_ADMIN)),
    Case("DELETE", "/v1/organizations/org_1/users/user_1", for_admins(409, **NO_ADMIN)),
    Case(
        "DELETE",
        "/v1/organizations/org_2/users/user_1",
        for_admins(409, organization=404, **NO_ADMIN),
    ),
    Case(
        "DELETE",
        "/v1/organizations/org_1/users/user_1/personal-data",
        for_admins(user=403, stranger=404),
    ),
    Case(
        "DELETE",
        "/v1/organizations/org_2/users/user_1/personal-data",
        for_admins(organization=404, user=403, stranger=404),
    ),
]


class Cast(NamedTuple):
    """A tenant with a key of every kind, and the prefixes of keys to revoke."""

    tenant: Tenant
    keys: Mapping[str, str]
    prefixes: Mapping[str, str]

    def named(self, given: Any) -> Any:
        """Return a path or a body with what its names in braces stand for."""
        text = json.dumps(given)
        for name, stands_for in self.prefixes.items():
            text = text.replace(name, stands_for)
        return json.loads(text)


@pytest.fixture(scope="module")
def cast(site: Site) -> Cast:
    tenant, stranger = site.tenant(), site.tenant()
    for organization in ("org_1", "org_2"):
        tenant.organization(organization)
        users = ("user_1", "user_2")
        tenant.send(*(event(id=it, user_id=it, organization_id=organization) for it in users))
        tenant.send(event(id="wrong", organization_id=organization))
        for path in (organization, f"{organization}/users/user_1"):
            tenant.call("PUT", f"/v1/budgets/{path}", json=BUDGET)
    tenant.send(event(id="lost", organization_id="nobody"))
    tenant.reverse(reversal("user_1"), reversal("user_2"))
    tenant.replay()
    tenant.post("/v1/meters", json=METER | {"type": "fax.kept"})
    for mapped in ("kept", "old"):
        path = f"/v1/event-types/com.example.{mapped}"
        tenant.call("PUT", path, json={"meter": "voice.call"})
    stranger.send(event(organization_id="org_2"))
    revoked = tenant.key()
    tenant.revoke(revoked)
    keys = {
        "none": "",
        "garbage": "tb_0123456789ab_garbage",
        "revoked": revoked,
        "writer": tenant.key(Permission.WRITE_EVENTS),
        "reader": tenant.key(Permission.READ_ANALYTICS),
        "organization": tenant.key(organization="org_1"),
        "user": tenant.key(organization="org_1", user="user_1"),
        "stranger": stranger.admin,
        "admin": tenant.admin,
    }
    prefixes = {
        "{of org_1}": prefix(tenant.key(organization="org_1")),
        "{of org_2}": prefix(tenant.key(organization="org_2")),
        "{of the tenant}": prefix(tenant.key()),
        "{to rotate}": prefix(tenant.key()),
        "{run}": _reverted_run(tenant),
        "{token}": _token(tenant),
        "{endpoint}": _endpoint(tenant),
        "{mailing}": _mailing(tenant),
        "{old endpoint}": _endpoint(tenant),
        "{trigger}": _trigger(tenant),
        "{old trigger}": _trigger(tenant),
        "{replay}": str(tenant.run_over_quarantine(QuarantineAction.REPLAY).id),
    }
    prefixes["{old report}"] = _report(tenant, prefixes["{mailing}"])
    assert prefixes["{replay}"] == "2"  # the stranger has no run of that number
    for one in (tenant, stranger):
        one.post("/v1/origins", json={"origin": "https://old.example.com"})
        actor = Actor(one.tenant, COMMAND_LINE, now())
        runs.begin(one.database, actor, QuarantineAction.REPLAY, EVERYTHING, None)
    return Cast(tenant, keys, prefixes)


def _endpoint(tenant: Tenant) -> str:
    return str(tenant.post("/v1/endpoints", json=ENDPOINT).json()["endpoint"]["id"])


def _mailing(tenant: Tenant) -> str:
    kind, to = EndpointKind.MAIL, ("boss@example.com",)
    return make_endpoint(tenant.database, None, tenant=tenant.tenant, kind=kind, addresses=to).id


def _report(tenant: Tenant, endpoint: str) -> str:
    body = REPORT | {"endpoint_id": endpoint}
    return str(tenant.post("/v1/reports", json=body).json()["report"]["id"])


def _trigger(tenant: Tenant) -> str:
    return str(tenant.post("/v1/triggers", json=TRIGGER).json()["trigger"]["id"])


def _reverted_run(tenant: Tenant) -> str:
    past = Past(tenant)
    run = past.apply().id
    past.revert(run)
    return str(run)


def _token(tenant: Tenant) -> str:
    made = tenant.post("/v1/viewer-tokens", json={"organization_id": "org_1"})
    return str(made.json()["viewer_token"]["id"])


@pytest.mark.parametrize("case", CASES, ids=lambda it: f"{it.method} {it.path}")
def test_each_kind_of_key_gets_its_status(cast: Cast, case: Case) -> None:
    path, body = cast.named(case.path), cast.named(case.body)
    found = {
        kind: cast.tenant.call(case.method, path, key, json=body).status_code
        for kind, key in cast.keys.items()
    }
    assert found == case.expected


def test_the_table_names_every_endpoint() -> None:
    missing = [
        (it.method, it.path) for it in ENDPOINTS if not any(fitting(it, case) for case in CASES)
    ]
    assert missing == []


def fitting(endpoint: Endpoint, case: Case) -> bool:
    """Return whether a case is one of an endpoint, and not of another that fits better."""
    parts = case.path.partition("?")[0]
    exact = any(it.path == parts and it.method == case.method for it in ENDPOINTS)
    fits = endpoint.path == parts if exact else _fits(endpoint.path, parts)
    return fits and endpoint.method == case.method


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.partition("?")[0].split("/")
    pairs = zip(parts, given, strict=False)
    return len(parts) == len(given) and all(a == b or a.startswith("{") for a, b in pairs)


@pytest.mark.parametrize("limit", [{}, {"limit": 1}])
def test_meta_tells_whoever_sees_a_part_nothing_of_the_rest(
    tenant: Tenant, limit: dict[str, int]
) -> None:
    tenant.send(
        event(), event(id="2", user_id="user_2"), event(id="3", type="sms.outbound", cost=1)
    )
    own = tenant.key(Permission.READ_ANALYTICS, organization="org_1", user="user_1")
    query = {"organization_id": "org_1", "include": "meta", "user_id": "user_1", **limit}
    for key, is_visible in ((None, True), (own, False), (None, True)):
        meta = tenant.get("/v1/analytics/users", key, params=query).json()["meta"]
        assert (meta["newest_event_at"] is not None) is is_visible
        assert (meta["quarantined_share"] is not None) is is_visible
