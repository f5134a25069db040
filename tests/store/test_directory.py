"""Tenants, organizations and users: what is there, what is taken, and what a change changes."""

import pytest

from tests.builders import Platform, event
from tollbook.domain.directory import Organization, Status, User
from tollbook.domain.errors import StoreUnavailable
from tollbook.store import directory
from tollbook.store.database import Database
from tollbook.store.directory import UNKNOWN, OrganizationRow, Tenant
from tollbook.wiring import now


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1", name="One", timezone="Europe/Berlin", currency="EUR")
    return platform


def found(platform: Platform, identity: str) -> OrganizationRow:
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, identity)
    assert row is not None
    return row


def token(platform: Platform) -> int:
    with platform.database.reading() as snapshot:
        return snapshot.directory_token


def test_a_tenant_is_added_once(platform: Platform) -> None:
    with platform.database.writing() as transaction:
        assert not directory.add_tenant(transaction, platform.tenant, "Another name", 1)
        assert directory.add_tenant(transaction, "second", "Second", 1)
    with platform.database.reading() as snapshot:
        assert [it.id for it in directory.tenants(snapshot)] == [platform.tenant, "second"]
        tenant = directory.find_tenant(snapshot, platform.tenant)
        assert tenant == Tenant(platform.tenant, platform.tenant, "USD", "strict")
        assert directory.find_tenant(snapshot, "third") is None


def test_a_change_of_a_tenant_is_another_state_of_the_directory(platform: Platform) -> None:
    before = token(platform)
    with platform.database.writing() as transaction:
        directory.change_tenant(transaction, Tenant(platform.tenant, "New", "CHF", "GB"))
    assert token(platform) != before
    with platform.database.reading() as snapshot:
        assert directory.tenant_currency(snapshot, platform.tenant) == "CHF"
        assert directory.tenant_number_format(snapshot, platform.tenant) == "GB"
        assert directory.tenant_currency(snapshot, "nobody") == "USD"
        assert directory.tenant_number_format(snapshot, "nobody") == "strict"


def test_an_id_is_taken_within_a_tenant_only(platform: Platform) -> None:
    other = Platform(platform.database, "other")
    number = other.organization("org_1")
    assert number != platform.number("org_1")
    with platform.database.writing() as transaction:
        again = Organization("org_1", "Again")
        assert not directory.add_organization(transaction, platform.tenant, again, 1)
    assert found(platform, "org_1").name == "One"


def test_an_organization_that_events_have_named_keeps_its_number(platform: Platform) -> None:
    platform.send(event(organization_id="org_new"))
    waiting = found(platform, "org_new")
    assert (waiting.status, waiting.name) == (UNKNOWN, "")
    with platform.database.reading() as snapshot:
        listed = directory.organizations(snapshot, platform.tenant)
        assert [it.id for it in listed] == ["org_1"]
        assert directory.currencies(snapshot, platform.tenant) == ["EUR"]
    assert platform.organization("org_new", name="New", timezone="Asia/Tokyo") == waiting.number
    created = found(platform, "org_new")
    assert (created.status, created.name, created.timezone) == ("active", "New", "Asia/Tokyo")


def test_a_placeholder_is_made_once(platform: Platform) -> None:
    for _ in range(2):
        with platform.database.writing() as transaction:
            directory.reserve_organizations(transaction, platform.tenant, {"a", "b", "org_1"}, 1)
    assert found(platform, "org_1").name == "One"
    assert len(platform.rows("SELECT 1 FROM organizations")) == 3


def test_a_change_writes_all_but_number_and_id(platform: Platform) -> None:
    number, before = platform.number("org_1"), token(platform)
    changed = Organization(
        "org_1", "New", "Asia/Tokyo", "JPY", Status.SUSPENDED, number_format="GB"
    )
    with platform.database.writing() as transaction:
        held = directory.hold_organization(transaction, platform.tenant, number, now())
        assert (held.timezone, held.currency) == ("Europe/Berlin", "EUR")
        directory.change_organization(transaction, platform.tenant, number, changed)
    assert found(platform, "org_1") == OrganizationRow(
        number, "org_1", "New", "Asia/Tokyo", "JPY", "suspended", "GB"
    )
    assert token(platform) != before


def test_numbers_are_of_the_organizations_they_were_of(platform: Platform) -> None:
    number = platform.number("org_1")
    with platform.database.reading() as snapshot:
        directory.require_number(snapshot, platform.tenant, "org_1", number)
        assert directory.organization_numbered(snapshot, platform.tenant, number).id == "org_1"
        for identity, wrong in (("org_1", number + 1), ("org_2", number)):
            with pytest.raises(StoreUnavailable, match="earlier state"):
                directory.require_number(snapshot, platform.tenant, identity, wrong)
        for tenant, wrong in ((platform.tenant, number + 1), ("other", number)):
            with pytest.raises(StoreUnavailable, match="earlier state"):
                directory.organization_numbered(snapshot, tenant, wrong)


def test_an_organization_writes_numbers_as_its_tenant_unless_it_says_otherwise(
    platform: Platform,
) -> None:
    platform.organization("org_2", number_format="FR")
    with platform.database.reading() as snapshot:
        formats = [
            directory.number_format(snapshot, platform.tenant, found(platform, it))
            for it in ("org_1", "org_2")
        ]
    assert formats == ["strict", "FR"]


def test_a_user_is_of_one_organization_and_taken_there(platform: Platform) -> None:
    one, two = platform.number("org_1"), platform.organization("org_2")
    ann = User("ann", "Ann", "ann@example.org")
    with platform.database.writing() as transaction:
        assert directory.add_user(transaction, one, ann, now())
        assert not directory.add_user(transaction, one, User("ann", "Again"), now())
        assert directory.add_user(transaction, two, User("ann", "Another"), now())
        assert directory.add_user(transaction, one, User("Zoë", "Zoë"), now())
    with platform.database.reading() as snapshot:
        assert directory.find_user(snapshot, one, "ann") == ann
        assert directory.find_user(snapshot, two, "Zoë") is None
        assert [it.id for it in directory.users(snapshot, one)] == ["Zoë", "ann"]
        named = directory.organizations_with_user(snapshot, platform.tenant, "ann")
        assert [it.id for it in named] == ["org_1", "org_2"]
        assert directory.organizations_with_user(snapshot, "other", "ann") == []


def test_a_change_of_a_user_is_a_change_of_its_ledger(platform: Platform) -> None:
    number = platform.number("org_1")
    sql = "SELECT token FROM ledger_versions WHERE organization_id = :number"
    with platform.database.writing() as transaction:
        directory.add_user(transaction, number, User("ann", "Ann"), now())
    before = platform.rows(sql, number=number)
    changed = User("ann", "Anna", None, Status.SUSPENDED)
    with platform.database.writing() as transaction:
        directory.change_user(transaction, number, changed, now())
    assert platform.rows(sql, number=number) != before
    with platform.database.reading() as snapshot:
        assert directory.find_user(snapshot, number, "ann") == changed
