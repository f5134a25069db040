"""How many more events may wait, and ids that no path can hold: what new events may not create."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import Platform, event
from tollbook.domain.quarantine import QuarantineAction
from tollbook.ingest.quarantine_room import PendingRoom, QuarantineRoom, stored_identities
from tollbook.ingest.unaddressable import has_unaddressable
from tollbook.store.database import Transaction, open_database
from tollbook.store.staging import Staged


@pytest.fixture
def platform(sqlite_url_in_memory: str) -> Iterator[Platform]:
    database = open_database(sqlite_url_in_memory)
    platform = Platform(database)
    platform.organization()
    yield platform
    database.close()


class Counted(QuarantineRoom):
    """A room whose events are counted by hand, and how often that was."""

    def __init__(self, most: int, waiting: int) -> None:
        super().__init__(most)
        self.waiting = waiting
        self.looks = 0

    def _count(self, transaction: Transaction, tenant: str) -> int:
        self.looks += 1
        return self.waiting


def row(identity: str = "a", code: str = "no_price", number: int = 1, **given: Any) -> Staged:
    usual = dict.fromkeys(Staged._fields[: Staged._fields.index("hour")], 0)
    texts = {"user_id": "", "resource_id": "", "attributes": ""}
    fields = {**usual, **texts, "organization_id": number, "id": identity, "code": code, **given}
    return Staged(**fields)


def refused(
    platform: Platform, room: QuarantineRoom, *rows: Staged, tenant: str = "t"
) -> list[int]:
    with platform.database.writing() as transaction:
        return list(room.refused(transaction, tenant, rows))


def rows(count: int, code: str = "no_price") -> list[Staged]:
    return [row(f"e{it}", code) for it in range(count)]


def test_rows_that_are_charged_need_no_room(platform: Platform) -> None:
    room = Counted(0, 0)
    assert refused(platform, room, *rows(3, "")) == []
    assert refused(platform, room) == []
    assert room.looks == 0


@pytest.mark.parametrize(
    ("waiting", "count", "expected"),
    [(0, 10, []), (0, 11, [10]), (8, 2, []), (8, 4, [2, 3]), (10, 1, [0]), (12, 2, [0, 1])],
)
def test_those_beyond_the_limit_are_refused(
    platform: Platform, waiting: int, count: int, expected: list[int]
) -> None:
    assert refused(platform, Counted(10, waiting), *rows(count)) == expected


def test_indexes_are_those_of_all_rows(platform: Platform) -> None:
    mixed = [row("a", ""), row("b"), row("c", ""), row("d"), row("e", "cost_pending"), row("f")]
    assert refused(platform, Counted(10, 9), *mixed) == [3, 5]


def test_the_number_is_not_read_again_until_a_sixteenth_of_the_room_is_used(
    platform: Platform,
) -> None:
    room = Counted(160, 0)
    for count in (2, *[1] * 8):  # ten, which is a sixteenth
        assert refused(platform, room, *rows(count)) == []
    assert room.looks == 1
    assert refused(platform, room, *rows(1)) == []
    assert room.looks == 2
    assert refused(platform, room, *rows(9)) == []
    assert room.looks == 2
    assert refused(platform, room, *rows(1)) == []
    assert room.looks == 3
    # Another tenant has room of its own.
    assert refused(platform, room, *rows(1), tenant="other") == []
    assert room.looks == 4


def test_a_full_room_is_counted_each_time_and_opens_again(platform: Platform) -> None:
    room = Counted(10, 10)
    for _ in range(2):
        assert refused(platform, room, *rows(1)) == [0]
    assert room.looks == 2
    room.waiting = 3
    assert refused(platform, room, *rows(7)) == []


def test_only_some_tenants_are_remembered(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tollbook.ingest.quarantine_room._MOST_TENANTS", 2)
    room = Counted(1_600, 0)
    for tenant in ("a", "b", "a", "c", "a", "b"):
        refused(platform, room, *rows(1), tenant=tenant)
    # a, b and c are read once; b was forgotten for c, and is read again.
    assert room.looks == 4


@pytest.mark.parametrize(
    ("kind", "code"), [(QuarantineRoom, "no_price"), (PendingRoom, "cost_pending")]
)
def test_an_event_that_is_stored_keeps_its_place(
    platform: Platform, kind: type[QuarantineRoom], code: str
) -> None:
    platform.send(
        event(id="stored", organization_id="nobody"), event(id="waits", cost_pending=True)
    )
    stored = row("waits", code, platform.number("org_1"))
    other = row("new", code, platform.number("org_1"))
    room = kind(1)
    assert refused(platform, room, stored, other, tenant=platform.tenant) == [1]
    platform.run_over_quarantine(QuarantineAction.DISCARD)
    assert refused(platform, room, stored, other, tenant=platform.tenant) == []
    assert room.problem().code in ("too_many_quarantined", "too_many_pending")
    assert "1 events wait" in room.problem().error


def test_identities_are_of_an_organization_and_an_id(platform: Platform) -> None:
    other = platform.organization("org_2")
    number = platform.number("org_1")
    platform.send(event(id="a"), event(id="b", cost_pending=True))
    asked = [row(it, "", number) for it in "abc"] + [row("a", "", other)]
    with platform.database.writing() as transaction:
        assert stored_identities(transaction, asked) == {(number, "a"), (number, "b")}
        assert stored_identities(transaction, []) == set()


@pytest.mark.parametrize(
    ("identity", "user", "has_it"),
    [("a", "", False), (".", "", True), ("..", "", True), ("...", "", False), ("a", "..", True)],
)
def test_rows_with_such_ids_are_found(identity: str, user: str, has_it: bool) -> None:
    assert has_unaddressable([row("x"), row(identity, user_id=user)]) == has_it


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"id": "."}, [("id", "unaddressable_id")]),
        ({"user_id": ".."}, [("user_id", "unaddressable_id")]),
        (
            {"id": "..", "user_id": "."},
            [("id", "unaddressable_id"), ("user_id", "unaddressable_id")],
        ),
        ({"organization_id": "."}, [("organization_id", "unaddressable_id")]),
        ({"resource_id": "."}, []),
    ],
)
def test_a_new_event_creates_no_such_id(
    platform: Platform, given: Any, problems: list[tuple[str, str]]
) -> None:
    sent = [event(id="before"), event(**given), event(id="after")]
    first, receipt, last = platform.send(*sent).receipts
    assert [it.status.value for it in (first, last)] == ["accepted"] * 2
    assert [(it.field, it.code) for it in receipt.details] == problems


def test_an_event_or_a_user_that_is_there_already_is_no_new_one(platform: Platform) -> None:
    number = platform.number("org_1")
    platform.send(event(id="a", user_id="b"))
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE users SET id = '..' WHERE organization_id = :n", n=number)
    assert platform.statuses(event(id="c", user_id="..")) == ["accepted"]
