"""GET /v1/analytics/series: the shape, the parameters, what a key sees, and that it adds up."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tollbook.domain.keys import Permission

PATH = "/v1/analytics/series"
TWO_DAYS = {"start_date": "2024-01-15", "end_date": "2024-01-16"}
OF_ORG = {"organization_id": "org_1", **TWO_DAYS}


def ask(tenant: Tenant, key: str | None = None, **query: Any) -> Json:
    answer = tenant.get(PATH, key, params=query)
    assert answer.status_code == 200, answer.text
    report: Json = json.loads(answer.content, parse_float=Decimal)
    return report


def test_a_tenant_without_organizations_has_buckets_of_nothing(either: Tenant) -> None:
    empty = Tenant(either.database, either.http)
    for bucket in ("hour", "day", "week", "month"):
        answer = ask(empty, bucket=bucket, **TWO_DAYS)
        (total,) = answer["series"]
        assert (answer["currency"], answer["timezone"], total["total_cost"]) == ("USD", "UTC", 0)
        assert total["events"] == [0] * len(answer["buckets"])
    assert ask(empty, split_by="organization", compare="previous_year")["series"] == []


def test_an_organization_without_usage_answers_zeros(either: Tenant) -> None:
    answer = either.get(PATH, params=OF_ORG)
    assert answer.text == (
        f'{{"success":true,"tenant_id":"{either.tenant}","organization_id":"org_1",'
        '"organization_name":"org_1","period":{"start":"2024-01-15","end":"2024-01-16"},'
        '"bucket":"day","timezone":"UTC","currency":"USD",'
        '"buckets":["2024-01-15","2024-01-16"],"series":[{"key":"total","name":"total",'
        '"events":[0,0],"costs":[0.00,0.00],"total_events":0,"total_cost":0.00}],'
        '"total_cost":0.00}'
    )
    assert ask(either, split_by="meter", **OF_ORG)["series"] == []
    assert ask(either, split_by="user", **OF_ORG)["series"] == []


def test_series_of_meters_have_units_and_come_with_what_they_are_compared_with(
    either: Tenant,
) -> None:
    either.send(
        event(),
        event(id="2", type="sms.outbound", quantity=2, time="2024-01-16T00:00:00Z"),
        event(id="3", quantity=30, time="2024-01-14T23:59:59Z"),
    )
    answer = ask(either, split_by="meter", compare="previous_period", **OF_ORG)
    call, text = answer["series"]
    assert call == {
        "key": "voice.call",
        "name": "voice.call",
        "unit": "second",
        "events": [1, 0],
        "quantities": [61, 0],
        "costs": [Decimal("0.122"), 0],
        "total_events": 1,
        "total_quantity": 61,
        "total_cost": Decimal("0.122"),
    }
    assert (text["key"], text["quantities"], text["costs"]) == (
        "sms.outbound",
        [0, 2],
        [0, Decimal("0.06")],
    )
    before = answer["comparison"]
    assert before["period"] == {"start": "2024-01-13", "end": "2024-01-14"}
    assert [it["key"] for it in before["series"]] == ["voice.call", "sms.outbound"]
    assert before["series"][0]["quantities"] == [0, 30]
    assert (before["total_cost"], before["change"]) == (Decimal("0.06"), Decimal("2.0333"))


def test_there_is_no_change_from_nothing(tenant: Tenant) -> None:
    assert ask(tenant, compare="previous_year", **OF_ORG)["comparison"]["change"] is None


def test_what_is_not_among_the_first_is_other(either: Tenant) -> None:
    costs = {"a": "1", "b": "2", "c": "0.5", None: "0.25"}
    either.send(*(event(id=f"{it}", user_id=it, cost=cost) for it, cost in costs.items()))
    answer = ask(either, split_by="user", top=2, **OF_ORG)
    totals = [(it["key"], it["total_cost"]) for it in answer["series"]]
    assert totals == [("b", 2), ("a", 1), ("other", Decimal("0.75"))]
    assert answer["total_cost"] == Decimal("3.75")
    assert [it.get("rest") for it in answer["series"]] == [None, None, True]
    names = {it["key"]: it["name"] for it in ask(either, split_by="user", **OF_ORG)["series"]}
    assert names == {"b": "b", "a": "a", "c": "c", "": "organization level"}


@pytest.mark.parametrize(
    ("split_by", "costs", "key"),
    [
        ("user", {"other": "2", "b": "1", "c": "0.5"}, "user_id"),
        ("organization", {"other": "2", "b": "1", "c": "0.5"}, "organization_id"),
    ],
)
def test_one_with_the_id_other_is_not_the_rest(
    either: Tenant, split_by: str, costs: dict[str, str], key: str
) -> None:
    for name, cost in costs.items():
        if split_by == "organization":
            either.organization(name)
        either.send(event(**{"id": name, "cost": cost, "user_id": name, key: name}))
    january = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
    asked = {"split_by": split_by, "top": 1, "compare": "previous_period", **january}
    scope = OF_ORG if split_by == "user" else {}
    answer = ask(either, **{**scope, **asked})
    for series in (answer["series"], answer["comparison"]["series"]):
        assert [(it["key"], it.get("rest", False)) for it in series] == [
            ("other", False),
            ("other", True),
        ]
    assert [it["total_cost"] for it in answer["series"]] == [2, Decimal("1.5")]
    file = either.get(PATH, params={**scope, **asked, "format": "csv", "include": "totals"})
    header, *rows = file.text.splitlines()
    assert header.split(",")[-1] == "rest"
    assert [row.split(",")[-1] for row in rows] == ["", "true"] * 31 + [""]
    file = either.get(PATH, params={**scope, **asked, "format": "ndjson"})
    assert [json.loads(it)["rest"] for it in file.text.splitlines()] == [None, True] * 31


def test_a_day_of_twenty_five_hours_has_twenty_five_buckets(either: Tenant) -> None:
    either.organization("org_2", timezone="Europe/Berlin")
    either.send(
        event(organization_id="org_2", time="2024-10-27T00:59:00Z"),
        event(id="2", organization_id="org_2", time="2024-10-27T01:01:00Z"),
    )
    day = {"start_date": "2024-10-27", "end_date": "2024-10-27", "organization_id": "org_2"}
    for user in ({}, {"user_id": "user_1"}, {"split_by": "user"}):
        answer = ask(either, bucket="hour", **day, **user)
        used = zip(answer["buckets"], answer["series"][0]["events"], strict=True)
        assert len(answer["buckets"]) == 25
        assert [name for name, events in used if events] == [
            "2024-10-27T02:00:00+02:00",
            "2024-10-27T02:00:00+01:00",
        ]


@pytest.mark.parametrize("split_by", [None, "meter", "category", "user", "organization", "country"])
@pytest.mark.parametrize("bucket", ["day", "week", "month"])
def test_series_add_up_to_users_and_organization_level(
    either: Tenant, split_by: str | None, bucket: str
) -> None:
    either.send(
        *(
            event(id=f"{n}", time=f"2024-01-{n:02d}T12:00:00Z", user_id=f"u{n % 3}", cost=f"0.{n}")
            for n in range(1, 31)
        ),
        event(id="brand", type="brand.registration", quantity=1),
    )
    period = {"start_date": "2024-01-03", "end_date": "2024-01-27", "organization_id": "org_1"}
    split = {"split_by": split_by} if split_by else {}
    answer = ask(either, bucket=bucket, top=1, **period, **split)
    users = json.loads(
        either.get("/v1/analytics/users", params=period).content, parse_float=Decimal
    )
    of_users = sum(it["total_cost"] for it in users["users"])
    assert answer["total_cost"] == of_users + 4
    assert sum(it["total_cost"] for it in answer["series"]) == answer["total_cost"]
    assert sum(sum(it["costs"]) for it in answer["series"]) == answer["total_cost"]


def test_filters_leave_only_what_they_name(either: Tenant) -> None:
    either.send(
        event(attributes={"to": "+14155550100"}),
        event(id="2", attributes={"to": "+442071838750"}),
        event(id="3", type="sms.outbound", quantity=1, attributes={"to": "+14155550100"}),
    )
    keys = {it["key"] for it in ask(either, split_by="country", **OF_ORG)["series"]}
    assert keys == {"US", "GB"}
    only = ask(either, split_by="meter", country="US", meter="voice.call", **OF_ORG)
    assert [(it["key"], it["events"]) for it in only["series"]] == [("voice.call", [1, 0])]


def test_organizations_of_several_currencies_are_answered_by_the_tenants(
    either: Tenant,
) -> None:
    either.organization("org_2", currency="EUR", timezone="Asia/Kathmandu")
    either.send(event(), event(organization_id="org_2", cost="3"))
    answered = either.get(PATH, params={**TWO_DAYS, "include": "meta"})
    assert (answered.status_code, answered.json()["currency"]) == (200, "USD")
    assert answered.headers["X-Other-Currencies"] == "EUR"
    assert answered.json()["meta"]["other_currencies"] == ["EUR"]
    answer = ask(either, currency="EUR", split_by="organization", **TWO_DAYS)
    assert [it["key"] for it in answer["series"]] == ["org_2"]
    assert (answer["currency"], answer["total_cost"]) == ("EUR", 3)


def test_hours_of_a_tenant_need_one_zone(either: Tenant) -> None:
    assert ask(either, bucket="hour", **TWO_DAYS)["buckets"][0] == "2024-01-15T00:00:00+00:00"
    either.organization("org_2", timezone="Asia/Kathmandu")
    refused = either.get(PATH, params={"bucket": "hour", **TWO_DAYS})
    assert problems(refused) == [("bucket", "several_timezones")]
    assert "Asia/Kathmandu, UTC" in refused.json()["error"]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"user_id": "u", "organization_id": None}, "organization_id", "missing_parameter"),
        ({"split_by": "user", "organization_id": None}, "split_by", "missing_organization"),
        ({"bucket": "hour", "start_date": "2023-12-01"}, "bucket", "too_many_buckets"),
        (
            {"bucket": "hour", "split_by": "user", "start_date": "2024-01-01"},
            "bucket",
            "too_many_buckets",
        ),
        ({"start_date": "2001-01-01"}, "bucket", "too_many_buckets"),
        ({"bucket": "minute"}, "bucket", "invalid_choice"),
        ({"split_by": "price"}, "split_by", "invalid_choice"),
        ({"compare": "yesterday"}, "compare", "invalid_choice"),
        ({"meter": "voice.calls"}, "meter", "invalid_choice"),
        ({"country": "us"}, "country", "invalid_country"),
        ({"country": "USA"}, "country", "invalid_country"),
        ({"top": "0"}, "top", "invalid_integer"),
        ({"top": "101"}, "top", "invalid_integer"),
        (
            {"start_date": "0001-01-01", "end_date": "0001-01-02", "compare": "previous_year"},
            "compare",
            "out_of_range",
        ),
        ({"tag": "x"}, "tag", "unknown_parameter"),
    ],
)
def test_what_cannot_be_answered_is_named(
    tenant: Tenant, query: dict[str, Any], field: str, code: str
) -> None:
    given = {name: it for name, it in {**OF_ORG, **query}.items() if it is not None}
    refused = tenant.get(PATH, params=given)
    assert refused.status_code == 400
    assert problems(refused) == [(field, code)]


@pytest.mark.parametrize("bucket", ["hour", "day", "week", "month"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_of_all_are_days(tenant: Tenant, bucket: str, day: str) -> None:
    period = {"start_date": day, "end_date": day, "organization_id": "org_1"}
    for country in ({}, {"country": "US"}):
        answer = ask(tenant, bucket=bucket, **period, **country)
        assert len(answer["buckets"]) == (24 if bucket == "hour" else 1)


def test_a_user_nobody_knows_is_not_found(tenant: Tenant) -> None:
    answer = tenant.get(PATH, params={**OF_ORG, "user_id": "nobody"})
    assert (answer.status_code, answer.json()["error"]) == (404, "User not found")


def test_a_key_sees_what_is_its_own(either: Tenant) -> None:
    either.organization("org_2")
    either.send(
        event(cost="1"),
        event(id="2", user_id="user_2", cost="2"),
        event(id="3", organization_id="org_2", cost="4"),
    )
    reads = Permission.READ_ANALYTICS
    assert ask(either, either.key(reads), **TWO_DAYS)["total_cost"] == 7
    acme = either.key(reads, organization="org_1")
    assert ask(either, acme, **TWO_DAYS)["organization_id"] == "org_1"
    assert ask(either, acme, **TWO_DAYS)["total_cost"] == 3
    user = either.key(reads, organization="org_1", user="user_2")
    for query in ({}, {"split_by": "user"}, {"split_by": "organization"}, {"user_id": "user_2"}):
        answer = ask(either, user, **TWO_DAYS, **query)
        assert (answer["user_id"], answer["user_name"]) == ("user_2", "user_2")
        assert [it["total_cost"] for it in answer["series"]] == [2]
    for key in (acme, user):
        stranger = either.get(PATH, key, params={**OF_ORG, "organization_id": "org_2"})
        assert (stranger.status_code, stranger.json()["error"]) == (404, "Organization not found")
    writes = either.key(Permission.WRITE_EVENTS)
    assert either.get(PATH, writes, params=OF_ORG).status_code == 403


def test_meta_tags_and_freshness_are_those_of_every_question(either: Tenant) -> None:
    answer = either.get(PATH, params={**OF_ORG, "include": "meta"})
    assert answer.json()["meta"]["currency"] == "USD"
    assert answer.headers["X-Quarantined"] == "0"
    tag = answer.headers["ETag"]
    query = {**OF_ORG, "include": "meta"}
    again = either.get(PATH, params=query, headers={"If-None-Match": tag})
    assert again.status_code == 304
    either.send(event())
    changed = either.get(PATH, params=query, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["total_cost"]) == (200, 0.122)
