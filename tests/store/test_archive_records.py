"""Records of archive files, and of drafts that are not archives yet or no longer."""

import pytest

from tests.builders import Platform
from tollbook.store import archive_files, drafts
from tollbook.store.archive_files import Archived
from tollbook.store.database import Database
from tollbook.store.drafts import ArchiveDraft, DraftState


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    for identity in ("org_1", "org_2"):
        platform.organization(identity)
    return platform


def archived(platform: Platform, month: int = 202401, part: int = 0, **given: str) -> Archived:
    number = platform.number(given.pop("organization", "org_1"))
    name = f"{number}-{month}-{part}.parquet"
    return Archived(
        organization_id=number,
        month=month,
        part=part,
        file=name,
        folder="/archive",
        events=3,
        bytes=100,
        checksum="abc",
        archived_at=1,
    )._replace(**given)


def record(platform: Platform, *files: Archived) -> None:
    with platform.database.writing() as transaction:
        for file in files:
            archive_files.add(transaction, file)


def test_files_are_listed_by_organization_month_and_part(platform: Platform) -> None:
    expected = [
        archived(platform, month, part, organization=organization)
        for organization in ("org_1", "org_2")
        for month in (202312, 202401)
        for part in (0, 1)
    ]
    record(platform, *reversed(expected))
    two = platform.number("org_2")
    with platform.database.reading() as snapshot:
        assert archive_files.files(snapshot, platform.tenant) == expected
        assert archive_files.every_file(snapshot) == expected
        assert archive_files.files(snapshot, platform.tenant, two) == expected[4:]
        january = archive_files.files(snapshot, platform.tenant, None, (202401, 202402))
        assert january == [it for it in expected if it.month == 202401]
        assert archive_files.files_of(snapshot, two, 202312) == expected[4:6]
        assert archive_files.files_of(snapshot, two, 202402) == []


def test_another_tenant_sees_no_files(platform: Platform) -> None:
    record(platform, archived(platform))
    Platform(platform.database, "other")
    with platform.database.reading() as snapshot:
        assert archive_files.files(snapshot, "other") == []
        assert len(archive_files.every_file(snapshot)) == 1


def test_a_file_replaces_that_of_its_part_only(platform: Platform) -> None:
    first, second = archived(platform, part=0), archived(platform, part=1)
    record(platform, first, second)
    given = {"file": "new.parquet", "folder": "/other", "bytes": 7, "checksum": "def"}
    with platform.database.writing() as transaction:
        changed = first._replace(**given, events=99, archived_at=99)  # type: ignore[arg-type]
        archive_files.replace_file(transaction, changed)
    with platform.database.reading() as snapshot:
        kept = first._replace(**given)  # type: ignore[arg-type]
        assert archive_files.every_file(snapshot) == [kept, second]


def draft(platform: Platform, file: str = "a.parquet", organization: str = "org_1") -> ArchiveDraft:
    number = platform.number(organization)
    return ArchiveDraft(number, file, "/archive", "host", DraftState.WRITING.value, 5)


def begin(platform: Platform, *found: ArchiveDraft) -> None:
    with platform.database.writing() as transaction:
        for it in found:
            drafts.add(transaction, it)


def every_draft(platform: Platform) -> list[ArchiveDraft]:
    with platform.database.reading() as snapshot:
        return drafts.every_draft(snapshot)


def test_drafts_are_listed_for_their_tenant(platform: Platform) -> None:
    mine = [draft(platform, "b"), draft(platform, "a", "org_2")]
    other = Platform(platform.database, "other")
    other.organization("org_3")
    others = draft(other, "c", "org_3")
    begin(platform, *mine, others)
    with platform.database.reading() as snapshot:
        assert drafts.drafts_of(snapshot, platform.tenant) == mine
        assert drafts.drafts_of(snapshot, "other") == [others]
    assert [it.file for it in every_draft(platform)] == ["a", "b", "c"]


def test_a_draft_becomes_an_archive_once(platform: Platform) -> None:
    it = draft(platform)
    begin(platform, it)
    with platform.database.writing() as transaction:
        assert drafts.finish(transaction, it)
        assert not drafts.finish(transaction, it)
        assert not drafts.give_up(transaction, it)
    assert every_draft(platform) == []


def test_a_draft_that_is_given_up_cannot_become_an_archive(platform: Platform) -> None:
    it, kept = draft(platform), draft(platform, "kept")
    begin(platform, it, kept)
    with platform.database.writing() as transaction:
        assert drafts.give_up(transaction, it)
        assert not drafts.give_up(transaction, it)
        assert not drafts.finish(transaction, it)
    removing = it._replace(state=DraftState.REMOVING.value)
    assert every_draft(platform) == [removing, kept]


def test_a_removed_file_is_forgotten_in_any_state(platform: Platform) -> None:
    it, kept = draft(platform), draft(platform, "kept")
    begin(platform, it, kept)
    with platform.database.writing() as transaction:
        drafts.give_up(transaction, it)
        drafts.forget(transaction, it)
    assert every_draft(platform) == [kept]
    with platform.database.writing() as transaction:
        drafts.forget_all(transaction)
    assert every_draft(platform) == []


def test_a_draft_is_recorded_when_its_file_is_an_archive(platform: Platform) -> None:
    it = draft(platform)
    with platform.database.reading() as snapshot:
        assert not archive_files.is_recorded(snapshot, it)
    record(platform, archived(platform, file=it.file))
    with platform.database.reading() as snapshot:
        assert archive_files.is_recorded(snapshot, it)
        assert not archive_files.is_recorded(snapshot, draft(platform, it.file, "org_2"))
        assert not archive_files.is_recorded(snapshot, draft(platform, "b.parquet"))
