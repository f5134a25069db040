"""Archiving: events go to files, and sums, identities and answers stay what they were."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest

from tests.builders import Platform, event, reversal
from tests.rerating.builders import CALLS, Past, book
from tollbook.analytics.partial_days import NO_DAYS, NO_PART, DayPart, SplitDays
from tollbook.analytics.series_statements import By, user_hours_sql
from tollbook.analytics.usage import _refuse_parts_of_archived_days
from tollbook.domain.errors import EventArchived, InvalidRequest, RunConflict
from tollbook.domain.meters import BY_TYPE
from tollbook.lifecycle.archive import Due, NotArchived, archive, before_months
from tollbook.lifecycle.check import archive_differences
from tollbook.rerating import runs
from tollbook.store import archives
from tollbook.store.archive_files import Archived
from tollbook.store.audit import Actor, AuditFilter, acts
from tollbook.store.database import Database, open_database
from tollbook.store.events import Stored
from tollbook.store.parquet import about, read_file
from tollbook.store.rollups import KEYS
from tollbook.wiring import now

pytest.importorskip("pyarrow")

TIERS = """
name: Tiers
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - meter: voice.call
    per: minute
    graduated: [{up_to: 2, price: "0.10"}, {price: "0.01"}]
  - {meter: kb.rental, price: "3", per: month, buy: "1"}
  - {meter: brand.registration, price: "4", per: registration}
"""
SUMS = (*KEYS, "resources_daily", "tier_positions")


class Keeper:
    """An operator who archives a platform."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform = platform
        self.folder = folder

    def run(self, before: int = 202402, organization: str | None = None) -> list[object]:
        number = self.platform.number(organization) if organization else None
        actor = Actor(self.platform.tenant, "cli", now())
        return list(archive(self.platform.database, actor, Due(number, before, self.folder)))

    def archive(self, before: int = 202402, organization: str | None = None) -> list[Archived]:
        done = self.run(before, organization)
        assert [it for it in done if not isinstance(it, Archived)] == []
        return [it for it in done if isinstance(it, Archived)]

    def drafts(self) -> list[tuple[object, ...]]:
        return self.platform.rows("SELECT file, state FROM archive_drafts")

    def files(self) -> list[str]:
        return sorted(it.name for it in self.folder.iterdir()) if self.folder.exists() else []

    def sums(self) -> dict[str, list[tuple[object, ...]]]:
        return {it: sorted(self.platform.rows(f"SELECT * FROM {it}")) for it in SUMS}

    def problems(self) -> list[object]:
        with self.platform.database.reading() as snapshot:
            found = list(archive_differences(snapshot, self.folder))
        return [*found, *self.platform.differences()]

    def count(self) -> int:
        return int(self.platform.rows("SELECT COUNT(*) FROM events")[0][0])


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> Keeper:
    return Keeper(Platform(database), tmp_path / "archive")


def year(platform: Platform) -> None:
    """Fill two organizations with months of everything that sums know."""
    platform.load(TIERS)
    for organization in ("org_1", "org_2"):
        platform.organization(organization, timezone="America/New_York")
        for month in (1, 2):
            given = {"organization_id": organization, "time": f"2024-0{month}-15T10:30:00Z"}
            calls = [
                event(id=f"call-{month}-{n}", attributes={"to": "+442071838750"}, **given)
                for n in range(4)
            ]
            rented = event(
                id=f"kb-{month}", type="kb.rental", resource_id="kb", quantity=1, **given
            )
            brand = event(id=f"b-{month}", type="brand.registration", quantity=1, **given)
            platform.send(*calls, rented, brand)
            platform.reversed(reversal(f"call-{month}-0", organization_id=organization))


def test_an_empty_tenant_has_nothing_to_archive(keeper: Keeper) -> None:
    assert keeper.archive() == []
    keeper.platform.organization()
    assert keeper.archive() == []
    assert keeper.problems() == []
    assert not keeper.folder.exists()


def test_sums_stay_and_are_proved_with_and_without_the_files(keeper: Keeper) -> None:
    year(keeper.platform)
    before, answer, count = keeper.sums(), keeper.platform.users(), keeper.count()
    done = keeper.archive()
    assert [(it.month, it.part, it.events) for it in done] == [(202401, 1, 7), (202401, 1, 7)]
    assert keeper.count() == count - 14
    assert keeper.sums() == before
    assert keeper.platform.users() == answer
    assert keeper.problems() == []
    assert keeper.archive() == []


