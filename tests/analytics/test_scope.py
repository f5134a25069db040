"""The currency that a question is answered in: the tenant's, unless another is named."""

from datetime import date

import pytest

from tests.builders import Platform, event
from tollbook.analytics.organizations import currencies_of, organization_rows
from tollbook.analytics.scope import (
    QuestionScope,
    in_its_currency,
    in_one_currency,
    organizations_of,
    other_currencies,
    require_one_currency,
    summed_scope,
)
from tollbook.domain.errors import CurrencyRequired, InvalidRequest
from tollbook.domain.periods import Period
from tollbook.store import directory
from tollbook.store.database import Database
from tollbook.store.directory import OrganizationRow

JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
FEBRUARY = Period(date(2024, 2, 1), date(2024, 2, 29))


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    for identity, currency, cost in (("a", "USD", 1), ("b", "EUR", 9), ("c", "GBP", 0)):
        platform.organization(identity, currency=currency)
        if cost:
            platform.send(event(organization_id=identity, cost=cost))
    return platform


def test_a_tenant_answers_in_its_currency_and_names_others_with_costs(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        scope = in_one_currency(snapshot, QuestionScope(platform.tenant))
        assert scope.currency == "USD"
        assert other_currencies(snapshot, scope, JANUARY) == ["EUR"]
        assert other_currencies(snapshot, scope, FEBRUARY) == []


def test_the_currency_of_a_tenant_can_be_changed(platform: Platform) -> None:
    with platform.database.writing() as transaction:
        tenant = directory.find_tenant(transaction, platform.tenant)
        assert tenant
        directory.change_tenant(transaction, tenant._replace(currency="EUR"))
        assert in_one_currency(transaction, QuestionScope(platform.tenant)).currency == "EUR"
        rows = organization_rows(transaction, QuestionScope(platform.tenant), JANUARY)
        assert [row[0] for row in rows] == ["b", "c", "a"]


def test_organizations_come_in_the_tenants_currency_first(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        scope = QuestionScope(platform.tenant)
        rows = organization_rows(snapshot, scope, JANUARY)
        assert [row[0] for row in rows] == ["a", "b", "c"]
        assert currencies_of(snapshot, scope) == {"a": "USD", "b": "EUR", "c": "GBP"}


def test_a_bound_on_amounts_of_several_currencies_is_refused(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        with pytest.raises(CurrencyRequired) as refused:
            require_one_currency(snapshot, QuestionScope(platform.tenant), "min_cost")
        require_one_currency(snapshot, QuestionScope(platform.tenant, currency="EUR"), "min_cost")
    (problem,) = refused.value.details
    assert (problem.field, problem.code) == ("currency", "currency_required")


ACME = OrganizationRow(1, "org_1", "Acme", "Asia/Tokyo", "JPY", "active")


@pytest.mark.parametrize(
    ("hour", "in_utc", "in_tokyo"), [(14, date(1970, 1, 1), 1), (15, date(1970, 1, 1), 2)]
)
def test_today_is_that_of_the_zone(hour: int, in_utc: date, in_tokyo: int) -> None:
    now = hour * 3_600_000_000
    assert QuestionScope("t").today(now) == in_utc
    assert QuestionScope("t", ACME).today(now) == date(1970, 1, in_tokyo)


def test_a_tenant_has_no_number_and_the_days_of_utc() -> None:
    assert (QuestionScope("t").number, QuestionScope("t").timezone) == (None, "UTC")
    assert (QuestionScope("t", ACME).number, QuestionScope("t", ACME).timezone) == (1, "Asia/Tokyo")


def test_the_organizations_of_a_scope_have_its_currency(platform: Platform) -> None:
    platform.send(event(organization_id="placeholder"))
    with platform.database.reading() as snapshot:

        def ids(**given: object) -> list[str]:
            scope = QuestionScope(platform.tenant, **given)  # type: ignore[arg-type]
            return [it.id for it in organizations_of(snapshot, scope)]

        assert ids() == ["a", "b", "c"]
        assert ids(currency="EUR") == ["b"]
        assert ids(currency="JPY") == []
        assert ids(organization=ACME) == ["org_1"]
        assert ids(organization=ACME, currency="USD") == []


def test_an_organization_is_answered_in_its_currency(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        for given in (None, "JPY"):
            scope = QuestionScope(platform.tenant, ACME, None, given)
            assert in_its_currency(snapshot, scope).currency == "JPY"
        other = QuestionScope(platform.tenant, ACME, None, "USD")
        with pytest.raises(InvalidRequest) as refused:
            in_its_currency(snapshot, other)
    assert [(it.field, it.code) for it in refused.value.details] == [("currency", "other_currency")]


def test_several_currencies_are_summed_in_that_of_the_tenant(platform: Platform) -> None:
    other = Platform(platform.database, "other")
    other.organization("d", currency="EUR")
    with platform.database.reading() as snapshot:
        assert summed_scope(snapshot, QuestionScope(platform.tenant)).currency == "USD"
        named = QuestionScope(platform.tenant, currency="GBP")
        assert summed_scope(snapshot, named) == named
        single = QuestionScope("other")
        assert summed_scope(snapshot, single) == single


def test_an_instant_is_past_when_every_organization_has_later_events(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        euros = QuestionScope(platform.tenant, currency="EUR")
        (row,) = organizations_of(snapshot, euros)
        of_one = QuestionScope(platform.tenant, row)
        received = of_one.ledger_version(snapshot).received_at
        assert received
        for scope in (euros, of_one):
            assert scope.has_received(snapshot, received)
            assert not scope.has_received(snapshot, received + 1)
        assert not QuestionScope(platform.tenant).has_received(snapshot, received)
        nobody = QuestionScope(platform.tenant, currency="JPY")
        assert not nobody.has_received(snapshot, 0)
