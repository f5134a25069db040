"""/v1/budgets: set, read, passed, taken away."""

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tollbook.store.audit import acts

PATH = "/v1/budgets"
OF_ORG_1 = f"{PATH}/org_1"
OF_USER_1 = f"{OF_ORG_1}/users/user_1"


def put(tenant: Tenant, path: str, body: Any, key: str | None = None) -> Json:
    answer = tenant.call("PUT", path, key, json=body)
    assert answer.status_code == 200, answer.text
    budget: Json = answer.json()["budget"]
    return budget


def listed(tenant: Tenant, key: str | None = None, **query: str) -> list[Json]:
    answer = tenant.get(PATH, key, params=query)
    assert answer.status_code == 200
    found: list[Json] = answer.json()["budgets"]
    return found


def spend(tenant: Tenant, cost: str, **given: Any) -> None:
    """Cost something now."""
    now = datetime.now(UTC)
    tenant.send(event(id=f"{cost} {given}", cost=cost, time=now.isoformat(), **given))


def test_at_first_there_are_no_budgets(either: Tenant) -> None:
    answer = either.get(PATH)
    assert answer.json() == {"success": True, "tenant_id": either.tenant, "budgets": []}
    assert either.delete(OF_ORG_1).json()["error"] == "organization org_1 has no budget"


def test_a_budget_is_set_and_listed(either: Tenant) -> None:
    budget = put(either, OF_ORG_1, {"monthly": "100.10"})
    assert budget["created_at"] == budget["changed_at"]
    assert {name: budget[name] for name in list(budget)[:4]} == {
        "organization_id": "org_1",
        "monthly": 100.1,
        "currency": "USD",
        "alert_at": [0.5, 0.8, 1.0],
    }
    assert listed(either) == [
        {
            "organization_id": "org_1",
            "organization_name": "org_1",
            "monthly": 100.1,
            "currency": "USD",
            "month": f"{datetime.now(UTC):%Y-%m}",
            "spent": 0.0,
            "used": 0.0,
            "forecast": 0.0,
            "passed_on": None,
            "state": "within",
            "alert_at": [0.5, 0.8, 1.0],
            "alert_reached": None,
        }
    ]


def test_each_period_has_a_budget_of_its_own(either: Tenant) -> None:
    either.send(event(id="old", cost="9", time="2020-02-01T12:00:00Z"))
    spend(either, "2.5")
    for name, amount in (("daily", 5), ("weekly", "20.10"), ("monthly", 50)):
        assert put(either, OF_ORG_1, {name: amount})[name] == float(amount)
        assert put(either, OF_USER_1, {name: amount})["user_id"] == "user_1"
    found = listed(either)
    assert [(it.get("user_id"), it["spent"]) for it in found] == [
        *[(None, 2.5)] * 3,
        *[("user_1", 2.5)] * 3,
    ]
    month, week, day = found[:3]
    today = datetime.now(UTC).date()
    assert (month["monthly"], month["month"], month["used"]) == (50, f"{today:%Y-%m}", 0.05)
    monday = today - timedelta(days=today.weekday())
    assert (week["weekly"], week["week"], week["used"]) == (20.1, monday.isoformat(), 0.1244)
    assert (day["daily"], day["day"], day["alert_reached"]) == (5, today.isoformat(), 0.5)
    for it in (week, day):
        assert (it["forecast"], it["passed_on"]) == (None, None)
        assert {"monthly", "month"}.isdisjoint(it)
    assert either.delete(f"{OF_ORG_1}?period=week").json()["budget"]["weekly"] == 20.1
    assert either.delete(OF_ORG_1).json()["budget"]["monthly"] == 50
    answer = either.delete(f"{OF_ORG_1}?period=month")
    assert answer.json()["error"] == "organization org_1 has no budget"
    assert [it.get("daily") for it in listed(either)] == [5, None, None, 5]
    rows = list(csv.DictReader(either.get(PATH, headers={"Accept": "text/csv"}).text.splitlines()))
    assert [(it["daily"], it["weekly"], it["monthly"]) for it in rows] == [
        ("5.00", "", ""),
        ("", "", "50.00"),
        ("", "20.10", ""),
        ("5.00", "", ""),
    ]


def test_what_is_spent_moves_the_budget(either: Tenant) -> None:
    put(either, OF_ORG_1, {"monthly": 10, "alert_at": [0.8, 0.25]})
    states = []
    for cost in ("2", "2", "4", "2", "0.000000001"):
        spend(either, cost, user_id=f"user {len(states)}")
        (it,) = listed(either)
        states.append((it["used"], it["state"], it["alert_reached"], it["passed_on"]))
    assert states == [
        (0.2, "within", None, None),
        (0.4, "within", 0.25, None),
        (0.8, "near", 0.8, None),
        (1.0, "near", 0.8, None),
        (1.0, "over", 0.8, datetime.now(UTC).date().isoformat()),
    ]


