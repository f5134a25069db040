"""Tenants are created and changed once they are valid, each time with an act."""

import pytest

from tests.builders import Platform, event
from tollbook.administration.tenants import (
    change_tenant,
    create_tenant,
    delete_tenant,
    ensure_tenant,
)
from tollbook.domain.errors import AlreadyExists, InUse, InvalidRequest, NotFound
from tollbook.store import directory, prices
from tollbook.store.audit import COMMAND_LINE, Actor, acts
from tollbook.store.database import Database
from tollbook.store.directory import Tenant

ACTOR = Actor("acme", COMMAND_LINE, 1)
ACME = Tenant("acme", "Acme", "EUR", "GB", "Asia/Tokyo")


def create(database: Database, tenant: Tenant = ACME) -> None:
    with database.writing() as transaction:
        create_tenant(transaction, ACTOR, tenant)


def logged(database: Database) -> list[tuple[str, str, dict[str, str]]]:
    with database.reading() as snapshot:
        return [(act.action, act.object, act.details) for act in acts(snapshot, "acme")]


def test_a_tenant_is_created_without_prices_and_with_an_act(database: Database) -> None:
    create(database)
    with database.reading() as snapshot:
        assert directory.tenants(snapshot) == [ACME]
        assert prices.price_book_heads(snapshot, "acme") == []
    details = {"currency": "EUR", "number_format": "GB", "timezone": "Asia/Tokyo"}
    assert logged(database) == [("tenant.create", "tenant acme", details)]


def test_a_tenant_exists_once(database: Database) -> None:
    create(database)
    with pytest.raises(AlreadyExists, match="tenant acme exists already"):
        create(database, ACME._replace(currency="USD"))
    with database.reading() as snapshot:
        assert directory.tenants(snapshot) == [ACME]
    assert len(logged(database)) == 1


def test_a_tenant_is_ensured_without_an_act(database: Database) -> None:
    with database.writing() as transaction:
        assert ensure_tenant(transaction, ACTOR)
        assert not ensure_tenant(transaction, ACTOR, "Another name")
    with database.reading() as snapshot:
        assert [it.name for it in directory.tenants(snapshot)] == ["acme"]
    assert logged(database) == []


@pytest.mark.parametrize(
    ("tenant", "fields"),
    [
        (ACME._replace(currency="ZZZ", number_format="ZZ"), ["currency", "number_format"]),
        (ACME._replace(name=" "), ["name"]),
    ],
)
def test_an_invalid_tenant_is_not_created(
    database: Database, tenant: Tenant, fields: list[str]
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        create(database, tenant)
    assert [problem.field for problem in refusal.value.details] == fields
    with database.reading() as snapshot:
        assert directory.tenants(snapshot) == []


@pytest.mark.parametrize(
    ("currency", "number_format", "changed"),
    [
        ("CHF", None, ACME._replace(currency="CHF")),
        (None, "strict", ACME._replace(number_format="strict")),
        ("CHF", "strict", ACME._replace(currency="CHF", number_format="strict")),
    ],
)
def test_a_change_keeps_what_it_does_not_name(
    database: Database, currency: str | None, number_format: str | None, changed: Tenant
) -> None:
    create(database)
    with database.writing() as transaction:
        later = ACTOR._replace(at=2)
        assert change_tenant(transaction, later, currency, number_format) == changed
    with database.reading() as snapshot:
        assert directory.tenants(snapshot) == [changed]
    details = {
        "currency": changed.currency,
        "number_format": changed.number_format,
        "timezone": "Asia/Tokyo",
    }
    assert logged(database)[0] == ("tenant.change", "tenant acme", details)


def zones(database: Database) -> list[tuple[int, str]]:
    with database.reading() as snapshot:
        return directory.tenant_zones(snapshot, "acme")


def test_a_change_of_the_time_zone_keeps_the_zones_before_it(database: Database) -> None:
    create(database)
    assert zones(database) == [(0, "Asia/Tokyo")]
    for at, zone in ((5, "Europe/Berlin"), (6, "Europe/Berlin"), (7, "UTC")):
        with database.writing() as transaction:
            change_tenant(transaction, ACTOR._replace(at=at), None, None, zone)
    assert zones(database) == [(0, "Asia/Tokyo"), (5, "Europe/Berlin"), (7, "UTC")]


@pytest.mark.parametrize("zone", ["Atlantis", "localtime", "Factory"])
def test_a_time_zone_is_the_name_of_a_place(database: Database, zone: str) -> None:
    create(database)
    with pytest.raises(InvalidRequest) as refusal, database.writing() as transaction:
        change_tenant(transaction, ACTOR, None, None, zone)
    assert [problem.field for problem in refusal.value.details] == ["timezone"]
    assert zones(database) == [(0, "Asia/Tokyo")]


def test_an_unknown_tenant_and_an_invalid_change_are_refused(database: Database) -> None:
    with pytest.raises(NotFound, match="no tenant acme"), database.writing() as transaction:
        change_tenant(transaction, ACTOR, "CHF", None)
    create(database)
    with pytest.raises(InvalidRequest) as refusal, database.writing() as transaction:
        change_tenant(transaction, ACTOR, "ZZZ", "ZZ")
    fields = [problem.field for problem in refusal.value.details]
    assert fields == ["currency", "number_format"]
    assert len(logged(database)) == 1


def test_a_tenant_goes_with_everything_but_the_audit_log(database: Database) -> None:
    create(database)
    platform = Platform(database, "acme")
    number = platform.organization()
    platform.organization("org_2")
    platform.load(EXAMPLE)
    platform.key(organization="org_1")
    other = Platform(database, "other")
    other.organization()
    with database.writing() as transaction:
        assert delete_tenant(transaction, ACTOR._replace(at=3)) == ACME
    with database.reading() as snapshot:
        assert [it.id for it in directory.tenants(snapshot)] == ["other"]
        assert prices.price_book_heads(snapshot, "acme") == []
        assert directory.organizations(snapshot, "acme") == []
        assert len(directory.organizations(snapshot, "other")) == 1
    assert [it[0] for it in logged(database)] == ["tenant.delete", "tenant.create"]
    assert platform.rows("SELECT COUNT(*) FROM api_keys") == [(0,)]
    assert other.differences() == []
    create(database)
    again = Platform(database, "acme")
    assert again.organization() == number, "the audit log has the number"


def test_a_tenant_with_events_is_not_deleted(database: Database) -> None:
    create(database)
    platform = Platform(database, "acme")
    platform.send(event(organization_id="unknown"))
    with (
        pytest.raises(InUse, match="organization unknown has events"),
        database.writing() as transaction,
    ):
        delete_tenant(transaction, ACTOR)
    with pytest.raises(NotFound), database.writing() as transaction:
        delete_tenant(transaction, ACTOR._replace(tenant="nobody"))
    with database.reading() as snapshot:
        assert directory.tenants(snapshot) == [ACME]


EXAMPLE = """
name: Example
currency: EUR
effective_from: 2024-01-01
source: a test
rates:
  - {meter: voice.call, price: 1, per: second}
"""
