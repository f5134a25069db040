"""A holder of a narrow key or token tries every route, with every name outside its scope."""

import re
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from tests.api.conftest import Tenant, site_of
from tests.builders import event
from tests.conftest import ENGINES
from tollbook.api.application import ENDPOINTS
from tollbook.api.endpoints.estimate import POST_RATE
from tollbook.api.openapi.endpoint import Endpoint
from tollbook.domain.keys import Limits, Permission
from tollbook.domain.viewers import Viewer, new_secret, read, signed

READ = Permission.READ_ANALYTICS
LOG = "/v1/audit-log"
JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
MARK = "zz_"
"""Whatever a token of ann in org_1 must not see has this in its name."""
TRIED = {
    "search": ("a", MARK),
    "country": ("GB", "FR"),
    "min_cost": ("0.00001", "0.2"),
    "limit": ("1",),
    "active": ("true", "false"),
    "user_id": ("ann", f"{MARK}bob"),
    "organization_level": ("true",),
}
MAC = len("tbv_") + 42
"""The number of letters of a token that belong to its signature alone."""
OF_A_MOMENT = re.compile(r'"(request_id|next_cursor)":"[^"]*"|20[0-9:T-]+\.[0-9]+Z')


class Part(NamedTuple):
    """A tenant with two organizations that have the same calls, and a token of ann in one."""

    tenant: Tenant
    token: str


@pytest.fixture(scope="module", params=ENGINES)
def part(request: pytest.FixtureRequest) -> Part:
    """A part that no test may change."""
    return part_of(site_of(request).tenant())


def part_of(either: Tenant) -> Part:
    either.organization()
    either.organization(f"{MARK}org")
    for organization in ("org_1", f"{MARK}org"):
        for n, user in enumerate(("ann", "ann", f"{MARK}bob")):
            own = {"id": f"{MARK if user != 'ann' else ''}{n}", "user_id": user}
            called = {"attributes": {"to": "+442071838750"}, "time": f"2024-01-{10 + n}T10:00:00Z"}
            either.send(event(organization_id=organization, **own, **called))
    rest = {"organization_id": f"{MARK}org", "user_id": "ann", "attributes": {"to": "+33142685300"}}
    either.send(
        event(id="a", type="sms.outbound", quantity=1, **rest),
        event(id="b", type="sms.outbound", quantity=1, **{**rest, "user_id": f"{MARK}bob"}),
        event(id="c", type="kb.usage", resource_id="kb", **rest),
        event(id="d", type="brand.registration", quantity=1, **rest),
        event(id="e", type="sms.outbound", quantity=1, organization_id=f"{MARK}nobody"),
    )
    return Part(either, token_for(either, either.admin, 3600))


def token_for(tenant: Tenant, key: str, seconds: int = 600) -> str:
    body = {"organization_id": "org_1", "user_id": "ann", "expires_in": seconds}
    return str(tenant.post("/v1/viewer-tokens", key, json=body).json()["token"])


def variants(endpoint: Endpoint) -> Iterator[dict[str, str]]:
    """Return the query of a question in all of its ways, one parameter at a time."""
    yield {}
    for it in endpoint.parameters:
        if it.name not in ("organization_id", "meter", *JANUARY):
            for value in TRIED.get(it.name, it.choices):
                if value != "parquet":
                    yield {it.name: value}


def asked(endpoint: Endpoint, organization: str, **given: str) -> tuple[str, dict[str, str]]:
    """Return the path and the query of a question about an organization in January."""
    names = {it.name for it in endpoint.parameters}
    query = {"organization_id": organization, **JANUARY, **given}
    path = endpoint.path.replace("{organization_id}", organization)
    path = path.replace("{user_id}", given.get("user_id", "ann"))
    path = path.replace("{event_id}", given.get("event_id", "0"))
    return re.sub(r"\{[a-z_]+\}", "1", path), {it: query[it] for it in query if it in names}


QUESTIONS = [it for it in ENDPOINTS if it.method == "GET"]


