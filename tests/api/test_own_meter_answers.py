"""A platform adds WhatsApp and AI minutes, prices them in tiers, and sees what they earn."""

import csv
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.api.conftest import Tenant, site_of
from tests.conftest import ENGINES
from tests.own_meters import sell_whatsapp_and_ai

DAY = {"start_date": "2024-01-15", "end_date": "2024-01-15"}
ORGANIZATION = {"organization_id": "org_1", **DAY}


class Journey:
    """A platform with own meters, prices in tiers and events, on a server."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        sell_whatsapp_and_ai(tenant.post)

    def get(self, path: str, **query: Any) -> httpx.Response:
        answer = self.tenant.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture(scope="module", params=ENGINES)
def journey(request: pytest.FixtureRequest) -> Journey:
    tenant = site_of(request).tenant()
    tenant.organization()
    return Journey(tenant)


def test_own_meters_are_in_the_cost_of_their_category(journey: Journey) -> None:
    report = journey.get("/v1/analytics/users", **ORGANIZATION).json()
    ann, ben = report["users"]
    assert (ann["total_cost"], ben["total_cost"]) == (2.15, 1.0)
    assert ann["cost_breakdown"]["messaging_cost"] == 0.35
    assert ann["cost_breakdown"]["voice_cost"] == 1.8
    assert ben["cost_breakdown"]["api_request_cost"] == 1.0
    assert (ann["total_sms_sent"], ann["total_voice_calls"]) == (0, 1)
    assert ann["total_voice_seconds"] == 60
    overview = journey.get("/v1/analytics/overview", **DAY).json()
    assert overview["total_cost"] == 3.15


def test_every_meter_of_a_row_adds_up_to_its_categories(journey: Journey) -> None:
    query = {**ORGANIZATION, "include": "totals,meters"}
    report = journey.get("/v1/analytics/users", **query).json()
    rows = [*report["users"], report["totals"]]
    for row in rows:
        total = sum(round(it["cost"] * 10**9) for it in row["meters"])
        assert total == round(row["total_cost"] * 10**9)
    by_meter = {it["meter"]: it for it in report["users"][0]["meters"]}
    whatsapp = by_meter["whatsapp.marketing"]
    assert (whatsapp["count"], whatsapp["quantity"], whatsapp["cost"]) == (2, 4, 0.35)
    assert (by_meter["ai.agent"]["quantity"], by_meter["ai.agent"]["billed_quantity"]) == (61, 120)
    assert by_meter["sms.outbound"]["count"] == 0


@pytest.mark.parametrize("path", ["users", "organizations"])
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_file_of_meters_is_streamed(journey: Journey, path: str, form: str) -> None:
    query = {**(ORGANIZATION if path == "users" else DAY), "include": "meters,margin"}
    streamed = journey.get(f"/v1/analytics/{path}", **query, format=form)
    assert "content-length" not in streamed.headers
    page = journey.get(f"/v1/analytics/{path}", **query, format=form, limit=1_000)
    assert "content-length" in page.headers
    first = streamed.text.splitlines()
    assert first[: len(page.text.splitlines())] == page.text.splitlines()
    assert "whatsapp.marketing.billed_quantity" in first[0]
    same = {"If-None-Match": streamed.headers["etag"]}
    query |= {"format": form}
    unchanged = journey.tenant.get(f"/v1/analytics/{path}", params=query, headers=same)
    assert (unchanged.status_code, unchanged.text) == (304, "")
    any_other = {"If-None-Match": "*"}
    unchanged = journey.tenant.get(f"/v1/analytics/{path}", params=query, headers=any_other)
    assert unchanged.status_code == 304


def test_a_meter_can_be_filtered_grouped_and_drawn(journey: Journey) -> None:
    of_meter = {**ORGANIZATION, "meter": "whatsapp.marketing"}
    (row, *others) = journey.get("/v1/analytics/users", **of_meter).json()["users"]
    assert row["total_cost"] == 0.35
    assert [it["total_cost"] for it in others] == [0] * len(others)
    grouped = journey.get("/v1/analytics/users", **ORGANIZATION, group_by="meter").json()
    groups = {it["meter"]: it["cost"] for it in grouped["users"][0]["groups"]}
    assert groups == {"voice.call": 0.6, "whatsapp.marketing": 0.35, "ai.agent": 1.2}
    series = journey.get("/v1/analytics/series", **ORGANIZATION, split_by="meter").json()["series"]
    assert {it["key"]: it["total_cost"] for it in series} == {
        **groups,
        "ai.output_tokens": 1.0,
    }
    events = journey.get("/v1/events", **of_meter).json()["events"]
    assert {it["type"] for it in events} == {"whatsapp.marketing"}
    assert {it["unit"] for it in events} == {"message"}


def test_an_unknown_meter_is_refused_with_the_nearest(journey: Journey) -> None:
    query = {**ORGANIZATION, "meter": "whatsapp.marketin"}
    answer = journey.tenant.get("/v1/analytics/users", params=query)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "meter")
    assert "the nearest meter is whatsapp.marketing" in answer.json()["error"]


def test_the_margin_is_what_is_known_of_it(journey: Journey) -> None:
    query = {**ORGANIZATION, "include": "totals,margin"}
    totals = journey.get("/v1/analytics/users", **query).json()["totals"]
    assert (totals["buy_cost"], totals["margin"]) == (0.16, 0.19)
    assert totals["buy_known_share"] == pytest.approx(0.35 / 3.15, abs=1e-6)


def test_the_margin_is_exported_as_csv(journey: Journey) -> None:
    query = {**ORGANIZATION, "include": "margin", "format": "csv"}
    text = journey.get("/v1/analytics/users", **query).text
    rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))
    assert [(it["user_id"], it["buy_cost"], it["margin"]) for it in rows] == [
        ("ann", "0.16", "0.19"),
        ("ben", "", ""),
    ]
    events = journey.get("/v1/events", **ORGANIZATION, format="csv").text
    types = {it["type"] for it in csv.DictReader(StringIO(events.removeprefix("\ufeff")))}
    assert types == {"whatsapp.marketing", "ai.agent", "ai.output_tokens", "voice.call"}
