"""The currency that a question is answered in: the tenant's, unless another is named."""

from datetime import date

import pytest

from tests.builders import Platform, event
from tollbook.analytics.organizations import currencies_of, organization_rows
from tollbook.analytics.scope import (
    QuestionScope,
    in_one_currency,
    other_currencies,
    require_one_currency,
)
from tollbook.domain.errors import CurrencyRequired
from tollbook.domain.periods import Period
from tollbook.store import directory
from tollbook.store.database import Database

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
