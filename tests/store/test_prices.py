"""A book that was loaded is the book that prices: nothing of a rate is lost on the way."""

import msgspec

from tests.builders import TENANT, Platform, event
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.store import prices
from tollbook.store.database import Database
from tollbook.wiring import now

BOOK = """\
name: Deck
currency: USD
effective_from: 2024-01-01
source: test
rates:
  - {meter: voice.call, to: [4420, 44118], price: 0.012, per: minute, increments: 60/6, buy: 0.007}
  - {meter: voice.call, price: 0.3, per: minute, hours: {days: mon, from: "09:00", until: "10:45"}}
  - {meter: voice.call, price: 0.2, per: minute, fees: [{name: tax, percent: 5%}]}
  - {meter: sms.outbound, per: segment, graduated: [{up_to: 5, price: 1}, {price: 0.5}]}
  - {meter: sms.outbound, from: 1, markup: 15%}
"""


def test_a_book_is_stored_whole_and_prices_by_prefix_and_hour(database: Database) -> None:
    platform = Platform(database)
    platform.organization(timezone="Europe/London")
    book = parse_price_book(BOOK)
    with database.writing() as transaction:
        version = prices.add_price_book(transaction, TENANT, book, now())
    with database.reading() as snapshot:
        head = prices.price_book_heads(snapshot, TENANT)[-1]
        rates = prices.price_book_rates(snapshot, TENANT, head, 0, head.rates)
    assert head.version == version
    assert [msgspec.structs.replace(rate, id=0) for rate in rates] == list(book.rates)

    monday = event(id="2", attributes={"to": "+33123456789"})
    evening = event(id="3", attributes={"to": "+33123456789"}, time="2024-01-15T20:00:00Z")
    platform.send(event(id="1", attributes={"to": "+442071838750"}), monday, evening)
    costs = dict(platform.rows("SELECT id_text(id), cost FROM events"))
    assert costs == {"1": 13_200_000, "2": 305_000_000, "3": 213_500_000}


def test_a_rate_with_tiers_of_a_stored_book_charges_by_where_the_month_stands(
    database: Database,
) -> None:
    platform = Platform(database)
    platform.organization()
    with database.writing() as transaction:
        prices.add_price_book(transaction, TENANT, parse_price_book(BOOK), now())
    assert platform.statuses(event(type="sms.outbound", quantity=1)) == ["accepted"]
