"""Rows of reversals: outside tiers the opposite of the event, inside tiers what it changes."""

import pytest

from tests.builders import Json, Platform, event
from tests.rerating.builders import book
from tollbook.domain.charges import Unpriced
from tollbook.domain.exact import MICROS, NANOS
from tollbook.ingest.reversal_rows import Opposites, RatesById, negate
from tollbook.store import events
from tollbook.store.database import Database, Snapshot
from tollbook.store.events import Stored
from tollbook.store.staging import Staged

TIERS = "{meter: sms.outbound, per: segment, graduated: [{up_to: 10, price: 1}, {price: 0.5}]}"
CALLS = "{meter: voice.call, per: minute, price: 0.3, buy: 0.1}"


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    platform.load(book(TIERS, CALLS))
    return platform


def sms(identity: str, quantity: int) -> Json:
    return event(id=identity, type="sms.outbound", quantity=quantity)


def stored(snapshot: Snapshot, platform: Platform, identity: str) -> Stored:
    found = events.event(snapshot, platform.number("org_1"), 20240115, identity)
    assert found is not None
    return found


def opposites(platform: Platform, *identities: str) -> list[Staged]:
    """Make the rows of reversals in one transaction, which stores nothing."""
    with platform.database.writing() as transaction:
        made = Opposites(transaction, platform.tenant)
        rows = [made.row(stored(transaction, platform, it), f"back {it}", 7) for it in identities]
    assert not any(isinstance(it, Unpriced) for it in rows)
    return [it for it in rows if isinstance(it, Staged)]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"cost": "1.25"},
        {"user_id": None},
        {"attributes": {"to": "+442071838750"}},
        {"quantity": 0},
        {"type": "kb.usage", "resource_id": "kb_1", "cost": "3"},
        {"type": "brand.registration", "quantity": 1, "cost": "3"},
    ],
)
def test_a_row_is_the_opposite_of_its_event_in_everything_that_is_added_up(
    platform: Platform, given: Json
) -> None:
    assert platform.statuses(event(**given)) == ["accepted"]
    (row,) = opposites(platform, "call-1")
    with platform.database.reading() as snapshot:
        original = stored(snapshot, platform, "call-1")
    for name in ("quantity", "billed", "cost", "buy", "own_cost"):
        was = getattr(original, name)
        assert getattr(row, name) == (None if was is None else -was), name
    for name in (
        "organization_id",
        "day",
        "user_id",
        "meter",
        "time",
        "rate_id",
        "country",
        "hour",
    ):
        assert getattr(row, name) == getattr(original, name), name
    assert (row.id, row.fingerprint, row.code) == ("back call-1", 7, "")
    assert row.billed_user_id == ("" if given.get("type") == "brand.registration" else row.user_id)
    assert row == negate(original, "back call-1", 7)


def test_inside_tiers_a_reversal_costs_what_the_month_costs_less_without_it(
    platform: Platform,
) -> None:
    platform.send(sms("first", 8), sms("second", 8))  # 8, and 2 + 6 · 0.5
    (row,) = opposites(platform, "first")
    assert (row.cost, row.billed) == (-(13 - 8) * NANOS, -8 * MICROS)
    assert row.position == 8 * MICROS
    (last,) = opposites(platform, "second")
    assert last.cost == -5 * NANOS


def test_reversals_of_one_transaction_move_the_month_on(platform: Platform) -> None:
    platform.send(sms("first", 8), sms("second", 8), sms("third", 4))
    rows = opposites(platform, "first", "second", "third")
    # 15 for 20 segments; then 12 are left, 4, and none.
    assert [it.cost for it in rows] == [-4 * NANOS, -7 * NANOS, -4 * NANOS]
    assert [it.position for it in rows] == [12 * MICROS, 4 * MICROS, 0]
    assert sum(it.cost for it in rows) == -15 * NANOS


def test_a_rate_that_is_in_no_book_leaves_a_reversal_without_a_price(platform: Platform) -> None:
    platform.send(sms("first", 8))
    with platform.database.writing() as transaction:
        lost = stored(transaction, platform, "first")._replace(rate_id=10**9)
        found = Opposites(transaction, platform.tenant).row(lost, "back", 1)
        assert isinstance(found, Unpriced)
        assert (found.code, found.reason) == (
            "rate_missing",
            "rate 1000000000 is in none of the books",
        )
        rates = RatesById(transaction, "another tenant")
        known = stored(transaction, platform, "first")
        assert isinstance(rates.charge(known.rate_id, known.usage, 0), Unpriced)
