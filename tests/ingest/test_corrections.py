"""Corrections: one event replaces another, once, in one transaction."""

from typing import Any

import pytest

from tests.builders import Json, Platform, correction, event, reversal
from tests.store.test_tiers import TIERED, sms
from tollbook.analytics.event import ChargedEvent, find_event
from tollbook.domain.keys import Permission
from tollbook.domain.quarantine import QuarantineAction
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.limits import IngestLimits
from tollbook.ingest.masking import Masker
from tollbook.store.database import Database

ACCEPTED = ("accepted", None)
PENDING = ("quarantined", "cost_pending")
CORRECTS = (Permission.WRITE_EVENTS, Permission.REVERSE_EVENTS)
COSTS = (*CORRECTS, Permission.STATE_COSTS)


def refused(code: str) -> tuple[str, str]:
    return "rejected", code


def pending(identity: str = "call-1", **given: Any) -> Json:
    return event(id=identity, cost_pending=True, **given)


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def costs(platform: Platform) -> dict[str, int]:
    return dict(platform.rows("SELECT id_text(id), cost FROM events"))


def total(platform: Platform) -> tuple[int, int]:
    (sums,) = platform.rows(
        "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT), "
        "CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM usage_monthly"
    )
    return int(sums[0]), int(sums[1])


def test_a_charged_event_is_reversed_and_its_replacement_is_charged(platform: Platform) -> None:
    platform.send(event(cost="1.5", attributes={"to": "+15550100"}))
    (receipt,) = platform.correct(correction(cost="0.25")).receipts
    assert (receipt.status, receipt.reversal_id) == ("accepted", "new call-1.reversal")
    assert costs(platform) == {
        "call-1": 1_500_000_000,
        "new call-1.reversal": -1_500_000_000,
        "new call-1": 250_000_000,
    }
    assert total(platform) == (1, 250_000_000)
    unchanged = (
        "SELECT user_id, meter, time, quantity, attributes FROM events WHERE id_text(id) = :id"
    )
    assert platform.rows(unchanged, id="call-1") == platform.rows(unchanged, id="new call-1")
    kept = platform.rows("SELECT id_text(reverses), id_text(id), reason FROM reversals")
    assert kept == [("call-1", "new call-1.reversal", "a test")]
    assert platform.differences() == []


def test_the_reversal_is_the_one_that_the_reversals_would_store(platform: Platform) -> None:
    platform.send(event())
    platform.correct(correction(quantity=30))
    by_hand = reversal(id="new call-1.reversal")
    assert platform.reversed(by_hand, {**by_hand, "reason": "another"}) == [
        ("duplicate", None),
        ("conflict", "conflict"),
    ]


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"time": "2024-03-02T00:00:00Z"}, "day", 20240302),
        ({"type": "sms.outbound", "quantity": 2}, "meter", 1),
        ({"quantity": "30.5"}, "quantity", 30_500_000),
        ({"user_id": "user_2"}, "user_id", "user_2"),
        ({"user_id": None}, "user_id", ""),
        ({"resource_id": "line-1"}, "resource_id", "line-1"),
        ({"attributes": {"a": 1.0}}, "attributes", '{"a":1}'),
        ({"attributes": None}, "attributes", ""),
        ({"cost": 2}, "own_cost", 2_000_000_000),
        ({"cost": None}, "own_cost", None),
    ],
)
def test_each_field_may_change(
    platform: Platform, changes: Json, column: str, value: object
) -> None:
    platform.send(event(cost=1, attributes={"to": "+15550100"}))
    assert platform.corrected(correction(**changes)) == [ACCEPTED]
    assert platform.rows(f"SELECT {column} FROM events WHERE id_text(id) = 'new call-1'") == [
        (value,)
    ]
    assert platform.differences() == []


def test_an_event_in_quarantine_moves_whole_and_has_no_reversal(platform: Platform) -> None:
    platform.send(pending())
    (before,) = platform.rows("SELECT event, code, reason, received_at FROM quarantine")
    (receipt,) = platform.correct(correction(cost="0.05")).receipts
    assert (receipt.status, receipt.reversal_id) == ("accepted", None)
    kept = "quarantined_event, quarantine_code, quarantine_reason, quarantined_at"
    assert platform.rows(f"SELECT {kept} FROM corrections") == [before]
    assert platform.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]
    assert costs(platform) == {"new call-1": 50_000_000}
    assert platform.statuses(pending(), event()) == ["duplicate", "conflict"]
    assert platform.replay() == 0
    assert platform.differences() == []


