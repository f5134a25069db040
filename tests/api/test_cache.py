"""Answers that are kept: ETag, 304, Cache-Control, gzip; and the moment they no longer hold."""

import gzip
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.conftest import Tenant
from tests.builders import Platform, event
from tests.inside import serving
from tollbook.api.pipeline.cache import Answer, AnswerCache
from tollbook.domain.events import microseconds
from tollbook.domain.keys import Permission
from tollbook.store.database import Database

PATH = "/v1/analytics/users"
JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}


def ask(tenant: Tenant, key: str | None = None, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return tenant.get(PATH, key, params=JANUARY, headers=names)


def tag(tenant: Tenant, key: str | None = None) -> str:
    return ask(tenant, key).headers["etag"]


def test_the_same_answer_has_the_same_tag_and_bytes(either: Tenant) -> None:
    either.send(event())
    first, second = ask(either), ask(either)
    assert first.headers["etag"] == second.headers["etag"]
    assert first.content == second.content


def test_an_answer_is_private_and_asked_for_again(tenant: Tenant) -> None:
    headers = ask(tenant).headers
    assert headers["cache-control"] == "private, no-cache"
    assert headers["vary"] == "X-API-Key, Authorization, Accept, Accept-Encoding, Origin"
    assert headers["x-as-of"].endswith("Z")


def test_a_tag_that_holds_is_answered_with_304_and_no_body(either: Tenant) -> None:
    answer = ask(either, If_None_Match=tag(either))
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == tag(either)
    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("{weak}", 304),
        ("{strong}", 304),
        ('"other", {weak}', 304),
        ('{weak},"other"', 304),
        ("*", 304),
        ('"other"', 200),
        ('W/"other"', 200),
        ("{bare}", 200),
        ("", 200),
    ],
)
def test_if_none_match_takes_every_form_of_a_tag(tenant: Tenant, form: str, status: int) -> None:
    weak = tag(tenant)
    strong = weak.removeprefix("W/")
    given = form.format(weak=weak, strong=strong, bare=strong.strip('"'))
    assert ask(tenant, If_None_Match=given).status_code == status


def test_a_new_event_changes_the_tag_at_once(either: Tenant) -> None:
    before = tag(either)
    assert either.post("/v1/events", json=event()).status_code == 200
    answer = ask(either, If_None_Match=before)
    assert answer.status_code == 200
    assert answer.json()["users"][0]["total_voice_calls"] == 1


def test_a_duplicate_leaves_the_tag_as_it_is(either: Tenant) -> None:
    either.send(event())
    before = tag(either)
    assert either.post("/v1/events", json=event()).json()["counts"]["duplicate"] == 1
    assert ask(either, If_None_Match=before).status_code == 304


def test_an_event_of_another_process_changes_the_tag_at_once(either: Tenant) -> None:
    before = tag(either)
    either.send(event())
    assert ask(either, If_None_Match=before).status_code == 200


def test_a_duplicate_does_not_change_the_answer(either: Tenant) -> None:
    either.send(event())
    before = ask(either).content
    assert either.post("/v1/events", json=event()).json()["counts"]["duplicate"] == 1
    assert ask(either).content == before


def test_renaming_a_user_changes_the_answer_at_once(either: Tenant) -> None:
    either.send(event())
    before = tag(either)
    path = "/v1/organizations/org_1/users/user_1"
    assert either.patch(path, json={"name": "Ann"}).status_code == 200
    answer = ask(either, If_None_Match=before)
    assert answer.status_code == 200
    assert answer.json()["users"][0]["user_name"] == "Ann"


def test_a_new_user_and_a_renamed_organization_change_the_tag_at_once(either: Tenant) -> None:
    tags = [tag(either)]
    either.post("/v1/organizations/org_1/users", json={"id": "new", "name": "New"})
    tags.append(tag(either))
    either.patch("/v1/organizations/org_1", json={"name": "Renamed"})
    tags.append(tag(either))
    assert len(set(tags)) == 3
    assert ask(either).json()["organization_name"] == "Renamed"


def test_a_replay_changes_the_tag_at_once(either: Tenant) -> None:
    either.send(event(organization_id="org_2"))
    either.organization("org_2")
    asked = {**JANUARY, "organization_id": "org_2"}
    before = either.get(PATH, params=asked)
    assert before.json()["users"] == []
    assert either.replay_over_http()[0] == 1
    after = either.get(PATH, params=asked, headers={"If-None-Match": before.headers["etag"]})
    assert [it["user_id"] for it in after.json()["users"]] == ["user_1"]


def test_events_of_another_organization_leave_the_tag_alone(either: Tenant) -> None:
    either.organization("org_2")
    before = tag(either)
    either.send(event(organization_id="org_2"))
    assert tag(either) == before


