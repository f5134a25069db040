"""Every country that an answer shows can be requested, also none, in every question."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.api.conftest import Tenant
from tests.builders import Json, event, reversal

USERS, ORGANIZATIONS = "/v1/analytics/users", "/v1/analytics/organizations"
SERIES, EVENTS = "/v1/analytics/series", "/v1/events"
DAYS = {"start_date": "2024-01-10", "end_date": "2024-02-20"}
HOME = {**DAYS, "organization_id": "org_1"}
NUMBERS = {"GB": "+442071838750", "001": "+80012345678", "": None, "US": "+14155550100"}


def ask(tenant: Tenant, path: str, **query: Any) -> Json:
    answer = tenant.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: Json = json.loads(answer.text, parse_float=Decimal)
    return found


def lines(tenant: Tenant, path: str, **query: Any) -> list[Json]:
    text = tenant.get(path, params={**query, "format": "ndjson"}).text
    return [json.loads(it, parse_float=Decimal) for it in text.splitlines()]


def named(country: str | None) -> str:
    """Return the parameter for a country that an answer shows."""
    return country or "none"


@pytest.fixture
def many(either: Tenant) -> Tenant:
    """Two organizations in two zones with usage of every sort of country."""
    either.organization("org_2", timezone="Asia/Kathmandu")
    sent = [
        event(
            id=f"{organization} {country} {day} {user}",
            organization_id=organization,
            user_id=user,
            type=("kb.usage", "voice.call", "sms.outbound")[n % 3],
            resource_id=f"kb_{n % 4}" if n % 3 == 0 else None,
            time=f"2024-{day}T18:30:00Z",
            attributes={"to": number} if number else {},
            cost=f"{n + 1}.5",
        )
        for n, (organization, user, day, (country, number)) in enumerate(
            (organization, user, day, number)
            for organization in ("org_1", "org_2")
            for user in ("ann", "bob", None)
            for day in ("01-10", "01-31", "02-19")
            for number in NUMBERS.items()
        )
    ]
    either.send(*sent, event(id="brand", type="brand.registration", quantity=1))
    either.reverse(reversal(sent[2]["id"]), reversal(sent[14]["id"]))
    return either


@pytest.mark.parametrize(
    ("path", "rows", "query"), [(USERS, "users", HOME), (ORGANIZATIONS, "organizations", DAYS)]
)
def test_every_group_can_be_requested(many: Tenant, path: str, rows: str, query: Json) -> None:
    identity = f"{rows[:-1]}_id"
    grouped = ask(many, path, group_by="country", **query)[rows]
    shown = {it["country"] for row in grouped for it in row["groups"]}
    assert shown == set(NUMBERS)
    for country in shown:
        params = query | {"country": named(country)}
        costs = {it[identity]: it["total_cost"] for it in ask(many, path, **params)[rows]}
        as_lines = {it[identity]: it["total_cost"] for it in lines(many, path, **params)}
        paged = ask(many, path, limit=1, include="totals", **params)
        for row in grouped:
            cost = sum(it["cost"] for it in row["groups"] if it["country"] == country)
            assert costs[row[identity]] == as_lines[row[identity]] == cost
        assert paged["totals"]["total_cost"] == sum(costs.values())
    as_lines = lines(many, path, group_by="country", **query)
    assert {it["country"] or "" for it in as_lines} == shown


@pytest.mark.parametrize("bucket", ["day", "month"])
@pytest.mark.parametrize("subject", [{}, {"organization_id": "org_2"}, HOME | {"user_id": "ann"}])
def test_every_key_of_a_series_can_be_requested(many: Tenant, bucket: str, subject: Json) -> None:
    query = DAYS | subject | {"bucket": bucket}
    series = ask(many, SERIES, split_by="country", **query)["series"]
    assert {it["key"] for it in series} == set(NUMBERS)
    for line in series:
        assert line["name"] == named(line["key"])
        params = query | {"country": named(line["key"])}
        (alone,) = ask(many, SERIES, **params)["series"]
        assert (alone["costs"], alone["events"]) == (line["costs"], line["events"])
        for split_by in ("meter", "organization", *(["user"] if subject else [])):
            parts = ask(many, SERIES, split_by=split_by, **params)["series"]
            assert sum(it["total_cost"] for it in parts) == line["total_cost"]
            rows = lines(many, SERIES, split_by=split_by, **params)
            assert sum(it["cost"] for it in rows) == line["total_cost"]


@pytest.mark.parametrize("whose", [{}, {"user_id": "ann"}, {"organization_level": "true"}])
def test_every_country_of_an_event_can_be_requested(many: Tenant, whose: Json) -> None:
    query = HOME | whose
    everything = ask(many, EVENTS, limit=1000, **query)["events"]
    for country in {it["country"] for it in everything}:
        params = query | {"country": named(country)}
        expected = [it for it in everything if it["country"] == country]
        first = ask(many, EVENTS, limit=1, **params)
        rest = ask(many, EVENTS, limit=1000, cursor=first["next_cursor"], **params)
        assert first["events"] + rest["events"] == expected
        assert {it["id"] for it in lines(many, EVENTS, **params)} == {it["id"] for it in expected}


@pytest.mark.parametrize("path", [USERS, ORGANIZATIONS, SERIES, EVENTS])
@pytest.mark.parametrize("country", ["", "None", "gb", "GBR", "000", "1"])
def test_any_other_country_is_refused(tenant: Tenant, path: str, country: str) -> None:
    query = {"organization_id": "org_1"} if path != ORGANIZATIONS else {}
    answer = tenant.get(path, params=query | {"country": country})
    assert (answer.status_code, answer.json()["details"][0]["code"]) == (400, "invalid_country")
    assert answer.json()["error"].endswith("such as GB, 001 or none")
