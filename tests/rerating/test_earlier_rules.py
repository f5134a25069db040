"""A book that was loaded before prices, rerates and explains by the rules that it had then."""

import msgspec
import pytest

from tests.builders import Json, Platform, event
from tests.rerating.builders import Past, book
from tollbook.administration.price_books import books_of
from tollbook.analytics.event import ChargedEvent, find_event
from tollbook.domain.books import show_book
from tollbook.domain.prices import EARLIER_RULES, Rate
from tollbook.store import versions
from tollbook.store.database import Database
from tollbook.wiring import now

RENTAL = (
    "{meter: phone.rental, price: 3.00, per: month, proration: daily, "
    "fees: [{name: service, price: 0.29, per: month}]}"
)
BY_LEGS = '{meter: voice.call, price: 1, per: second, when: {legs: "1.50"}}'
CALLS = "{meter: voice.call, price: 2, per: second}"
NANOS = 10**9


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def rental(identity: str, quantity: int = 12) -> Json:
    time = "2024-02-15T10:00:00Z"
    return event(id=identity, type="phone.rental", quantity=quantity, time=time)


def call(identity: str) -> Json:
    return event(id=identity, quantity=1, attributes={"legs": 1.5})


def load_before(platform: Platform, text: str) -> int:
    """Load a book as it was stored before its rules had a version."""
    version = platform.load(text)
    with platform.database.writing() as transaction:
        bound = {"tenant": platform.tenant, "version": version}
        where = "WHERE tenant_id = :tenant AND version = :version"
        sql = f"SELECT number, rate FROM rate_templates {where}"
        for number, rate in transaction.rows(sql, **bound):
            transaction.execute(
                f"UPDATE rate_templates SET rate = :rate {where} AND number = :number",
                rate=without_marks(rate),
                number=number,
                **bound,
            )
        versions.change_token(transaction, platform.tenant)
    return version


def without_marks(text: str) -> str:
    rate = msgspec.json.decode(text, type=Rate)
    pricing = msgspec.structs.replace(rate.pricing, rules=EARLIER_RULES)
    rate = msgspec.structs.replace(rate, pricing=pricing, numbers=())
    return msgspec.json.encode(rate).decode()


def rules(platform: Platform) -> list[int]:
    with platform.database.reading() as snapshot:
        return [show_book(it).rules for it in books_of(snapshot, platform.tenant, now())]


def replayed(platform: Platform, identity: str) -> ChargedEvent:
    with platform.database.reading() as snapshot:
        found = find_event(snapshot, platform.tenant, platform.number("org_1"), identity)
    assert isinstance(found, ChargedEvent)
    return found


def test_a_book_of_earlier_rules_goes_on_by_them(platform: Platform) -> None:
    load_before(platform, book(RENTAL, BY_LEGS, CALLS))
    assert rules(platform) == [2, 1]
    assert platform.statuses(rental("year"), rental("month", 1), call("call")) == ["accepted"] * 3
    # 12 x 3.00 x 15 / 29 and 12 x 0.29; the fee is whole
    assert Past(platform).costs() == {
        "year": 18_620_689_655 + 3_480_000_000,
        "month": 1_551_724_138 + 290_000_000,
        "call": 2 * NANOS,
    }
    for identity in ("year", "month", "call"):
        assert replayed(platform, identity).replay_mismatch is None


def test_a_book_that_is_loaded_now_has_the_rules_of_now(platform: Platform) -> None:
    load_before(platform, book(RENTAL, BY_LEGS, CALLS))
    platform.load(book(RENTAL, BY_LEGS, CALLS))
    assert rules(platform) == [2, 1, 2]
    assert platform.statuses(rental("year"), rental("month", 1), call("call")) == [
        "quarantined",
        "accepted",
        "accepted",
    ]
    assert Past(platform).costs() == {"month": 1_551_724_138 + 150_000_000, "call": NANOS}
    assert replayed(platform, "month").replay_mismatch is None


def test_rerating_charges_by_the_rules_of_the_book_that_it_uses(platform: Platform) -> None:
    past = Past(platform)
    earlier = load_before(platform, book(RENTAL, BY_LEGS, CALLS))
    platform.send(rental("year"), rental("month", 1), call("call"))
    before = past.costs()
    assert past.apply(end="2024-02-29").changed == 0
    platform.load(book(RENTAL, BY_LEGS, CALLS))
    run = past.apply(end="2024-02-29")
    assert past.unpriced(run.id) == [("year", "invalid_days")]
    assert past.costs() == {**before, "month": 1_701_724_138, "call": NANOS}
    past.apply(end="2024-02-29", version=earlier)
    assert past.costs() == before
    assert platform.differences() == []
