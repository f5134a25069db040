"""Restored months: their events are in the ledger as before they were archived, once."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.builders import Platform, event, reversal
from tests.lifecycle.kills import killed_at
from tests.lifecycle.test_archive import Keeper, year
from tests.lifecycle.test_erase import SECRETS, erasing, jane
from tests.proxies import Proxy
from tests.rerating.builders import MINUTES, Past, book
from tollbook.domain.errors import NotFound
from tollbook.lifecycle import restore as restoring
from tollbook.lifecycle.restore import NotRestored, Restored, RestoredPart, restore
from tollbook.store.audit import Actor, AuditFilter, acts
from tollbook.store.database import Database, open_database
from tollbook.wiring import now

pytest.importorskip("pyarrow")


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> Keeper:
    return Keeper(Platform(database), tmp_path / "archive")


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    with Proxy(postgres_url) as running:
        yield running


def run(
    keeper: Keeper,
    month: int = 202401,
    organization: str | None = None,
    folder: Path | None = None,
) -> list[Restored | NotRestored]:
    platform = keeper.platform
    number = platform.number(organization) if organization else None
    actor = Actor(platform.tenant, "cli", now())
    return list(restore(platform.database, actor, RestoredPart(number, month, folder)))


def restored(keeper: Keeper, **given: Any) -> list[Restored]:
    done = run(keeper, **given)
    assert [it for it in done if not isinstance(it, Restored)] == []
    return [it for it in done if isinstance(it, Restored)]


def ledger(keeper: Keeper) -> list[tuple[object, ...]]:
    rows = keeper.platform.rows("SELECT * FROM events ORDER BY organization_id, day, id")
    return [tuple(row) for row in rows]


def archived(keeper: Keeper) -> int:
    tables = ("archived_months", "archived_sums")
    return sum(keeper.platform.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables)


def test_nothing_archived_is_an_error(keeper: Keeper) -> None:
    with pytest.raises(NotFound, match="no events of 2024-01 are archived"):
        run(keeper)
    year(keeper.platform)
    keeper.archive()
    with pytest.raises(NotFound, match="no events of 2024-02 are archived"):
        run(keeper, 202402)
    assert keeper.problems() == []


def test_events_come_back_as_they_were_and_sums_stay(keeper: Keeper) -> None:
    year(keeper.platform)
    before, sums = ledger(keeper), keeper.sums()
    files = keeper.archive()
    assert keeper.problems() == []
    done = restored(keeper)
    assert [(it.month.organization_id, it.events, it.files) for it in done] == [
        ("org_1", 7, (files[0].file,)),
        ("org_2", 7, (files[1].file,)),
    ]
    assert ledger(keeper) == before
    assert keeper.sums() == sums
    assert keeper.problems() == keeper.drafts() == keeper.files() == []
    assert archived(keeper) == 0
    with pytest.raises(NotFound):
        run(keeper)
    assert ledger(keeper) == before


def test_all_files_of_a_month_come_back_and_late_events_stay(keeper: Keeper) -> None:
    year(keeper.platform)
    keeper.archive()
    for name in ("late 1", "late 2"):
        keeper.platform.send(event(id=name))
        keeper.archive()
    keeper.platform.send(event(id="late 3"))
    sums = keeper.sums()
    (done,) = restored(keeper, organization="org_1")
    assert (done.events, len(done.files)) == (9, 3)
    assert keeper.sums() == sums
    assert keeper.problems() == keeper.drafts() == []
    assert len(keeper.files()) == 1, "that of org_2"


def test_sums_past_64_bits_come_back(keeper: Keeper) -> None:
    keeper.platform.organization()
    keeper.platform.send(*(event(id=str(n), cost=100_000_000) for n in range(150)))
    before, sums = ledger(keeper), keeper.sums()
    keeper.archive()
    restored(keeper)
    assert (ledger(keeper), keeper.sums()) == (before, sums)
    assert keeper.problems() == []
    keeper.archive()
    assert keeper.problems() == []


def test_restored_events_are_known_reversed_and_archived_again(keeper: Keeper) -> None:
    year(keeper.platform)
    keeper.archive()
    again = event(id="call-1-1", attributes={"to": "+442071838750"})
    first = keeper.platform.reversed(reversal("call-1-1"))
    assert first == [("rejected", "archived")]
    receipt = keeper.platform.reverse(reversal("call-1-1")).receipts[0]
    assert "tollbook archive --restore 2024-01" in (receipt.error or "")
    restored(keeper)
    assert keeper.platform.statuses(again) == ["duplicate"]
    assert keeper.platform.reversed(reversal("call-1-1")) == [("accepted", None)]
    assert keeper.platform.reversed(reversal("call-1-0")) == [("duplicate", None)]
    assert keeper.problems() == []
    sums = keeper.sums()
    assert [it.events for it in keeper.archive()] == [8, 7]
    assert keeper.sums() == sums
    assert keeper.problems() == keeper.drafts() == []


def test_a_restored_month_is_rerated_and_an_earlier_run_reverted(keeper: Keeper) -> None:
    platform = keeper.platform
    platform.organization()
    platform.send(event())
    before = ledger(keeper)
    past = Past(platform)
    platform.load(book(MINUTES))
    run = past.apply()
    assert ledger(keeper) != before
    keeper.archive()
    restored(keeper)
    past.revert(run.id)
    assert ledger(keeper) == before
    keeper.archive()
    restored(keeper)
    assert past.apply().changed == 1
    assert keeper.problems() == []


@pytest.mark.parametrize("how", ["missing", "changed"])
def test_a_month_whose_file_cannot_be_read_stays_archived_and_is_named(
    keeper: Keeper, how: str
) -> None:
    year(keeper.platform)
    first, second = keeper.archive()
    path = keeper.folder / first.file
    content = path.read_bytes()
    path.unlink()
    if how == "changed":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    left, done = run(keeper)
    assert isinstance(left, NotRestored)
    assert (left.month.organization_id, first.file in left.reason) == ("org_1", True)
    assert isinstance(done, Restored)
    assert done.files == (second.file,)
    path.write_bytes(content)
    assert keeper.problems() == []
    restored(keeper)
    assert keeper.problems() == keeper.files() == []


def test_files_that_were_moved_are_restored_and_removed_there(keeper: Keeper) -> None:
    year(keeper.platform)
    before = ledger(keeper)
    keeper.archive()
    keeper.folder = keeper.folder.rename(keeper.folder.with_name("moved"))
    assert len(run(keeper)) == 2
    assert all(isinstance(it, NotRestored) for it in run(keeper))
    restored(keeper, folder=keeper.folder)
    assert ledger(keeper) == before
    assert keeper.files() == keeper.drafts() == keeper.problems() == []


def test_events_that_are_not_those_of_the_kept_sums_are_refused(keeper: Keeper) -> None:
    year(keeper.platform)
    keeper.archive()
    with keeper.platform.database.writing() as transaction:
        transaction.execute("UPDATE archived_sums SET cost = cost + 1")
    state = (ledger(keeper), keeper.files(), archived(keeper))
    for left in run(keeper):
        assert isinstance(left, NotRestored)
        assert "do not add up to the stored sums" in left.reason
    assert (ledger(keeper), keeper.files(), archived(keeper)) == state
    assert keeper.drafts() == []


def test_an_event_without_an_identity_is_refused(keeper: Keeper) -> None:
    year(keeper.platform)
    keeper.archive()
    with keeper.platform.database.writing() as transaction:
        transaction.execute("DELETE FROM event_keys WHERE id_text(id) = 'call-1-2'")
    state = (ledger(keeper), keeper.files(), archived(keeper))
    for left in run(keeper):
        assert isinstance(left, NotRestored)
        assert "the identity of event call-1-2 of org_" in left.reason
    assert (ledger(keeper), keeper.files(), archived(keeper)) == state


def test_an_erased_person_stays_erased_in_the_ledger(keeper: Keeper) -> None:
    jane(keeper.platform, other=False)
    keeper.archive(before=202403)
    erasing(keeper)
    restored(keeper)
    rows = str(ledger(keeper))
    assert "erased" in rows
    assert [secret for secret in SECRETS if secret in rows] == []
    assert keeper.problems() == keeper.drafts() == []


def test_an_erasure_that_replaces_files_meanwhile_is_not_undone(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane(keeper.platform, other=False)
    keeper.archive()
    real, erasures = restoring._require_readable, []

    def erase_after(*arguments: Any) -> list[Path]:
        found = real(*arguments)
        if not erasures:
            erasures.append(erasing(keeper))
        return found

    monkeypatch.setattr(restoring, "_require_readable", erase_after)
    restored(keeper)
    assert len(erasures) == 1
    assert [secret for secret in SECRETS if secret in str(ledger(keeper))] == []
    assert keeper.problems() == keeper.drafts() == keeper.files() == []


def test_it_is_audited(keeper: Keeper) -> None:
    year(keeper.platform)
    files = keeper.archive()
    restored(keeper, organization="org_2")
    with keeper.platform.database.reading() as snapshot:
        (act,) = acts(snapshot, keeper.platform.tenant, AuditFilter(action="events.restore"))
    assert (act.object, act.details) == (
        "org_2 2024-01",
        {"files": [files[1].file], "events": 7},
    )


@pytest.mark.parametrize(
    ("point", "when"),
    [
        ("tollbook.lifecycle.restore._move_in", "before"),
        ("tollbook.store.archives.move_in", "after"),
        ("tollbook.lifecycle.restore._move_in", "after"),
        ("tollbook.lifecycle.restore._finish", "before"),
        ("tollbook.lifecycle.drafts.remove_file", "after"),
    ],
)
def test_a_run_that_is_killed_leaves_each_event_in_one_place(
    keeper: Keeper, database_url: str, point: str, when: str
) -> None:
    jane(keeper.platform)
    before, sums = ledger(keeper), keeper.sums()
    keeper.archive()
    killed_at(point, when, database_url, "archive", "--restore", "2024-01")
    is_restored = len(ledger(keeper)) == len(before)
    assert is_restored == (archived(keeper) == 0)
    assert is_restored == (point.endswith(("_finish", "remove_file")))
    if is_restored:
        assert [row[1] for row in keeper.drafts()] == ["removing"]
        with pytest.raises(NotFound):
            run(keeper)
    else:
        assert keeper.problems() == keeper.drafts() == []
        restored(keeper)
    assert ledger(keeper) == before
    assert keeper.sums() == sums
    assert keeper.problems() == keeper.drafts() == keeper.files() == []


@pytest.mark.parametrize("is_done", [True, False])
def test_events_come_back_once_when_the_answer_to_the_commit_is_lost(
    proxy: Proxy, tmp_path: Path, *, is_done: bool
) -> None:
    with closing(open_database(proxy.url)) as database:
        keeper = Keeper(Platform(database), tmp_path / "archive")
        jane(keeper.platform)
        before = ledger(keeper)
        keeper.archive()
        proxy.lose_commit("DELETE FROM archived_months", is_done=is_done)
        assert len(restored(keeper)) == 1
        assert proxy.lost.is_set()
        assert ledger(keeper) == before
        assert keeper.problems() == keeper.drafts() == keeper.files() == []


def test_the_same_month_of_another_tenant_stays_archived(
    keeper: Keeper, database: Database
) -> None:
    other = Keeper(Platform(database, "other"), keeper.folder)
    for it in (keeper, other):
        it.platform.organization()
        it.platform.send(event())
        it.archive()
    assert len(restored(keeper)) == 1
    assert keeper.count() == 1
    assert len(restored(other)) == 1
