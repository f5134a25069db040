"""The write path on both engines: identity, rollups, users, quarantine, in one transaction."""

import pytest

from tests.builders import Platform, event, reversal
from tollbook.domain.errors import StoreUnavailable
from tollbook.ingest.commit import BatchResult, commit
from tollbook.store import ledger, versions
from tollbook.store.database import Database, Transaction, open_database
from tollbook.store.verification import CHECKS, differences
from tollbook.wiring import now


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def agrees(platform: Platform) -> bool:
    with platform.database.reading() as snapshot:
        return not [found for check in CHECKS for found in differences(snapshot, check)]


def test_an_event_enters_ledger_and_rollups_at_once(platform: Platform) -> None:
    assert platform.statuses(event()) == ["accepted"]
    assert platform.rows("SELECT day, quantity, billed, cost FROM events") == [
        (20240115, 61_000_000, 61_000_000, 122_000_000)
    ]
    sums = "SELECT user_id, meter, count, quantity, billed, cost, buy, bought FROM"
    row = ("user_1", 5, 1, 61_000_000, 61_000_000, 122_000_000, 0, 0)
    assert platform.rows(f"{sums} usage_daily") == [row]
    assert platform.rows(f"{sums} usage_monthly") == [row]
    assert agrees(platform)


def test_what_an_event_brought_is_kept_and_is_what_it_was_bought_for(platform: Platform) -> None:
    batch = [event(cost="0.5"), event(id="2"), event(id="3", cost=0), event(id="4", cost=0.25)]
    assert set(platform.statuses(*batch)) == {"accepted"}
    assert platform.rows(
        "SELECT id_text(id), own_cost, buy, position, tier_key FROM events ORDER BY id"
    ) == [
        ("2", None, None, None, None),
        ("3", 0, 0, None, None),
        ("4", 250_000_000, 250_000_000, None, None),
        ("call-1", 500_000_000, 500_000_000, None, None),
    ]
    for table in ("usage_daily", "usage_monthly"):
        assert platform.rows(f"SELECT count, buy, bought FROM {table}") == [(4, 750_000_000, 3)]
    assert agrees(platform)


def test_the_same_event_again_is_a_duplicate_and_counts_once(platform: Platform) -> None:
    assert platform.statuses(event()) == ["accepted"]
    assert platform.statuses(event()) == ["duplicate"]
    assert platform.rows("SELECT count FROM usage_monthly") == [(1,)]


@pytest.mark.parametrize(
    "again",
    [
        {"time": "2024-01-15T11:30:00+01:00"},
        {"quantity": "61.000000"},
        {"quantity": 61.0},
        {"attributes": {}},
        {"cost_pending": False},
    ],
)
def test_the_same_content_in_other_words_is_a_duplicate(platform: Platform, again: dict) -> None:
    platform.send(event())
    assert platform.statuses(event(**again)) == ["duplicate"]


@pytest.mark.parametrize(
    "other",
    [
        {"quantity": 62},
        {"time": "2024-01-15T10:30:01Z"},
        {"user_id": "user_2"},
        {"type": "sms.outbound"},
        {"attributes": {"to": "+1"}},
        {"cost": 1},
        {"cost_pending": True},
        {"resource_id": "r"},
    ],
)
def test_another_content_under_an_id_is_a_conflict_and_not_stored(
    platform: Platform, other: dict
) -> None:
    platform.send(event())
    assert platform.statuses(event(**other)) == ["conflict"]
    assert platform.rows("SELECT count, quantity FROM usage_monthly") == [(1, 61_000_000)]
    assert agrees(platform)


def test_duplicates_and_conflicts_inside_one_batch(platform: Platform) -> None:
    batch = [event(), event(), event(quantity=1), event(id="call-2")]
    assert platform.statuses(*batch) == ["accepted", "duplicate", "conflict", "accepted"]
    assert agrees(platform)


def test_an_id_belongs_to_its_organization(platform: Platform) -> None:
    platform.organization("org_2")
    assert platform.statuses(event(), event(organization_id="org_2")) == ["accepted"] * 2


