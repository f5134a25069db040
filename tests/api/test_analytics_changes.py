"""GET /v1/analytics/changes: parameters, whom a key may compare, and when an answer still holds."""

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import event, reversal

PATH = "/v1/analytics/changes"
JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
OF_ORG_1 = {**JANUARY, "organization_id": "org_1"}
DEARER = """
name: Dearer
currency: USD
effective_from: 2023-12-01
source: x
rates: [{meter: voice.call, graduated: [{up_to: 100, price: 0.01}, {price: 0.03}], per: second}]
"""


def test_a_tenant_without_usage_has_nothing_that_changed(either: Tenant) -> None:
    answer = either.get(PATH, params=JANUARY)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "tenant_id": either.tenant,
        "period": {"start": "2024-01-01", "end": "2024-01-31"},
        "previous_period": {"start": "2023-12-01", "end": "2023-12-31"},
        "currency": "USD",
        "total_cost": 0.0,
        "previous_cost": 0.0,
        "change": None,
        "active_organizations": 0,
        "cost_per_active_organization": None,
        "without_usage": 1,
        "grew": [],
        "shrank": [],
        "top": [],
        "without_usage_organizations": [
            {"organization_id": "org_1", "organization_name": "org_1"},
        ],
    }


def test_the_answer_byte_for_byte(either: Tenant) -> None:
    either.send(
        event(cost="0.1"),
        event(id="2", cost="0.3", time="2023-12-31T00:00:00Z"),
        event(id="3", cost="0.2", type="brand.registration", quantity=1, user_id=None),
    )
    assert either.get(PATH, params=OF_ORG_1).text == (
        f'{{"success":true,"tenant_id":"{either.tenant}",'
        '"organization_id":"org_1","organization_name":"org_1",'
        '"period":{"start":"2024-01-01","end":"2024-01-31"},'
        '"previous_period":{"start":"2023-12-01","end":"2023-12-31"},"currency":"USD",'
        '"total_cost":0.30,"previous_cost":0.30,"change":0.0,"active_users":1,'
        '"cost_per_active_user":0.10,"without_usage":0,'
        '"organization_level":{"cost":0.20,"previous_cost":0.00},"grew":[],'
        '"shrank":[{"user_id":"user_1","user_name":"user_1","cost":0.10,"previous_cost":0.30,'
        '"difference":-0.20,"change":-0.6667,"share":0.333333}],'
        '"top":[{"user_id":"user_1","user_name":"user_1","cost":0.10,"previous_cost":0.30,'
        '"difference":-0.20,"change":-0.6667,"share":0.333333}],'
        '"without_usage_users":[]}'
    )


@pytest.mark.parametrize(
    ("compare", "start"), [("previous_period", "2023-12-01"), ("previous_year", "2023-01-01")]
)
def test_a_period_is_compared_as_asked(tenant: Tenant, compare: str, start: str) -> None:
    answer = tenant.get(PATH, params={**OF_ORG_1, "compare": compare})
    assert answer.json()["previous_period"]["start"] == start


def test_a_week_is_compared_with_the_same_weekdays_of_the_year_before(either: Tenant) -> None:
    either.send(
        event(id="1", cost="500", time="2024-01-21T12:00:00Z"),
        event(id="2", cost="400", time="2023-01-22T12:00:00Z"),  # a Sunday as well
        event(id="3", cost="7", time="2023-01-15T12:00:00Z"),  # the Sunday before
    )
    week = {"organization_id": "org_1", "start_date": "2024-01-15", "end_date": "2024-01-21"}
    asked = {**week, "compare": "previous_year"}
    before = {"start": "2023-01-16", "end": "2023-01-22"}
    changes = either.get(PATH, params=asked).json()
    assert (changes["previous_period"], changes["change"]) == (before, 0.25)
    series = either.get("/v1/analytics/series", params=asked).json()["comparison"]
    assert (series["period"], series["change"]) == (before, 0.25)
    assert series["buckets"][0] == before["start"]
    assert either.get("/v1/analytics/period", params=asked).json()["comparison"] == before
    for path in (PATH, "/v1/analytics/series"):
        lines = either.get(path, params={**asked, "format": "csv"}).text.splitlines()
        row = dict(zip(*(line.split(",") for line in lines[:2]), strict=True))
        assert row["previous_period_start"] == before["start"]
        assert row["previous_period_end"] == before["end"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"compare": "yesterday"}, ("compare", "invalid_choice")),
        ({"limit": "0"}, ("limit", "invalid_integer")),
        ({"limit": "1001"}, ("limit", "invalid_integer")),
        ({"start_date": "2024-02-01"}, ("start_date", "start_after_end")),
        ({"start_date": "0001-01-01"}, ("start_date", "out_of_range")),
        ({"user_id": "user_1"}, ("user_id", "unknown_parameter")),
    ],
)
def test_what_is_wrong_is_named(
    tenant: Tenant, given: dict[str, str], problem: tuple[str, str]
) -> None:
    answer = tenant.get(PATH, params={**OF_ORG_1, **given})
    assert (answer.status_code, problems(answer)) == (400, [problem])


