"""The audit log: every administrative act is in it, written in the transaction of the act."""

from typing import Any

import pytest

from tests.api.conftest import Site, Tenant, prefix, problems
from tests.api.test_access import CASES, Case, Cast, cast, fitting
from tests.builders import Json, event, reversal
from tollbook.api.application import ENDPOINTS
from tollbook.domain.errors import StoreUnavailable
from tollbook.domain.keys import Permission

__all__ = ("cast",)
PATH = "/v1/audit-log"
BY_THEMSELVES = {
    *("loadPriceBook", "publishPriceBook"),
    *("rerate", "stopRerating", "resumeRerating", "revertRerating"),
    *("replayQuarantine", "discardQuarantine", "stopQuarantineRun", "resumeQuarantineRun"),
    *("deleteOrganization", "deleteUser", "createViewerToken", "resendNotification"),
}
"""They need more than a body to change anything: below, with the runs, and `test_both_ways`."""


def log(tenant: Tenant, key: str | None = None, query: str = "") -> list[Json]:
    answer = tenant.get(f"{PATH}?limit=1000{query}", key)
    assert answer.status_code == 200, answer.text
    acts: list[Json] = answer.json()["acts"]
    return acts


def newest(tenant: Tenant) -> Json:
    return log(tenant)[0]


WRITING = [
    it
    for it in ENDPOINTS
    if it.method != "GET" and (it.permission is Permission.ADMIN or it.tag == "Viewer tokens")
    if it.name not in BY_THEMSELVES
]


def test_nothing_was_done_yet(either: Tenant) -> None:
    assert either.get(PATH).json() == {"success": True, "acts": [], "next_cursor": None}


@pytest.mark.parametrize("endpoint", WRITING, ids=lambda it: it.name)
def test_every_endpoint_that_administers_leaves_an_act(cast: Cast, endpoint: Any) -> None:
    done = [it for it in CASES if fitting(endpoint, it) and it.expected["admin"] < 300]
    assert done, f"the table of access has no case in which an admin does {endpoint.name}"
    before = log(cast.tenant)
    assert _ask(cast, done[0]) < 300
    after = log(cast.tenant)
    if after[0]["action"] == "user.erase_finished":  # an act of its own, by the server
        after = after[1:]
    assert len(after) == len(before) + 1, endpoint.name
    assert after[0]["key_prefix"] == prefix(cast.tenant.admin)
    assert after[0]["address"] == "127.0.0.1"


def _ask(cast: Cast, case: Case) -> int:
    path = case.path.replace("{to rotate}", prefix(cast.tenant.key()))
    return cast.tenant.call(case.method, cast.named(path), json=cast.named(case.body)).status_code


BOOK = """
name: Spring
currency: USD
effective_from: 2024-03-01
source: ours
rates:
  - {meter: voice.call, price: 1, per: minute}
"""


def test_price_books_and_reratings_leave_acts(either: Tenant) -> None:
    either.send(event())
    headers = {"Content-Type": "application/yaml"}
    loaded = either.post("/v1/price-books?draft=true", content=BOOK, headers=headers)
    assert loaded.status_code == 201, loaded.text
    version = loaded.json()["price_book"]["version"]
    assert newest(either)["action"] == "price_book.load"
    for _ in range(2):  # publishing again changes nothing and is no act
        assert either.post(f"/v1/price-books/{version}/publish").status_code == 200
    assert [it["action"] for it in log(either)] == ["price_book.publish", "price_book.load"]
    body = {"start_date": "2024-01-01", "end_date": "2024-01-31", "apply": True}
    assert either.post("/v1/rerating", json=body).status_code == 202
    begun = [it for it in log(either) if it["action"] == "rerating.apply"]
    assert [it["address"] for it in begun] == ["127.0.0.1"]


def test_the_acts_of_a_key_tell_its_limits(either: Tenant) -> None:
    limits = {
        "expires_at": "2099-01-01T00:00:00Z",
        "meters": ["voice.call"],
        "allowed_addresses": ["192.0.2.7/32", "2001:db8::/32"],
        "requests_per_minute": 60,
        "id_prefix": "limited-",
    }
    asked = {"name": "limited", "permissions": ["events:write"], **limits}
    old = either.post("/v1/keys", json=asked).json()["key"]["prefix"]
    created = newest(either)
    assert (created["action"], created["details"]) == (
        "key.create",
        {"permissions": ["events:write"], "user_id": None, **limits},
    )
    body = {"overlap_seconds": 0, "expires_at": "2098-01-01T00:00:00Z"}
    new = either.post(f"/v1/keys/{old}/rotation", json=body).json()["key"]["prefix"]
    rotated = newest(either)
    assert (rotated["action"], rotated["details"]) == ("key.rotate", {"new": new, **limits, **body})


