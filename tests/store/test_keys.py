"""API keys as they are stored: found by their public part, within one tenant, until they end."""

import pytest

from tests.builders import Platform
from tollbook.domain.addresses import networks_of
from tollbook.domain.keys import ApiKey, KeyScope, Limits, Permission, hash_of, prefix_of
from tollbook.store import keys
from tollbook.store.database import Database

AT = 1_700_000_000_000_000
LIMITS = Limits(AT + 1, ("voice.call", "sms.outbound"), networks_of(["10.0.0.0/8", "::1"]), 60)


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def issued(platform: Platform, limits: Limits = LIMITS, tenant: str | None = None) -> ApiKey:
    scope = KeyScope(tenant or platform.tenant, "org_1", "ann")
    granted = (Permission.READ_ANALYTICS, Permission.WRITE_EVENTS)
    with platform.database.writing() as transaction:
        number = platform.number("org_1")
        key, text = keys.issue_key(transaction, "name", scope, granted, AT, number, limits)
    assert prefix_of(text) == key.prefix
    assert hash_of(text) == key.hash
    return key


def used_at(platform: Platform, key: ApiKey) -> int | None:
    with platform.database.reading() as snapshot:
        row = keys.find_row(snapshot, platform.tenant, key.prefix)
    assert row is not None
    return row.last_used_at


def test_a_key_comes_back_with_all_that_narrows_it(platform: Platform) -> None:
    for limits in (LIMITS, Limits()):
        key = issued(platform, limits)
        with platform.database.reading() as snapshot:
            assert keys.find_key(snapshot, key.prefix) == key
            assert keys.find_row(snapshot, platform.tenant, key.prefix) == (key, None)


def test_the_text_of_a_key_is_not_stored(platform: Platform) -> None:
    text = platform.key()
    rows = platform.rows("SELECT * FROM api_keys")
    assert text not in repr(rows)
    assert text.rpartition("_")[2] not in repr(rows)


def test_a_key_is_listed_and_found_in_its_tenant_only(platform: Platform) -> None:
    Platform(platform.database, "other")
    key = issued(platform)
    with platform.database.reading() as snapshot:
        assert keys.find_row(snapshot, "other", key.prefix) is None
        assert keys.keys(snapshot, "other") == []
        assert [it.key for it in keys.keys(snapshot, platform.tenant)] == [key]
        assert keys.find_key(snapshot, "tb_nobody") is None


def test_a_key_is_revoked_once_and_by_its_own_tenant(platform: Platform) -> None:
    key = issued(platform)
    with platform.database.writing() as transaction:
        assert not keys.revoke_key(transaction, "other", key.prefix, AT)
        assert keys.revoke_key(transaction, platform.tenant, key.prefix, AT + 5)
        assert keys.revoke_key(transaction, platform.tenant, key.prefix, AT + 9)
    with platform.database.reading() as snapshot:
        found = keys.find_key(snapshot, key.prefix)
    assert found is not None
    assert found.revoked_at == AT + 5


@pytest.mark.parametrize(("end", "given", "expected"), [(None, 7, 7), (9, 7, 7), (5, 7, 5)])
def test_a_key_never_ends_later_than_it_would_have(
    platform: Platform, end: int | None, given: int, expected: int
) -> None:
    key = issued(platform, Limits(expires_at=end))
    with platform.database.writing() as transaction:
        keys.end_key(transaction, platform.tenant, key.prefix, given)
    with platform.database.reading() as snapshot:
        found = keys.find_key(snapshot, key.prefix)
    assert found is not None
    assert found.limits.expires_at == expected


def test_the_last_use_never_goes_back_and_changes_nothing_in_memory(platform: Platform) -> None:
    key = issued(platform)
    with platform.database.reading() as snapshot:
        before = snapshot.directory_token
    for at, expected in ((AT + 5, AT + 5), (AT + 3, AT + 5), (AT + 8, AT + 8)):
        with platform.database.writing() as transaction:
            keys.write_uses(transaction, {(platform.tenant, key.prefix): at, ("other", "x"): at})
        assert used_at(platform, key) == expected
    with platform.database.reading() as snapshot:
        assert snapshot.directory_token == before


def test_every_change_of_a_key_is_another_state_of_the_directory(platform: Platform) -> None:
    tokens = []
    key = issued(platform)
    for change in (
        lambda tx: keys.end_key(tx, platform.tenant, key.prefix, AT),
        lambda tx: keys.revoke_key(tx, platform.tenant, key.prefix, AT),
    ):
        with platform.database.reading() as snapshot:
            tokens.append(snapshot.directory_token)
        with platform.database.writing() as transaction:
            change(transaction)
    with platform.database.reading() as snapshot:
        tokens.append(snapshot.directory_token)
    assert len(set(tokens)) == 3
