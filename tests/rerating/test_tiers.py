"""Tiers of a month when its events are charged again, and what was taken back."""

import pytest

from tests.builders import Json, Platform, event, reversal
from tests.rerating.builders import CALLS, SMS, Past, book
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.rerating import RunStatus

TIERS = "{meter: sms.outbound, per: segment, graduated: [{up_to: 10, price: 0.05}, {price: 0.01}]}"
CHEAPER = TIERS.replace("0.05", "0.04")
OTHERS = TIERS.replace("per: segment", "per: segment, tier_group: other")
NANOS = 10**9


def sms(number: int, day: int, quantity: int = 6, **given: object) -> Json:
    time = f"2024-01-{day:02d}T{number:02d}:00:00Z"
    identity = f"sms-{number}"
    return event(id=identity, type="sms.outbound", quantity=quantity, time=time, **given)


def positions(past: Past) -> dict[str, int | None]:
    rows = past.rows("SELECT id_text(id), position FROM events WHERE reverses IS NULL")
    return {row[0]: None if row[1] is None else row[1] // 10**6 for row in rows}


def test_events_new_to_tiers_are_placed_by_time_from_the_start_of_the_month(
    platform: Platform, past: Past
) -> None:
    platform.send(sms(3, 20), sms(1, 1), sms(2, 1), sms(9, 20, 1))
    platform.load(book(TIERS))
    dry = past.dry_run()
    run = past.apply()
    assert positions(past) == {"sms-1": 0, "sms-2": 6, "sms-3": 12, "sms-9": 18}
    assert past.costs() == {
        "sms-1": 300_000_000,
        "sms-2": 220_000_000,
        "sms-3": 60_000_000,
        "sms-9": 10_000_000,
    }
    assert dry.costs == run.costs
    assert platform.differences() == []


def test_a_later_event_goes_on_where_the_run_left_the_month(platform: Platform, past: Past) -> None:
    platform.send(sms(1, 1), sms(2, 2))
    platform.load(book(TIERS))
    past.apply()
    platform.send(sms(3, 1))
    assert positions(past)["sms-3"] == 12
    assert platform.differences() == []


def test_a_late_event_that_has_its_place_keeps_it_and_the_others_come_behind(
    platform: Platform, past: Past
) -> None:
    platform.send(sms(1, 1), sms(2, 2))
    platform.load(book(TIERS))
    platform.send(sms(3, 1))
    past.apply()
    assert positions(past) == {"sms-3": 0, "sms-1": 6, "sms-2": 12}
    assert sum(past.costs().values()) == (10 * 5 + 8 * 1) * NANOS // 100
    assert platform.differences() == []


def test_events_keep_their_place_under_the_same_tier_key(platform: Platform, past: Past) -> None:
    platform.load(book(TIERS))
    platform.send(sms(2, 2), sms(1, 1))
    before = positions(past)
    assert before == {"sms-2": 0, "sms-1": 6}
    assert past.apply().changed == 0
    platform.load(book(CHEAPER))
    past.apply(start="2024-01-02")
    assert positions(past) == before
    assert past.costs() == {"sms-2": 240_000_000, "sms-1": 220_000_000}
    assert platform.differences() == []


def test_a_part_of_a_month_is_refused_when_events_would_be_new_to_its_tiers(
    platform: Platform, past: Past
) -> None:
    platform.send(sms(1, 1), sms(2, 20))
    platform.load(book(TIERS))
    for act in (past.dry_run, past.begin):
        with pytest.raises(InvalidRequest) as refusal:
            act(start="2024-01-02")
        (problem,) = refusal.value.details
        assert (problem.field, problem.code) == ("start_date", "month_not_whole")
        assert "event sms-2 of org_1 would be new to the tiers" in problem.error
    assert past.apply(start="2023-12-15").status is RunStatus.DONE


@pytest.mark.parametrize("other", [OTHERS, SMS, CALLS])
def test_whatever_becomes_of_tiers_is_taken_back(
    platform: Platform, past: Past, other: str
) -> None:
    platform.load(book(TIERS))
    platform.send(sms(2, 2), sms(1, 1), sms(3, 3, 0))
    before = past.ledger()
    platform.load(book(other))
    run = past.apply()
    assert platform.differences() == []
    past.revert(run.id)
    assert past.ledger() == before


def test_an_event_and_its_reversal_still_cancel_out(platform: Platform, past: Past) -> None:
    platform.send(event(), event(id="call-2"), event(id="own", cost=1))
    platform.reverse(reversal("call-1"), reversal("own", id="back-own"))
    before = past.ledger()
    platform.load(book("{meter: voice.call, price: 0.003, per: second, markup: 50%}"))
    run = past.apply()
    assert (run.events, run.changed) == (5, 5)
    assert run.costs == {"USD": (122_000_000, 183_000_000)}
    assert past.rows("SELECT count, cost FROM usage_monthly") == [(1, 183_000_000)]
    assert platform.differences() == []
    past.revert(run.id)
    assert past.ledger() == before


def test_an_event_reversed_after_a_run_is_taken_back_with_its_reversal(
    platform: Platform, past: Past
) -> None:
    platform.send(event())
    platform.load(book(CALLS))
    run = past.apply()
    platform.reverse(reversal("call-1"))
    past.revert(run.id)
    assert sorted(past.costs().values()) == [-122_000_000, 122_000_000]
    assert platform.differences() == []


def test_what_was_reversed_takes_no_place_in_tiers(platform: Platform, past: Past) -> None:
    platform.send(sms(1, 1), sms(2, 1), sms(3, 2))
    platform.reverse(reversal("sms-1"))
    before = past.ledger()
    platform.load(book(TIERS))
    dry = past.dry_run()
    run = past.apply()
    assert positions(past) == {"sms-1": 0, "sms-2": 0, "sms-3": 6}
    assert run.costs == dry.costs == {"USD": (360_000_000, 520_000_000)}
    assert platform.differences() == []
    past.revert(run.id)
    assert past.ledger() == before


def test_a_month_with_a_reversal_costs_what_its_quantity_costs_by_other_tiers(
    platform: Platform, past: Past
) -> None:
    platform.load(book(TIERS))
    platform.send(sms(1, 1, 10), sms(2, 2, 10))
    platform.reverse(reversal("sms-1"))
    before = past.ledger()
    platform.load(book(CHEAPER))
    dry, run = past.dry_run(), past.apply()
    assert sum(past.costs().values()) == 10 * 4 * NANOS // 100
    assert past.costs()["back sms-1"] == -10 * NANOS // 100
    # The reversal and the second event are in the tier that costs the same as before.
    assert (run.events, run.changed) == (dry.events, dry.changed) == (3, 1)
    assert run.costs == dry.costs == {"USD": (500_000_000, 400_000_000)}
    assert platform.differences() == []
    assert past.revert(run.id).restored == 1
    assert past.ledger() == before


def test_a_reversal_after_a_run_comes_last_in_the_month_when_the_run_is_reverted(
    platform: Platform, past: Past
) -> None:
    platform.load(book(TIERS))
    platform.send(sms(1, 1, 10), sms(2, 2, 10))
    platform.load(book(OTHERS))
    run = past.apply()
    platform.reverse(reversal("sms-1"))
    past.revert(run.id)
    assert past.costs() == {
        "sms-1": 500_000_000,
        "sms-2": 100_000_000,
        "back sms-1": -100_000_000,
    }
    assert platform.differences() == []


FEES = (
    "{meter: voice.call, per: second, tier_group: calls, graduated: "
    "[{up_to: 100, price: 0, connect_fee: 2}, {price: 0.1, connect_fee: 3}]}"
)


@pytest.mark.parametrize("group", ["calls", "others"])
def test_a_reversal_keeps_the_connect_fee_of_its_call_whatever_charges_both_again(
    platform: Platform, past: Past, group: str
) -> None:
    platform.load(book(FEES))
    calls = [event(id=str(n), quantity=100, time=f"2024-01-0{n}T10:00:00Z") for n in (1, 2)]
    platform.send(*calls)
    platform.reverse(reversal("1"))
    before = past.ledger()
    assert past.costs() == {"1": 2 * NANOS, "2": 13 * NANOS, "back 1": -12 * NANOS}
    dearer = FEES.replace("connect_fee: 2", "connect_fee: 4").replace(
        "group: calls", f"group: {group}"
    )
    platform.load(book(dearer))
    run = past.apply()
    if group == "calls":
        assert past.costs() == {"1": 4 * NANOS, "2": 13 * NANOS, "back 1": -14 * NANOS}
    assert platform.differences() == []
    past.revert(run.id)
    assert past.ledger() == before


def test_a_call_reversed_after_a_run_gets_its_own_connect_fee_back(
    platform: Platform, past: Past
) -> None:
    platform.load(book(FEES))
    platform.send(*(event(id=str(n), quantity=100, time=f"2024-01-0{n}T10:00:00Z") for n in (1, 2)))
    platform.load(book(FEES.replace("connect_fee: 2", "connect_fee: 4")))
    run = past.apply()
    platform.reverse(reversal("1"))
    past.revert(run.id)
    assert past.costs() == {"1": 2 * NANOS, "2": 13 * NANOS, "back 1": -12 * NANOS}
    assert platform.differences() == []
