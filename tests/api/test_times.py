"""Instants and days at their edges: truncated times, leap seconds, days that never were."""

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import event

SERIES, USAGE = "/v1/analytics/series", "/v1/analytics/usage"
ABOUT = {"organization_id": "org_1"}


@pytest.mark.parametrize("time", ["2024-02-29T23:59:59.9999999Z", "2024-02-29T23:59:60Z"])
def test_the_last_instant_of_a_month_is_stored_in_it(either: Tenant, time: str) -> None:
    either.send(event(time=time))
    for month, first, last in ((1, "2024-02-01", "2024-02-29"), (0, "2024-03-01", "2024-03-31")):
        days = {"start_date": first, "end_date": last, "bucket": "month"}
        series = either.get(SERIES, params={**ABOUT, **days}).json()["series"]
        assert sum(it["total_events"] for it in series) == month
    stored = either.get("/v1/events/org_1/call-1").json()["event"]["time"]
    assert stored == "2024-02-29T23:59:59.999999Z"


def test_the_bounds_of_a_question_are_truncated_too(either: Tenant) -> None:
    either.send(event(time="2024-02-29T23:59:59.999999Z"))
    before_march = {**ABOUT, "end_date": "2024-02-29T23:59:59.9999999Z"}
    answer = either.get(USAGE, params=before_march).json()["usage"]
    assert answer["period"]["end"] == "2024-02-29T23:59:59.999999Z"
    assert answer["voice"]["seconds"] == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1705314600", "time_is_epoch"),
        ("2024-01-15T10:30Z", "time_without_seconds"),
        ("2024-01-15T10:30:00", "time_without_offset"),
        ("2024-13-15T10:30:00Z", "invalid_time"),
    ],
)
def test_a_bound_that_is_no_instant_is_refused_with_what_is_wrong(
    tenant: Tenant, text: str, code: str
) -> None:
    answer = tenant.get(USAGE, params={**ABOUT, "start_date": text})
    assert (answer.status_code, problems(answer)) == (400, [("start_date", code)])
    receipt = tenant.post("/v1/events", json=event(time=text)).json()["receipts"][0]
    assert (receipt["field"], receipt["code"]) == ("time", code)


def test_the_end_of_a_key_is_truncated_too(tenant: Tenant) -> None:
    body = {
        "name": "ends",
        "permissions": ["analytics:read"],
        "expires_at": "2098-12-31T23:59:59.9999999Z",
    }
    key = tenant.post("/v1/keys", json=body).json()["key"]
    assert key["expires_at"] == "2098-12-31T23:59:59.999999Z"
