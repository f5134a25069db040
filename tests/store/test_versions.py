"""The states of the directory and of ledgers: every change has a token that no other state had."""

import pytest

from tests.builders import Platform, event
from tollbook.store.database import Database
from tollbook.store.tokens import new_token
from tollbook.store.versions import (
    LedgerVersion,
    change_token,
    ledger_version,
    ledger_version_of_all,
    received_at,
    renew_tokens,
    touch,
)


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1")
    platform.organization("org_2")
    return platform


def version(platform: Platform, organization: str = "org_1") -> LedgerVersion:
    with platform.database.reading() as snapshot:
        return ledger_version(snapshot, platform.number(organization))


def of_all(platform: Platform) -> LedgerVersion:
    with platform.database.reading() as snapshot:
        return ledger_version_of_all(snapshot, platform.tenant)


def touched(platform: Platform, organization: str, now: int) -> None:
    with platform.database.writing() as transaction:
        touch(transaction, platform.number(organization), now)


def test_tokens_are_random_and_never_zero() -> None:
    tokens = {new_token() for _ in range(10_000)}
    assert len(tokens) == 10_000
    assert all(0 < it < 2**40 for it in tokens)


def test_a_ledger_without_a_write_has_the_token_zero(platform: Platform) -> None:
    assert version(platform) == LedgerVersion(0, 0, 0, 0, 0)


def test_a_change_of_a_ledger_is_a_new_token_and_the_one_before_is_kept(platform: Platform) -> None:
    touched(platform, "org_1", 100)
    first = version(platform)
    touched(platform, "org_1", 200)
    second = version(platform)
    assert 0 != first.token != second.token
    assert (first.as_of, second.as_of) == (100, 200)
    number = platform.number("org_1")
    sql = "SELECT replaced FROM ledger_versions WHERE organization_id = :number"
    assert platform.rows(sql, number=number) == [(first.token,)]
    assert version(platform, "org_2").token == 0


def test_the_instant_of_a_ledger_never_goes_back(platform: Platform) -> None:
    touched(platform, "org_1", 200)
    touched(platform, "org_1", 100)
    assert version(platform).as_of == 200


def test_the_newest_event_has_the_instant_at_which_it_came(platform: Platform) -> None:
    platform.send(event(id="new", time="2024-03-01T00:00:00Z"))
    new = version(platform)
    platform.send(event(id="old", time="2024-01-01T00:00:00Z"))
    late = version(platform)
    assert late.newest == new.newest == 1_709_251_200_000_000
    assert late.newest_received_at == new.newest_received_at == new.received_at
    assert late.received_at > new.received_at


def test_the_last_events_are_listed_for_ledgers_without_any_too(platform: Platform) -> None:
    platform.send(event())
    one, two = platform.number("org_1"), platform.number("org_2")
    with platform.database.reading() as snapshot:
        assert received_at(snapshot, []) == {}
        assert received_at(snapshot, [two]) == {two: 0}
        found = received_at(snapshot, [one, two])
    assert found == {one: version(platform).received_at, two: 0}


def test_the_ledgers_of_a_tenant_change_with_each_of_them_and_with_the_directory(
    platform: Platform,
) -> None:
    other = Platform(platform.database, "other")
    other.organization("org_1")
    seen = [of_all(platform).token]
    for change in (
        lambda: platform.send(event()),
        lambda: platform.send(event(id="2", organization_id="org_2")),
        lambda: platform.organization("org_3"),
    ):
        change()
        seen.append(of_all(platform).token)
    assert len(set(seen)) == len(seen)
    before = of_all(platform)
    other.send(event())
    assert of_all(platform) == before


def test_the_ledgers_of_a_tenant_are_as_of_the_latest_of_them(platform: Platform) -> None:
    platform.send(event(id="1", time="2024-02-01T00:00:00Z"))
    platform.send(event(id="2", organization_id="org_2", time="2024-01-01T00:00:00Z"))
    one, two, both = version(platform), version(platform, "org_2"), of_all(platform)
    assert both.as_of == max(one.as_of, two.as_of)
    assert both.received_at == max(one.received_at, two.received_at)
    assert (both.newest, both.newest_received_at) == (one.newest, one.newest_received_at)


def test_a_transaction_knows_the_token_that_it_gives_the_directory(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        before = snapshot.directory_token
    with platform.database.writing() as transaction:
        change_token(transaction, platform.tenant)
        given = transaction.directory_token
    with platform.database.reading() as snapshot:
        assert snapshot.directory_token == given != before


def test_a_restored_database_has_none_of_the_tokens_it_had(platform: Platform) -> None:
    platform.send(event(), event(id="2", organization_id="org_2"))
    before = {version(platform, it).token for it in ("org_1", "org_2")}
    directory = of_all(platform).token - sum(before)
    with platform.database.writing() as transaction:
        renew_tokens(transaction)
    after = {version(platform, it).token for it in ("org_1", "org_2")}
    assert not before & after
    assert of_all(platform).token - 2 * sum(after) != directory