def test_costs_are_answered_in_the_tenants_currency(either: Tenant) -> None:
    either.organization("org_2", currency="EUR")
    either.send(event(cost="1"), event(id="2", organization_id="org_2", cost="2"))
    answered = either.get(PATH, params=JANUARY)
    assert (answered.status_code, answered.json()["currency"]) == (200, "USD")
    assert answered.headers["X-Other-Currencies"] == "EUR"
    answer = either.get(PATH, params={**JANUARY, "currency": "EUR"}).json()
    assert (answer["currency"], answer["total_cost"]) == ("EUR", 2.0)
    assert [it["organization_id"] for it in answer["top"]] == ["org_2"]


def test_an_organization_has_no_costs_in_another_currency(tenant: Tenant) -> None:
    for path in (PATH, "/v1/analytics/forecast"):
        given = {"organization_id": "org_1", "currency": "EUR"}
        assert problems(tenant.get(path, params=given)) == [("currency", "other_currency")]
        assert tenant.get(path, params={**given, "currency": "USD"}).status_code == 200


def test_a_key_of_an_organization_compares_its_users_without_naming_it(tenant: Tenant) -> None:
    tenant.organization("org_2")
    tenant.send(event(), event(id="2", organization_id="org_2", user_id="user_2"))
    key = tenant.key(organization="org_1")
    answer = tenant.get(PATH, key, params=JANUARY).json()
    assert answer["organization_id"] == "org_1"
    assert [it["user_id"] for it in answer["top"]] == ["user_1"]


def test_a_key_of_a_user_compares_nobody(tenant: Tenant) -> None:
    tenant.send(event())
    key = tenant.key(organization="org_1", user="user_1")
    assert tenant.get(PATH, key, params=OF_ORG_1).status_code == 403


def test_an_answer_holds_until_usage_arrives(either: Tenant) -> None:
    first = either.get(PATH, params=OF_ORG_1)
    tag = {"If-None-Match": first.headers["etag"]}
    assert first.headers["x-quarantined"] == "0"
    assert either.get(PATH, params=OF_ORG_1, headers=tag).status_code == 304
    either.send(event())
    assert either.get(PATH, params=OF_ORG_1, headers=tag).status_code == 200


def test_there_is_no_ratio_to_a_credit(either: Tenant) -> None:
    """What `a` used at 0.01 is given back at 0.03, the difference that it makes to its month."""
    either.load(DEARER)
    december = {"time": "2023-12-15T10:30:00Z", "quantity": 100}
    either.send(*(event(id=it, user_id=it, **december) for it in "ab"))
    either.reverse(reversal("a"))
    either.send(event(id="later", user_id="a", cost="30"))
    answer = either.get(PATH, params=OF_ORG_1).json()
    assert (answer["previous_cost"], answer["change"]) == (1.0, 29.0)
    ((grown,), (shrunk,)) = answer["grew"], answer["shrank"]
    assert (grown["previous_cost"], grown["cost"], grown["change"]) == (-2.0, 30.0, None)
    assert (shrunk["previous_cost"], shrunk["change"], shrunk["share"]) == (3.0, -1.0, 0.0)
    series = {**OF_ORG_1, "user_id": "a", "compare": "previous_period", "bucket": "month"}
    answer = either.get("/v1/analytics/series", params=series).json()
    assert (answer["comparison"]["total_cost"], answer["comparison"]["change"]) == (-2.0, None)
    for path, query in ((PATH, OF_ORG_1), ("/v1/analytics/series", series)):
        text = either.get(path, params={**query, "format": "csv"}).text
        header, first = (line.split(",") for line in text.splitlines()[:2])
        assert first[header.index("change")] == ""


def test_meta_follows_the_answer(tenant: Tenant) -> None:
    answer = tenant.get(PATH, params={**OF_ORG_1, "include": "meta"}).json()
    assert list(answer)[-1] == "meta"
    assert answer["meta"]["period_state"] == "closed"
