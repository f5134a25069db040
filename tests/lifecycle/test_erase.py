"""Erasing a person: no personal data is left anywhere, and no sum changes."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from tests.builders import Platform, correction, event, reversal
from tests.lifecycle.test_archive import Keeper
from tests.rerating.builders import CALLS, book
from tollbook.analytics.event import ChargedEvent, find_event
from tollbook.domain.directory import User
from tollbook.domain.errors import ArchiveRefused
from tollbook.domain.keys import KeyScope
from tollbook.lifecycle.erase import Erased, Person, erase, erased_attributes
from tollbook.store import directory, keys
from tollbook.store.audit import Actor, AuditFilter, acts
from tollbook.store.database import Database, open_database
from tollbook.store.parquet import read_file
from tollbook.wiring import now

SECRETS = ("Jane", "jane@", "4155550100", "2071838750", "5550123")
JANE = {"user_id": "user_1", "attributes": {"to": "+442071838750", "from": "+14155550100"}}
OTHER = {"user_id": "user_2", "attributes": {"to": "+442071838750"}}


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> Keeper:
    return Keeper(Platform(database), tmp_path / "archive")


def erasing(keeper: Keeper, folder: Path | None = None, user: str = "user_1") -> Erased:
    platform = keeper.platform
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
    assert row is not None
    actor = Actor(platform.tenant, "cli", now())
    return erase(platform.database, actor, Person(row, user), folder)


def jane(platform: Platform, *, other: bool = True) -> None:
    """Fill an organization with what a person leaves everywhere."""
    assert platform.statuses(event(id="waits", **JANE)) == ["quarantined"]
    number = platform.organization()
    with platform.database.writing() as transaction:
        user = User("user_1", "Jane Doe", "jane@acme.example")
        directory.add_user(transaction, number, user, now())
        scope = KeyScope(platform.tenant, "org_1", "user_1")
        keys.issue_key(transaction, "Jane's phone", scope, (), now(), number)
    for month in (1, 2):
        time = f"2024-0{month}-15T10:30:00Z"
        platform.send(
            event(id=f"call-{month}", time=time, **JANE),
            event(
                id=f"number-{month}",
                time=time,
                type="phone.rental",
                user_id="user_1",
                quantity=1,
                resource_id="+1415 5550123",
                attributes={"who": "Jane Doe", "callback": 14155550100, "media_bytes": 5},
            ),
            event(id=f"kb-{month}", time=time, type="kb.rental", quantity=1, resource_id="kb"),
            event(id=f"back-{month}", time=time, **JANE),
            *([event(id=f"other-{month}", time=time, **OTHER)] if other else []),
        )
        platform.reversed(reversal(f"back-{month}", reason="Jane said so"))


def everything(platform: Platform) -> str:
    engine = platform.database.engine.sqlalchemy
    tables = inspect(engine).get_table_names()
    return "\n".join(str(row) for it in tables for row in platform.rows(f"SELECT * FROM {it}"))


def numbers_of(keeper: Keeper) -> dict[str, list[tuple[object, ...]]]:
    """Return all sums, resources counted and not named."""
    sums = keeper.sums()
    sums["resources_daily"] = sorted(row[:4] + row[5:] for row in sums["resources_daily"])
    return sums


def test_nothing_of_a_person_is_left_in_any_table(keeper: Keeper) -> None:
    platform = keeper.platform
    jane(platform, other=False)
    before, answer = numbers_of(keeper), platform.users()
    assert all(it in everything(platform) for it in ("Jane", "4155550100", "2071838750"))
    done = erasing(keeper)
    assert done == Erased(events=8, quarantined=1)
    left = everything(platform)
    assert [it for it in SECRETS if it in left] == []
    assert numbers_of(keeper) == before
    after = platform.users()
    for user in (*answer["users"], *after["users"]):
        user.pop("user_name", None)
        user.pop("user_email", None)
    assert after == answer
    assert keeper.problems() == []


def test_others_keep_theirs(keeper: Keeper) -> None:
    jane(keeper.platform)
    erasing(keeper)
    rows = keeper.platform.rows("SELECT attributes FROM events WHERE user_id = 'user_2'")
    assert {row[0] for row in rows} == {'{"to":"+442071838750"}'}


def test_the_same_event_is_still_a_duplicate(keeper: Keeper) -> None:
    platform = keeper.platform
    jane(platform)
    erasing(keeper)
    again = event(id="call-1", **JANE)
    assert platform.statuses(again, {**again, "quantity": 1}) == ["duplicate", "conflict"]
    assert platform.reversed(reversal("back-1", reason="Jane said so")) == [("duplicate", None)]


def test_a_charge_still_replays(keeper: Keeper) -> None:
    platform = keeper.platform
    jane(platform)
    erasing(keeper)
    with platform.database.reading() as snapshot:
        found = find_event(snapshot, platform.tenant, platform.number("org_1"), "call-1")
    assert isinstance(found, ChargedEvent)
    assert found.replay_mismatch is None
    assert found.event.country == "GB"


def test_erasing_again_changes_nothing_more(keeper: Keeper) -> None:
    jane(keeper.platform)
    erasing(keeper)
    assert erasing(keeper) == Erased()


def test_archives_are_erased_too(keeper: Keeper) -> None:
    platform = keeper.platform
    jane(platform)
    (file,) = keeper.archive()
    before = numbers_of(keeper)
    done = erasing(keeper)
    assert done == Erased(events=4, quarantined=1, archived_events=5, files=1)
    (path,) = keeper.folder.iterdir()
    assert path.name != file.file
    rows = [row for group in read_file(path) for row in group]
    of_jane = str([row for row in rows if row[3] == "user_1"])
    assert [it for it in SECRETS if it in of_jane] == []
    assert len(rows) == file.events
    assert numbers_of(keeper) == before
    assert keeper.problems() == []
    assert "Jane" not in everything(platform)


def test_a_missing_archive_stops_everything(keeper: Keeper) -> None:
    platform = keeper.platform
    jane(platform)
    keeper.archive()
    moved = keeper.folder.rename(keeper.folder.with_name("elsewhere"))
    with pytest.raises(ArchiveRefused, match="is missing"):
        erasing(keeper)
    assert "Jane" in everything(platform)
    assert erasing(keeper, moved).files == 1
    keeper.folder = moved
    assert keeper.problems() == []


def test_a_file_left_by_an_erasure_that_was_cut_off_is_removed(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane(keeper.platform)
    keeper.archive()
    with monkeypatch.context() as patched:
        patched.setattr("tollbook.lifecycle.erase._finish", lambda *_: None)
        erasing(keeper)
    assert len(list(keeper.folder.iterdir())) == 2
    erasing(keeper)
    assert len(list(keeper.folder.iterdir())) == 1
    assert keeper.problems() == []


def test_it_is_written_down_who_erased_whom(keeper: Keeper) -> None:
    jane(keeper.platform)
    erasing(keeper)
    with keeper.platform.database.reading() as snapshot:
        (act,) = acts(snapshot, keeper.platform.tenant, AuditFilter(action="user.erase"))
    assert (act.key_prefix, act.action, act.object) == ("cli", "user.erase", "user user_1 of org_1")
    assert act.details["events"] == 8


def test_the_file_of_sqlite_holds_no_trace(sqlite_url: str, tmp_path: Path) -> None:
    with closing(open_database(sqlite_url)) as database:
        keeper = Keeper(Platform(database), tmp_path / "archive")
        jane(keeper.platform, other=False)
        erasing(keeper)
        files = [it for it in tmp_path.iterdir() if it.name.startswith("tollbook.db")]
        content = b"".join(it.read_bytes() for it in files)
    assert [it for it in SECRETS if it.encode() in content] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ('{"to":"+442071838750"}', '{"to":"erased"}'),
        ('{"direction":"inbound","n":14155550100}', '{"direction":"inbound","n":"erased"}'),
        ('{"media_bytes":2000000,"x":true,"y":null,"z":7}',) * 2,
        ('{"from_day":"2024-01-02"}',) * 2,
    ],
)
def test_what_charges_are_made_of_stays(before: str, after: str) -> None:
    assert erased_attributes(before) == after


@pytest.mark.parametrize("how", ["relative", "linked"])
def test_a_replaced_file_is_removed_from_a_folder_with_two_names(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    jane(keeper.platform)
    keeper.archive()
    moved = keeper.folder.rename(keeper.folder.with_name("elsewhere"))
    monkeypatch.chdir(moved.parent)
    if how == "linked":
        keeper.folder.symlink_to(moved)
    assert erasing(keeper, Path("elsewhere")).files == 1
    keeper.folder = moved
    assert len(keeper.files()) == 1
    assert keeper.drafts() == keeper.problems() == []


def test_erased_attributes_that_no_rate_of_the_meter_names_do_not_hide_the_price(
    keeper: Keeper,
) -> None:
    platform = keeper.platform
    platform.organization()
    by_carrier = "{meter: sms.outbound, price: 0.01, per: segment, when: {carrier: A}}"
    by_route = "{meter: voice.call, price: 1, per: second, when: {route: gold}}"
    platform.load(book(CALLS, by_route, by_carrier))
    platform.send(event(id="call", user_id="user_1", attributes={"carrier": "A"}))
    platform.send(event(id="routed", user_id="user_1", attributes={"route": "tin"}))
    erasing(keeper)
    assert platform.corrected(correction("call", quantity=30)) == [("accepted", None)]
    assert platform.corrected(correction("routed", quantity=30)) == [("rejected", "number_hidden")]
