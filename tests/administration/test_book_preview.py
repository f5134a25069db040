"""A book that is not loaded: what it would be, what it would change, and where it loses money."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.administration.office import Office
from tests.rerating.builders import book
from tollbook.administration.book_preview import BookPreview, preview_book
from tollbook.administration.book_report import below_buy_report, book_report, load_report
from tollbook.administration.meters import MeterChange, change_meter
from tollbook.administration.price_books import find_book, load_book
from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms
from tollbook.rating.books.starting_later import find_later_rates
from tollbook.rating.books.unreachable import unreachable_rates
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.store.database import open_database
from tollbook.store.meters import read_catalog


@pytest.fixture
def office(sqlite_url_in_memory: str) -> Iterator[Office]:
    database = open_database(sqlite_url_in_memory)
    office = Office(database)
    office.organization()
    yield office
    database.close()


def preview(office: Office, text: str, organization: str | None = None) -> BookPreview:
    row = None if organization is None else office.row(organization)
    with office.database.reading() as snapshot:
        catalog = read_catalog(snapshot, office.tenant)
        parsed = parse_price_book(text, catalog=catalog)
        return preview_book(snapshot, office.tenant, parsed, (), row)


def call(to: str, price: str, **given: str) -> str:
    rest = "".join(f", {name}: {value}" for name, value in given.items())
    return f'{{meter: voice.call, to: "{to}", price: {price}, per: minute{rest}}}'


def test_a_book_is_counted_by_first_days_and_increments(office: Office) -> None:
    found = preview(
        office,
        book(
            call("44", "0.02", increments="60/6"),
            call("4477", "0.05", increments="60/6", valid_from="2024-03-01"),
            call("49", "0.01"),
            "{meter: voice.call, price: 0.5, per: minute}",
            since="2024-02-01",
        ),
    )
    assert (found.name, found.currency, found.effective_from) == ("Test", "USD", "2024-02-01")
    assert (found.rates, found.prefixes) == (4, 3)
    assert found.days == {"": 3, "2024-03-01": 1}
    assert found.increments == {"": 2, "60/6": 2}
    assert (found.starts_later_count, [it.to for it in found.starts_later]) == (1, ["4477"])


def test_the_highest_prices_are_those_of_one_unit(office: Office) -> None:
    minutes = [call(f"44{it:02}", f"0.{it:02}") for it in range(1, 15)]
    second = '{meter: voice.call, to: "870", price: 0.01, per: second}'  # 0.60 a minute
    thousand = "{meter: api.request, price: 0.04, per: 1000 requests}"
    found = preview(office, book(*minutes, second, thousand)).highest_prices
    assert [it.to for it in found] == ["870", *(f"44{it:02}" for it in range(14, 5, -1))]
    prices = [it.price for it in found]
    assert prices == ["0.01", *(f"0.{it:02}" for it in range(14, 5, -1))]


def test_a_book_is_compared_with_the_one_in_force_on_its_first_day(office: Office) -> None:
    version = office.load(book(call("44", "0.02"), call("49", "0.03"), since="2024-02-01"))
    office.load(book(call("44", "9"), since="2024-06-01"))
    found = preview(office, book(call("44", "0.03"), call("33", "0.01"), since="2024-03-01"))
    assert found.replaces == version
    assert found.changes == {"dearer": 1, "added": 1, "removed": 1}
    assert [(it.change.value, it.to, it.old, it.new) for it in found.differences] == [
        ("added", "33", None, "0.01"),
        ("dearer", "44", "0.02", "0.03"),
        ("removed", "49", "0.03", None),
    ]
    same = preview(office, book(call("44", "0.02"), call("49", "0.03"), since="2024-03-01"))
    assert (same.replaces, same.changes, same.differences) == (version, {}, [])


@pytest.mark.parametrize(
    ("since", "currency", "organization"),
    [("1899-12-31", "USD", None), ("2024-03-01", "EUR", None), ("2024-03-01", "USD", "org_1")],
)
def test_without_such_a_book_there_is_nothing_to_compare(
    office: Office, since: str, currency: str, organization: str | None
) -> None:
    text = book(call("44", "1"), since=since, currency=currency)
    found = preview(office, text, organization)
    assert (found.replaces, found.changes, found.differences) == (None, {}, [])


def test_the_first_differences_are_listed_and_all_counted(office: Office) -> None:
    codes = [f"44{it:02}" for it in range(25)]
    office.load(book(*(call(it, "1") for it in codes), since="2024-02-01"))
    found = preview(office, book(*(call(it, "2") for it in codes), since="2024-03-01"))
    assert found.changes == {"dearer": 25}
    assert [it.to for it in found.differences] == codes[:20]


def test_a_preview_stores_nothing(office: Office) -> None:
    before = office.rows("SELECT COUNT(*) FROM price_books")
    preview(office, book(call("44", "1")))
    assert office.rows("SELECT COUNT(*) FROM price_books") == before


def load(office: Office, text: str) -> int:
    return int(office.act(load_book, parse_price_book(text)).version)


def below_buy(office: Office, version: int) -> Any:
    with office.database.reading() as snapshot:
        head = find_book(snapshot, office.tenant, version)
        return below_buy_report(snapshot, office.tenant, [head])


def test_rates_that_sell_below_their_buy_price_come_with_the_largest_loss_first(
    office: Office,
) -> None:
    version = load(
        office,
        book(
            call("44", "0.02", buy="0.03"),
            call("49", "0.05", buy="0.04"),
            call("33", "0.01", buy="0.05"),
            call("34", "0.01"),
        ),
    )
    found = below_buy(office, version)
    assert [it.to for it in found.below_buy] == ["33", "44"]
    assert (found.below_buy_count, found.without_buy_count) == (2, 1)
    worst = found.below_buy[0]
    assert (worst.meter, worst.from_, worst.tier) == ("voice.call", "", None)
    assert float(bytes(worst.cost)) < float(bytes(worst.buy_cost))


def test_a_book_without_buy_prices_has_no_rate_without_one(office: Office) -> None:
    found = below_buy(office, load(office, book(call("44", "1"), call("49", "1"))))
    assert (found.below_buy, found.below_buy_count, found.without_buy_count) == ([], 0, 0)


def test_a_loaded_book_is_reported_with_what_no_event_can_reach(office: Office) -> None:
    longer = (call(f"44{it}", "2") for it in range(10))
    text = book(call("44", "1"), *longer, call("4477", "3", valid_from="2024-03-01"))
    parsed = parse_price_book(text)
    version = load(office, text)
    with office.database.reading() as snapshot:
        head = find_book(snapshot, office.tenant, version)
        report = load_report(
            snapshot,
            office.tenant,
            head,
            office.at,
            unreachable_rates(parsed),
            find_later_rates(parsed),
        )
    (unreachable,) = report.unreachable_rates
    assert report.unreachable_rates_count == 1
    assert (unreachable.rate_id, unreachable.rate) == (head.first_rate, "voice.call; to 44")
    assert (report.starts_later_count, report.starts_later[0].until_then) == (1, "447")
    # The example prices have a price for every meter, and this book for calls only.
    assert "sms.outbound" in report.no_longer_priced
    assert "voice.call" not in report.no_longer_priced
    assert [(it.currency, it.organizations_count) for it in report.lost_prices] == [("USD", 1)]


def test_a_retired_meter_of_a_book_is_named(office: Office) -> None:
    office.add_meters(MeterTerms("own.meter", "thing", Category.MESSAGING))
    office.act(change_meter, "own.meter", MeterChange(retired=True))
    version = office.load(book("{meter: own.meter, price: 1, per: thing}"))
    with office.database.reading() as snapshot:
        head = find_book(snapshot, office.tenant, version)
        report = book_report(snapshot, office.tenant, head, office.at)
    assert report.retired_meters == ["own.meter"]