def test_a_replacement_without_a_price_takes_the_place_in_quarantine(platform: Platform) -> None:
    platform.send(pending())
    assert platform.corrected(correction(quantity=30)) == [PENDING]
    assert platform.rows("SELECT id_text(id), code FROM quarantine") == [
        ("new call-1", "cost_pending")
    ]
    counts = platform.rows("SELECT code, events FROM quarantine_counts WHERE events <> 0")
    assert counts == [("cost_pending", 1)]
    assert platform.corrected(correction("new call-1", cost_pending=None)) == [ACCEPTED]
    assert total(platform)[0] == 1
    assert platform.differences() == []


@pytest.mark.parametrize(
    "changes", [{"cost": None}, {"cost_pending": None}, {"cost_pending": False}]
)
def test_a_pending_event_is_charged_by_the_price_book_on_request(
    platform: Platform, changes: Json
) -> None:
    platform.send(pending(), event(id="same"))
    assert platform.corrected(correction(**changes)) == [ACCEPTED]
    found = costs(platform)
    assert found["new call-1"] == found["same"]


def test_a_faulty_event_in_quarantine_is_charged_once_it_is_corrected(platform: Platform) -> None:
    platform.send(event(quantity=90_000))
    assert platform.corrected(correction(quantity=90)) == [ACCEPTED]
    assert total(platform)[0] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": 90_000}, "implausibly_long"),
        ({"type": "kb.usage"}, "missing_field"),
        ({"time": "2999-01-01T00:00:00Z"}, "in_future"),
        ({"cost_pending": True}, "already_charged"),
        ({"quantity": 61}, "nothing_changed"),
        ({"quantity": "61.0", "time": "2024-01-15T11:30:00+01:00"}, "nothing_changed"),
        ({"cost": None}, "nothing_changed"),
        ({}, "nothing_changed"),
    ],
)
def test_a_charged_event_stands_when_its_correction_is_refused(
    platform: Platform, changes: Json, code: str
) -> None:
    platform.send(event())
    before = platform.rows("SELECT token FROM ledger_versions")
    assert platform.corrected(correction(**changes)) == [refused(code)]
    assert platform.rows("SELECT token FROM ledger_versions") == before
    assert platform.rows("SELECT COUNT(*) FROM event_keys") == [(1,)]
    assert platform.corrected(correction(quantity=30)) == [ACCEPTED]


def test_repeats_are_duplicates_whatever_happened_since(platform: Platform) -> None:
    platform.send(event(), pending("late"))
    charged, waiting = correction(quantity=30), correction("late", cost=1)
    platform.correct(charged, waiting)
    platform.correct(correction("new call-1", id="third", quantity=31))
    again = platform.correct({**charged, "quantity": "30.0"}, waiting).receipts
    assert [(it.status, it.reversal_id) for it in again] == [
        ("duplicate", "new call-1.reversal"),
        ("duplicate", None),
    ]
    assert platform.corrected(
        {**charged, "reason": "another"}, {**charged, "user_id": None}, correction("late", id="b")
    ) == [("conflict", "conflict"), ("conflict", "conflict"), refused("already_corrected")]
    (receipt,) = platform.correct(correction("call-1", id="other", quantity=1)).receipts
    assert receipt.error == "the event was corrected by new call-1: correct that event"


def test_the_identity_of_an_event_corrected_in_quarantine_is_not_written_again(
    platform: Platform,
) -> None:
    platform.send(pending("late"))
    identity = "SELECT fingerprint, day FROM event_keys WHERE id_text(id) = 'late'"
    before = platform.rows(identity)
    assert platform.corrected(correction("late", cost=1)) == [ACCEPTED]
    assert platform.rows(identity) == before
    (again,) = platform.send(pending("late")).receipts
    assert (again.status, again.code) == ("duplicate", None)
    (other,) = platform.send(pending("late", quantity=7)).receipts
    assert other.status == "conflict"
    assert platform.reversed(reversal("late")) == [refused("already_corrected")]
    assert platform.corrected(correction("late", id="b", cost=2)) == [refused("already_corrected")]
    assert platform.replay() == 0


