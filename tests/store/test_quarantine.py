"""Events that wait for a price or an owner: listed in order, counted by times, released once."""

from contextlib import closing
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.builders import Platform, event
from tollbook.analytics.completeness import instants_of
from tollbook.domain.events import microseconds
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period
from tollbook.domain.quarantine import Selection
from tollbook.store import quarantine
from tollbook.store.database import Database, open_database
from tollbook.store.quarantine import EVERY_TIME, FROM_THE_START, Quarantined
from tollbook.wiring import now


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


@pytest.fixture
def platform(database: Database) -> Platform:
    """Two organizations with calls that are too long, and one that nobody has created."""
    platform = Platform(database)
    platform.organization("org_1")
    platform.organization("org_2", timezone="Asia/Tokyo")
    calls = [
        event(id=f"{n}", organization_id=it, quantity=90_000, time=f"2024-01-1{n}T16:00:00Z")
        for it in ("org_1", "org_2")
        for n in range(3)
    ]
    platform.send(*calls, event(id="lost", organization_id="nobody"))
    return platform


def waiting(
    platform: Platform, limit: int = 100, organization: str | None = None
) -> list[Quarantined]:
    """List everything, a page after the other."""
    selection = Selection(organization=platform.number(organization) if organization else None)
    found: list[Quarantined] = []
    after = FROM_THE_START
    with platform.database.reading() as snapshot:
        while page := quarantine.waiting(snapshot, platform.tenant, selection, after, limit):
            assert len(page) <= limit
            found += page
            after = page[-1].number, page[-1].id
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_are_everything_in_the_order_of_the_key(platform: Platform, limit: int) -> None:
    found = waiting(platform, limit)
    keys = [(it.number, it.id) for it in found]
    assert keys == sorted(keys)
    assert [(it.organization_id, it.id) for it in found] == [
        *(("org_1", f"{n}") for n in range(3)),
        *(("org_2", f"{n}") for n in range(3)),
        ("nobody", "lost"),
    ]
    assert {it.code for it in found} == {"implausibly_long", "unknown_organization"}


def test_one_organization_sees_its_own(platform: Platform) -> None:
    assert [it.id for it in waiting(platform, 2, "org_2")] == ["0", "1", "2"]
    other = Platform(platform.database, "other")
    other.organization("org_1")
    assert waiting(other) == []


