"""GET /v1/analytics/users: the parameters, the period, the bytes, and what a key sees."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.api.conftest import Tenant, error_of, problems
from tests.builders import event
from tollbook.domain.keys import Permission

PATH = "/v1/analytics/users"
JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}


def test_an_organization_without_users_answers_an_empty_list(either: Tenant) -> None:
    answer = either.get(PATH, params=JANUARY)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "organization_id": "org_1",
        "organization_name": "org_1",
        "period": {"start": "2024-01-01", "end": "2024-01-31"},
        "users": [],
    }


def test_the_answer_is_the_documented_one_byte_for_byte(either: Tenant) -> None:
    either.organization("org_2", name="Äcme “Corp”")
    either.send(
        event(organization_id="org_2"),
        event(id="2", organization_id="org_2", type="sms.outbound", quantity=3, user_id="ü"),
        event(id="3", organization_id="org_2", type="brand.registration", quantity=1),
    )
    answer = either.get(PATH, params={**JANUARY, "organization_id": "org_2"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == (
        '{"success":true,"organization_id":"org_2","organization_name":"Äcme “Corp”",'
        '"period":{"start":"2024-01-01","end":"2024-01-31"},"users":['
        '{"user_id":"user_1","user_name":"user_1","total_sms_sent":0,"total_sms_received":0,'
        '"total_mms_sent":0,"total_mms_received":0,"total_voice_calls":1,'
        '"total_voice_seconds":61,"cost_breakdown":{"messaging_cost":0.00,"voice_cost":0.122,'
        '"api_request_cost":0.00,"api_requests_count":0,"api_storage_cost":0.00,'
        '"phone_rental_cost":0.00,"phone_rental_count":0,"phone_purchase_cost":0.00,'
        '"phone_purchase_count":0,"kb_cost":0.00,"kb_count":0,"kb_minutes":0.0},'
        '"total_cost":0.122},'
        '{"user_id":"ü","user_name":"ü","total_sms_sent":1,"total_sms_received":0,'
        '"total_mms_sent":0,"total_mms_received":0,"total_voice_calls":0,'
        '"total_voice_seconds":0,"cost_breakdown":{"messaging_cost":0.09,"voice_cost":0.00,'
        '"api_request_cost":0.00,"api_requests_count":0,"api_storage_cost":0.00,'
        '"phone_rental_cost":0.00,"phone_rental_count":0,"phone_purchase_cost":0.00,'
        '"phone_purchase_count":0,"kb_cost":0.00,"kb_count":0,"kb_minutes":0.0},'
        '"total_cost":0.09}]}'
    )


def test_a_missing_organization_is_named(tenant: Tenant) -> None:
    answer = tenant.get(PATH)
    assert answer.status_code == 400
    assert error_of(answer) == {
        "success": False,
        "error": "organization_id required",
        "code": "invalid_request",
        "details": [
            {
                "field": "organization_id",
                "code": "missing_parameter",
                "error": "organization_id required",
            }
        ],
    }


@pytest.mark.parametrize("identity", ["org_2", "org_1 ", "ORG_1", "org_1\u00a0", "%"])
def test_an_unknown_organization_is_not_found(tenant: Tenant, identity: str) -> None:
    answer = tenant.get(PATH, params={"organization_id": identity})
    assert (answer.status_code, error_of(answer)) == (
        404,
        {"success": False, "error": "Organization not found", "code": "not_found"},
    )


def test_another_tenants_organization_looks_exactly_like_an_unknown_one(either: Tenant) -> None:
    stranger = Tenant(either.database, either.http)
    foreign = stranger.get(PATH, params={"organization_id": "org_1"})
    unknown = stranger.get(PATH, params={"organization_id": "nobody"})
    assert (foreign.status_code, error_of(foreign)) == (404, error_of(unknown))


def test_an_organization_that_only_events_have_named_is_not_found(tenant: Tenant) -> None:
    tenant.send(event(organization_id="org_2"))
    assert tenant.get(PATH, params={"organization_id": "org_2"}).status_code == 404


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("", "missing_parameter"),
        (" ", "empty"),
        ("a\x00b", "control_characters"),
        ("a" * 256, "too_long"),
    ],
)
def test_a_malformed_organization_is_refused(tenant: Tenant, identity: str, code: str) -> None:
    answer = tenant.get(PATH, params={"organization_id": identity})
    assert answer.status_code == 400
    assert problems(answer) == [("organization_id", code)]


@pytest.mark.parametrize(
    "text",
    [
        "2024-1-1",
        "20240101",
        "2024-02-30",
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "0000-01-01",
        "2024-W01-1",
        "2024-W01",
        "2024-001",
        "01-01-2024",
        "2024/01/01",
        "2024-01-01T00:00:00Z",
        " 2024-01-01",
        "2024-01-0\uff11",
        "-024-01-01",
        "yesterday",
        "",
    ],
)
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_only_yyyy_mm_dd_is_a_date(tenant: Tenant, name: str, text: str) -> None:
    answer = tenant.get(PATH, params={"organization_id": "org_1", name: text})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == f"{name} must be a date in the form YYYY-MM-DD"
    assert problems(answer) == [(name, "invalid_date")]


def test_a_start_after_the_end_is_refused(tenant: Tenant) -> None:
    answer = tenant.get(PATH, params={**JANUARY, "start_date": "2024-02-01"})
    assert answer.status_code == 400
    assert problems(answer) == [("start_date", "start_after_end")]


def test_a_start_in_the_future_needs_an_end(tenant: Tenant) -> None:
    answer = tenant.get(PATH, params={"organization_id": "org_1", "start_date": "9999-12-31"})
    assert problems(answer) == [("start_date", "start_after_end")]


def test_every_problem_is_listed_at_once(tenant: Tenant) -> None:
    asked = "start_date=x&end_date=2024-02-30&org=1&start_date=2024-01-01"
    answer = tenant.get(f"{PATH}?{asked}")
    assert answer.status_code == 400
    assert answer.json()["error"] == "start_date must be a date in the form YYYY-MM-DD"
    assert problems(answer) == [
        ("start_date", "invalid_date"),
        ("end_date", "invalid_date"),
        ("org", "unknown_parameter"),
        ("start_date", "repeated_parameter"),
        ("organization_id", "missing_parameter"),
    ]


@pytest.mark.parametrize("name", ["Organization_id", "page", "organization_id[]", "", "api_key"])
def test_an_unknown_parameter_is_refused(tenant: Tenant, name: str) -> None:
    answer = tenant.get(PATH, params={**JANUARY, name: "1"})
    assert answer.status_code == 400
    assert problems(answer) == [(name, "unknown_parameter")]


def test_a_repeated_parameter_is_refused_even_with_the_same_value(tenant: Tenant) -> None:
    answer = tenant.get(f"{PATH}?organization_id=org_1&organization_id=org_1")
    assert problems(answer) == [("organization_id", "repeated_parameter")]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_period_defaults_to_31_days_up_to_today_in_the_organizations_zone(
    tenant: Tenant, zone: str
) -> None:
    tenant.organization("org_2", timezone=zone)
    before = datetime.now(ZoneInfo(zone)).date()
    period = tenant.get(PATH, params={"organization_id": "org_2"}).json()["period"]
    possible = {before, datetime.now(ZoneInfo(zone)).date()}
    assert period in [
        {"start": str(today - timedelta(days=30)), "end": str(today)} for today in possible
    ]


@pytest.mark.parametrize(
    ("given", "resolved"),
    [
        ({"end_date": "2024-01-31"}, {"start": "2024-01-01", "end": "2024-01-31"}),
        ({"end_date": "2024-03-01"}, {"start": "2024-01-31", "end": "2024-03-01"}),
        ({"end_date": "0001-01-05"}, {"start": "0001-01-01", "end": "0001-01-05"}),
        (
            {"start_date": "0001-01-01", "end_date": "9999-12-31"},
            {"start": "0001-01-01", "end": "9999-12-31"},
        ),
        (
            {"start_date": "2024-02-29", "end_date": "2024-02-29"},
            {"start": "2024-02-29", "end": "2024-02-29"},
        ),
    ],
)
def test_the_answer_repeats_the_period_as_it_was_resolved(
    either: Tenant, given: dict, resolved: dict
) -> None:
    answer = either.get(PATH, params={"organization_id": "org_1", **given})
    assert answer.status_code == 200, answer.text
    assert answer.json()["period"] == resolved


def test_both_days_of_the_period_are_in_it(either: Tenant) -> None:
    days = ["2023-12-31", "2024-01-01", "2024-01-31", "2024-02-01"]
    either.send(*(event(id=day, time=f"{day}T12:00:00Z") for day in days))
    user = either.get(PATH, params=JANUARY).json()["users"][0]
    assert user["total_voice_calls"] == 2


def test_users_come_by_total_cost_then_by_id(either: Tenant) -> None:
    spent = {"b": 1, "a": 1, "c": 2, "none": 0, "A": 1}
    either.send(*(event(id=u, user_id=u, cost=cost) for u, cost in spent.items()))
    users = either.get(PATH, params=JANUARY).json()["users"]
    assert [it["user_id"] for it in users] == ["c", "A", "a", "b", "none"]


def test_a_key_of_one_user_sees_one_row(either: Tenant) -> None:
    either.send(event(), event(id="2", user_id="user_2"))
    mine = either.key(Permission.READ_ANALYTICS, organization="org_1", user="user_2")
    answer = either.get(PATH, mine, params=JANUARY)
    assert [it["user_id"] for it in answer.json()["users"]] == ["user_2"]
    assert "user_1" not in answer.text


def test_a_key_of_a_user_that_does_not_exist_yet_sees_nobody(either: Tenant) -> None:
    either.send(event())
    nobody = either.key(Permission.READ_ANALYTICS, organization="org_1", user="later")
    assert either.get(PATH, nobody, params=JANUARY).json()["users"] == []
    either.send(event(id="2", user_id="later"))
    users = either.get(PATH, nobody, params=JANUARY).json()["users"]
    assert [it["user_id"] for it in users] == ["later"]


def test_amounts_are_exact_numbers_in_the_text(either: Tenant) -> None:
    costs = ["0.1", "0.2", "0.000000001", "99999999.999999999"]
    either.send(*(event(id=cost, cost=cost) for cost in costs))
    assert '"total_cost":100000000.30}' in either.get(PATH, params=JANUARY).text