def test_ids_are_told_apart_by_every_character(platform: Platform) -> None:
    ids = ["a", "A", "a ", "ä", "a\u0308", "%", "1", "01", "\U0001f600"]
    assert platform.statuses(*(event(id=it) for it in ids)) == ["accepted"] * len(ids)
    assert platform.statuses(*(event(id=it) for it in ids)) == ["duplicate"] * len(ids)


def test_unknown_users_are_created_and_known_ones_keep_their_names(platform: Platform) -> None:
    platform.send(event(), event(id="call-2", user_id="user_2"))
    names = platform.rows("SELECT id, name FROM users ORDER BY id")
    assert names == [("user_1", "user_1"), ("user_2", "user_2")]


def test_a_user_named_only_by_what_was_not_stored_is_created_when_first_stored(
    platform: Platform,
) -> None:
    platform.send(event())
    refused = [event(user_id="user_2"), event(id="call-2"), event(id="call-2", user_id="user_3")]
    assert platform.statuses(*refused) == ["conflict", "accepted", "conflict"]
    platform.send(event(id="call-3", user_id="user_2"), event(id="call-4", user_id="user_3"))
    ids = platform.rows("SELECT id FROM users ORDER BY id")
    assert ids == [("user_1",), ("user_2",), ("user_3",)]


def test_a_user_whose_event_was_quarantined_is_created_when_first_charged(
    platform: Platform,
) -> None:
    platform.organization("org_2", currency="EUR")
    waiting = event(organization_id="org_2")
    assert platform.statuses(waiting) == ["quarantined"]
    assert platform.statuses(event(organization_id="org_2", id="call-2", cost=1)) == ["accepted"]
    assert platform.rows("SELECT id FROM users") == [("user_1",)]


def test_nothing_is_written_when_every_event_is_a_duplicate(platform: Platform) -> None:
    platform.send(event())
    before = platform.rows("SELECT token, as_of FROM ledger_versions")
    assert platform.statuses(event(), event(quantity=7)) == ["duplicate", "conflict"]
    assert platform.rows("SELECT token, as_of FROM ledger_versions") == before


def test_a_day_is_the_organizations_own(database: Database) -> None:
    platform = Platform(database)
    platform.organization(timezone="America/New_York")
    platform.send(event(time="2024-03-01T04:59:59Z"), event(id="2", time="2024-03-01T05:00:00Z"))
    assert platform.rows("SELECT day FROM events ORDER BY day") == [(20240229,), (20240301,)]


def test_late_events_of_any_age_enter_their_own_months(platform: Platform) -> None:
    times = ["1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2019-12-31T00:00:00Z"]
    times += ["2020-01-01T00:00:00Z", "2024-12-31T00:00:00Z", "2025-01-01T00:00:00Z"]
    batch = [event(id=time, time=time) for time in times]
    assert platform.statuses(*batch) == ["accepted"] * len(times)
    assert len(platform.rows("SELECT DISTINCT month FROM usage_daily")) == len(times)
    assert agrees(platform)


def test_an_unknown_organization_quarantines_and_claims_the_id(database: Database) -> None:
    platform = Platform(database)
    receipt = platform.receipt(event())
    assert (receipt.status, receipt.code) == ("quarantined", "unknown_organization")
    assert platform.statuses(event()) == ["quarantined"]
    assert platform.statuses(event(quantity=1)) == ["conflict"]
    assert platform.rows("SELECT COUNT(*) FROM quarantine") == [(1,)]
    assert platform.rows("SELECT COUNT(*) FROM events") == [(0,)]
    assert agrees(platform)


def test_an_atomic_batch_with_a_conflict_leaves_nothing(platform: Platform) -> None:
    platform.send(event())
    settled = platform.send(event(id="new"), event(quantity=1), atomic=True)
    assert settled.refused
    assert [it.code for it in settled.receipts] == ["batch_refused", "conflict"]
    assert platform.rows("SELECT id_text(id) FROM events") == [("call-1",)]
    assert platform.rows("SELECT id_text(id) FROM event_keys") == [("call-1",)]


