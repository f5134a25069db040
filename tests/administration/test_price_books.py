"""The life of a price book: draft, published, superseded; whose it is; when events see it."""

import pytest

from tests.builders import Platform, event
from tests.rating.builders import pricing, rate
from tollbook.administration.price_books import load_book, publish_book
from tollbook.domain.books import BookHead, list_books
from tollbook.domain.errors import AlreadyPublished, NotFound, PriceBookRefused
from tollbook.domain.prices import PriceBook, Rate
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.store import directory, prices
from tollbook.store.audit import Actor
from tollbook.store.database import Database

PICOS = 10**12


def book(price: int, *others: Rate, **given: object) -> PriceBook:
    """Return a book with a price of calls for each second, and other rates."""
    rates = (rate(pricing(price_picos=price * PICOS)), *others)
    usual = {"name": "test", "currency": "USD", "effective_from": 20240101, "source": "test"}
    return PriceBook(**{**usual, "rates": rates, **given})


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def load(platform: Platform, one: PriceBook, owner: str | None = None, **given: bool) -> BookHead:
    with platform.database.writing() as transaction:
        organization = owner and directory.find_organization(transaction, "default", owner)
        return load_book(
            transaction, Actor("default", "cli", 1), one, organization or None, **given
        )


def publish(platform: Platform, version: int, day: int | None = None) -> BookHead:
    with platform.database.writing() as transaction:
        return publish_book(transaction, Actor("default", "cli", 2), version, day)


def standing(platform: Platform, today: int) -> list[tuple[int, str, int | None]]:
    with platform.database.reading() as snapshot:
        found = list_books(prices.price_book_heads(snapshot, "default"), today)
    return [(it.head.version, it.status.value, it.last_day) for it in found]


def cost(platform: Platform, identity: str, **given: object) -> int:
    """Return what a call of one second costs, in whole units of currency."""
    assert platform.statuses(event(id=identity, quantity=1, **given)) == ["accepted"]
    ((nanos,),) = platform.rows("SELECT cost FROM events WHERE id_text(id) = :id", id=identity)
    return nanos // 10**9


def test_a_draft_prices_nothing_until_it_is_published(platform: Platform) -> None:
    draft = load(platform, book(7), draft=True)
    assert draft.published_at is None
    assert cost(platform, "1") == 0
    publish(platform, draft.version)
    assert cost(platform, "2") == 7


def test_a_draft_is_published_from_its_own_day_or_from_another(platform: Platform) -> None:
    one, other = (load(platform, book(7), draft=True).version for _ in range(2))
    assert publish(platform, one).effective_from == 20240101
    assert publish(platform, other, 20240201).effective_from == 20240201


def test_publishing_again_changes_nothing_and_from_another_day_is_refused(
    platform: Platform,
) -> None:
    version = load(platform, book(7), draft=True).version
    first = publish(platform, version, 20240201)
    assert publish(platform, version) == first
    assert publish(platform, version, 20240201) == first
    with pytest.raises(AlreadyPublished, match="published from 2024-02-01 on and cannot change"):
        publish(platform, version, 20240202)
    assert publish(platform, version) == first


def test_a_book_that_is_not_there_is_not_published(platform: Platform) -> None:
    with pytest.raises(NotFound, match="no price book version 9"):
        publish(platform, 9)


def test_a_book_is_superseded_once_the_next_one_has_begun(platform: Platform) -> None:
    load(platform, book(1, effective_from=20240101))
    load(platform, book(2, effective_from=20240301))
    load(platform, book(3, effective_from=20240201), draft=True)
    before, after = 20240229, 20240301
    assert standing(platform, before)[1:] == [
        (2, "published", 20240229),
        (3, "published", None),
        (4, "draft", None),
    ]
    assert standing(platform, after)[1] == (2, "superseded", 20240229)


def test_a_book_that_is_replaced_from_its_first_day_is_superseded_at_once(
    platform: Platform,
) -> None:
    load(platform, book(1, effective_from=20990101))
    load(platform, book(2, effective_from=20990101))
    assert standing(platform, 20240101)[1] == (2, "superseded", 20981231)


def test_a_superseded_book_prices_late_events_of_its_days(platform: Platform) -> None:
    load(platform, book(1, effective_from=20240101))
    load(platform, book(2, effective_from=20240201))
    assert cost(platform, "1", time="2024-02-01T00:00:00Z") == 2
    assert cost(platform, "2", time="2024-01-31T23:59:59Z") == 1


def test_an_organizations_own_book_overrides_the_tenants_rate_by_rate(platform: Platform) -> None:
    platform.organization("org_2")
    load(platform, book(2, rate(pricing(price_picos=5 * PICOS), to="44")))
    own = PriceBook("own", "USD", 20240101, "x", (rate(pricing(price_picos=PICOS), to="44"),))
    load(platform, own, "org_1")
    british, french = {"to": "+442071838750"}, {"to": "+33140000000"}
    assert cost(platform, "1", attributes=british) == 1
    assert cost(platform, "2", attributes=french) == 2
    assert cost(platform, "3", organization_id="org_2", attributes=british) == 5


def test_books_of_different_owners_do_not_supersede_each_other(platform: Platform) -> None:
    load(platform, book(1))
    load(platform, book(2), "org_1")
    kinds = [it[1] for it in standing(platform, 20240601)]
    assert kinds == ["superseded", "published", "published"]


def test_an_own_book_in_another_currency_is_refused(platform: Platform) -> None:
    with pytest.raises(PriceBookRefused, match="in EUR, organization org_1 in USD") as refusal:
        load(platform, book(1, currency="EUR"), "org_1")
    assert [it.code for it in refusal.value.details] == ["currency_mismatch"]
    assert len(standing(platform, 20240101)) == 1


def test_an_organization_without_a_book_in_its_currency_has_no_prices(platform: Platform) -> None:
    platform.organization("org_eur", currency="EUR")
    assert platform.receipt(event(organization_id="org_eur")).code == "currency_mismatch"


def test_a_tenants_book_in_another_currency_leaves_those_before_in_force(
    platform: Platform,
) -> None:
    load(platform, book(1, currency="EUR"))
    assert platform.receipt(event()).status == "accepted"


def test_a_tariff_stays_in_memory_while_the_directory_changes(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(platform, book(1))
    read: list[int] = []
    reading = prices.read_price_book

    def count(snapshot: object, tenant: str, head: BookHead) -> PriceBook:
        read.append(head.version)
        return reading(snapshot, tenant, head)

    monkeypatch.setattr(prices, "read_price_book", count)
    platform.send(event())
    platform.organization("org_2")
    platform.send(event(organization_id="org_2"))
    assert sorted(read) == [1, 2]
    load(platform, book(9, effective_from=20240101))
    platform.send(event(id="2"))
    assert sorted(read) == [1, 2, 3]


def test_another_process_sees_a_published_book_at_once(platform: Platform) -> None:
    other = Platform(platform.database)
    other.directory_cache = DirectoryCache(platform.database)
    assert cost(other, "1") == 0
    version = load(platform, book(7), draft=True).version
    publish(platform, version)
    assert cost(other, "2") == 7
