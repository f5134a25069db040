"""Pages: all of one state of the ledger, however it moves; cursors, and what is kept for them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tests.properties.profile import examples
from tests.servers import Server
from tollbook.api.endpoints.analytics.pages import Cursor
from tollbook.api.pipeline.cache import StateCache, size_of_rows
from tollbook.domain.keys import Permission
from tollbook.store.database import open_database

PATH = "/v1/analytics/users"
JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}
_NUMBERS = count()


def sent(user: str, cost: int = 1, **given: Any) -> Json:
    return event(id=f"page {next(_NUMBERS)}", user_id=user, cost=cost, **given)


def fill(tenant: Tenant, users: int = 5, **given: Any) -> None:
    tenant.send(*(sent(f"user_{n}", n, **given) for n in range(users)))


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [it["user_id"] for it in answer.json()["users"]]


def page(tenant: Tenant, cursor: str | None = None, **query: Any) -> httpx.Response:
    given = {"limit": 2} | query | ({"cursor": cursor} if cursor else {})
    return tenant.get(PATH, params=JANUARY | given)


def cursor_of(answer: httpx.Response) -> str:
    return str(answer.json()["next_cursor"])


def test_an_empty_organization_has_one_page(either: Tenant) -> None:
    answer = page(either)
    assert (ids(answer), answer.json()["next_cursor"]) == ([], None)


@pytest.mark.parametrize(("users", "pages"), [(1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2])])
def test_the_last_page_has_no_cursor(tenant: Tenant, users: int, pages: list[int]) -> None:
    fill(tenant, users)
    found, answer = [], page(tenant)
    found.append(len(ids(answer)))
    while answer.json()["next_cursor"]:
        answer = page(tenant, cursor_of(answer))
        found.append(len(ids(answer)))
    assert found == pages


def test_next_cursor_is_the_last_field(tenant: Tenant) -> None:
    fill(tenant)
    answer = page(tenant, include="totals,meta")
    assert list(answer.json())[-4:] == ["totals", "organization_level", "meta", "next_cursor"]


ORDERS = st.sampled_from(
    [{}, {"order": "asc"}, {"sort": "user_name"}, {"sort": "total_voice_calls"}, {"active": "true"}]
)
MOVES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), max_size=4)


@examples(20)
@given(
    users=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), max_size=12),
    limits=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    moves=MOVES,
    query=ORDERS,
)
def test_pages_are_the_whole_while_events_arrive(
    either: Tenant,
    users: list[tuple[int, int]],
    limits: list[int],
    moves: list[tuple[int, int]],
    query: Json,
) -> None:
    organization = f"org {next(_NUMBERS)}"
    either.organization(organization)
    asked = {**JANUARY, "organization_id": organization, **query}
    either.send(*(sent(f"u{user}", cost, organization_id=organization) for user, cost in users))
    whole = either.get(PATH, params={**asked, "include": "totals"}).json()
    pages: list[Json] = []
    as_of: set[str] = set()
    cursor: Json = {}
    while not pages or pages[-1]["next_cursor"]:
        limit = limits[len(pages) % len(limits)]
        given = {**asked, **cursor, "limit": limit, "include": "totals,meta"}
        answer = either.get(PATH, params=given)
        pages.append(answer.json())
        assert len(pages[-1]["users"]) <= limit
        cursor = {"cursor": pages[-1]["next_cursor"]}
        as_of |= {answer.headers["x-as-of"], pages[-1]["meta"]["as_of"]}
        for user, cost in moves:
            either.send(sent(f"u{user}", cost, organization_id=organization))
    assert [user for it in pages for user in it["users"]] == whole["users"]
    assert all(it["totals"] == whole["totals"] for it in pages)
    assert len(as_of) == 1


def test_a_page_keeps_the_names_of_its_state(either: Tenant) -> None:
    fill(either)
    first = page(either)
    either.patch("/v1/organizations/org_1", json={"name": "Renamed"})
    either.patch("/v1/organizations/org_1/users/user_2", json={"name": "Renamed"})
    second = page(either, cursor_of(first))
    assert second.json()["organization_name"] == "org_1"
    assert "Renamed" not in second.text


def test_quarantine_is_counted_as_in_the_state_of_the_cursor(either: Tenant) -> None:
    fill(either)
    first = page(either)
    lost = event(
        id="lost", type="sms.outbound", attributes={"to": "x"}, time="1990-01-01T00:00:00Z"
    )
    either.post("/v1/events", json=lost)
    second = page(either, cursor_of(first), include="meta")
    assert second.headers["x-quarantined"] == first.headers["x-quarantined"]
    assert second.json()["meta"]["quarantined_events"] == 0


def test_a_page_has_a_tag_that_holds(either: Tenant) -> None:
    fill(either)
    cursor = cursor_of(page(either))
    tag = page(either, cursor).headers["etag"]
    either.send(sent("user_1"))
    again = either.get(
        PATH, params={**JANUARY, "limit": 2, "cursor": cursor}, headers={"If-None-Match": tag}
    )
    assert again.status_code == 304


def test_a_cursor_without_a_limit_gives_all_that_is_left(either: Tenant) -> None:
    fill(either)
    answer = either.get(PATH, params={**JANUARY, "cursor": cursor_of(page(either))})
    assert ids(answer) == ["user_2", "user_1", "user_0"]
    assert answer.json()["next_cursor"] is None


def test_a_default_period_is_that_of_the_first_page(either: Tenant) -> None:
    fill(either)
    asked = {"organization_id": "org_1", "limit": "2"}
    first = either.get(PATH, params=asked).json()
    later = either.get(PATH, params={**asked, "cursor": first["next_cursor"]}).json()
    assert later["period"] == first["period"]


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "user_id"},
        {"order": "asc"},
        {"meter": "voice.call"},
        {"country": "GB"},
        {"status": "active"},
        {"min_cost": "0"},
        {"search": "u"},
        {"active": "true"},
        {"user_id": "user_1"},
        {"group_by": "meter"},
        {"end_date": "2024-01-30"},
        {"organization_id": "org_2"},
    ],
)
def test_a_cursor_is_of_its_own_question_only(tenant: Tenant, query: Json) -> None:
    fill(tenant)
    tenant.organization("org_2")
    answer = page(tenant, cursor_of(page(tenant)), **query)
    assert answer.status_code == 400
    assert problems(answer) == [("cursor", "other_question")]


def test_a_cursor_of_another_key_shows_what_the_own_key_sees(tenant: Tenant) -> None:
    fill(tenant)
    cursor = cursor_of(page(tenant))
    user = tenant.key(Permission.READ_ANALYTICS, organization="org_1", user="user_1")
    answer = tenant.get(PATH, user, params={**JANUARY, "limit": 2, "cursor": cursor})
    assert problems(answer) == [("cursor", "other_question")]
    bound = tenant.key(Permission.READ_ANALYTICS, organization="org_1")
    answer = tenant.get(PATH, bound, params={**JANUARY, "limit": 2, "cursor": cursor})
    assert ids(answer) == ["user_2", "user_1"]


def opened(cursor: str) -> list[Any]:
    found: list[Any] = msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return found


def sealed(value: Any) -> str:
    return urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def forgeries(cursor: str) -> Iterator[str]:
    fields = opened(cursor)
    yield from ("x", "null", "é", "AAAA", cursor + "=", cursor + "A", cursor[:-1], f" {cursor}")
    yield from (sealed(it) for it in (None, [], {}, [1], fields[:-1], [*fields, 1]))
    for place, wrong in [
        (0, 1),
        (1, -1),
        (1, "1"),
        (1, 2**70),
        (2, 0),
        (2, 2**61),
        (2, 1.5),
        (3, "2024-02-01"),
        (3, "x"),
        (4, None),
        (5, -1),
        (5, 2**63),
    ]:
        yield sealed([*fields[:place], wrong, *fields[place + 1 :]])


def test_a_made_up_cursor_is_refused(tenant: Tenant) -> None:
    fill(tenant)
    for forged in forgeries(cursor_of(page(tenant))):
        answer = page(tenant, forged)
        assert answer.status_code == 400, forged
        assert problems(answer) == [("cursor", "malformed_cursor")], forged


def test_an_offset_past_the_end_is_an_empty_page(tenant: Tenant) -> None:
    fill(tenant)
    fields = opened(cursor_of(page(tenant)))
    answer = page(tenant, sealed([*fields[:-1], 10**9]))
    assert (ids(answer), answer.json()["next_cursor"]) == ([], None)


def test_a_state_before_the_receipt_asked_for_is_refused(either: Tenant) -> None:
    fill(either)
    cursor = cursor_of(page(either))
    later = either.get(PATH, params=JANUARY).headers["x-as-of"]
    answer = page(either, cursor, min_as_of=later)
    assert problems(answer) == [("min_as_of", "after_cursor")]


@pytest.fixture
def forgetful(database_url: str) -> Iterator[Tenant]:
    """A tenant of a server that keeps no rows."""
    database = open_database(database_url)
    with Server(database_url, cached_state_mib="0") as server, server.client() as http:
        tenant = Tenant(database, http)
        tenant.organization()
        yield tenant
    database.close()


def test_a_state_that_is_not_kept_is_read_again_until_the_ledger_moves(forgetful: Tenant) -> None:
    fill(forgetful)
    first = page(forgetful)
    second = page(forgetful, cursor_of(first))
    assert [*ids(first), *ids(second)] == ["user_4", "user_3", "user_2", "user_1"]
    assert second.headers["x-as-of"] == first.headers["x-as-of"]
    forgetful.send(sent("user_1", 100))
    gone = page(forgetful, cursor_of(first))
    assert (gone.status_code, gone.json()["code"]) == (410, "cursor_expired")
    assert ids(page(forgetful)) == ["user_1", "user_4"]


def test_a_cursor_of_one_server_is_good_at_another_while_the_ledger_stands(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    with (
        Server(postgres_url) as one,
        Server(postgres_url) as other,
        one.client() as first_http,
        other.client() as second_http,
    ):
        tenant = Tenant(database, first_http)
        tenant.organization()
        fill(tenant)
        first = page(tenant)
        tenant.http = second_http
        assert ids(page(tenant, cursor_of(first))) == ["user_2", "user_1"]
        tenant.send(sent("user_1", 100))
        assert ids(page(tenant, cursor_of(first))) == ["user_2", "user_1"]
        last = cursor_of(page(tenant, cursor_of(first)))
        tenant.http = first_http
        assert ids(page(tenant, last)) == ["user_0"]
    database.close()


def test_states_are_kept_up_to_so_many_bytes() -> None:
    states = StateCache(100)

    def kept(names: str) -> str:
        return "".join(it for it in names if states.get("tenant", it))

    states.put("tenant", "a", "A", 50)
    states.put("tenant", "b", "B", 40)
    assert states.get("tenant", "a") == "A"
    states.put("tenant", "c", "C", 30)
    assert kept("bac") == "ac"
    states.put("tenant", "a", "A", 10)
    states.put("tenant", "d", "D", 50)
    assert kept("acd") == "acd"
    states.put("tenant", "e", "E", 20)
    assert kept("acde") == "cde"


def test_a_state_larger_than_half_of_the_cache_is_not_kept_and_removes_no_other() -> None:
    states = StateCache(100)
    states.put("tenant", "a", "A", 50)
    states.put("tenant", "huge", "H", 51)
    assert (states.get("tenant", "a"), states.get("tenant", "huge")) == ("A", None)


def test_a_tenant_that_fills_the_cache_removes_only_its_own_states() -> None:
    states = StateCache(100)
    states.put("small", "a", "A", 20)
    for number in range(20):
        states.put("large", number, number, 30)
    assert states.get("small", "a") == "A"
    assert [it for it in range(20) if states.get("large", it) is not None] == [18, 19]
    states.put("other", "b", "B", 40)
    assert (states.get("small", "a"), states.get("other", "b")) == ("A", "B")


def test_rows_are_measured_with_what_they_hold() -> None:
    assert size_of_rows([]) == 0
    assert size_of_rows([("a" * 1000, 2**40)]) > 1000


def test_a_cursor_says_no_more_than_where_a_page_begins() -> None:
    assert Cursor.__struct_fields__ == ("question", "token", "as_of", "start", "end", "offset")
    assert Cursor("q", 1, 2, date.min, date.max, 3).state == ("q", 1, date.min, date.max)