def test_keys_that_see_different_rows_have_different_tags(either: Tenant) -> None:
    either.send(event(), event(id="2", user_id="user_2"))
    one, other = (
        either.key(Permission.READ_ANALYTICS, organization="org_1", user=user)
        for user in ("user_1", "user_2")
    )
    assert len({tag(either), tag(either, one), tag(either, other)}) == 3
    assert ask(either, other, If_None_Match=tag(either, one)).status_code == 200


def test_periods_and_tenants_have_tags_of_their_own(either: Tenant) -> None:
    stranger = Tenant(either.database, either.http)
    stranger.organization()
    february = either.get(PATH, params={**JANUARY, "end_date": "2024-02-29"})
    assert len({tag(either), tag(stranger), february.headers["etag"]}) == 3


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("identity", False),
        ("br", False),
        ("", False),
    ],
)
def test_a_long_answer_is_compressed_for_who_takes_that(
    tenant: Tenant, accepted: str, compressed: bool
) -> None:
    tenant.send(*(event(id=str(n), user_id=f"user_{n}") for n in range(5)))
    headers = {"X-API-Key": tenant.admin, "Accept-Encoding": accepted}
    with tenant.http.stream("GET", PATH, params=JANUARY, headers=headers) as answer:
        raw = b"".join(answer.iter_raw())
        assert ("content-encoding" in answer.headers) is compressed
        assert int(answer.headers["content-length"]) == len(raw)
    plain = ask(tenant, Accept_Encoding="identity").content
    assert (gzip.decompress(raw) if compressed else raw) == plain


def test_a_short_answer_is_sent_as_it_is(tenant: Tenant) -> None:
    assert "content-encoding" not in ask(tenant, Accept_Encoding="gzip").headers


def test_head_gives_the_headers_of_get(tenant: Tenant) -> None:
    head = tenant.call("HEAD", PATH, params=JANUARY)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == tag(tenant)


def test_kept_answers_are_measured_with_what_they_take_besides_and_when_compressed() -> None:
    answers = AnswerCache(8_000)

    def kept(names: str) -> str:
        return "".join(it for it in names if answers.get("tenant", it))

    for tag in "abcdefghijklmnop":
        answers.put("tenant", tag, Answer(b""))
    assert kept("abcdefghijklmnop") == "abcdefghijklmnop"
    answers.put("tenant", "q", Answer(b""))
    assert kept("ab") == "b"
    large = Answer(bytes(range(256)) * 4)
    answers.put("tenant", "L", large)
    assert answers.get("tenant", "L") is large
    assert kept("cdefg") == "g"
    before = large.size()
    assert len(large.gzip()) > 100
    answers.put("tenant", "r", Answer(b""))
    found = [answers.get("tenant", it) for it in "bghijklmnopqLr"]
    assert sum(it.size() for it in found if it) <= 8_000
    assert large.size() > before


def test_an_answer_larger_than_a_quarter_of_the_cache_is_not_kept() -> None:
    answers = AnswerCache(8_000)
    answers.put("tenant", "a", Answer(b""))
    answers.put("tenant", "huge", Answer(bytes(2_000)))
    assert answers.get("tenant", "a")
    assert answers.get("tenant", "huge") is None


def test_a_tenant_that_fills_the_cache_removes_only_its_own_answers() -> None:
    answers = AnswerCache(4_000)
    answers.put("small", "a", Answer(b""))
    for number in range(100):
        answers.put("large", str(number), Answer(b""))
    assert answers.get("small", "a")
    assert [it for it in range(100) if answers.get("large", str(it))] == list(range(93, 100))


def test_the_end_of_a_period_makes_another_answer_though_the_ledger_stands_still(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `include=meta` an answer says `open` or `closed`, which changes with the day alone."""
    tenant = Platform(database)
    tenant.organization()
    tenant.send(event())
    day = datetime(2030, 1, 31, 12, tzinfo=UTC)
    clock = [microseconds(day)]
    query = {"organization_id": "org_1", "end_date": "2030-01-31", "include": "meta"}
    monkeypatch.setattr("tollbook.wiring.now", lambda: clock[0])
    with serving(database, tenant.key()) as client:

        def state(**also: str) -> tuple[str, str]:
            answer = client.get(PATH, params=query | also)
            return answer.headers["etag"], answer.json()["meta"]["period_state"]

        first, page = state(), state(limit="1")
        clock[0] = microseconds(day.replace(minute=59))
        assert (state()[0], state()[1], page[1]) == (first[0], "open", "open")
        clock[0] = microseconds(day + timedelta(days=1))
        assert state()[1] == state(limit="1")[1] == "closed"
        again = {"If-None-Match": f"{first[0]}, {page[0]}"}
        for also in ({}, {"limit": "1"}):
            assert client.get(PATH, params=query | also, headers=again).status_code == 200