def test_organizations_and_users_have_budgets_of_their_own(either: Tenant) -> None:
    either.organization("org_2")
    spend(either, "3")
    spend(either, "4", user_id="user_2")
    spend(either, "5", organization_id="org_2")
    put(either, OF_ORG_1, {"monthly": 10})
    put(either, OF_USER_1, {"monthly": 10})
    put(either, f"{PATH}/org_2", {"monthly": 10})

    def seen(key: str | None = None, **query: str) -> list[tuple[str, str | None, float]]:
        found = listed(either, key, **query)
        return [(it["organization_id"], it.get("user_id"), it["spent"]) for it in found]

    organization, user = ("org_1", None, 7.0), ("org_1", "user_1", 3.0)
    assert seen() == [organization, user, ("org_2", None, 5.0)]
    assert seen(organization_id="org_1") == [organization, user]
    assert seen(either.key(organization="org_1")) == [organization, user]
    assert seen(either.key(organization="org_1", user="user_1")) == [user]
    assert seen(either.key(organization="org_1", user="user_2")) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("monthly", "missing_field")]),
        ({"monthly": 0}, [("monthly", "invalid_amount")]),
        ({"daily": 0}, [("daily", "invalid_amount")]),
        ({"weekly": True}, [("weekly", "invalid_field")]),
        ({"daily": 1, "monthly": 2}, [("daily", "not_together"), ("monthly", "not_together")]),
        ({"monthly": -1}, [("monthly", "invalid_amount")]),
        ({"monthly": "x"}, [("monthly", "invalid_amount")]),
        ({"monthly": "0.0000000001"}, [("monthly", "invalid_amount")]),
        ({"monthly": None}, [("monthly", "invalid_field")]),
        ({"monthly": True}, [("monthly", "invalid_field")]),
        ({"monthly": 1, "yearly": 2}, [("yearly", "unknown_field")]),
        ({"monthly": 1, "alert_at": [0]}, [("alert_at", "invalid_alerts")]),
        ({"monthly": 1, "alert_at": 0.5}, [("alert_at", "invalid_field")]),
        (
            {"monthly": 0, "alert_at": [1, 1]},
            [("monthly", "invalid_amount"), ("alert_at", "invalid_alerts")],
        ),
    ],
)
def test_what_is_wrong_is_named(tenant: Tenant, body: Json, found: list[tuple[str, str]]) -> None:
    answer = tenant.call("PUT", OF_ORG_1, json=body)
    assert (answer.status_code, problems(answer)) == (400, found)


@pytest.mark.parametrize(
    "text", ["12345678.123456789", '"12345678.123456789"', "1.2345678123456789e7"]
)
def test_no_digit_of_an_amount_is_lost(tenant: Tenant, text: str) -> None:
    answer = tenant.call("PUT", OF_ORG_1, content=f'{{"monthly": {text}}}')
    assert '"monthly":12345678.123456789,' in answer.text


def test_a_budget_needs_a_user_who_is_there(tenant: Tenant) -> None:
    for method in ("PUT", "DELETE"):
        answer = tenant.call(method, OF_USER_1, json={"monthly": 1})
        assert (answer.status_code, answer.json()["error"]) == (404, "User not found")


def test_setting_and_taking_away_is_in_the_audit_log(either: Tenant) -> None:
    spend(either, "1")
    put(either, OF_USER_1, {"monthly": 1})
    put(either, OF_USER_1, {"monthly": 2, "alert_at": [1]})
    removed = either.delete(OF_USER_1).json()["budget"]
    assert (removed["monthly"], removed["user_id"]) == (2.0, "user_1")
    assert either.delete(OF_USER_1).status_code == 404
    with either.database.reading() as snapshot:
        logged = [(it.action, it.object, it.key_prefix) for it in acts(snapshot, either.tenant)]
    prefix = either.admin[:15]
    assert logged[::-1] == [
        ("budget.set", "org_1 user_1", prefix),
        ("budget.set", "org_1 user_1", prefix),
        ("budget.remove", "org_1 user_1", prefix),
    ]


def test_budgets_changes_and_forecasts_are_tables_too(either: Tenant) -> None:
    spend(either, "2.5")
    put(either, OF_ORG_1, {"monthly": 2})
    of_org = {"organization_id": "org_1", "format": "ndjson"}
    (budget,) = either.get(PATH, params=of_org).text.splitlines()
    (changed,) = either.get("/v1/analytics/changes", params=of_org).text.splitlines()
    (forecast,) = either.get("/v1/analytics/forecast", params=of_org).text.splitlines()
    answers = [json.loads(it) for it in (budget, changed, forecast)]
    assert [it.get("spent", it.get("cost")) for it in answers] == [2.5] * 3
    assert answers[0]["passed_on"] == datetime.now(UTC).date().isoformat()
    header, row = either.get(PATH, headers={"Accept": "text/csv"}).text.splitlines()
    names = "organization_id,organization_name,user_id,user_name,monthly,currency,month,spent,used"
    assert header.startswith(names)
    assert row.startswith("org_1,org_1,,,2.00,USD,")


def test_the_listing_holds_until_a_budget_or_usage_changes(either: Tenant) -> None:
    tags = [either.get(PATH).headers["etag"]]
    for change in (
        lambda: put(either, OF_ORG_1, {"monthly": 1}),
        lambda: put(either, OF_ORG_1, {"monthly": 2}),
        lambda: spend(either, "1"),
        lambda: either.delete(OF_ORG_1),
    ):
        change()
        tags.append(either.get(PATH).headers["etag"])
    assert len(set(tags)) == 5
    assert either.get(PATH, headers={"If-None-Match": tags[-1]}).status_code == 304