@pytest.mark.parametrize("endpoint", QUESTIONS, ids=lambda it: it.name)
def test_a_token_of_one_user_sees_nothing_of_the_rest(part: Part, endpoint: Endpoint) -> None:
    of_others = ({}, {"user_id": f"{MARK}bob"}, {"event_id": f"{MARK}2"})
    for given in (one | other for one in variants(endpoint) for other in of_others):
        path, query = asked(endpoint, "org_1", **given)
        answer = part.tenant.get(path, part.token, params=query)
        assert answer.status_code in (200, 400, 403, 404), answer.text
        assert MARK not in answer.text, (path, query)
        path, query = asked(endpoint, f"{MARK}org", **given)
        answer = part.tenant.get(path, part.token, params=query)
        if path != endpoint.path or "organization_id" in query:
            assert answer.status_code in (400, 403, 404), (path, query)


WRITING = [it for it in ENDPOINTS if it.method != "GET" and it.name != POST_RATE.name]


@pytest.mark.parametrize("endpoint", WRITING, ids=lambda it: it.name)
def test_a_token_changes_nothing(part: Part, endpoint: Endpoint) -> None:
    before = part.tenant.get(LOG, params={"limit": 1000}).json()["acts"]
    path, _ = asked(endpoint, "org_1")
    answer = part.tenant.call(endpoint.method, path, part.token, content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    assert part.tenant.get(LOG, params={"limit": 1000}).json()["acts"] == before


def dead(tenant: Tenant) -> list[str]:
    """Return tokens that were good once, or look as if they were."""
    good, of_key = token_for(tenant, tenant.admin), tenant.key(READ)
    viewer = read(good)
    assert viewer is not None
    wide = Viewer(viewer.id, viewer.tenant_id, f"{MARK}org", None, viewer.issuer, 0, 2**60)
    tokens = [
        signed(viewer, new_secret().encode()),
        signed(wide, new_secret().encode()),
        token_for(tenant, of_key),
    ]
    tokens.append(good[:MAC] + signed(wide, new_secret().encode())[MAC:])
    tenant.revoke(of_key)
    taken = tenant.post("/v1/viewer-tokens", json={"organization_id": "org_1"}).json()
    tenant.delete(f"/v1/viewer-tokens/{taken['viewer_token']['id']}")
    short = token_for(tenant, tenant.admin, 1)
    time.sleep(1.1)
    return [*tokens, taken["token"], short]


def test_a_dead_token_opens_no_route(part: Part) -> None:
    tokens = dead(part.tenant)
    for endpoint in ENDPOINTS:
        path, query = asked(endpoint, "org_1")
        for token in tokens:
            answer = part.tenant.call(endpoint.method, path, token, params=query, content=b"{}")
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key"), path


def alike(answer: httpx.Response) -> tuple[int, str]:
    """Return what two organizations must have alike."""
    return answer.status_code, OF_A_MOMENT.sub("", answer.text.replace(f"{MARK}org", "org_1"))


@pytest.mark.parametrize("endpoint", QUESTIONS, ids=lambda it: it.name)
def test_a_narrowed_key_sees_the_same_whatever_else_was_used(
    part: Part, endpoint: Endpoint
) -> None:
    """The second organization differs from the first by what is not of the key's meter."""
    key = part.tenant.key(READ, limits=Limits(meters=("voice.call",)))
    for given in variants(endpoint):
        answers = []
        for organization in ("org_1", f"{MARK}org"):
            path, query = asked(endpoint, organization, **given)
            if any(it.name == "meter" for it in endpoint.parameters):
                query["meter"] = "voice.call"
            elif endpoint.tells_usage and not endpoint.handle:
                assert part.tenant.get(path, key, params=query).status_code in (403, 400)
            answers.append(part.tenant.get(path, key, params=query))
        assert alike(answers[0]) == alike(answers[1]), given


@pytest.mark.parametrize(
    ("path", "days"), [("/v1/events", JANUARY), ("/v1/analytics/users", JANUARY), (LOG, {})]
)
def test_a_cursor_of_another_organization_opens_nothing(
    part: Part, path: str, days: dict[str, str]
) -> None:
    tenant = part_of(Tenant(part.tenant.database, part.tenant.http)).tenant
    for name in ("one", "two"):
        tenant.patch(f"/v1/organizations/{MARK}org", json={"name": name})
    theirs = {"organization_id": f"{MARK}org", "limit": "1", **days}
    cursor = tenant.get(path, params=theirs).json()["next_cursor"]
    assert cursor is not None
    taken = {"organization_id": "org_1", "cursor": cursor, "limit": "1", **days}
    answer = tenant.get(path, tenant.key(organization="org_1"), params=taken)
    assert answer.status_code == (200 if path == LOG else 400)
    assert f"{MARK}org" not in answer.text
