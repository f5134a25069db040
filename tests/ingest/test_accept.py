"""A row for each event: charged by its organization's terms, or in quarantine with the reason."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders import event
from tests.ingest.terms import terms_of
from tests.rerating.builders import book
from tollbook.domain.events import microseconds
from tollbook.domain.exact import MICROS
from tollbook.domain.meters import BY_TYPE
from tollbook.ingest.accept import MOST_BILLED, stage_row, stage_rows
from tollbook.ingest.decode import decode_json
from tollbook.ingest.masking import Masker
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.store.staging import Staged

NOW = microseconds(datetime(2024, 1, 15, 12, tzinfo=UTC))
DAY = 86_400 * MICROS
"""How far an event may be ahead of the clock."""
TIERS = book(
    "{meter: sms.outbound, per: segment, tier_group: texts, "
    "graduated: [{up_to: 10, price: 1}, {price: 0.5}]}"
)


def normalized(**given: Any) -> NormalizedEvent:
    (found,) = decode_json(json.dumps(event(**given)).encode())
    assert isinstance(found, NormalizedEvent), found
    return found


def row(terms: Any = None, now: int = NOW, **given: Any) -> Staged:
    return stage_row(normalized(**given), terms or terms_of(), now)


class Counted(Months):
    """Months that begin at a position, without a database."""

    def __init__(self, position: int = 0) -> None:
        self.positions: dict[tuple[int, int, str], int] = {}
        self._begins = position

    def position(self, number: int, month: int, tier_key: str) -> int:
        return self.positions.get((number, month, tier_key), self._begins)

    def advance(self, number: int, month: int, tier_key: str, billed: int) -> None:
        key = number, month, tier_key
        self.positions[key] = self.position(*key) + billed


def test_a_charged_event_has_everything_that_the_ledger_stores() -> None:
    # The example price of a call is 0.002 a second. Hours begin at a minute since 1970.
    attributes = {"to": "+442071838750", "n": 1}
    found = row(resource_id="trunk", attributes=attributes)
    assert (found.organization_id, found.id, found.day) == (1, "call-1", 20240115)
    assert found.hour == datetime(2024, 1, 15, 10, tzinfo=UTC).timestamp() / 60
    assert (found.user_id, found.billed_user_id) == ("user_1", "user_1")
    assert (found.meter, found.resource_id) == (BY_TYPE["voice.call"].code, "trunk")
    assert (found.quantity, found.billed) == (61 * MICROS, 61 * MICROS)
    assert (found.cost, found.own_cost) == (122_000_000, None)
    assert json.loads(found.attributes) == attributes
    assert (found.country, found.code, found.reason) == ("GB", "", "")


@pytest.mark.parametrize(
    ("zone", "time", "day"),
    [
        ("UTC", "2024-01-31T23:59:59.999999Z", 20240131),
        ("Europe/Berlin", "2024-01-31T23:00:00Z", 20240201),
        ("Asia/Kathmandu", "2024-01-31T18:14:59Z", 20240131),
        ("Asia/Kathmandu", "2024-01-31T18:15:00Z", 20240201),
        ("America/New_York", "2024-03-01T04:59:59Z", 20240229),
        ("Pacific/Kiritimati", "2023-12-31T10:00:00Z", 20240101),
    ],
)
def test_the_day_is_that_of_the_organization(zone: str, time: str, day: int) -> None:
    found = row(terms_of(zone=ZoneInfo(zone)), now=NOW + 90 * DAY, time=time)
    assert found.day == day


def test_organization_level_usage_is_billed_to_no_user() -> None:
    found = row(type="brand.registration", quantity=1)
    assert (found.user_id, found.billed_user_id) == ("user_1", "")
    assert row(user_id=None).user_id == ""


@pytest.mark.parametrize(
    ("terms", "given", "code"),
    [
        ({"known": False}, {}, "unknown_organization"),
        ({"known": False}, {"cost_pending": True}, "unknown_organization"),
        ({"currency": "EUR"}, {}, "currency_mismatch"),
        ({"books": []}, {}, "no_price_book"),
        ({}, {"cost_pending": True}, "cost_pending"),
    ],
)
def test_what_cannot_be_charged_waits_with_a_reason(terms: Any, given: Any, code: str) -> None:
    found = row(terms_of(**terms), **given)
    assert found.code == code
    assert found.reason
    assert (found.day, found.quantity, found.billed, found.cost) == (0, 0, 0, 0)
    waiting = json.loads(found.attributes)
    assert (waiting["id"], waiting["quantity"]) == ("call-1", 61)


@pytest.mark.parametrize(
    ("quantity", "code"),
    [("86400", ""), ("86400.000001", "implausibly_long"), ("86401", "implausibly_long")],
)
def test_a_call_may_last_as_long_as_the_longest(quantity: str, code: str) -> None:
    time = "2024-01-14T00:00:00Z"
    assert row(quantity=quantity, time=time).code == code
    assert row(quantity=quantity, time=time, type="kb.usage", resource_id="k").code == ""


def test_the_longest_call_is_named() -> None:
    found = row(terms_of(longest_call=60 * MICROS), quantity=61)
    assert (found.code, found.reason) == (
        "implausibly_long",
        "the call is longer than 60 s, the longest here",
    )
    assert row(terms_of(longest_call=61 * MICROS), quantity=61).code == ""


@pytest.mark.parametrize(("late", "code"), [(0, ""), (1, "ends_in_future")])
def test_a_call_ends_at_most_a_day_ahead_of_the_clock(late: int, code: str) -> None:
    ends = microseconds(datetime(2024, 1, 15, 10, 30, tzinfo=UTC)) + 3_600 * MICROS
    found = row(now=ends - DAY - late, quantity=3_600)
    assert found.code == code
    # A call that is too long as well is in the future first.
    both = row(terms_of(longest_call=1), now=ends - DAY - 1, quantity=3_600)
    assert both.code == "ends_in_future"


@pytest.mark.parametrize(("cost", "nanos"), [("0", 0), ("1.000000001", 1_000_000_001)])
def test_an_event_that_states_its_cost_needs_no_price(cost: str, nanos: int) -> None:
    found = row(terms_of(books=[]), cost=cost)
    assert (found.cost, found.own_cost, found.buy, found.rate_id) == (nanos, nanos, nanos, None)
    assert found.billed == 61 * MICROS


def test_the_price_of_a_tier_stays_open_until_its_month_is_known() -> None:
    found = row(terms_of(TIERS), type="sms.outbound", quantity=4)
    assert found.tier_key is not None
    assert (found.position, found.billed, found.cost) == (None, 0, 0)


def test_events_of_a_month_move_through_its_tiers() -> None:
    months, terms = Counted(), terms_of(TIERS)
    rows = [
        stage_row(normalized(type="sms.outbound", quantity=it), terms, NOW, months)
        for it in (8, 5, 1)
    ]
    assert [it.position for it in rows] == [0, 8 * MICROS, 13 * MICROS]
    # 8 at 1.00, then 2 at 1.00 and 3 at 0.50, then 1 at 0.50.
    assert [it.cost for it in rows] == [8_000_000_000, 3_500_000_000, 500_000_000]
    (key,) = months.positions
    assert (key[:2], months.positions[key]) == ((1, 202401), 14 * MICROS)


@pytest.mark.parametrize(("left", "code"), [(5, ""), (4, "sum_out_of_range")])
def test_a_month_bills_no_more_than_a_sum_can_hold(left: int, code: str) -> None:
    months = Counted(MOST_BILLED - left * MICROS)
    found = stage_row(normalized(type="sms.outbound", quantity=5), terms_of(TIERS), NOW, months)
    assert found.code == code
    assert bool(months.positions) == (code == "")
    if code:
        assert "above 9000000000000 billed units in 2024-01" in found.reason


def test_a_stated_cost_does_not_move_a_month() -> None:
    months = Counted()
    found = stage_row(
        normalized(type="sms.outbound", quantity=5, cost=2), terms_of(TIERS), NOW, months
    )
    assert (found.cost, found.tier_key, months.positions) == (2_000_000_000, None, {})


@pytest.mark.parametrize("terms", [{}, {"known": False}])
def test_numbers_are_masked_wherever_the_event_goes(terms: Any) -> None:
    masker = Masker(b"a key of some length")
    attributes = {"to": "+442071838750", "note": "kept"}
    found = row(terms_of(masker=masker, **terms), attributes=attributes)
    assert "+442071838750" not in found.attributes
    assert "kept" in found.attributes
    assert found.country == "GB"


def test_a_remembered_price_is_that_of_its_meter_and_day() -> None:
    terms = terms_of(book("{meter: voice.call, price: 1, per: second, valid_until: 2024-01-15}"))
    days = ("2024-01-15", "2024-01-16", "2024-01-15")
    rows = [row(terms, now=NOW * 2, quantity=1, time=f"{it}T10:00:00Z") for it in days]
    assert [it.code for it in rows] == ["", "no_price", ""]
    assert rows[0].cost == rows[2].cost == 1_000_000_000


def test_rows_are_in_the_order_of_their_events() -> None:
    one, other = terms_of(number=1), terms_of(number=2)
    events = [normalized(id=it, organization_id=it[0]) for it in ("a1", "b1", "a2")]
    found = stage_rows(events, {"a": one, "b": other}, NOW)
    assert [(it.organization_id, it.id) for it in found] == [(1, "a1"), (2, "b1"), (1, "a2")]