def test_sums_past_64_bits_stay_and_are_proved(keeper: Keeper) -> None:
    keeper.platform.organization()
    keeper.platform.send(*(event(id=str(n), cost=100_000_000) for n in range(150)))
    keeper.archive()
    kept = keeper.platform.rows("SELECT cost FROM archived_sums")
    assert sum(row[0] for row in kept) == 150 * 10**17
    assert keeper.problems() == []
    keeper.platform.send(*(event(id=f"late {n}", cost=100_000_000) for n in range(150)))
    keeper.archive()
    assert keeper.problems() == []


def test_a_file_has_the_columns_of_the_ledger_and_says_whose_it_is(keeper: Keeper) -> None:
    year(keeper.platform)
    stored = keeper.platform.rows(
        f"SELECT {', '.join(Stored._fields)} FROM events "
        "WHERE day < 20240200 ORDER BY organization_id, day, id"
    )
    files = keeper.archive()
    paths = [keeper.folder / it.file for it in files]
    assert sorted(it.name for it in keeper.folder.iterdir()) == sorted(it.name for it in paths)
    read = [row for path in paths for rows in read_file(path) for row in rows]
    assert read == [tuple(row) for row in stored]
    assert about(paths[0]) == {
        "tenant": "default",
        "organization_id": "org_1",
        "timezone": "America/New_York",
        "currency": "USD",
        "month": "202401",
    }


def test_duplicates_and_conflicts_are_known_for_ever(keeper: Keeper) -> None:
    year(keeper.platform)
    given = {"id": "call-1-1", "attributes": {"to": "+442071838750"}}
    same, other = event(**given), event(**given, quantity=62)
    keeper.archive()
    assert keeper.platform.statuses(same, other) == ["duplicate", "conflict"]
    assert keeper.platform.reversed(reversal("call-1-0")) == [("duplicate", None)]


def test_late_events_are_taken_and_archived_as_another_part(keeper: Keeper) -> None:
    year(keeper.platform)
    keeper.archive()
    assert keeper.platform.statuses(event(id="late")) == ["accepted"]
    assert keeper.problems() == []
    before = keeper.sums()
    (file,) = keeper.archive()
    assert (file.month, file.part, file.events) == (202401, 2, 1)
    assert keeper.sums() == before
    assert keeper.problems() == []


def test_only_one_organization_is_archived_when_it_is_named(keeper: Keeper) -> None:
    year(keeper.platform)
    (file,) = keeper.archive(organization="org_2")
    assert file.organization_id == keeper.platform.number("org_2")
    assert keeper.problems() == []


def test_archived_events_cannot_be_reversed(keeper: Keeper) -> None:
    year(keeper.platform)
    keeper.archive()
    assert keeper.platform.reversed(reversal("call-1-1")) == [("rejected", "archived")]
    assert keeper.platform.reversed(reversal("call-2-1")) == [("accepted", None)]
    assert keeper.problems() == []


def test_a_period_with_archived_events_is_not_rerated(keeper: Keeper) -> None:
    year(keeper.platform)
    past = Past(keeper.platform)
    keeper.archive()
    with pytest.raises(InvalidRequest) as refusal:
        past.begin(start="2024-01-01", end="2024-02-29")
    assert (refusal.value.details[0].field, refusal.value.details[0].code) == (
        "start_date",
        "archived",
    )
    past.begin(start="2024-02-01", end="2024-02-29")


def test_a_run_is_not_reverted_once_its_events_are_archived(keeper: Keeper) -> None:
    platform = keeper.platform
    platform.organization()
    platform.send(event())
    platform.load(book(CALLS))
    past = Past(platform)
    run = past.begin()
    (left,) = keeper.run()
    assert isinstance(left, NotArchived)
    assert left.name == "org_1 2024-01"
    assert "rerating run 1 is running" in left.reason
    assert keeper.files() == keeper.drafts() == [], "nothing is left of what was refused"
    past.steps(run.id)
    keeper.archive()
    with platform.database.writing() as transaction, pytest.raises(RunConflict, match="archived"):
        runs.revert(transaction, past.actor(), run.id)


def test_a_missing_or_changed_file_is_found(keeper: Keeper) -> None:
    year(keeper.platform)
    first, second = keeper.archive()
    (keeper.folder / first.file).unlink()
    with (keeper.folder / second.file).open("ab") as file:
        file.write(b"more")
    found = [it.row["problem"] for it in keeper.problems()]  # type: ignore[attr-defined]
    assert found == ["the file is missing", "the file has a different checksum"]


