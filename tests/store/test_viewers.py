"""What viewer tokens are signed with, and which are taken back."""

import pytest

from tests.builders import Platform
from tollbook.domain.viewers import MOST_SECONDS
from tollbook.store import viewers
from tollbook.store.database import Database

AT = 1_700_000_000_000_000


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1")
    return platform


def secret(platform: Platform, tenant: str | None = None) -> str:
    with platform.database.writing() as transaction:
        return viewers.secret_of(transaction, tenant or platform.tenant, AT)


def revoked(
    platform: Platform, identity: str, organization: str = "org_1", tenant: str | None = None
) -> bool:
    with platform.database.reading() as snapshot:
        return viewers.is_revoked(snapshot, tenant or platform.tenant, identity, organization)


def revoke(platform: Platform, identity: str, organization: int | None, at: int = AT) -> None:
    with platform.database.writing() as transaction:
        viewers.revoke(transaction, platform.tenant, identity, organization, at)


def test_a_secret_is_made_when_it_is_first_needed_and_stays(platform: Platform) -> None:
    Platform(platform.database, "other")
    with platform.database.reading() as snapshot:
        assert viewers.find_secret(snapshot, platform.tenant) is None
    made = secret(platform)
    assert len(made) >= 32
    assert secret(platform) == made
    assert secret(platform, "other") != made
    with platform.database.reading() as snapshot:
        assert viewers.find_secret(snapshot, platform.tenant) == made


def test_another_secret_is_another_state_of_the_directory(platform: Platform) -> None:
    before = secret(platform)
    with platform.database.reading() as snapshot:
        token = snapshot.directory_token
    with platform.database.writing() as transaction:
        viewers.change_secret(transaction, platform.tenant, AT)
    assert secret(platform) != before
    with platform.database.reading() as snapshot:
        assert snapshot.directory_token != token


def test_a_secret_may_be_changed_before_there_is_one(platform: Platform) -> None:
    with platform.database.writing() as transaction:
        viewers.change_secret(transaction, platform.tenant, AT)
    assert secret(platform)


def test_a_token_is_taken_back_with_the_organization_whose_key_did_it(platform: Platform) -> None:
    revoke(platform, "by tenant", None)
    revoke(platform, "by organization", platform.number("org_1"))
    revoke(platform, "by organization", platform.number("org_1"))
    ids = ("by tenant", "by organization", "another")
    assert [revoked(platform, it) for it in ids] == [True, True, False]
    assert [revoked(platform, it, "org_2") for it in ids] == [True, False, False]
    Platform(platform.database, "other")
    assert not any(revoked(platform, it, tenant="other") for it in ids)
    with platform.database.reading() as snapshot:
        number = platform.number("org_1")
        by = [("by tenant", None), ("by organization", number), ("by tenant", number)]
        found = [viewers.has_revoked(snapshot, platform.tenant, *it) for it in by]
        assert found == [True, True, False]


def test_a_revocation_leaves_what_servers_remember(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        before = snapshot.directory_token
    revoke(platform, "one", None)
    with platform.database.reading() as snapshot:
        assert snapshot.directory_token == before


def test_a_token_that_has_ended_need_not_be_kept(platform: Platform) -> None:
    revoke(platform, "first", None)
    last = AT + MOST_SECONDS * 1_000_000
    revoke(platform, "second", None, last)
    ids = ("first", "second", "third")
    assert [revoked(platform, it) for it in ids] == [True, True, False]
    revoke(platform, "third", None, last + 1)
    assert [revoked(platform, it) for it in ids] == [False, True, True]