def test_chains(platform: Platform) -> None:
    platform.send(event())
    batch = [
        correction(id="a", quantity=10),
        correction("a", id="b", quantity=20),
        correction("b", id="c", user_id="user_2"),
        correction("a.reversal", id="d", quantity=1),
        reversal("c"),
    ]
    assert platform.corrected(*batch[:4]) == [*[ACCEPTED] * 3, refused("is_a_reversal")]
    assert platform.reversed(reversal("a"), reversal("c")) == [
        refused("already_corrected"),
        ACCEPTED,
    ]
    assert total(platform) == (0, 0)
    assert platform.corrected(correction("c", id="e", quantity=1)) == [refused("already_reversed")]
    assert platform.differences() == []


def test_a_chain_within_quarantine_in_one_request(platform: Platform) -> None:
    platform.send(pending())
    assert platform.corrected(
        correction(id="a", quantity=10),
        correction("a", id="b", user_id="user_2"),
        correction("b", id="c", cost="0.5"),
        correction("c", id="d", cost="0.75"),
    ) == [PENDING, PENDING, ACCEPTED, ACCEPTED]
    assert total(platform) == (1, 750_000_000)
    kept = "SELECT quarantine_code, quarantined_at - received_at FROM corrections ORDER BY corrects"
    assert platform.rows(kept)[:2] == [("cost_pending", 0)] * 2
    assert platform.rows("SELECT COUNT(quarantined_event) FROM corrections") == [(3,)]
    assert platform.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]
    assert platform.differences() == []


def test_events_that_cannot_be_corrected(platform: Platform) -> None:
    platform.send(event(), event(id="gone", quantity=90_000), event(id="back"))
    platform.reverse(reversal("back"))
    platform.run_over_quarantine(QuarantineAction.DISCARD)
    batch = (
        correction("nothing", cost=1),
        correction("gone", quantity=1),
        correction("back", quantity=1),
        correction("back back", quantity=1),
        correction(id="taken", organization_id="nobody", quantity=1),
        correction(id="call-1", quantity=1),
    )
    assert platform.corrected(*batch) == [
        refused("unknown_event"),
        refused("event_discarded"),
        refused("already_reversed"),
        refused("is_a_reversal"),
        refused("unknown_event"),
        ("conflict", "conflict"),
    ]


def test_the_id_of_the_reversal_must_be_free(platform: Platform) -> None:
    platform.send(event(), event(id="new call-1.reversal"))
    assert platform.corrected(correction(quantity=1)) == [refused("reversal_id_taken")]
    assert platform.corrected(correction(id="x", quantity=1)) == [ACCEPTED]


def test_an_atomic_request_succeeds_whole_or_fails(platform: Platform) -> None:
    platform.send(event(), pending("late"))
    good = correction(quantity=30)
    assert platform.corrected(good, correction("late", quantity=2), atomic=True) == [
        refused("batch_refused"),
        refused("cost_pending"),
    ]
    assert platform.rows("SELECT COUNT(*) FROM corrections") == [(0,)]
    assert platform.corrected(good, correction("late", cost=2), atomic=True) == [ACCEPTED] * 2


def test_requests_that_arrive_together_share_a_transaction(platform: Platform) -> None:
    platform.send(event(), pending("late"))
    first = platform.prepare_corrections(correction(quantity=30))
    second = platform.prepare_corrections(correction(id="lost", quantity=31))
    third = platform.prepare_corrections(correction("late", cost=1))
    results = platform.settle_corrections(first, second, third)
    receipts = [result.receipts[0] for result in results]  # type: ignore[union-attr]
    assert [(it.status.value, it.code) for it in receipts] == [
        ACCEPTED,
        refused("already_corrected"),
        ACCEPTED,
    ]
    assert len({result.as_of for result in results}) == 1  # type: ignore[union-attr]
    acts = platform.rows("SELECT details FROM audit_log WHERE action = 'events.correct'")
    assert len(acts) == 2


