"""GET /v1/analytics/organizations, overview and usage: parameters, bytes, headers, keys."""

import csv
import io
from typing import Any

import pytest

from tests.api.conftest import Tenant, error_of, problems
from tests.builders import event
from tollbook.domain.keys import Permission

ORGANIZATIONS, OVERVIEW = "/v1/analytics/organizations", "/v1/analytics/overview"
USAGE = "/v1/analytics/usage"
JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
READ = Permission.READ_ANALYTICS


def test_a_tenant_without_organizations_is_answered(either: Tenant) -> None:
    empty = Tenant(either.database, either.http)
    listed = empty.get(ORGANIZATIONS, params={**JANUARY, "include": "totals,meta"}).json()
    assert list(listed) == ["success", "tenant_id", "period", "organizations", "totals", "meta"]
    assert listed["organizations"] == []
    assert set(listed["totals"].values()) == {0}
    assert listed["meta"]["currency"] is None
    whole = empty.get(OVERVIEW, params=JANUARY).json()
    assert (whole["organizations_count"], whole["users_count"], whole["total_cost"]) == (0, 0, 0)
    assert empty.get(USAGE, params={"user_id": "nobody"}).status_code == 404


def test_the_organizations_are_the_documented_ones_byte_for_byte(either: Tenant) -> None:
    either.send(event(), event(id="2", type="brand.registration", quantity=1))
    answer = either.get(ORGANIZATIONS, params=JANUARY)
    assert answer.text == (
        f'{{"success":true,"tenant_id":"{either.tenant}",'
        '"period":{"start":"2024-01-01","end":"2024-01-31"},"organizations":['
        '{"organization_id":"org_1","organization_name":"org_1","users_count":1,'
        '"total_sms_sent":0,"total_sms_received":0,"total_mms_sent":0,"total_mms_received":0,'
        '"total_voice_calls":1,"total_voice_seconds":61,"api_requests_count":0,'
        '"api_storage_cost":0.00,"phone_rental_count":0,"phone_purchase_count":0,'
        '"brand_registration_count":1,"kb_count":0,"total_cost":4.122}]}'
    )


def test_the_overview_is_the_documented_one_byte_for_byte(either: Tenant) -> None:
    either.send(event(type="kb.usage", resource_id="kb", quantity=90))
    answer = either.get(OVERVIEW, params=JANUARY)
    assert answer.text == (
        f'{{"success":true,"tenant_id":"{either.tenant}",'
        '"period":{"start":"2024-01-01","end":"2024-01-31"},'
        '"total_sms_sent":0,"total_sms_received":0,"total_mms_sent":0,"total_mms_received":0,'
        '"total_voice_calls":0,"total_voice_seconds":0,"total_cost":0.15,"cost_breakdown":{'
        '"messaging_cost":0.00,"voice_cost":0.00,"api_request_cost":0.00,"api_requests_count":0,'
        '"api_storage_cost":0.00,"phone_rental_cost":0.00,"phone_rental_count":0,'
        '"phone_purchase_cost":0.00,"phone_purchase_count":0,"brand_registration_cost":0.00,'
        '"brand_registration_count":0,"kb_cost":0.15,"kb_monthly_cost":0.00,'
        '"kb_usage_cost":0.15,"kb_count":1,"kb_minutes":1.5},'
        '"organizations_count":1,"users_count":1}'
    )


def test_usage_is_the_documented_one_byte_for_byte(either: Tenant) -> None:
    either.send(event())
    answer = either.get(USAGE, params={"organization_id": "org_1"})
    assert answer.text == (
        '{"success":true,"usage":{"organization_id":"org_1","organization_name":"org_1",'
        '"sms":{"outbound":0,"inbound":0,"total":0},"mms":{"outbound":0,"inbound":0,"total":0},'
        '"voice":{"seconds":61,"kb_seconds":0,"total_seconds":61},"period":"all_time"}}'
    )
    mine = either.get(USAGE, params={"user_id": "user_1", "start_date": "2024-01-15T10:30:00Z"})
    assert mine.text == (
        '{"success":true,"usage":{"user_id":"user_1","user_name":"user_1","user_email":null,'
        '"sms":{"outbound":0,"inbound":0,"total":0},"mms":{"outbound":0,"inbound":0,"total":0},'
        '"voice":{"seconds":61,"kb_seconds":0,"total_seconds":61},'
        '"period":{"start":"2024-01-15T10:30:00Z","end":null}}}'
    )


