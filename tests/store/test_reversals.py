"""Reversals: events of their own that take others back, once, to the last billionth."""

from typing import Any

import msgspec
import pytest

from tests.builders import Platform, event, reversal
from tests.store.test_tiers import TIERED, sms
from tollbook.domain.errors import InvalidApiKey
from tollbook.domain.keys import Permission
from tollbook.ingest.reversals import decode_reversals, reverse
from tollbook.store.audit import Actor
from tollbook.store.database import Database
from tollbook.wiring import now

REVERSES = (Permission.WRITE_EVENTS, Permission.REVERSE_EVENTS)
ACCEPTED = ("accepted", None)


def refused(code: str) -> tuple[str, str]:
    return "rejected", code


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def test_a_reversal_is_an_event_on_the_day_of_its_original_with_other_signs(
    platform: Platform,
) -> None:
    platform.send(event(attributes={"to": "+1"}, cost="1.5"), event(id="2"))
    assert platform.reversed(reversal()) == [ACCEPTED]
    facts = (
        "SELECT day, user_id, meter, time, quantity, billed, cost, own_cost, buy, rate_id, "
        "attributes, reverses FROM events WHERE id_text(id) = :id"
    )
    (original,) = platform.rows(facts, id="call-1")
    (back,) = platform.rows(facts, id="back call-1")
    assert back[:4] == original[:4]
    assert back[4:9] == tuple(-figure for figure in original[4:9])
    assert back[9:] == (*original[9:11], "call-1")
    for table in ("usage_daily", "usage_monthly"):
        sums = f"SELECT count, quantity, billed, cost, buy, bought FROM {table}"
        assert platform.rows(sums) == [(1, 61_000_000, 61_000_000, 122_000_000, 0, 0)]
    assert platform.differences() == []


def test_the_reason_and_the_key_are_kept(platform: Platform) -> None:
    platform.send(event())
    key = platform.key(*REVERSES)
    platform.reverse(reversal(reason="dropped by the carrier"), key=key)
    kept = platform.rows("SELECT id_text(reverses), id_text(id), reason, key_prefix FROM reversals")
    assert kept == [("call-1", "back call-1", "dropped by the carrier", key[:15])]


def test_the_same_reversal_again_is_a_duplicate_and_another_content_a_conflict(
    platform: Platform,
) -> None:
    platform.send(event(), event(id="2"))
    batch = [reversal(), reversal(), reversal(reason="other"), reversal("2", id="back call-1")]
    conflict = ("conflict", "conflict")
    assert platform.reversed(*batch) == [ACCEPTED, ("duplicate", None), conflict, conflict]
    assert platform.reversed(*batch) == [("duplicate", None)] * 2 + [conflict] * 2
    assert platform.statuses(event(id="back call-1")) == ["conflict"]
    assert platform.reversed(reversal(id="2")) == [conflict]
    assert platform.rows("SELECT SUM(count) FROM usage_monthly") == [(1,)]
    assert platform.differences() == []


def test_an_event_is_reversed_once_and_a_reversal_never(platform: Platform) -> None:
    platform.send(event())
    outcomes = platform.reversed(reversal(), reversal(id="again"), reversal("back call-1"))
    assert outcomes == [ACCEPTED, refused("already_reversed"), refused("is_a_reversal")]
    outcomes = platform.reversed(reversal(id="again"), reversal("back call-1"))
    assert outcomes == [refused("already_reversed"), refused("is_a_reversal")]
    assert platform.rows("SELECT COUNT(*) FROM event_keys") == [(2,)]


def test_what_is_unknown_or_in_quarantine_cannot_be_reversed(platform: Platform) -> None:
    platform.organization("org_2", currency="EUR")
    platform.send(event(organization_id="org_2"))
    asked = [
        reversal("nothing"),
        reversal(organization_id="org_2"),
        reversal(organization_id="nobody"),
    ]
    assert platform.reversed(*asked) == [
        refused("unknown_event"),
        refused("event_in_quarantine"),
        refused("unknown_event"),
    ]
    assert platform.rows("SELECT COUNT(*) FROM reversals") == [(0,)]


def test_a_reversed_event_stays_a_duplicate(platform: Platform) -> None:
    platform.send(event())
    platform.reverse(reversal())
    assert platform.statuses(event(), event(quantity=1)) == ["duplicate", "conflict"]


def test_a_key_takes_back_only_what_it_may_send(platform: Platform) -> None:
    platform.organization("org_2")
    platform.send(event(), event(id="2", user_id="user_2"), event(organization_id="org_2"))
    bound = platform.key(*REVERSES, organization="org_1")
    asked = [reversal(organization_id="org_2"), reversal("2")]
    assert platform.reversed(*asked, key=bound) == [refused("not_for_this_key"), ACCEPTED]
    users = platform.key(*REVERSES, organization="org_1", user="user_1")
    asked = [reversal("2"), reversal("nothing"), reversal()]
    unknown = refused("unknown_event")
    assert platform.reversed(*asked, key=users) == [unknown, unknown, ACCEPTED]


