"""GET /v1/analytics/forecast: what a month will cost, of a tenant, an organization and a user."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event

PATH = "/v1/analytics/forecast"
OF_ORG_1 = {"organization_id": "org_1"}


def today() -> date:
    return datetime.now(UTC).date()


def steady(days: int, cost: str = "1", user: str = "user_1") -> list[Json]:
    """Cost the same on each of the last whole days."""
    first = today() - timedelta(days=days)
    return [
        event(
            id=f"{user} {n}", cost=cost, user_id=user, time=f"{first + timedelta(days=n)}T12:00:00Z"
        )
        for n in range(days)
    ]


def days_left() -> int:
    day, found = today(), 0
    while (day + timedelta(days=found + 1)).month == day.month:
        found += 1
    return found


def test_without_usage_nothing_is_expected(either: Tenant) -> None:
    for whose in ({}, OF_ORG_1):
        answer = either.get(PATH, params=whose)
        assert answer.status_code == 200
        found = answer.json()
        assert found.pop("as_of") == answer.headers["x-as-of"]
        named = {"organization_id": "org_1", "organization_name": "org_1"} if whose else {}
        assert found == {
            "success": True,
            "tenant_id": either.tenant,
            **named,
            "currency": "USD",
            "month": f"{today():%Y-%m}",
            "spent": 0.0,
            "forecast": 0.0,
            "low": None,
            "high": None,
            "method": "none",
            "method_description": found["method_description"],
            "days_left": days_left(),
            "based_on_days": 0,
        }


def test_a_steady_organization_goes_on_so(either: Tenant) -> None:
    either.send(*steady(80, "1.000000001"))
    either.organization("org_2", timezone="Asia/Tokyo")
    answer = either.get(PATH, params=OF_ORG_1).json()
    days = today().day + days_left()
    assert answer["forecast"] == answer["low"] == answer["high"] == days
    assert answer["spent"] == pytest.approx((today().day - 1) * 1.000000001)
    assert (answer["method"], answer["based_on_days"]) == ("weekday_mean", 56)
    assert either.get(PATH).json()["forecast"] == answer["forecast"]


def test_less_than_two_weeks_are_a_mean_of_days(tenant: Tenant) -> None:
    tenant.send(*steady(13))
    answer = tenant.get(PATH, params=OF_ORG_1).json()
    assert (answer["method"], answer["based_on_days"]) == ("daily_mean", 13)


def test_one_user_is_answered_for_alone(either: Tenant) -> None:
    either.send(*steady(20), *steady(20, "5", "user_2"))
    both = either.get(PATH, params=OF_ORG_1).json()
    one = either.get(PATH, params={**OF_ORG_1, "user_id": "user_2"}).json()
    assert (one["user_id"], one["user_name"]) == ("user_2", "user_2")
    assert one["forecast"] * 6 == both["forecast"] * 5
    key = either.key(organization="org_1", user="user_2")
    by_key = either.get(PATH, key).json()
    assert by_key | {"as_of": ""} == one | {"as_of": ""}


def test_a_month_that_is_over_is_what_it_cost(either: Tenant) -> None:
    either.send(event(cost="2"), event(id="2", cost="0.000000001", time="2024-01-31T23:59:59Z"))
    answer = either.get(PATH, params={**OF_ORG_1, "month": "2024-01"}).json()
    figures = [answer[it] for it in ("spent", "forecast", "low", "high")]
    assert figures == [2.000000001] * 4
    assert (answer["month"], answer["method"], answer["days_left"]) == ("2024-01", "closed", 0)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"month": "2024-13"}, ("month", "invalid_month")),
        ({"month": "2024-1"}, ("month", "invalid_month")),
        ({"month": "2024-01-01"}, ("month", "invalid_month")),
        ({"month": "9999-12"}, ("month", "in_future")),
        ({"user_id": "user_1"}, ("organization_id", "missing_parameter")),
        ({"start_date": "2024-01-01"}, ("start_date", "unknown_parameter")),
    ],
)
def test_what_is_wrong_is_named(
    tenant: Tenant, given: dict[str, str], problem: tuple[str, str]
) -> None:
    answer = tenant.get(PATH, params=given)
    assert (answer.status_code, problems(answer)) == (400, [problem])


def test_the_first_month_of_the_calendar_is_a_month(tenant: Tenant) -> None:
    assert tenant.get(PATH, params={"month": "0001-01"}).json()["spent"] == 0.0


def test_an_unknown_user_is_not_found(tenant: Tenant) -> None:
    answer = tenant.get(PATH, params={**OF_ORG_1, "user_id": "nobody"})
    assert (answer.status_code, answer.json()["error"]) == (404, "User not found")


def test_costs_are_answered_in_the_tenants_currency(tenant: Tenant) -> None:
    tenant.organization("org_2", currency="EUR")
    assert tenant.get(PATH).json()["currency"] == "USD"
    assert tenant.get(PATH, params={"currency": "EUR"}).json()["currency"] == "EUR"


def test_meta_tells_that_the_month_is_open(tenant: Tenant) -> None:
    answer = tenant.get(PATH, params={**OF_ORG_1, "include": "meta"}).json()
    assert answer["meta"]["period_state"] == "open"
    past = tenant.get(PATH, params={**OF_ORG_1, "include": "meta", "month": "2024-01"}).json()
    assert past["meta"]["period_state"] == "closed"