@pytest.mark.parametrize("path", [ORGANIZATIONS, OVERVIEW, f"{USAGE}?organization_id=org_1"])
def test_an_answer_has_its_headers_and_holds_until_something_changes(
    either: Tenant, path: str
) -> None:
    either.send(event(), event(id="lost", organization_id="unknown"))
    first = either.get(path)
    assert first.headers["X-As-Of"].endswith("Z")
    assert first.headers["X-Quarantined"] == ("0" if "usage" in path else "1")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert either.get(path, headers=tag).status_code == 304
    assert either.get(path).content == first.content
    either.send(event(id="2"))
    assert either.get(path, headers=tag).status_code == 200


def test_the_overview_changes_with_the_directory_alone(either: Tenant) -> None:
    first = either.get(OVERVIEW)
    either.organization("org_2")
    assert either.get(OVERVIEW).json()["organizations_count"] == 2
    assert either.get(OVERVIEW).headers["ETag"] != first.headers["ETag"]


def test_a_bound_on_costs_of_several_currencies_needs_one_of_them(either: Tenant) -> None:
    either.organization("org_2", currency="EUR")
    refused = either.get(ORGANIZATIONS, params={"min_cost": 1})
    assert refused.status_code == 400
    assert problems(refused) == [("currency", "currency_required")]
    assert "EUR, USD" in refused.json()["error"]
    named = {"currency": "EUR", "min_cost": 1}
    assert either.get(ORGANIZATIONS, params=named).status_code == 200
    assert len(either.get(ORGANIZATIONS).json()["organizations"]) == 2
    meta = either.get(OVERVIEW, params={"currency": "EUR", "include": "meta"}).json()["meta"]
    assert meta["currency"] == "EUR"


@pytest.mark.parametrize("query", [{}, {"sort": "total_cost"}, {"limit": 1}])
def test_totals_of_several_currencies_are_of_the_tenants(
    either: Tenant, query: dict[str, Any]
) -> None:
    asked = {**JANUARY, "include": "totals", **query}
    either.organization("org_2", currency="EUR")
    either.organization("org_3")
    either.send(
        event(cost=1),
        event(id="2", organization_id="org_2", cost=7),
        event(id="3", organization_id="org_3", cost=2),
    )
    answer = either.get(ORGANIZATIONS, params=asked)
    totals = answer.json()["totals"]
    assert (totals["total_cost"], totals["total_voice_calls"]) == (3, 2)
    assert list(totals)[-1] == "currency"
    assert totals["currency"] == "USD"
    assert answer.headers["X-Other-Currencies"] == "EUR"
    assert "currency" not in answer.json()["organizations"][0]
    file = either.get(ORGANIZATIONS, params={**asked, "format": "csv"})
    assert file.headers["X-Other-Currencies"] == "EUR"
    last = list(csv.DictReader(io.StringIO(file.text)))[-1]
    assert (last["total_cost"], last["currency"]) == ("3.00", "USD")
    named = either.get(ORGANIZATIONS, params={**asked, "currency": "EUR"}).json()["totals"]
    assert named["total_cost"] == 7
    assert "currency" not in named


def test_totals_of_one_currency_are_of_everybody_and_do_not_name_it(either: Tenant) -> None:
    either.send(event(cost=1))
    answer = either.get(ORGANIZATIONS, params={**JANUARY, "include": "totals"})
    assert answer.json()["totals"]["total_cost"] == 1
    assert "currency" not in answer.json()["totals"]
    assert "X-Other-Currencies" not in answer.headers


@pytest.mark.parametrize("currency", ["eur", "EURO", "E1R", "ÄÖÜ"])
def test_a_malformed_currency_is_refused(tenant: Tenant, currency: str) -> None:
    for path in (OVERVIEW, ORGANIZATIONS):
        answer = tenant.get(path, params={"currency": currency})
        assert answer.status_code == 400
        assert problems(answer)[0][0] == "currency"


def test_a_key_of_an_organization_sees_that_one(either: Tenant) -> None:
    either.organization("org_2", currency="EUR")
    either.send(event(), event(id="2", organization_id="org_2", cost=1))
    key = either.key(READ, organization="org_2")
    listed = either.get(ORGANIZATIONS, key, params={**JANUARY, "include": "totals,meta"}).json()
    assert [it["organization_id"] for it in listed["organizations"]] == ["org_2"]
    assert listed["totals"]["total_cost"] == 1
    assert listed["meta"]["currency"] == "EUR"
    whole = either.get(OVERVIEW, key, params=JANUARY).json()
    assert (whole["organizations_count"], whole["total_cost"]) == (1, 1)
    assert whole["tenant_id"] == either.tenant
    none = either.get(OVERVIEW, key, params={**JANUARY, "currency": "USD"}).json()
    assert (none["organizations_count"], none["total_cost"]) == (0, 0)


@pytest.mark.parametrize("path", [OVERVIEW, ORGANIZATIONS])
def test_a_key_of_a_user_may_not_ask_about_a_tenant(tenant: Tenant, path: str) -> None:
    key = tenant.key(READ, organization="org_1", user="user_1")
    assert tenant.get(path, key).status_code == 403


