"""The published overview, asked for over a socket: every figure and every byte, on both engines."""

import msgspec
import pytest

from tests.journeys.conftest import Shown
from tollbook.api.openapi.examples_family import ORGANIZATIONS_ANSWER, OVERVIEW_ANSWER, USAGE_ANSWER

# As the page of the sibling prints it, in its order.
PUBLISHED = """\
{
  "success": true,
  "tenant_id": "atlas",
  "period": {
    "start": "2024-01-01",
    "end": "2024-01-31"
  },
  "total_sms_sent": 15420,
  "total_sms_received": 3250,
  "total_mms_sent": 520,
  "total_mms_received": 180,
  "total_voice_calls": 2340,
  "total_voice_seconds": 142560,
  "total_cost": 1245.67,
  "cost_breakdown": {
    "messaging_cost": 845.50,
    "voice_cost": 285.12,
    "api_request_cost": 40.00,
    "api_requests_count": 1000000,
    "api_storage_cost": 15.00,
    "phone_rental_cost": 29.90,
    "phone_rental_count": 10,
    "phone_purchase_cost": 5.00,
    "phone_purchase_count": 5,
    "brand_registration_cost": 12.00,
    "brand_registration_count": 3,
    "kb_cost": 13.15,
    "kb_monthly_cost": 10.00,
    "kb_usage_cost": 3.15,
    "kb_count": 2,
    "kb_minutes": 315.5
  },
  "organizations_count": 5,
  "users_count": 23
}"""
JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}


def test_the_second_platform_is_the_published_overview(shown: Shown) -> None:
    server, printed, keys = shown
    assert (
        f"/v1/analytics/overview?start_date=2024-01-01&end_date=2024-01-31 with {keys['atlas']}"
        in (printed)
    )
    with server.client(keys["atlas"]) as http:
        whole = http.get("/v1/analytics/overview", params=JANUARY)
        assert msgspec.json.format(whole.content).decode() == PUBLISHED
        assert whole.json() == OVERVIEW_ANSWER

        listed = http.get(
            "/v1/analytics/organizations", params={**JANUARY, "include": "totals"}
        ).json()
        totals = listed.pop("totals")
        assert listed == ORGANIZATIONS_ANSWER
        breakdown = {**whole.json(), **whole.json()["cost_breakdown"]}
        assert totals == {name: breakdown[name] for name in totals}

        costs = 0.0
        for it in listed["organizations"]:
            asked = {**JANUARY, "organization_id": it["organization_id"]}
            users = http.get("/v1/analytics/users", params=asked).json()["users"]
            assert len(users) == it["users_count"]
            assert sum(user["total_sms_sent"] for user in users) == it["total_sms_sent"]
            costs += it["total_cost"]
        assert costs == pytest.approx(1245.67)

    with server.client(keys["tenant"]) as http:
        bounds = {"start_date": "2024-01-01T00:00:00Z", "end_date": "2024-02-01T00:00:00Z"}
        asked = {"organization_id": "org_abc123", **bounds}
        assert http.get("/v1/analytics/usage", params=asked).json() == USAGE_ANSWER
