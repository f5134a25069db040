"""Price books in the database, on both engines: versions, blocks of ids, columns out and in."""

import threading
from array import array

import pytest

from tests.builders import Platform
from tests.rating.builders import pricing, rate
from tollbook.domain.prices import Deck, PriceBook, Rate
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.store import prices
from tollbook.store.database import Database


def book(*rates: Rate, **given: object) -> PriceBook:
    usual = {"name": "test", "currency": "USD", "effective_from": 20240101, "source": "test"}
    return PriceBook(**{**usual, "rates": rates, **given})


def deck(count: int, **given: object) -> Deck:
    """Prefixes 10000, 10001 and so on at two prices in turn."""
    templates = [rate(pricing(price_picos=1)), rate(pricing(price_picos=2))]
    prefixes = [str(10_000 + n) for n in range(count)]
    template_of = array("I", [n % 2 for n in range(count)])
    return Deck(templates, prefixes, template_of, range(count), **given)


def add(database: Database, one: PriceBook, tenant: str = "default", **given: object) -> int:
    with database.writing() as transaction:
        return prices.add_price_book(transaction, tenant, one, 1, **given)


@pytest.fixture
def platform(database: Database) -> Platform:
    return Platform(database)


def stored(platform: Platform, version: int) -> tuple[PriceBook, list[Rate]]:
    with platform.database.reading() as snapshot:
        head = prices.find_price_book(snapshot, platform.tenant, version)
        assert head is not None
        whole = prices.read_price_book(snapshot, platform.tenant, head)
        return whole, prices.price_book_rates(snapshot, platform.tenant, head, 0, 10**6)


def test_rates_of_a_book_have_consecutive_ids_that_no_other_book_has(platform: Platform) -> None:
    versions = [add(platform.database, book(rate(to="44"), rate(to="45"))) for _ in range(2)]
    ids = [[it.id for it in stored(platform, version)[1]] for version in versions]
    assert ids[0] == [ids[0][0], ids[0][0] + 1]
    assert ids[1] == [ids[0][0] + 2, ids[0][0] + 3]


def test_a_book_comes_back_as_it_was(platform: Platform) -> None:
    rates = (
        rate(to="44", when=(("route", "a"),), hours=((0, 60),), valid_until=20240131),
        rate(from_="1212"),
        rate(to="44", from_="1212"),
        rate(meter="sms.outbound"),
    )
    whole, read = stored(platform, add(platform.database, book(*rates)))
    assert [(it.to, it.from_, it.when, it.hours, it.valid_until, it.meter) for it in read] == [
        (it.to, it.from_, it.when, it.hours, it.valid_until, it.meter) for it in rates
    ]
    out, inbound, both = whole.decks
    assert (out.prefixes, out.inbound) == (["44", ""], False)
    assert (inbound.prefixes, inbound.inbound) == (["1212"], True)
    assert (both.prefixes, both.templates[0].from_) == (["44"], "1212")


@pytest.mark.parametrize("count", [0, 1, 8191, 8193, 20_001])
def test_a_deck_of_any_size_is_stored_whole(platform: Platform, count: int) -> None:
    version = add(platform.database, book(decks=(deck(count),)))
    whole, _ = stored(platform, version)
    (read,) = whole.decks
    assert list(read.prefixes) == [str(10_000 + n) for n in range(count)]
    assert isinstance(read.ids, range) or not count
    assert [read.templates[n].pricing.price_picos for n in read.template_of[:4]] == [1, 2, 1, 2][
        :count
    ]


def test_what_rates_have_in_common_is_stored_once(platform: Platform) -> None:
    version = add(platform.database, book(decks=(deck(100), deck(100, inbound=True))))
    sql = "SELECT COUNT(*) FROM rate_templates WHERE version = :version"
    assert platform.rows(sql, version=version) == [(2,)]


def test_storing_tells_how_far_it_is(platform: Platform) -> None:
    reported: list[int] = []
    add(platform.database, book(decks=(deck(12_001),)), progress=reported.append)
    assert (sum(reported), len(reported)) == (12_001, 3)


def test_rates_are_read_a_page_at_a_time(platform: Platform) -> None:
    version = add(platform.database, book(decks=(deck(5),)))
    with platform.database.reading() as snapshot:
        head = prices.find_price_book(snapshot, "default", version)
        assert head is not None
        seen: list[str] = []
        after = 0
        while page := prices.price_book_rates(snapshot, "default", head, after, 2):
            seen += [it.to for it in page]
            after = page[-1].id
    assert seen == ["10000", "10001", "10002", "10003", "10004"]


def test_a_rate_leads_to_its_book_and_to_no_other_tenants(platform: Platform) -> None:
    other = Platform(platform.database, "other")
    version = add(platform.database, book(rate(to="44")))
    (mine,) = stored(platform, version)[1]
    with platform.database.reading() as snapshot:
        found = prices.find_rate(snapshot, "default", mine.id)
        assert found is not None
        assert (found[0].version, found[1]) == (version, mine)
        assert prices.find_rate(snapshot, other.tenant, mine.id) is None
        assert prices.find_rate(snapshot, "default", 10**9) is None


def test_two_loads_at_once_get_versions_and_ids_of_their_own(platform: Platform) -> None:
    begin = threading.Barrier(2)
    versions: list[int] = []

    def load() -> None:
        begin.wait()
        versions.append(add(platform.database, book(decks=(deck(3_000),))))

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(versions) == [2, 3]
    blocks = [stored(platform, version)[0].decks[0].ids for version in sorted(versions)]
    assert blocks[0][-1] + 1 == blocks[1][0]


def test_a_load_that_fails_leaves_nothing(platform: Platform) -> None:
    def fail(_count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(platform.database, book(decks=(deck(6_000),)), progress=fail)
    assert platform.rows("SELECT MAX(version) FROM price_books") == [(1,)]
    assert platform.rows("SELECT COUNT(*) FROM rate_templates WHERE version = 2") == [(0,)]


def test_a_deck_of_a_hundred_thousand_prefixes_is_stored_and_read(platform: Platform) -> None:
    rows = "".join(f"{n},0.{n % 5000 + 1:04d},60/{n % 3 + 1}\n" for n in range(100_000, 200_000))
    terms = BookTerms("A", "USD", "2024-02-01", "x")
    read = parse_deck(f"Prefix,Rate,Increments\n{rows}", DeckTerms("voice.call", "minute"), terms)
    version = add(platform.database, read)
    whole, _ = stored(platform, version)
    assert len(whole.decks[0].prefixes) == 100_000
