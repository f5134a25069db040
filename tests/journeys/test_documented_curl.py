"""The documented request on the demo gives the documented answer, every figure and every byte."""

import shlex

import httpx
import msgspec

from tests import plain_http
from tests.journeys.conftest import Shown
from tollbook.api.openapi.examples import USERS_ANSWER

# As the specification prints it.
EXAMPLE = """\
{
  "success": true,
  "organization_id": "org_abc123",
  "organization_name": "Acme Corp",
  "period": {
    "start": "2024-01-01",
    "end": "2024-01-31"
  },
  "users": [
    {
      "user_id": "user_123",
      "user_name": "john@acme.com",
      "total_sms_sent": 2420,
      "total_sms_received": 650,
      "total_mms_sent": 120,
      "total_mms_received": 40,
      "total_voice_calls": 340,
      "total_voice_seconds": 21560,
      "cost_breakdown": {
        "messaging_cost": 125.50,
        "voice_cost": 43.12,
        "api_request_cost": 10.00,
        "api_requests_count": 250000,
        "api_storage_cost": 2.25,
        "phone_rental_cost": 5.98,
        "phone_rental_count": 2,
        "phone_purchase_cost": 1.00,
        "phone_purchase_count": 1,
        "kb_cost": 5.50,
        "kb_count": 1,
        "kb_minutes": 55.0
      },
      "total_cost": 193.35
    },
    {
      "user_id": "user_456",
      "user_name": "jane@acme.com",
      "total_sms_sent": 1800,
      "total_sms_received": 420,
      "total_mms_sent": 65,
      "total_mms_received": 25,
      "total_voice_calls": 280,
      "total_voice_seconds": 18400,
      "cost_breakdown": {
        "messaging_cost": 95.20,
        "voice_cost": 36.80,
        "api_request_cost": 8.00,
        "api_requests_count": 200000,
        "api_storage_cost": 1.50,
        "phone_rental_cost": 2.99,
        "phone_rental_count": 1,
        "phone_purchase_cost": 0.00,
        "phone_purchase_count": 0,
        "kb_cost": 0.00,
        "kb_count": 0,
        "kb_minutes": 0.0
      },
      "total_cost": 144.49
    }
  ]
}"""


def run_curl(command: str) -> httpx.Response:
    """Do what curl would do with such a command."""
    name, address, option, header = shlex.split(command.replace("\\\n", " "))
    assert (name, option) == ("curl", "-H")
    field, _, value = header.partition(": ")
    return plain_http.get(address, headers={field: value})


def test_the_documented_request_gives_the_documented_answer(shown: Shown) -> None:
    server, printed, keys = shown
    answer = run_curl(printed[printed.index("curl ") : printed.index("For a larger")])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == USERS_ANSWER
    assert msgspec.json.format(answer.content).decode() == EXAMPLE

    asked = "/v1/analytics/users?organization_id=org_abc123&start_date=2024-01-01"
    asked += "&end_date=2024-01-31"
    with server.client() as http:

        def see(key: str) -> httpx.Response:
            return http.get(asked, headers={"X-API-Key": keys[key]})

        assert see("acme").content == answer.content
        assert see("acme_user_123").json()["users"] == USERS_ANSWER["users"][:1]
        assert see("harbor").status_code == 404
        lively = http.get(
            "/v1/analytics/users?organization_id=org_harbor",
            headers={"X-API-Key": keys["harbor"]},
        )
        assert len(lively.json()["users"]) == 40
