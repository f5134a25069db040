"""One event with its charge replayed: in the ledger, in quarantine, and after a change."""

import pytest

from tests.builders import Platform, event, reversal
from tollbook.analytics.event import (
    RATE_MISSING,
    REPLAY_DIFFERS,
    ChargedEvent,
    find_event,
)
from tollbook.domain.charges import ChargeLine
from tollbook.store.database import Database
from tollbook.store.quarantine import Quarantined

CHARGED = 122_000_000


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    platform.send(event())
    return platform


def find(platform: Platform, identity: str = "call-1") -> ChargedEvent | Quarantined | None:
    with platform.database.reading() as snapshot:
        return find_event(snapshot, platform.tenant, platform.number("org_1"), identity)


def charged(platform: Platform, identity: str = "call-1") -> ChargedEvent:
    found = find(platform, identity)
    assert isinstance(found, ChargedEvent), found
    return found


def change(platform: Platform, sql: str) -> None:
    with platform.database.writing() as transaction:
        number = platform.number("org_1")
        transaction.execute(
            f"UPDATE events SET {sql} WHERE organization_id = :number AND reverses IS NULL",
            number=number,
        )


def test_an_unknown_id_is_not_found(platform: Platform) -> None:
    assert find(platform, "call-2") is None


def test_an_event_in_quarantine_is_found_there(platform: Platform) -> None:
    platform.send(event(id="long", quantity=90_000))
    found = find(platform, "long")
    assert isinstance(found, Quarantined)
    assert found.code == "implausibly_long"


def test_a_charge_is_replayed_by_its_stored_rate(platform: Platform) -> None:
    found = charged(platform)
    assert found.replay_mismatch is None
    assert (found.explanation.cost, found.explanation.billed) == (CHARGED, 61_000_000)
    assert found.rate is not None
    assert found.book is not None
    assert (found.rate.id, found.rate.meter) == (found.event.rate_id, "voice.call")
    assert found.reversal is None


def test_an_own_cost_needs_no_rate(platform: Platform) -> None:
    platform.send(event(id="own", cost="0.5"))
    found = charged(platform, "own")
    assert (found.rate, found.book, found.replay_mismatch) == (None, None, None)
    assert found.explanation.cost == 500_000_000


@pytest.mark.parametrize(
    ("sql", "fields"),
    [
        ("cost = cost + 1", "cost"),
        ("billed = 1", "billed"),
        ("cost = 0, billed = 0", "cost and billed"),
    ],
)
def test_a_stored_charge_counts_even_if_the_replay_differs(
    platform: Platform, sql: str, fields: str
) -> None:
    change(platform, sql)
    found = charged(platform)
    assert found.replay_mismatch is not None
    assert found.replay_mismatch.code == REPLAY_DIFFERS
    assert found.replay_mismatch.reason.endswith(f"different {fields}")
    stored = found.event
    assert (found.explanation.cost, found.explanation.billed) == (stored.cost, stored.billed)
    assert found.explanation.lines == (ChargeLine("charged", stored.cost),)
    assert found.explanation.steps


def test_a_rate_that_no_book_has_is_named(platform: Platform) -> None:
    change(platform, "rate_id = 999999")
    found = charged(platform)
    assert found.replay_mismatch is not None
    assert found.replay_mismatch.code == RATE_MISSING
    assert "999999" in found.replay_mismatch.reason
    assert found.explanation.cost == CHARGED
    assert found.explanation.matched == "voice.call"
    assert found.explanation.steps == ()


def test_a_reversal_is_explained_with_the_opposite_sign(platform: Platform) -> None:
    platform.reverse(reversal(reason="billed twice"))
    found, back = charged(platform), charged(platform, "back call-1")
    assert found.reversal == back.reversal
    assert found.reversal is not None
    assert found.reversal.id == "back call-1"
    assert back.replay_mismatch is None
    assert (back.explanation.cost, back.explanation.billed) == (-CHARGED, -61_000_000)
    assert [(it.name, -it.cost) for it in back.explanation.lines] == [
        (it.name, it.cost) for it in found.explanation.lines
    ]
    assert back.explanation.steps[0] == "reverses call-1: billed twice"
    assert back.explanation.steps[-1] == "with the opposite sign"


BOUGHT = """\
name: Bought
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: sms.outbound, price: 0.02, per: segment, buy: 0.01}
"""


@pytest.mark.parametrize(
    ("sql", "reason"), [("buy = NULL", None), ("buy = buy + 1", "has a different buy")]
)
def test_a_buy_cost_is_compared_only_if_one_is_stored(
    platform: Platform, sql: str, reason: str | None
) -> None:
    platform.load(BOUGHT)
    platform.send(event(id="sms", type="sms.outbound", quantity=1))
    assert charged(platform, "sms").replay_mismatch is None
    change(platform, sql)
    mismatch = charged(platform, "sms").replay_mismatch
    assert (mismatch is None) == (reason is None)
    if mismatch is not None and reason is not None:
        assert mismatch.reason.endswith(reason)