def test_sums_that_were_tampered_with_are_found(keeper: Keeper) -> None:
    year(keeper.platform)
    keeper.archive()
    with keeper.platform.database.writing() as transaction:
        transaction.execute("UPDATE usage_monthly SET cost = cost + 1 WHERE month = 202401")
    assert {it.check for it in keeper.platform.differences()} == {"usage_monthly"}


def test_it_is_written_down_who_archived_what(keeper: Keeper) -> None:
    year(keeper.platform)
    keeper.archive()
    with keeper.platform.database.reading() as snapshot:
        found = acts(snapshot, keeper.platform.tenant, AuditFilter(action="events.archive"))
    assert sorted((it.action, it.object) for it in found) == [
        ("events.archive", "org_1 2024-01"),
        ("events.archive", "org_2 2024-01"),
    ]


@pytest.mark.parametrize(
    ("today", "months", "before"),
    [(20240315, 1, 202402), (20240315, 3, 202312), (20240131, 12, 202301), (20241231, 1, 202411)],
)
def test_months_are_counted_whole(today: int, months: int, before: int) -> None:
    assert before_months(today, months) == before


def test_postgresql_empties_the_partition_of_the_last_organization(
    postgres_url: str, tmp_path: Path
) -> None:
    database = open_database(postgres_url)
    keeper = Keeper(Platform(database), tmp_path)
    year(keeper.platform)
    keeper.archive()
    size = keeper.platform.rows("SELECT pg_relation_size('events_202401')")
    assert size == [(0,)]
    assert keeper.platform.statuses(event(id="late")) == ["accepted"]
    database.close()


def test_postgresql_archives_beside_a_reader_without_anybody_waiting_for_it(
    postgres_url: str, tmp_path: Path
) -> None:
    database = open_database(postgres_url)
    keeper = Keeper(Platform(database), tmp_path)
    year(keeper.platform)
    with psycopg.connect(postgres_url) as reader, ThreadPoolExecutor() as threads:
        reader.execute("SELECT * FROM events_202401 LIMIT 1")
        done = threads.submit(keeper.archive)
        try:
            files = done.result(60)  # it would wait for as long as the reader stays
            other = event(id="late", organization_id="org_2")
            late = threads.submit(keeper.platform.statuses, other)
            assert late.result(60) == ["accepted"]
        finally:
            reader.rollback()
    assert [it.events for it in files] == [7, 7]
    assert keeper.count() == 15
    assert keeper.problems() == []
    database.close()


def test_what_is_due_is_found_by_sums(keeper: Keeper) -> None:
    year(keeper.platform)
    with keeper.platform.database.reading() as snapshot:
        due = archives.due(snapshot, keeper.platform.tenant, 202403, None)
    assert [(it.organization_id, it.month) for it in due] == [
        ("org_1", 202401),
        ("org_2", 202401),
        ("org_1", 202402),
        ("org_2", 202402),
    ]


@pytest.mark.parametrize("by", list(By))
def test_a_users_hours_are_told_of_archived_events_too(keeper: Keeper, by: By) -> None:
    year(keeper.platform)
    asked = {
        "number": keeper.platform.number("org_1"),
        "user": "user_1",
        "first_day": 20240101,
        "last_day": 20240229,
        "first_month": 202401,
        "last_month": 202402,
        "country": "",
        "last_country": "ZZ",
        "meters": 1 << BY_TYPE["voice.call"].code,
    }
    statement = user_hours_sql(by)

    def hours() -> list[tuple[object, ...]]:
        with keeper.platform.database.reading() as snapshot:
            return sorted(tuple(row) for row in snapshot.table(statement, asked, 5))

    before = hours()
    assert len(before) == 2
    keeper.archive()
    assert hours() == before


def test_a_part_of_an_archived_day_is_refused_and_not_answered_wrongly(keeper: Keeper) -> None:
    year(keeper.platform)
    number = keeper.platform.number("org_1")
    keeper.archive()
    with keeper.platform.database.reading() as snapshot:
        for day, refused in ((20240115, True), (20240215, False)):
            parts = SplitDays(NO_DAYS, (DayPart(day, 0, 1), NO_PART), NO_DAYS)
            with pytest.raises(EventArchived) if refused else nullcontext():
                _refuse_parts_of_archived_days(snapshot, number, parts)
