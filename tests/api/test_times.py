"""Instants and days at their edges: truncated times, leap seconds, days that never were."""

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tollbook.domain.events import instant_text
from tollbook.wiring import now

OVERVIEW, USERS = "/v1/analytics/overview", "/v1/analytics/users"
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


def meta(tenant: Tenant, path: str, **asked: str) -> Json:
    answer = tenant.get(path, params={**asked, "include": "meta"})
    assert answer.status_code == 200
    found: Json = answer.json()["meta"]
    return found


def ago(seconds: int) -> str:
    return instant_text(now() - seconds * 1_000_000)


def test_the_lag_is_that_of_the_newest_event_whatever_comes_later(either: Tenant) -> None:
    either.organization("org_2")
    either.send(event(time=ago(600)), event(id="old", time="2024-01-15T10:30:00Z"))
    before = meta(either, USERS, **ABOUT)["ingest_lag_seconds"]
    assert 600 <= before < 1200
    either.send(event(id="backfill", time="2020-01-15T10:30:00Z"))
    either.send(event(id="backfill", organization_id="org_2", time="2020-01-15T10:30:00Z"))
    after = meta(either, USERS, **ABOUT)
    assert after["ingest_lag_seconds"] == before
    assert meta(either, OVERVIEW)["ingest_lag_seconds"] == before
    assert meta(either, USERS, organization_id="org_2")["ingest_lag_seconds"] > 10**8
    either.send(event(id="newer", organization_id="org_2", time=ago(30)))
    assert 30 <= meta(either, OVERVIEW)["ingest_lag_seconds"] < 600
    assert meta(either, USERS, **ABOUT)["ingest_lag_seconds"] == before


def test_before_any_event_there_is_no_lag(either: Tenant) -> None:
    assert meta(either, USERS, **ABOUT)["ingest_lag_seconds"] is None
    assert meta(either, OVERVIEW)["ingest_lag_seconds"] is None


def test_a_tenants_quarantine_is_counted_on_each_organizations_own_days(either: Tenant) -> None:
    """The same instant is 1 January in Kiritimati, 31 December in UTC and 30 December in Niue."""
    zones = {"org_utc": "UTC", "org_east": "Pacific/Kiritimati", "org_west": "Pacific/Niue"}
    for name, zone in zones.items():
        either.organization(name, timezone=zone, currency="CHF")  # which has no price book
        either.send(event(organization_id=name, time="2023-12-31T10:30:00Z"))
    for first, last, waiting in (
        ("2024-01-01", "2024-01-31", 1),
        ("2023-12-31", "2023-12-31", 1),
        ("2023-12-30", "2023-12-30", 1),
        ("2023-12-30", "2024-01-01", 3),
        ("2024-01-02", "2024-01-31", 0),
    ):
        days = {"start_date": first, "end_date": last}
        counts = [
            meta(either, USERS, organization_id=name, **days)["quarantined_events"]
            for name in zones
        ]
        assert sum(counts) == waiting
        assert meta(either, OVERVIEW, currency="CHF", **days)["quarantined_events"] == waiting


@pytest.mark.parametrize(
    ("zone", "day"), [("Pacific/Apia", "2011-12-30"), ("Pacific/Kwajalein", "1993-08-21")]
)
def test_a_day_that_never_was_has_no_usage_and_is_no_error(
    either: Tenant, zone: str, day: str
) -> None:
    either.organization("org_gone", timezone=zone)
    year, month, _ = day.split("-")
    hours = [f"{year}-{month}-{int(day[-2:]) + n:02}T12:00:00Z" for n in (-1, 0, 1)]
    either.send(
        *(event(id=f"{n}", organization_id="org_gone", time=it) for n, it in enumerate(hours))
    )
    asked = {"organization_id": "org_gone", "start_date": day, "end_date": day}
    answer = either.get(USAGE, params={**asked, "include": "meta"})
    assert answer.status_code == 200
    usage = answer.json()["usage"]
    assert usage["period"] == {"start": day, "end": day}
    assert usage["voice"] == {"seconds": 0, "kb_seconds": 0, "total_seconds": 0}
    assert either.get(USERS, params=asked).json()["users"][0]["total_cost"] == 0
    named = either.get(USAGE, params={**asked, "format": "csv"})
    assert f"{day}-{day}" in named.headers["content-disposition"]
    around = {"organization_id": "org_gone", "start_date": f"{year}-{month}-01"}
    assert either.get(USAGE, params=around).json()["usage"]["voice"]["seconds"] == 183
    backwards = {**asked, "start_date": f"{year}-{month}-{int(day[-2:]) + 1}"}
    assert problems(either.get(USAGE, params=backwards)) == [("start_date", "start_after_end")]
