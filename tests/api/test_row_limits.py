"""Large answers: a limit on rows without `limit`, and shares of the memory that they need."""

from collections.abc import Iterator

import pytest

from tests.api.conftest import Tenant, problems, site_on
from tests.builders import event
from tests.inside import serving
from tollbook.api.endpoints.row_limits import BYTES_PER_ROW
from tollbook.api.pipeline.answer_memory import LARGE, AnswerMemory
from tollbook.api.pipeline.shared_budget import Owner, SharedBudget
from tollbook.domain.keys import Permission
from tollbook.domain.limit_errors import TooManyAnswers
from tollbook.store.database import open_database

MIB = 1024 * 1024
JANUARY = "start_date=2024-01-01&end_date=2024-01-31"
USERS = f"/v1/analytics/users?organization_id=org_1&{JANUARY}"
ORGANIZATIONS = f"/v1/analytics/organizations?{JANUARY}"
MOST = 5


@pytest.fixture
def limited(database_url: str) -> Iterator[Tenant]:
    """A tenant with more users and organizations than an answer may have without `limit`."""
    for site in site_on(database_url, max_answer_rows=str(MOST)):
        tenant = site.tenant()
        for number in range(1, MOST + 2):
            tenant.organization(f"org_{number}")
        tenant.send(*(event(id=str(it), user_id=f"user_{it}") for it in range(MOST + 1)))
        yield tenant


@pytest.mark.parametrize(
    "path",
    [
        USERS,
        f"{USERS}&include=totals",
        f"{USERS}&format=csv",
        f"{USERS}&sort=user_id",
        ORGANIZATIONS,
        f"{ORGANIZATIONS}&include=totals",
        f"{ORGANIZATIONS}&sort=organization_id",
        "/v1/organizations?",
        "/v1/organizations/org_1/users?",
    ],
)
def test_an_answer_with_too_many_rows_requires_a_limit(limited: Tenant, path: str) -> None:
    refused = limited.get(path)
    assert refused.status_code == 400
    assert problems(refused) == [("limit", "limit_required")]
    assert limited.get(f"{path}&limit={MOST + 1}").status_code == 200


def test_fewer_rows_need_none_whatever_they_are_chosen_from(limited: Tenant) -> None:
    assert len(limited.get(f"{USERS}&search=user_1").json()["users"]) == 1
    assert len(limited.get(f"{USERS}&user_id=user_1").json()["users"]) == 1
    bound = limited.key(Permission.READ_ANALYTICS, organization="org_1", user="user_1")
    assert len(limited.get(USERS, bound).json()["users"]) == 1
    of_one = limited.key(Permission.READ_ANALYTICS, organization="org_2")
    assert len(limited.get(ORGANIZATIONS, of_one).json()["organizations"]) == 1
    limited.organization("small")
    assert limited.get(USERS.replace("org_1", "small")).json()["users"] == []


def test_pages_have_every_row_beyond_the_limit(limited: Tenant) -> None:
    first = limited.get(f"{USERS}&limit=4").json()
    second = limited.get(f"{USERS}&limit=4&cursor={first['next_cursor']}").json()
    found = [it["user_id"] for it in first["users"] + second["users"]]
    assert sorted(found) == [f"user_{it}" for it in range(MOST + 1)]
    assert second["next_cursor"] is None


def test_the_memory_of_large_answers_has_shares_and_small_answers_need_none() -> None:
    shared = SharedBudget(16 * MIB, "large answers", TooManyAnswers)

    def memory(tenant: str) -> AnswerMemory:
        return AnswerMemory(shared, lambda: Owner(tenant, "key"))

    first, second, other = memory("a"), memory("a"), memory("b")
    first.reserve(LARGE + 8 * MIB)
    with pytest.raises(TooManyAnswers, match="this key has too many large answers at once"):
        second.reserve(LARGE + MIB)
    memory("a").reserve(LARGE)
    other.reserve(LARGE + 4 * MIB)
    first.release()
    second.reserve(LARGE)
    second.reserve(MIB)
    assert shared.used == 5 * MIB
    for it in (second, other):
        it.release()
    assert shared.used == 0


def test_every_way_of_reading_all_users_reserves_memory_and_returns_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(AnswerMemory, "reserve", lambda _self, size: asked.append(size))
    paths = {
        USERS: [2 * BYTES_PER_ROW],
        f"{USERS}&sort=user_id": [2 * BYTES_PER_ROW],
        f"{USERS}&group_by=meter": [8 * BYTES_PER_ROW],
        f"{USERS}&limit=1": [BYTES_PER_ROW, 2 * BYTES_PER_ROW],
        f"/v1/analytics/changes?organization_id=org_1&{JANUARY}": [2 * BYTES_PER_ROW],
        ORGANIZATIONS: [BYTES_PER_ROW],
    }
    opened = open_database(database_url)
    with serving(opened) as http:
        tenant = Tenant(opened, http)
        tenant.organization()
        tenant.send(event(), event(id="2", user_id="user_2"))
        for path, expected in paths.items():
            asked.clear()
            assert tenant.get(path).status_code == 200
            assert asked == expected, path
            asked.clear()
            assert tenant.get(path).status_code == 200
            assert asked in ([], [BYTES_PER_ROW]), "an answer that is kept needs no memory"
