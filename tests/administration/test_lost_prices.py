"""A tenant has one sequence of books per currency: a book in one never ends one in another."""

import pytest

from tests.builders import Platform, event
from tollbook.administration.book_report import lost_prices
from tollbook.administration.price_books import find_book
from tollbook.domain.directory import currency_problem
from tollbook.store.database import Database

BOOK = """
name: {0}
currency: {0}
effective_from: {1}
source: test
rates:
  - meter: voice.call
    price: "{2}"
    per: second
"""


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("usd", currency="USD")
    platform.organization("eur", currency="EUR")
    return platform


def cost_of(platform: Platform, organization: str, identity: str) -> int | None:
    settled = platform.send(event(organization_id=organization, id=identity, quantity=10))
    (receipt,) = settled.receipts
    assert receipt.status == "accepted", receipt
    with platform.database.reading() as snapshot:
        row = snapshot.row(
            "SELECT cost FROM events WHERE organization_id = :number AND id_text(id) = :id",
            number=platform.number(organization),
            id=identity,
        )
    return int(row[0]) if row else None


@pytest.mark.parametrize("order", [("EUR", "USD"), ("USD", "EUR")])
def test_a_book_in_one_currency_leaves_those_of_another_in_force(
    platform: Platform, order: tuple[str, str]
) -> None:
    days = {order[0]: "2024-01-01", order[1]: "2024-01-10"}
    for currency in order:
        price = "0.02" if currency == "EUR" else "0.03"
        platform.load(BOOK.format(currency, days[currency], price))
    assert cost_of(platform, "eur", "a") == 200_000_000
    assert cost_of(platform, "usd", "a") == 300_000_000


def test_a_later_book_ends_the_one_before_it_in_its_currency_alone(platform: Platform) -> None:
    platform.load(BOOK.format("EUR", "2024-01-01", "0.02"))
    platform.load(BOOK.format("USD", "2024-01-01", "0.03"))
    platform.load(BOOK.format("EUR", "2024-01-02", "0.05"))
    assert cost_of(platform, "eur", "a") == 500_000_000
    assert cost_of(platform, "usd", "a") == 300_000_000


def test_organizations_and_meters_that_lose_prices_are_named(platform: Platform) -> None:
    platform.load(BOOK.format("EUR", "2024-01-01", "0.02"))
    version = platform.load(
        BOOK.format("EUR", "2024-02-01", "0.02")
        .replace("voice.call", "sms.outbound")
        .replace("second", "segment")
    )
    with platform.database.reading() as snapshot:
        (lost,) = lost_prices(
            snapshot, platform.tenant, find_book(snapshot, platform.tenant, version)
        )
    assert (lost.currency, lost.meters) == ("EUR", ["voice.call"])
    assert (lost.organizations, lost.organizations_count) == (["eur"], 1)


@pytest.mark.parametrize("currency", ["ZZZ", "XXX", "usd", ""])
def test_a_currency_must_be_in_force_in_iso_4217(currency: str) -> None:
    problem = currency_problem(currency)
    assert problem is not None
    assert (problem.field, problem.code) == ("currency", "invalid_currency")