def test_one_is_found_by_its_identity(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        found = quarantine.find(snapshot, platform.number("org_1"), "1")
        assert found is not None
        assert (found.organization_id, found.id) == ("org_1", "1")
        assert '"quantity":90000' in found.event.replace(" ", "")
        assert quarantine.find(snapshot, platform.number("org_1"), "lost") is None


def test_only_what_waits_still_is_released(platform: Platform) -> None:
    found = waiting(platform)
    with platform.database.writing() as transaction:
        transaction.execute(
            "DELETE FROM quarantine WHERE id_text(id) = '1' AND organization_id = :number",
            number=platform.number("org_1"),
        )
        still = quarantine.still_waiting(transaction, found)
    codes = {(it.number, it.id): it.code for it in found}
    del codes[platform.number("org_1"), "1"]
    assert still == codes


def test_a_reason_changes_for_its_event_alone(platform: Platform) -> None:
    found = waiting(platform)
    with platform.database.writing() as transaction:
        changed = found[0]._replace(code="no_price", reason="another one")
        codes = quarantine.still_waiting(transaction, found)
        quarantine.give_reasons(transaction, [changed], codes, now())
    assert waiting(platform) == [changed, *found[1:]]
    assert platform.differences() == []


def test_events_are_counted_by_their_own_times(platform: Platform) -> None:
    first, last = instants_of(Period(date(2024, 1, 10), date(2024, 1, 11)), ZoneInfo("UTC"))
    with platform.database.reading() as snapshot:

        def count(organization: int | None, times: tuple[int, int]) -> int:
            return quarantine.count(snapshot, platform.tenant, organization, times)

        assert count(None, EVERY_TIME) == 7
        assert count(None, (first, last)) == 4
        assert count(platform.number("org_1"), (first, last)) == 2
        assert count(platform.number("org_1"), (last, first)) == 0
        assert quarantine.count(snapshot, "other") == 0
    counts = quarantine.count_all(platform.database)
    assert counts == {"implausibly_long": 6, "unknown_organization": 1}


def test_days_are_those_of_each_organizations_zone(platform: Platform) -> None:
    asked: list[str] = []

    def times_in(zone: str) -> tuple[int, int]:
        asked.append(zone)
        return instants_of(Period(date(2024, 1, 11), date(2024, 1, 12)), ZoneInfo(zone))

    with platform.database.reading() as snapshot:
        # At 16:00 in UTC it is the next day in Tokyo.
        assert quarantine.count_by_zone(snapshot, platform.tenant, times_in) == 2 + 2
    assert sorted(asked) == ["Asia/Tokyo", "UTC"]


def test_causes_are_counted_most_frequent_first_with_an_example(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        found = quarantine.causes(snapshot, platform.tenant, None)
        assert [(it.code, it.events, it.example.id) for it in found] == [
            ("implausibly_long", 6, "0"),
            ("unknown_organization", 1, "lost"),
        ]
        (own,) = quarantine.causes(snapshot, platform.tenant, platform.number("org_2"))
        assert (own.code, own.events, own.example.organization_id) == (
            "implausibly_long",
            3,
            "org_2",
        )
        assert quarantine.causes(snapshot, "other", None) == []


def test_events_of_one_code_are_listed_alone(platform: Platform) -> None:
    with platform.database.reading() as snapshot:

        def ids(code: str, limit: int = 100) -> list[str]:
            of_code = Selection(codes=(code,))
            rows = quarantine.waiting(snapshot, platform.tenant, of_code, FROM_THE_START, limit)
            return [it.id for it in rows]

        assert ids("unknown_organization") == ["lost"]
        assert ids("implausibly_long", 4) == ["0", "1", "2", "0"]
        assert ids("no_price") == []


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(meter=BY_TYPE["voice.call"].code), 7),
        (Selection(meter=BY_TYPE["sms.inbound"].code), 0),
        (Selection(start=at("2024-01-11T16:00:00Z")), 5),
        (Selection(end=at("2024-01-11T16:00:00Z")), 2),
        (Selection(start=at("2024-01-11T16:00:00Z"), end=at("2024-01-11T16:00:01Z")), 2),
        (Selection(codes=("implausibly_long",), start=at("2024-01-12T00:00:00Z")), 2),
        (Selection(codes=("unknown_organization",)), 1),
        (Selection(codes=("unknown_organization", "implausibly_long")), 7),
        (Selection(ids=("0", "lost")), 3),
        (Selection(codes=("unknown_organization",), ids=("0", "lost")), 1),
        (Selection(), 7),
    ],
)
def test_a_selection_is_listed_and_counted_alike(
    platform: Platform, selection: Selection, expected: int
) -> None:
    with platform.database.reading() as snapshot:
        found = quarantine.waiting(snapshot, platform.tenant, selection, FROM_THE_START, 100)
        assert len(found) == expected
        assert quarantine.count_selected(snapshot, platform.tenant, selection) == expected
        assert quarantine.count_selected(snapshot, "other", selection) == 0


def test_statements_on_one_organization_are_for_one_node(
    platform: Platform, database_url: str
) -> None:
    """A cluster asks every node about a range, and fails while one of them is away."""
    number = platform.number("org_2")
    statements: list[str] = []
    with (
        closing(open_database(database_url, statements.append)) as database,
        database.reading() as snapshot,
    ):
        of_one = quarantine.count(snapshot, platform.tenant, number)
        (cause,) = quarantine.causes(snapshot, platform.tenant, number)
    assert (of_one, cause.events) == (3, 3)
    on_counts = [it for it in statements if "quarantine_counts" in it]
    assert len(on_counts) == 3
    assert all("quarantine_counts.organization_id = :first" in it for it in on_counts)