def test_an_atomic_batch_that_would_be_quarantined_leaves_nothing(platform: Platform) -> None:
    settled = platform.send(event(), event(organization_id="nobody"), atomic=True)
    codes = [(it.status, it.code) for it in settled.receipts]
    assert codes == [("rejected", "batch_refused"), ("rejected", "unknown_organization")]
    assert platform.rows("SELECT COUNT(*) FROM event_keys") == [(0,)]
    assert platform.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]


def test_an_atomic_batch_of_duplicates_and_new_ones_is_stored(platform: Platform) -> None:
    platform.send(event())
    assert platform.statuses(event(), event(id="2"), atomic=True) == ["duplicate", "accepted"]


def test_a_batch_larger_than_one_statement_is_stored_whole(platform: Platform) -> None:
    batch = [event(id=str(n), quantity=n) for n in range(2_500)]
    assert set(platform.statuses(*batch)) == {"accepted"}
    assert platform.rows("SELECT count, quantity FROM usage_monthly") == [
        (2_500, sum(range(2_500)) * 1_000_000)
    ]
    assert agrees(platform)


def test_a_database_that_is_not_there_is_said_to_be_unavailable() -> None:
    database = open_database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailable), database.reading():
        pass


def test_verification_notices_a_changed_rollup(platform: Platform) -> None:
    platform.send(event())
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE usage_daily SET cost = cost + 1")
    assert not agrees(platform)


def test_what_is_committed_later_was_received_later_whatever_the_clock_says(
    database: Database,
) -> None:
    platform = Platform(database)
    number = platform.organization()
    platform.organization("org_2")
    ahead = now() + 60_000_000
    first = commit(database, platform.directory_cache, [platform.prepare(event(id="1"))], ahead)[0]
    both = platform.prepare(event(id="2"), event(id="3", organization_id="org_2"))
    second = commit(database, platform.directory_cache, [both], now())[0]
    back = platform.reverse(reversal("2"))
    assert isinstance(first, BatchResult)
    assert isinstance(second, BatchResult)
    assert (first.as_of, second.as_of, back.as_of) == (ahead, ahead + 1, ahead + 2)
    received = platform.rows("SELECT id_text(id), received_at FROM events ORDER BY received_at, id")
    assert received == [("1", ahead), ("2", ahead + 1), ("3", ahead + 1), ("back 2", ahead + 2)]
    heads = platform.rows(
        "SELECT organization_id, received_at, as_of FROM ledger_versions ORDER BY organization_id"
    )
    assert heads == [(number, ahead + 2, ahead + 2), (number + 1, ahead + 1, ahead + 1)]


def test_a_clock_that_is_behind_does_not_take_the_state_back(platform: Platform) -> None:
    platform.organization()
    platform.send(event())
    number = platform.number("org_1")
    with platform.database.reading() as snapshot:
        before = versions.ledger_version(snapshot, number)
    with platform.database.writing() as transaction:
        versions.touch(transaction, number, before.as_of - 1_000_000)
    with platform.database.reading() as snapshot:
        after = versions.ledger_version(snapshot, number)
    assert after.as_of == before.as_of
    assert after.token != before.token


def test_first_events_are_built_again_when_the_directory_has_changed(platform: Platform) -> None:
    """Another transaction may change the time zone while this one waits for the ledger."""

    def tries(identity: str) -> int:
        (row,) = platform.prepare(event(id=identity)).rows
        seen: list[int] = []

        def write(transaction: Transaction) -> None:
            seen.append(transaction.directory_token)
            if len(seen) == 1:
                transaction.directory_token -= 1
            ledger.record(transaction, [row], now(), lambda _: True)

        platform.database.write_events(lambda: [row.day // 100], write)
        return len(seen)

    assert tries("first") == 2
    assert tries("second") == 1
    assert platform.rows("SELECT id_text(id) FROM events ORDER BY id") == [("first",), ("second",)]
    assert agrees(platform)
