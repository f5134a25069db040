"""Rows whose tenant, organization or user does not exist are found in every table."""

import pytest

from tests.builders import Platform, event
from tollbook.administration.origins import add_origin
from tollbook.store.database import Database
from tollbook.store.orphans import CHECK, owner_differences

EVERY_USER = {"events", "usage_daily", "usage_monthly", "resources_daily"}


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1")
    platform.send(
        event(id="1"),
        event(id="2", type="kb.usage", resource_id="kb"),
        event(id="3", user_id=None),
        event(id="4", quantity=90_000),
    )
    return platform


def found(platform: Platform) -> list[tuple[str, str]]:
    with platform.database.reading() as snapshot:
        differences = list(owner_differences(snapshot))
    assert all(it[0] == CHECK for it in differences)
    return [(str(it[2]["table"]), it[1]) for it in differences]


def run(platform: Platform, sql: str, **given: object) -> None:
    with platform.database.writing() as transaction:
        transaction.execute(sql, **given)


def test_a_ledger_has_no_orphans(platform: Platform) -> None:
    assert found(platform) == []


def test_a_user_that_is_gone_is_missed_by_each_table(platform: Platform) -> None:
    number = platform.number("org_1")
    run(platform, "DELETE FROM users WHERE organization_id = :number", number=number)
    assert set(found(platform)) == {(table, "no such user") for table in EVERY_USER}


def test_an_event_of_the_organization_may_name_a_user_that_does_not_exist(
    platform: Platform,
) -> None:
    registered = event(id="5", type="brand.registration", quantity=1, user_id="ann", cost="1")
    platform.send(registered)
    number = platform.number("org_1")
    run(
        platform,
        "DELETE FROM users WHERE organization_id = :number AND id = 'ann'",
        number=number,
    )
    assert found(platform) == []


def test_a_tenant_that_is_gone_is_missed_by_what_it_had(
    platform: Platform,
) -> None:
    with platform.database.writing() as transaction:
        add_origin(transaction, platform.actor(), "https://app.example.com")
    assert found(platform) == []
    run(platform, "DELETE FROM tenants WHERE tenant_id = :tenant", tenant=platform.tenant)
    assert found(platform) == [
        ("organizations", "no such tenant"),
        ("origins", "no such tenant"),
    ]


def test_an_organization_that_is_gone_is_missed_by_each_table(platform: Platform) -> None:
    number = platform.number("org_1")
    run(platform, "DELETE FROM organizations WHERE organization_id = :number", number=number)
    lost = dict(found(platform))
    assert set(lost.values()) == {"no such organization"}
    assert set(lost) == {
        *EVERY_USER,
        "organization_daily",
        "quarantine_counts",
        "organization_monthly",
        "organization_hourly",
        "organization_resources",
        "quarantine",
        "users",
    }
