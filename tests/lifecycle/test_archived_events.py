"""Archived events are listed and explained as if they had never been archived, or not at all."""

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.analytics.test_events import wanted
from tests.builders import Platform, event, reversal
from tests.lifecycle.test_archive import Keeper, year
from tests.lifecycle.test_erase import SECRETS, erasing, jane
from tollbook.analytics.event import ChargedEvent, find_event
from tollbook.analytics.events import PageEnd, events_table, read_page
from tollbook.domain.errors import EventArchived, StoreUnavailable
from tollbook.domain.events import microseconds
from tollbook.domain.instants import parsed_instant
from tollbook.store.archive_files import Archived
from tollbook.store.database import Database, Snapshot, open_database
from tollbook.store.engine import Row
from tollbook.store.event_ids import encode_id

pytest.importorskip("pyarrow")

QUARTER = {"start": date(2024, 1, 1), "end": date(2024, 3, 31)}
QUESTIONS: list[dict[str, Any]] = [
    {},
    {"user_id": "user_1"},
    {"user_id": "nobody"},
    {"nobody": True},
    {"meters": ("voice.call",)},
    {"meters": ("brand.registration", "kb.usage")},
    {"country": "GB"},
    {"country": ""},
    {"country": "DE", "user_id": "user_2"},
    {"resource_id": "kb"},
    {"resource_id": "kb", "meters": ("kb.usage",)},
    {"start": date(2024, 1, 15), "end": date(2024, 2, 1)},
    {
        "start": microseconds(parsed_instant("2024-01-15T10:30:00Z")),
        "end": microseconds(parsed_instant("2024-02-15T10:30:01Z")),
    },
]


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> Keeper:
    return Keeper(Platform(database), tmp_path / "archive")


def pages(snapshot: Snapshot, limit: int, folder: Path | None = None, **given: Any) -> list[Row]:
    asked = wanted(snapshot, **{**QUARTER, **given})
    rows: list[Row] = []
    after: PageEnd | None = None
    while True:
        page = read_page(snapshot, asked, limit, after, folder)
        rows += page.rows
        after = page.end
        if after is None:
            return rows


def streamed(snapshot: Snapshot, folder: Path | None = None, **given: Any) -> list[Row]:
    return list(events_table(snapshot, wanted(snapshot, **{**QUARTER, **given}), folder).rows)


def listings(keeper: Keeper) -> list[object]:
    """Return every listing by page and as a file."""
    with keeper.platform.database.reading() as snapshot:
        return [
            *(pages(snapshot, limit) for limit in (1, 3, 100)),
            *(pages(snapshot, 2, **question) for question in QUESTIONS),
            *(streamed(snapshot, **question) for question in QUESTIONS),
        ]


def ids(keeper: Keeper, **given: Any) -> list[str]:
    with keeper.platform.database.reading() as snapshot:
        return [row[0] for row in pages(snapshot, 2, **given)]


def fill(platform: Platform) -> None:
    """Fill three months with every kind of event, many of them at the same instant."""
    platform.organization()
    german = {"to": "+4930123456", "direction": "outbound"}
    for month in ("2024-01", "2024-02", "2024-03"):
        same = f"{month}-15T10:30:00Z"
        platform.send(
            *(event(id=f"{month} {name}", time=same) for name in ("b", "A", "a", "B", "é", "Z")),
            event(id=f"{month} early", time=f"{month}-01T00:00:00Z", attributes=german),
            event(
                id=f"{month} german",
                time=same,
                user_id="user_2",
                attributes=german,
                type="sms.outbound",
            ),
            event(id=f"{month} kb", time=same, type="kb.usage", resource_id="kb"),
            event(
                id=f"{month} brand", time=same, type="brand.registration", quantity=1, user_id=None
            ),
            event(id=f"{month} own", time=f"{month}-15T09:00:00Z", user_id=None),
        )
        platform.reversed(reversal(f"{month} a"))


def late(platform: Platform) -> None:
    """Send late events between those that are archived, at the same instant too."""
    platform.send(
        event(id="2024-01 C", time="2024-01-15T10:30:00Z"),
        event(id="2024-01 c", time="2024-01-15T10:30:00Z"),
        event(id="2024-01 last", time="2024-01-31T23:00:00Z"),
    )


def test_every_listing_is_as_if_nothing_were_archived(keeper: Keeper) -> None:
    fill(keeper.platform)
    late(keeper.platform)
    before = listings(keeper)
    keeper.archive(before=202402)
    assert listings(keeper) == before
    keeper.archive(before=202404)
    assert keeper.count() == 0
    assert listings(keeper) == before