def test_an_event_moves_to_another_month_of_tiers(database: Database) -> None:
    platform = Platform(database)
    platform.load(TIERED)
    platform.organization()
    platform.send(*(sms(n) for n in range(3)))
    moved = correction("sms-000", id="moved", time="2024-02-15T10:30:00Z")
    bad = correction("sms-001", id="bad", type="mms.outbound")
    grown = correction("sms-001", id="grown", quantity=5)
    assert platform.corrected(moved, bad, grown) == [ACCEPTED, refused("no_price"), ACCEPTED]
    fresh = Platform(database, "fresh")
    fresh.load(TIERED)
    fresh.organization()
    fresh.send(sms(2), sms(3, quantity=5), sms(4, time="2024-02-15T10:30:00Z"))
    by_month = (
        "SELECT month, CAST(SUM(cost) AS BIGINT), CAST(SUM(count) AS BIGINT) "
        "FROM organization_monthly WHERE organization_id = :number GROUP BY month ORDER BY month"
    )
    assert platform.rows(by_month, number=platform.number("org_1")) == fresh.rows(
        by_month, number=fresh.number("org_1")
    )
    assert platform.differences() == []


def test_a_masked_number_stays_and_one_that_the_price_needs_is_refused(database: Database) -> None:
    platform = Platform(database)
    platform.organization()
    platform.directory_cache = DirectoryCache(database, masker=Masker(b"x" * 16))
    to = {"to": "+442071838750"}
    platform.send(event(attributes=to), pending("late", attributes=to))
    (masked,) = platform.rows("SELECT attributes FROM events")
    assert (
        platform.corrected(correction(attributes=to), correction("late", attributes=to))
        == [refused("nothing_changed")] * 2
    )
    assert platform.corrected(correction(quantity=5), correction("late", cost=1)) == [ACCEPTED] * 2
    rows = platform.rows("SELECT attributes FROM events")
    assert set(rows) == {masked}
    number = platform.number("org_1")
    with database.reading() as snapshot:
        found = find_event(snapshot, platform.tenant, number, "new call-1")
    assert isinstance(found, ChargedEvent)
    assert found.replay_mismatch is None


def test_limits_of_pending_events(database: Database) -> None:
    platform = Platform(database)
    platform.organization()
    limits = IngestLimits(max_quarantined_events=1, max_pending_events=2)
    platform.directory_cache = DirectoryCache(database, limits=limits)
    faulty = [event(id=f"f{n}", quantity=90_000) for n in range(2)]
    batch = [pending("a"), *faulty, pending("b"), pending("c")]
    found = [(it.status.value, it.code) for it in platform.send(*batch).receipts]
    assert found == [
        PENDING,
        ("quarantined", "implausibly_long"),
        refused("too_many_quarantined"),
        PENDING,
        refused("too_many_pending"),
    ]
    assert platform.corrected(
        correction("f0", cost_pending=True), correction("a", cost_pending=None, quantity=90_000)
    ) == [refused("too_many_pending"), refused("too_many_quarantined")]
    assert platform.corrected(correction("a", quantity=9)) == [PENDING]


def test_an_unknown_organization_comes_before_a_pending_price(database: Database) -> None:
    platform = Platform(database)
    assert [it.code for it in platform.send(pending()).receipts] == ["unknown_organization"]
    assert platform.corrected(correction(quantity=3)) == [("quarantined", "unknown_organization")]
    platform.organization()
    assert platform.replay() == 0
    assert platform.rows("SELECT id_text(id), code FROM quarantine") == [
        ("new call-1", "cost_pending")
    ]


def test_an_organization_that_was_never_created_is_forgotten_with_corrections(
    database: Database,
) -> None:
    platform = Platform(database)
    platform.send(pending())
    platform.correct(correction(id="a", quantity=3), correction("a", id="b", quantity=4))
    platform.run_over_quarantine(QuarantineAction.DISCARD)
    for table in ("event_keys", "corrections", "quarantine"):
        assert platform.rows(f"SELECT COUNT(*) FROM {table}") == [(0,)]
    assert platform.differences() == []
