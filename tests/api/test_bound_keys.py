"""A question about a subject that a bound key may not see gets 404, from every endpoint."""

import pytest

from tests.api.conftest import Tenant, error_of
from tests.builders import Json, event
from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.endpoint import Endpoint
from tollbook.domain.keys import Permission

SUBJECTS = ("organization_id", "user_id")
OWN = {"organization_id": "org_1", "user_id": "user_1"}
OTHER_USER = {**OWN, "user_id": "user_2"}
OTHER_ORGANIZATION = {**OWN, "organization_id": "org_2"}
NO_USER = {**OWN, "user_id": "nobody"}


def names_of(endpoint: Endpoint) -> set[str]:
    in_query = {it.name for it in endpoint.parameters if it.name in SUBJECTS}
    return in_query | set(endpoint.path_parameters) & set(SUBJECTS)


QUESTIONS = [it for it in ENDPOINTS if it.method == "GET" and names_of(it)]
ABOUT_USERS = [it for it in QUESTIONS if "user_id" in names_of(it)]


@pytest.fixture
def two(either: Tenant) -> Tenant:
    """Two organizations with the same users."""
    either.organization("org_2")
    for organization in ("org_1", "org_2"):
        for user in ("user_1", "user_2"):
            either.send(event(id=user, organization_id=organization, user_id=user))
    return either


def bound_keys(tenant: Tenant, user: str | None) -> list[str]:
    """Return every sort of key that is bound to org_1, or to a user of it."""
    body = {"organization_id": "org_1", **({"user_id": user} if user else {})}
    return [
        tenant.key(organization="org_1", user=user),
        tenant.key(Permission.READ_ANALYTICS, organization="org_1", user=user),
        tenant.post("/v1/viewer-tokens", json=body).json()["token"],
    ]


def ask(tenant: Tenant, endpoint: Endpoint, key: str, subject: Json) -> tuple[int, str]:
    """Ask about a subject; return the status and the error."""
    path = endpoint.path
    for name, example in endpoint.path_parameters.items():
        path = path.replace(f"{{{name}}}", subject.get(name, example))
    given = {it.name for it in endpoint.parameters}
    query = {name: it for name, it in subject.items() if name in given}
    answer = tenant.get(path.replace(":path", ""), key, params=query)
    return answer.status_code, "" if answer.status_code == 200 else error_of(answer)["error"]


@pytest.mark.parametrize("endpoint", ABOUT_USERS, ids=lambda it: it.name)
def test_another_user_is_not_found_with_a_key_of_a_user(two: Tenant, endpoint: Endpoint) -> None:
    for key in bound_keys(two, "user_1"):
        status, error = ask(two, endpoint, key, OWN)
        expected = (403, error) if status == 403 else (404, "User not found")
        for subject in (OTHER_USER, NO_USER):
            assert ask(two, endpoint, key, subject) == expected, subject


@pytest.mark.parametrize("endpoint", QUESTIONS, ids=lambda it: it.name)
def test_another_organization_is_not_found_with_a_bound_key(
    two: Tenant, endpoint: Endpoint
) -> None:
    for key in (*bound_keys(two, None), *bound_keys(two, "user_1")):
        status, error = ask(two, endpoint, key, OWN)
        expected = (403, error) if status == 403 else (404, "Organization not found")
        assert ask(two, endpoint, key, OTHER_ORGANIZATION) == expected


def test_the_same_questions_about_the_own_subject_are_answered(two: Tenant) -> None:
    for key in bound_keys(two, "user_1"):
        answered = {it.name for it in QUESTIONS if ask(two, it, key, OWN)[0] == 200}
        assert {it.name for it in ABOUT_USERS} <= answered
