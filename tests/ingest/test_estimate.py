"""What events would cost: the charge they then get, from where their month stands."""

import msgspec
import pytest

from tests.builders import Json, Platform, event
from tests.rerating.builders import book
from tollbook.domain.exact import NANOS
from tollbook.domain.keys import KeyScope
from tollbook.ingest.decode import decode_json
from tollbook.ingest.estimate import NotRated, Rated, rate
from tollbook.ingest.submit import draft_of
from tollbook.store.database import Database
from tollbook.wiring import now

TIERS = "{meter: sms.outbound, per: segment, graduated: [{up_to: 10, price: 1}, {price: 0.5}]}"


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def rated(platform: Platform, *events: Json) -> list[Rated | NotRated]:
    decoded = decode_json(msgspec.json.encode(list(events)))
    draft = draft_of(decoded, KeyScope(platform.tenant), now())
    with platform.database.reading() as snapshot:
        return rate(snapshot, platform.directory_cache, draft)


def cost(one: Rated | NotRated) -> int:
    assert isinstance(one, Rated), one
    return one.explanation.cost


def sms(identity: str, quantity: int, **given: str) -> Json:
    return event(id=identity, type="sms.outbound", quantity=quantity, **given)


def test_an_estimate_is_what_the_event_costs_when_it_comes(platform: Platform) -> None:
    events = [event(), sms("2", 3), event(id="3", cost="1.25"), event(id="4", type="phone.rental")]
    estimated = [cost(it) for it in rated(platform, *events)]
    assert platform.rows("SELECT COUNT(*) FROM events") == [(0,)]
    platform.send(*events)
    stored = dict(platform.rows("SELECT id_text(id), cost FROM events"))
    assert estimated == [stored[it["id"]] for it in events]


def test_a_months_tiers_go_on_from_what_is_stored_and_from_the_events_before(
    platform: Platform,
) -> None:
    platform.load(book(TIERS, since="2023-01-01"))
    platform.send(sms("stored", 8))
    one, two, next_month = rated(
        platform, sms("1", 4), sms("2", 4), sms("3", 4, time="2024-02-01T00:00:00Z")
    )
    assert [cost(it) for it in (one, two, next_month)] == [
        2 * NANOS + 2 * NANOS // 2,
        4 * NANOS // 2,
        4 * NANOS,
    ]
    assert isinstance(one, Rated)
    assert isinstance(two, Rated)
    assert (one.position, two.position) == (8_000_000, 12_000_000)
    assert cost(rated(platform, sms("1", 4))[0]) == cost(one)  # nothing has moved


def test_an_event_that_would_wait_says_why(platform: Platform) -> None:
    platform.organization("org_euro", currency="EUR")
    unknown, long, foreign = rated(
        platform,
        event(organization_id="nobody"),
        event(quantity=90_000),
        event(organization_id="org_euro"),
    )
    codes = [it.unpriced.code for it in (unknown, long, foreign) if isinstance(it, NotRated)]
    assert codes == ["unknown_organization", "implausibly_long", "currency_mismatch"]
    assert platform.rows("SELECT COUNT(*) FROM organizations") == [(2,)]
    assert platform.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]


def test_the_rate_is_named_unless_the_events_own_cost_is_all_of_it(platform: Platform) -> None:
    by_book, own = rated(platform, event(), event(id="2", cost=0))
    assert isinstance(by_book, Rated)
    assert isinstance(own, Rated)
    assert by_book.chosen is not None
    assert by_book.currency == "USD"
    assert (own.chosen, cost(own)) == (None, 0)
