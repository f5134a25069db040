"""Archived events over HTTP: listed, exported and explained as before, or refused with 410."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Site, Tenant, site_on
from tests.builders import Json, event, reversal
from tollbook.domain.keys import Permission
from tollbook.lifecycle.archive import Due, archive
from tollbook.lifecycle.erase import Person, erase
from tollbook.lifecycle.restore import RestoredPart, restore
from tollbook.store import directory
from tollbook.store.audit import Actor
from tollbook.wiring import now

pytest.importorskip("pyarrow")

PATH = "/v1/events"
QUARTER = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-03-31"}
FORMATS = ("json", "csv", "ndjson", "parquet")


def fill(tenant: Tenant) -> None:
    to = {"to": "+4930123456"}
    for month in ("2024-01", "2024-02", "2024-03"):
        tenant.send(
            *(event(id=f"{month} {n}", time=f"{month}-1{n}T10:30:00Z") for n in range(3)),
            event(id=f"{month} other", time=f"{month}-11T10:30:00Z", user_id="user_2"),
            event(id=f"{month} german", time=f"{month}-11T10:30:00Z", attributes=to),
        )
        tenant.reversed(reversal(f"{month} 1"))


def put_away(tenant: Tenant, folder: Path, before: int = 202403) -> list[str]:
    done = archive(tenant.database, actor(tenant), Due(None, before, folder))
    return [it.file for it in done]  # type: ignore[union-attr]


def actor(tenant: Tenant) -> Actor:
    return Actor(tenant.tenant, "cli", now())


def answers(tenant: Tenant) -> list[Any]:
    """Return every form of the listing, and the explanation of every event."""
    files = [
        tenant.get(PATH, params={**QUARTER, "format": form, **limit})
        for form in FORMATS
        for limit in ({}, {"limit": 4})
    ]
    assert {it.status_code for it in files} == {200}
    every = files[0].json()["events"]
    assert len(every) == 18
    explained = [tenant.get(f"{PATH}/org_1/{it['id']}") for it in every]
    assert {it.status_code for it in explained} == {200}
    return [
        *(it.json() | {"next_cursor": None} for it in files[:2]),
        *(it.content for it in files[2:]),
        *(it.json() for it in explained),
        listed(tenant, limit=4),
    ]


def listed(tenant: Tenant, key: str | None = None, **given: Any) -> list[str]:
    cursor: Json = {}
    ids: list[str] = []
    while True:
        answer = tenant.get(PATH, key, params={**QUARTER, **given, **cursor})
        assert answer.status_code == 200, answer.text
        ids += [it["id"] for it in answer.json()["events"]]
        if answer.json()["next_cursor"] is None:
            return ids
        cursor = {"cursor": answer.json()["next_cursor"]}


def test_every_answer_is_as_before(either: Tenant, tmp_path: Path) -> None:
    fill(either)
    before = answers(either)
    put_away(either, tmp_path)
    assert answers(either) == before
    put_away(either, tmp_path, before=202404)
    assert answers(either) == before


def test_a_listing_goes_on_when_its_events_are_archived_or_restored(
    either: Tenant, tmp_path: Path
) -> None:
    fill(either)
    before = listed(either)
    pages = either.get(PATH, params={**QUARTER, "limit": 7}).json()
    put_away(either, tmp_path)
    rest = either.get(PATH, params={**QUARTER, "cursor": pages["next_cursor"], "limit": 4}).json()
    list(restore(either.database, actor(either), RestoredPart(None, 202401, None)))
    last = either.get(PATH, params={**QUARTER, "cursor": rest["next_cursor"]}).json()
    every = [it["id"] for it in (*pages["events"], *rest["events"], *last["events"])]
    assert every == before


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_file_that_cannot_be_read_is_410_in_every_form(
    either: Tenant, tmp_path: Path, how: str
) -> None:
    fill(either)
    for name in put_away(either, tmp_path):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
        if how == "damaged":
            (tmp_path / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for form in FORMATS:
        for limit in ({}, {"limit": 1_000}):
            answer = either.get(PATH, params={**QUARTER, "format": form, **limit})
            assert (answer.status_code, answer.json()["code"]) == (410, "archived"), form
            assert "2024-02" in answer.json()["error"]
            assert answer.headers["content-type"] == "application/json"
    answer = either.get(f"{PATH}/org_1/2024-01 0")
    assert (answer.status_code, answer.json()["code"]) == (410, "archived")
    assert "2024-01" in answer.json()["error"]
    if how == "missing":
        head = either.call("HEAD", PATH, params={**QUARTER, "format": "csv"})
        assert head.status_code == 410
        first = either.get(PATH, params={**QUARTER, "limit": 1})
        assert "2024-01, 2024-02" in first.json()["error"]
    march = listed(either, start_date="2024-03-01")
    assert len(march) == 6
    assert either.get(f"{PATH}/org_1/2024-03 0").status_code == 200


def test_a_bound_key_sees_its_own_archived_events_only(either: Tenant, tmp_path: Path) -> None:
    fill(either)
    either.organization("org_2")
    files = put_away(either, tmp_path)
    of_user = either.key(Permission.READ_ANALYTICS, organization="org_1", user="user_2")
    nobody = either.key(Permission.READ_ANALYTICS, organization="org_1", user="user_3")
    of_other = either.key(Permission.READ_ANALYTICS, organization="org_2")
    own = [f"2024-0{month} other" for month in (3, 2, 1)]
    assert listed(either, of_user) == listed(either, user_id="user_2") == own
    assert listed(either, nobody) == []
    assert either.get(PATH, of_other, params=QUARTER).status_code == 404
    assert either.get(f"{PATH}/org_1/2024-01 other", of_user).status_code == 200
    assert either.get(f"{PATH}/org_1/2024-01 0", of_user).status_code == 404
    assert either.get(f"{PATH}/org_1/2024-01 other", of_other).status_code == 404
    for name in files:
        (tmp_path / name).unlink()
    assert either.get(PATH, of_user, params={**QUARTER, "limit": 9}).status_code == 410
    assert listed(either, nobody) == []
    assert either.get(PATH, of_other, params=QUARTER).status_code == 404
    assert either.get(f"{PATH}/org_1/2024-01 other", of_user).status_code == 404
    assert either.get(f"{PATH}/org_1/2024-01 other", of_other).status_code == 404


def test_an_erased_number_stays_erased(either: Tenant, tmp_path: Path) -> None:
    fill(either)
    put_away(either, tmp_path)
    german = {**QUARTER, "country": "DE"}
    assert "+4930123456" in either.get(PATH, params=german).text
    with either.database.reading() as snapshot:
        row = directory.find_organization(snapshot, either.tenant, "org_1")
    assert row is not None
    erase(either.database, actor(either), Person(row, "user_1"))
    for form in ("json", "csv", "ndjson"):
        text = either.get(PATH, params={**german, "format": form}).text
        assert ("+4930123456" in text, text.count("erased")) == (False, 3)
    one = either.get(f"{PATH}/org_1/2024-01 german").json()
    assert one["event"]["attributes"] == {"to": "erased"}
    assert one["replay_mismatch"] is None


def test_a_server_reads_files_in_its_own_folder(sqlite_url: str, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    for site in site_on(sqlite_url, archive_folder=str(moved)):
        assert isinstance(site, Site)
        tenant = site.tenant()
        tenant.organization()
        fill(tenant)
        before = listed(tenant)
        put_away(tenant, tmp_path / "archive")
        assert listed(tenant) == before, "files that were not moved are read, too"
        (tmp_path / "archive").rename(moved)
        assert listed(tenant) == before
        path = "/v1/organizations/org_1/users/user_1/personal-data"
        assert tenant.delete(path).json()["erased"]["files"] == 2


def test_knowledge_bases_used_with_a_country_are_counted_as_before(
    either: Tenant, tmp_path: Path
) -> None:
    def used(identity: str, resource: str, user: str, month: int, number: str) -> Json:
        return event(
            id=identity,
            type="kb.usage",
            resource_id=resource,
            user_id=user,
            time=f"2024-0{month}-15T10:30:00Z",
            attributes={"to": number, "direction": "outbound"},
        )

    german, french = "+4930123456", "+33612345678"
    either.send(
        used("a", "kb_1", "user_1", 1, german),
        used("b", "kb_2", "user_1", 1, german),
        used("c", "kb_2", "user_2", 1, german),
        used("d", "kb_3", "user_2", 1, french),
        used("e", "kb_4", "user_2", 1, german),
        used("f", "kb_1", "user_1", 2, german),
        used("g", "kb_5", "user_1", 2, german),
    )
    either.reversed(reversal("e"))
    asked = {
        **QUARTER,
        "country": "DE",
        "include": "totals",
    }

    def answered() -> list[Json]:
        users = either.get("/v1/analytics/users", params=asked).json()
        own = {name: value for name, value in asked.items() if name != "organization_id"}
        organizations = either.get("/v1/analytics/organizations", params=own).json()
        return [users, organizations]

    before = answered()
    assert before[0]["totals"]["cost_breakdown"]["kb_count"] == 3
    put_away(either, tmp_path, before=202402)
    assert answered() == before
    put_away(either, tmp_path)
    assert answered() == before