def test_usage_needs_an_organization_or_a_user(tenant: Tenant) -> None:
    keys = (None, tenant.key(READ, organization="org_1"))
    for key in keys:
        answer = tenant.get(USAGE, key)
        assert answer.status_code == 400
        assert answer.json()["error"] == "organization_id or user_id is required"
        assert problems(answer) == [("organization_id", "missing_parameter")]


def test_a_user_is_found_in_whichever_organization_has_it(either: Tenant) -> None:
    either.organization("org_2")
    either.send(event(), event(id="2", organization_id="org_2", user_id="user_2", quantity=5))
    found = either.get(USAGE, params={"user_id": "user_2"}).json()["usage"]
    assert (found["user_id"], found["voice"]["seconds"]) == ("user_2", 5)
    assert either.get(USAGE, params={"user_id": "nobody"}).status_code == 404
    wrong = {"user_id": "user_2", "organization_id": "org_1"}
    assert either.get(USAGE, params=wrong).json()["error"] == "User not found"


def test_a_user_of_several_organizations_needs_one_to_be_named(either: Tenant) -> None:
    either.organization("org_2")
    either.send(event(), event(id="2", organization_id="org_2", quantity=5))
    refused = either.get(USAGE, params={"user_id": "user_1"})
    assert problems(refused) == [("organization_id", "ambiguous_user")]
    named = {"user_id": "user_1", "organization_id": "org_2"}
    assert either.get(USAGE, params=named).json()["usage"]["voice"]["seconds"] == 5
    bound = either.key(READ, organization="org_1")
    mine = either.get(USAGE, bound, params={"user_id": "user_1"}).json()["usage"]
    assert mine["voice"]["seconds"] == 61


def test_a_key_of_a_user_gets_that_users_usage_and_no_other(either: Tenant) -> None:
    either.organization("org_2")
    either.send(event(), event(id="2", user_id="user_2"), event(id="3", organization_id="org_2"))
    key = either.key(READ, organization="org_1", user="user_2")
    for asked in ({"organization_id": "org_1"}, {"user_id": "user_2"}):
        mine = either.get(USAGE, key, params=asked).json()["usage"]
        assert (mine["user_id"], mine["voice"]["seconds"]) == ("user_2", 61)
    for asked in ({"user_id": "user_1"}, {"organization_id": "org_2"}):
        assert either.get(USAGE, key, params=asked).status_code == 404
    nobody = either.key(READ, organization="org_1", user="later")
    assert either.get(USAGE, nobody, params={"organization_id": "org_1"}).status_code == 404


def test_strangers_learn_nothing(either: Tenant) -> None:
    either.send(event())
    stranger = Tenant(either.database, either.http)
    for asked in ({"organization_id": "org_1"}, {"user_id": "user_1"}):
        foreign = stranger.get(USAGE, params=asked)
        unknown = stranger.get(USAGE, params=dict.fromkeys(asked, "nobody"))
        assert (foreign.status_code, error_of(foreign)) == (404, error_of(unknown))
    assert stranger.get(ORGANIZATIONS).json()["organizations"] == []
    assert stranger.get(OVERVIEW).json()["organizations_count"] == 0


@pytest.mark.parametrize(
    "text", ["2024-01-15T10:30:00", "2024-02-30", "yesterday", "20240115", "", "2024-01-15T10:30Z"]
)
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_only_instants_and_days_are_bounds_of_usage(tenant: Tenant, name: str, text: str) -> None:
    answer = tenant.get(USAGE, params={"organization_id": "org_1", name: text})
    assert answer.status_code == 400
    assert [it[0] for it in problems(answer)] == [name]


def test_a_start_that_is_not_before_the_end_is_refused(tenant: Tenant) -> None:
    instant = "2024-01-15T10:30:00Z"
    asked = {"organization_id": "org_1", "start_date": instant, "end_date": instant}
    assert problems(tenant.get(USAGE, params=asked)) == [("start_date", "start_after_end")]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize(
    "bound",
    [
        "0001-01-01",
        "9999-12-31",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-12:00",
        "1969-12-31T23:59:59Z",
    ],
)
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_the_ends_of_the_calendar_are_answered(
    either: Tenant, name: str, bound: str, zone: str
) -> None:
    either.organization("org_2", timezone=zone)
    asked = {"organization_id": "org_2", name: bound, "include": "meta"}
    assert either.get(USAGE, params=asked).status_code == 200


@pytest.mark.parametrize("path", [OVERVIEW, ORGANIZATIONS])
def test_unknown_parameters_are_refused(tenant: Tenant, path: str) -> None:
    answer = tenant.get(path, params={"organization": "org_1"})
    assert problems(answer) == [("organization", "unknown_parameter")]
