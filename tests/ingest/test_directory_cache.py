"""Keys and terms in memory: they hold for one state of the directory and for no other."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import Platform, event
from tests.rerating.builders import CALLS, book
from tollbook.domain.keys import Limits, prefix_of
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.store import keys, removal
from tollbook.store.database import Database, open_database
from tollbook.wiring import now


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1", timezone="Europe/Berlin")
    return platform


@pytest.fixture
def other(database_url: str) -> Iterator[Platform]:
    """The same tenant, as another process has it open."""
    with closing(open_database(database_url)) as database:
        yield Platform(database)


def prefix(key: str) -> str:
    found = prefix_of(key)
    assert found is not None
    return found


def test_a_key_is_in_memory_once_it_was_loaded(platform: Platform) -> None:
    cache, key = platform.directory_cache, prefix(platform.key())
    assert cache.remembered_key(key) is None
    loaded = cache.loaded_key(key)
    assert loaded is not None
    assert cache.remembered_key(key) == loaded


def test_an_unknown_key_is_none_and_is_not_remembered(platform: Platform) -> None:
    cache = platform.directory_cache
    assert cache.loaded_key("tb_unknown") is None
    assert cache.remembered_key("tb_unknown") is None


def test_a_key_that_another_process_revokes_is_unknown_in_the_next_snapshot(
    platform: Platform, other: Platform
) -> None:
    cache, key = platform.directory_cache, prefix(platform.key())
    loaded = cache.loaded_key(key)
    assert loaded is not None
    with other.database.writing() as transaction:
        assert keys.revoke_key(transaction, platform.tenant, key, now())
    with platform.database.reading() as snapshot:
        assert snapshot.directory_token != loaded[0]
        assert cache.key(snapshot, key) is None
    assert cache.loaded_key(key) is None


def test_a_key_ends_by_the_clock_of_the_cache_while_it_is_in_memory(platform: Platform) -> None:
    end = now() + 60_000_000
    key = prefix(platform.key(limits=Limits(expires_at=end)))
    times = iter((end - 1, end))
    cache = DirectoryCache(platform.database, lambda: next(times))
    with platform.database.reading() as snapshot:
        assert cache.key(snapshot, key) is not None
        assert cache.key(snapshot, key) is None


def test_terms_are_remembered_for_all_organizations_or_not_at_all(platform: Platform) -> None:
    cache = platform.directory_cache
    platform.organization("org_2")
    token, terms = cache.loaded_terms(platform.tenant, {"org_1"}, now())
    assert cache.remembered_terms(platform.tenant, {"org_1"}) == (token, terms)
    assert cache.remembered_terms(platform.tenant, {"org_1", "org_2"}) is None
    assert cache.remembered_terms("another tenant", {"org_1"}) is None
    assert terms["org_1"].known
    assert terms["org_1"].zone.key == "Europe/Berlin"


def test_an_organization_that_was_never_heard_of_gets_a_number_and_stays_unknown(
    platform: Platform,
) -> None:
    cache = platform.directory_cache
    _, terms = cache.loaded_terms(platform.tenant, {"org_1", "org_new"}, now())
    assert not terms["org_new"].known
    assert terms["org_new"].number != terms["org_1"].number
    _, again = cache.loaded_terms(platform.tenant, {"org_new"}, now())
    assert again["org_new"].number == terms["org_new"].number
    with platform.database.reading() as snapshot:
        assert cache.terms(snapshot, platform.tenant, {"org_never"}) == {}


def test_an_id_that_no_path_can_hold_gets_no_number(platform: Platform) -> None:
    _, terms = platform.directory_cache.loaded_terms(platform.tenant, {".", "org_1"}, now())
    assert set(terms) == {"org_1"}


def test_a_change_of_prices_by_another_process_holds_for_the_next_event(
    platform: Platform, other: Platform
) -> None:
    platform.send(event(id="before"))
    other.load(book(CALLS))
    platform.send(event(id="after"))
    costs = dict(platform.rows("SELECT id_text(id), cost FROM events"))
    assert costs["after"] > costs["before"] > 0


def test_the_tariff_of_a_book_is_read_once_while_other_things_change(platform: Platform) -> None:
    cache = platform.directory_cache
    _, first = cache.loaded_terms(platform.tenant, {"org_1"}, now())
    platform.organization("org_2")
    _, second = cache.loaded_terms(platform.tenant, {"org_1"}, now())
    assert second["org_1"] is not first["org_1"]
    assert second["org_1"].books[0][0] is first["org_1"].books[0][0]
    platform.load(book(CALLS))
    _, third = cache.loaded_terms(platform.tenant, {"org_1"}, now())
    assert third["org_1"].books != first["org_1"].books


def test_tenants_do_not_share_what_has_one_name(platform: Platform) -> None:
    theirs = Platform(platform.database, "another")
    number = theirs.organization("org_1", timezone="Asia/Tokyo")
    cache = platform.directory_cache
    for tenant, zone in ((platform.tenant, "Europe/Berlin"), ("another", "Asia/Tokyo")):
        _, terms = cache.loaded_terms(tenant, {"org_1"}, now())
        assert terms["org_1"].zone.key == zone
        assert (terms["org_1"].number == number) == (tenant == "another")


def test_a_change_of_one_tenant_leaves_what_is_remembered_of_another(platform: Platform) -> None:
    cache, key = platform.directory_cache, prefix(platform.key())
    token, terms = cache.loaded_terms(platform.tenant, {"org_1"}, now())
    assert cache.loaded_key(key) is not None
    stranger = Platform(platform.database, "stranger")
    stranger.organization("org_1")
    stranger.key()
    with platform.database.reading() as snapshot:
        assert cache.token(snapshot, platform.tenant) == token
        assert cache.token(snapshot, stranger.tenant) != token
    remembered = cache.remembered_terms(platform.tenant, {"org_1"})
    assert remembered is not None
    assert remembered[1]["org_1"] is terms["org_1"]
    assert cache.remembered_key(key) is not None


def test_a_change_of_a_tenant_by_another_process_drops_what_is_remembered_of_it(
    platform: Platform, other: Platform
) -> None:
    cache, key = platform.directory_cache, prefix(platform.key())
    token, _ = cache.loaded_terms(platform.tenant, {"org_1"}, now())
    loaded = cache.loaded_key(key)
    assert loaded is not None
    assert loaded[0] == token
    other.organization("org_2")
    with platform.database.reading() as snapshot:
        assert cache.token(snapshot, platform.tenant) != token
    assert cache.remembered_key(key) is None
    assert cache.remembered_terms(platform.tenant, {"org_1"}) is None


def test_a_deleted_tenant_is_forgotten(platform: Platform) -> None:
    cache, key = platform.directory_cache, prefix(platform.key())
    assert cache.loaded_key(key) is not None
    with platform.database.writing() as transaction:
        removal.remove_tenant(transaction, platform.tenant, [])
    with platform.database.reading() as snapshot:
        assert cache.key(snapshot, key) is None
    assert cache.remembered_key(key) is None


def test_so_many_prices_of_days_are_remembered(platform: Platform) -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    times = [first + timedelta(n) for n in range(1_500)]
    platform.send(*(event(id=f"{it}", time=it.isoformat()) for it in times))
    remembered = platform.directory_cache.remembered_terms(platform.tenant, {"org_1"})
    assert remembered is not None
    assert len(remembered[1]["org_1"].plains) <= 1_000