def test_an_act_that_fails_leaves_nothing(either: Tenant) -> None:
    either.post("/v1/organizations", json={"id": "org_1", "name": "again"})
    either.post("/v1/keys", json={"name": "", "permissions": ["admin"]})
    assert log(either) == []


def test_events_that_are_taken_back_leave_one_act_for_each_organization(either: Tenant) -> None:
    either.organization("org_2")
    either.send(event(), event(id="2"), event(organization_id="org_2"))
    either.post(
        "/v1/events/reversals",
        json=[reversal(), reversal("2"), reversal(organization_id="org_2")],
    )
    acts = [(it["action"], it["object"], it["details"]) for it in log(either)]
    assert sorted(acts, key=str) == [
        ("events.reverse", "organization org_1", {"reversals": 2, "first": "call-1"}),
        ("events.reverse", "organization org_2", {"reversals": 1, "first": "call-1"}),
    ]
    either.post("/v1/events/reversals", json=reversal())
    assert len(log(either)) == 2


def test_an_organization_sees_what_is_about_it_and_nothing_else(either: Tenant) -> None:
    either.organization("org_2")
    for organization in ("org_1", "org_2"):
        body = {"name": "n", "permissions": ["admin"], "organization_id": organization}
        either.post("/v1/keys", json=body)
    either.post("/v1/keys", json={"name": "n", "permissions": ["admin"]})
    mine = either.key(organization="org_1")
    assert [it["organization_id"] for it in log(either)] == [None, "org_2", "org_1"]
    assert [it["organization_id"] for it in log(either, mine)] == ["org_1"]
    assert [it["organization_id"] for it in log(either, None, "&organization_id=org_2")] == [
        "org_2"
    ]
    stranger = Tenant(either.database, either.http)
    assert log(stranger) == []


def test_acts_are_chosen_and_paged(either: Tenant) -> None:
    for n in range(5):
        either.post("/v1/organizations", json={"id": f"o{n}", "name": "n"})
    either.post("/v1/organizations/o1/users", json={"id": "ann", "name": "Ann"})
    assert [it["action"] for it in log(either, None, "&action=user.create")] == ["user.create"]
    assert log(either, None, "&key=tb_000000000000") == []
    assert len(log(either, None, f"&key={prefix(either.admin)}")) == 6
    assert log(either, None, "&end_date=2024-01-01") == []
    assert log(either, None, "&start_date=0001-01-01&end_date=9999-12-31") == log(either)
    pages, cursor = [], ""
    while True:
        answer = either.get(f"{PATH}?limit=4{cursor}").json()
        pages.append(answer["acts"])
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert [len(page) for page in pages] == [4, 2]
    assert [act for page in pages for act in page] == log(either)


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "WzEsMl0=", "WzEsIlx1MDAwMCJd", "[]"])
def test_a_cursor_that_is_none_is_refused(tenant: Tenant, cursor: str) -> None:
    answer = tenant.get(f"{PATH}?cursor={cursor}")
    assert (answer.status_code, problems(answer)) == (400, [("cursor", "invalid_cursor")])


def test_nothing_about_a_person_and_no_secret_is_in_it(either: Tenant) -> None:
    user = {"id": "u1", "name": "Jane Doe", "email": "jane@doe.example"}
    either.post("/v1/organizations/org_1/users", json=user)
    either.patch("/v1/organizations/org_1/users/u1", json={"name": "Jane Roe"})
    key = either.post("/v1/keys", json={"name": "n", "permissions": ["admin"]}).json()["api_key"]
    token = either.post("/v1/viewer-tokens", json={"organization_id": "org_1"}).json()["token"]
    text = either.get(PATH).text
    for secret in ("Jane", "doe", "Roe", key.rpartition("_")[2], token):
        assert secret not in text
    assert '"changed":["name"]' in text


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM audit_log",
        "UPDATE audit_log SET at = 0 WHERE tenant_id = 'x' OR 1 = 1",
    ],
)
def test_nobody_can_change_it_in_the_database_neither(either: Tenant, statement: str) -> None:
    either.post("/v1/organizations", json={"name": "n"})
    before = log(either)
    with pytest.raises(StoreUnavailable), either.database.writing() as transaction:
        transaction.execute(statement)
    assert log(either) == before != []


def test_on_postgresql_it_cannot_be_emptied(postgres_site: Site) -> None:
    with pytest.raises(StoreUnavailable), postgres_site.database.writing() as transaction:
        transaction.execute("TRUNCATE audit_log")