def test_late_events_and_several_files_of_a_month_are_merged(keeper: Keeper) -> None:
    fill(keeper.platform)
    keeper.archive(before=202403)
    late(keeper.platform)
    mixed = listings(keeper)
    keeper.archive(before=202403)
    assert len([it for it in keeper.files() if ".2024-01." in it]) == 2
    assert listings(keeper) == mixed
    january = {"start": date(2024, 1, 15), "end": date(2024, 1, 15)}
    with keeper.platform.database.reading() as snapshot:
        by_id = [row[0] for row in streamed(snapshot, **january)]
        by_time = [row[0] for row in pages(snapshot, 1, **january)]
    assert by_id == sorted(by_id)
    earlier = "2024-01 own"
    assert by_time == [*(it for it in sorted(by_id, reverse=True) if it != earlier), earlier]


def test_pages_and_files_of_more_than_a_group_of_events(keeper: Keeper) -> None:
    platform = keeper.platform
    platform.organization()
    many = [f"{n:05}" for n in range(2_500)]
    for start in range(0, len(many), 500):
        some = many[start : start + 500]
        platform.send(
            *(event(id=it, time=f"2024-01-{1 + int(it) % 2:02}T00:00:00Z") for it in some)
        )
    keeper.archive()
    platform.send(*(event(id=f"{n}x", time="2024-01-01T00:00:00Z") for n in range(3)))
    with platform.database.reading() as snapshot:
        listed = [row[0] for row in pages(snapshot, 700)]
        exported = [row[0] for row in streamed(snapshot)]
    assert len(listed) == len(exported) == 2_503
    assert set(listed) == set(exported)
    assert exported[:1_250] == many[1::2]
    assert exported[1_250:] == sorted([*many[::2], "0x", "1x", "2x"])
    assert listed[1_250:] == sorted([*many[::2], "0x", "1x", "2x"], reverse=True)


def test_archived_events_are_in_the_order_of_stored_ids(keeper: Keeper) -> None:
    digits = "0123456789abcdef" * 2
    ids = [
        "z",
        "é",
        f"a {digits}",
        digits,
        "A",
        "x" * 16,
        f"{digits[:8]}-0000-0000-0000-{digits[:12]}",
    ]
    keeper.platform.organization()
    keeper.platform.send(*(event(id=it) for it in ids[::2]))
    keeper.archive(before=202404)
    keeper.platform.send(*(event(id=it) for it in ids[1::2]))
    with keeper.platform.database.reading() as snapshot:
        by_id = [row[0] for row in streamed(snapshot)]
        by_time = [row[0] for row in pages(snapshot, 2)]
    assert by_id == sorted(ids, key=encode_id)
    assert by_time == by_id[::-1]


def test_what_is_received_later_is_on_no_page_of_an_archived_month(keeper: Keeper) -> None:
    fill(keeper.platform)
    ((received,),) = keeper.platform.rows("SELECT MAX(received_at) FROM events")
    before = ids(keeper)
    late(keeper.platform)
    keeper.archive()
    assert ids(keeper, as_of=received) == before
    assert len(ids(keeper)) == len(before) + 3


def spoil(path: Path, how: str) -> None:
    content = path.read_bytes()
    changed = {"short": content[:-1], "other": content[:-1] + bytes([content[-1] ^ 1])}
    path.unlink()
    if how in changed:
        path.write_bytes(changed[how])


@pytest.mark.parametrize(
    ("how", "problem"),
    [("missing", "is missing"), ("short", "different size"), ("other", "different checksum")],
)
def test_a_file_that_cannot_be_read_refuses_the_listing_and_names_the_month(
    keeper: Keeper, how: str, problem: str
) -> None:
    fill(keeper.platform)
    for file in keeper.archive(before=202403):
        spoil(keeper.folder / file.file, how)
    march = {"start": date(2024, 3, 1), "end": date(2024, 3, 31)}
    with keeper.platform.database.reading() as snapshot:
        with pytest.raises(EventArchived, match=f"2024-01, 2024-02 .*{problem}"):
            streamed(snapshot)
        with pytest.raises(EventArchived, match=f"2024-02.*{problem}"):
            pages(snapshot, 100)
        with pytest.raises(EventArchived, match=f"2024-01.*{problem}"):
            find_event(snapshot, "default", keeper.platform.number("org_1"), "2024-01 a")
        assert len(pages(snapshot, 5, **march)) == len(streamed(snapshot, **march)) == 12
        assert find_event(snapshot, "default", keeper.platform.number("org_1"), "2024-03 a")