def test_a_key_that_was_revoked_takes_nothing_back(platform: Platform) -> None:
    platform.send(event())
    key = platform.api_key(platform.key())
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE api_keys SET revoked_at = 1")
        transaction.execute("UPDATE tenants SET token = token + 1")
        transaction.execute("UPDATE directory_state SET token = token + 1")
    decoded = decode_reversals(msgspec.json.encode(reversal()))
    with pytest.raises(InvalidApiKey):
        reverse(
            platform.database,
            platform.directory_cache,
            key,
            decoded,
            Actor(platform.tenant, key.prefix, now()),
        )
    assert platform.rows("SELECT COUNT(*) FROM reversals") == [(0,)]


def test_an_atomic_request_takes_back_all_or_nothing(platform: Platform) -> None:
    platform.send(event(), event(id="2"))
    settled = platform.reverse(reversal(), reversal("nothing"), atomic=True)
    assert settled.refused
    assert [it.code for it in settled.receipts] == ["batch_refused", "unknown_event"]
    assert platform.rows("SELECT COUNT(*) FROM reversals") == [(0,)]
    assert platform.reversed(reversal(), reversal("2"), atomic=True) == [ACCEPTED] * 2
    assert platform.differences() == []


def test_nothing_is_written_when_nothing_is_accepted(platform: Platform) -> None:
    platform.send(event())
    platform.reverse(reversal())
    before = platform.rows("SELECT token, as_of FROM ledger_versions")
    platform.reverse(reversal(), reversal("nothing"))
    platform.reverse()
    assert platform.rows("SELECT token, as_of FROM ledger_versions") == before


def test_reversals_of_many_events_on_many_days_at_once(platform: Platform) -> None:
    days = [f"2024-{n % 12 + 1:02d}-{n % 28 + 1:02d}T10:00:00Z" for n in range(1_200)]
    platform.send(*(event(id=str(n), time=day, quantity=n % 7) for n, day in enumerate(days)))
    outcomes = platform.reversed(*(reversal(str(n)) for n in range(1_200)))
    assert set(outcomes) == {ACCEPTED}
    for table in ("usage_daily", "usage_monthly"):
        sums = f"SELECT DISTINCT count, quantity, billed, cost FROM {table}"
        assert platform.rows(sums) == [(0, 0, 0, 0)]
    assert platform.differences() == []


def test_a_knowledge_base_of_which_everything_was_reversed_is_not_counted(
    platform: Platform,
) -> None:
    base = {"type": "kb.usage", "resource_id": "kb_1", "quantity": 60}
    platform.send(
        event(**base), event(id="2", **base), event(id="3", time="2024-01-20T00Z", **base)
    )

    def counted() -> Any:
        return platform.users()["users"][0]["cost_breakdown"]["kb_count"]

    platform.reverse(reversal())
    assert counted() == 1
    platform.reverse(reversal("2"), reversal("3"))
    assert counted() == 0
    assert platform.differences() == []


def test_usage_of_the_organization_itself_is_taken_back(platform: Platform) -> None:
    platform.send(event(type="brand.registration", quantity=1), event(id="2", user_id=None))
    assert platform.reversed(reversal(), reversal("2")) == [ACCEPTED] * 2
    assert platform.rows("SELECT DISTINCT user_id, count FROM usage_monthly") == [("", 0)]
    assert platform.differences() == []


def test_a_reversal_in_tiers_costs_the_difference_it_makes_and_what_was_charged_stands(
    platform: Platform,
) -> None:
    platform.load(TIERED)
    platform.send(sms(1, 8), sms(2, 4))
    platform.reverse(reversal("sms-001"))
    platform.send(sms(3, 7))
    rows = platform.rows("SELECT id_text(id), position, cost FROM events ORDER BY id")
    # 12 cost 0.56 and 4 are left, which cost 0.20; then 6 more at 0.05 and 1 at 0.03
    assert rows == [
        ("back sms-001", 4_000_000, -360_000_000),
        ("sms-001", 0, 400_000_000),
        ("sms-002", 8_000_000, 160_000_000),
        ("sms-003", 4_000_000, 330_000_000),
    ]
    assert platform.rows("SELECT quantity FROM tier_positions") == [(11_000_000,)]
    assert platform.differences() == []


@pytest.mark.parametrize(
    "meddling",
    [
        "UPDATE events SET cost = cost - 1 WHERE reverses IS NOT NULL",
        "UPDATE events SET reverses = NULL",
        "DELETE FROM reversals",
        "UPDATE reversals SET reverses = id",
    ],
)
def test_verification_notices_a_reversal_that_is_not_its_originals(
    platform: Platform, meddling: str
) -> None:
    platform.send(event())
    platform.reverse(reversal())
    assert platform.differences() == []
    with platform.database.writing() as transaction:
        transaction.execute(meddling)
    assert platform.differences() != []