def test_only_a_file_that_the_question_needs_has_to_be_there(keeper: Keeper) -> None:
    fill(keeper.platform)
    for file in keeper.archive(before=202402):
        (keeper.folder / file.file).unlink()
    late(keeper.platform)
    missing: list[dict[str, Any]] = [
        {"user_id": "user_2"},
        {"nobody": True},
        {"country": "DE"},
        {"resource_id": "kb"},
        {"end": date(2024, 1, 1)},
    ]
    not_needed: list[dict[str, Any]] = [
        {"user_id": "user_3"},
        {"user_id": "user_2", "meters": ("voice.call",)},
        {"country": "FR"},
        {"resource_id": "other"},
        {"start": date(2024, 1, 16), "end": date(2024, 1, 31)},
        {"start": date(2024, 2, 1)},
    ]
    with keeper.platform.database.reading() as snapshot:
        for question in missing:
            with pytest.raises(EventArchived, match="2024-01"):
                pages(snapshot, 1, **question)
            with pytest.raises(EventArchived, match="2024-01"):
                streamed(snapshot, **question)
        for question in not_needed:
            assert len(pages(snapshot, 1, **question)) == len(streamed(snapshot, **question))
        assert [row[0] for row in pages(snapshot, 1, **not_needed[4])] == ["2024-01 last"]


def test_files_that_were_moved_are_read_in_the_folder_that_is_named(keeper: Keeper) -> None:
    fill(keeper.platform)
    before = listings(keeper)[0]
    keeper.archive()
    moved = keeper.folder.rename(keeper.folder.with_name("moved"))
    with keeper.platform.database.reading() as snapshot:
        with pytest.raises(EventArchived, match="TOLLBOOK_ARCHIVE_FOLDER"):
            pages(snapshot, 1)
        assert pages(snapshot, 1, moved) == before
        assert len(streamed(snapshot, moved)) == len(before)  # type: ignore[arg-type]
        number = keeper.platform.number("org_1")
        assert find_event(snapshot, "default", number, "2024-01 a", moved) is not None


def test_an_erased_person_stays_erased_in_what_is_read(keeper: Keeper) -> None:
    jane(keeper.platform)
    keeper.archive(before=202403)
    with keeper.platform.database.reading() as snapshot:
        assert any(secret in str(streamed(snapshot)) for secret in SECRETS)
    (old,) = {it.file for it in recorded(keeper) if it.month == 202401}
    copy = (keeper.folder / old).read_bytes()
    erasing(keeper)
    keeper.folder.with_name("moved").mkdir()
    (keeper.folder.with_name("moved") / old).write_bytes(copy)
    with keeper.platform.database.reading() as snapshot:
        for folder in (None, keeper.folder.with_name("moved")):
            rows = str([*pages(snapshot, 2, folder), *streamed(snapshot, folder)])
            assert [it for it in SECRETS if it in rows.replace("user_2", "")] == OTHERS
        assert "erased" in rows


OTHERS = ["2071838750"]
"""What the events of another person contain."""


def recorded(keeper: Keeper) -> list[Archived]:
    columns = ", ".join(Archived._fields)
    return [Archived(*it) for it in keeper.platform.rows(f"SELECT {columns} FROM archived_months")]


def test_an_archived_event_is_explained_as_before(keeper: Keeper) -> None:
    year(keeper.platform)
    names = ("call-1-0", "back call-1-0", "call-1-1", "kb-1", "b-1")

    def explained() -> list[object]:
        number = keeper.platform.number("org_1")
        with keeper.platform.database.reading() as snapshot:
            return [find_event(snapshot, "default", number, it) for it in names]

    before = explained()
    assert all(isinstance(it, ChargedEvent) and it.replay_mismatch is None for it in before)
    keeper.archive()
    assert explained() == before


def test_a_listing_does_not_miss_a_partition_that_was_just_emptied(
    postgres_url: str, tmp_path: Path
) -> None:
    with closing(open_database(postgres_url)) as database:
        keeper = Keeper(Platform(database), tmp_path / "archive")
        fill(keeper.platform)
        number = keeper.platform.number("org_1")
        with database.reading() as snapshot:
            snapshot.rows("SELECT 1")
            keeper.archive()
            assert keeper.platform.rows("SELECT pg_relation_size('events_202401')") == [(0,)]
            with pytest.raises(StoreUnavailable, match="archived while they were read"):
                pages(snapshot, 1)
            with pytest.raises(StoreUnavailable, match="archived while they were read"):
                streamed(snapshot)
            with pytest.raises(StoreUnavailable, match="archived while they were read"):
                find_event(snapshot, "default", number, "2024-01 a")
            assert len(streamed(snapshot, start=date(2024, 2, 1))) == 24
        assert len(ids(keeper)) == 36


def test_a_listing_that_has_begun_keeps_its_partitions(postgres_url: str, tmp_path: Path) -> None:
    with closing(open_database(postgres_url)) as database:
        keeper = Keeper(Platform(database), tmp_path / "archive")
        fill(keeper.platform)
        with database.streaming() as snapshot:
            rows = iter(events_table(snapshot, wanted(snapshot, **QUARTER)).rows)
            first = next(rows)
            keeper.archive()
            assert len([first, *rows]) == 36
