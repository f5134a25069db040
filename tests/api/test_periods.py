"""Periods by name and by dates, and what they are compared with, alike in every question."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tollbook.domain.events import instant_of
from tollbook.domain.named_periods import NAMES, named
from tollbook.domain.periods import Comparison, previous
from tollbook.wiring import now

PERIOD = "/v1/analytics/period"
ABOUT = {"organization_id": "org_1"}
DATED = (
    "/v1/analytics/users",
    "/v1/analytics/organizations",
    "/v1/analytics/overview",
    "/v1/analytics/series",
    "/v1/analytics/changes",
    "/v1/events",
)
FAR = "2999-01-01"


def today(zone: str = "UTC") -> date:
    return instant_of(now()).astimezone(ZoneInfo(zone)).date()


def about(path: str) -> dict[str, str]:
    whole = path in ("/v1/analytics/organizations", "/v1/analytics/overview")
    return {} if whole else ABOUT


def period_of(tenant: Tenant, **asked: str) -> Json:
    answer = tenant.get(PERIOD, params={**ABOUT, **asked})
    assert answer.status_code == 200
    found: Json = answer.json()
    return found


@pytest.mark.parametrize("path", DATED)
@pytest.mark.parametrize("name", ["last_30_days", "this_month", "last_month", "2024-02"])
def test_every_question_resolves_a_name_to_the_same_days(
    tenant: Tenant, path: str, name: str
) -> None:
    tenant.send(event())
    days = period_of(tenant, period=name)["period"]
    answer = tenant.get(path, params={**about(path), "period": name})
    assert answer.status_code == 200
    assert answer.json()["period"] == days


@pytest.mark.parametrize("path", DATED)
def test_the_last_30_days_are_the_default_of_every_question(tenant: Tenant, path: str) -> None:
    tenant.send(event())
    answers = [
        tenant.get(path, params={**about(path), **asked}).json()["period"]
        for asked in ({}, {"period": "last_30_days"})
    ]
    start = today() - timedelta(days=30)
    assert answers == [{"start": start.isoformat(), "end": today().isoformat()}] * 2


def test_usage_resolves_a_name_too(tenant: Tenant) -> None:
    tenant.send(event(time="2024-02-29T23:00:00Z"), event(id="2", time="2024-03-01T00:00:00Z"))
    answer = tenant.get("/v1/analytics/usage", params={**ABOUT, "period": "2024-02"})
    usage = answer.json()["usage"]
    assert usage["period"] == {"start": "2024-02-01", "end": "2024-02-29"}
    assert usage["voice"]["seconds"] == 61


@pytest.mark.parametrize("path", [PERIOD, *DATED, "/v1/analytics/usage"])
def test_a_name_and_dates_contradict_each_other(tenant: Tenant, path: str) -> None:
    asked = {**about(path), "period": "today", "start_date": "2024-01-01"}
    assert problems(tenant.get(path, params=asked)) == [("period", "contradiction")]
    unknown = tenant.get(path, params={**about(path), "period": "fortnight"})
    assert problems(unknown) == [("period", "invalid_choice")]


@pytest.mark.parametrize("path", [PERIOD, *DATED])
def test_a_start_in_the_future_is_refused_as_that(tenant: Tenant, path: str) -> None:
    answer = tenant.get(path, params={**about(path), "start_date": FAR})
    assert (answer.status_code, problems(answer)) == (400, [("start_date", "start_after_end")])
    sentence = f"start_date must not be in the future without end_date: today is {today()}"
    assert answer.json()["error"] == sentence
    both = tenant.get(path, params={**about(path), "start_date": FAR, "end_date": FAR})
    assert both.status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_a_running_period_is_compared_with_the_same_elapsed_part_everywhere(
    either: Tenant, name: str
) -> None:
    either.send(event())
    found = period_of(either, period=name)
    asked = {**ABOUT, "period": name, "compare": "previous_period"}
    changes = either.get("/v1/analytics/changes", params=asked).json()
    series = either.get("/v1/analytics/series", params=asked).json()
    assert changes["previous_period"] == series["comparison"]["period"] == found["comparison"]
    assert changes["period"] == series["period"] == found["period"]
    if found["period_state"] == "closed":
        return
    elapsed = date.fromisoformat(found["today"]) - date.fromisoformat(found["period"]["start"])
    then = (date.fromisoformat(found["comparison"][it]) for it in ("end", "start"))
    assert next(then) - next(then) <= elapsed + timedelta(days=2)  # a quarter has 90 to 92 days


def test_month_to_date_is_compared_with_month_to_date(either: Tenant) -> None:
    """The usage of the days after the same day a month ago does not count."""
    first, last = today().replace(day=1), today()
    month = named("this_month", last)
    before = previous(month, Comparison.PREVIOUS_PERIOD, last)
    after = before.end + timedelta(days=1)
    days = [first, before.start, *([after] if after < first else [])]
    either.send(*(event(id=f"{it}", time=f"{it}T00:00:00Z") for it in days))
    for asked in ({"period": "this_month"}, {"start_date": f"{first}", "end_date": f"{last}"}):
        answer = either.get("/v1/analytics/changes", params={**ABOUT, **asked}).json()
        if "period" in asked or first < last:
            assert answer["total_cost"] == answer["previous_cost"] == 0.122


def test_whole_months_are_compared_with_whole_months(either: Tenant) -> None:
    """October with September: not with the 31 days before it."""
    either.send(
        event(id="1", time="2024-08-31T12:00:00Z"),
        event(id="2", time="2024-09-10T12:00:00Z"),
        event(id="3", time="2024-10-10T12:00:00Z"),
        event(id="4", time="2024-10-31T12:00:00Z"),
    )
    found = period_of(either, period="2024-10")
    assert found["comparison"] == {"start": "2024-09-01", "end": "2024-09-30"}
    asked = {**ABOUT, "period": "2024-10"}
    assert either.get("/v1/analytics/changes", params=asked).json()["change"] == 1.0


def test_the_days_of_a_period_and_those_beside_it_are_answered(tenant: Tenant) -> None:
    found = period_of(tenant, start_date="2024-02-01", end_date="2024-02-29")
    assert found == {
        "success": True,
        "tenant_id": tenant.tenant,
        "organization_id": "org_1",
        "timezone": "UTC",
        "today": today().isoformat(),
        "period": {"start": "2024-02-01", "end": "2024-02-29"},
        "days": 29,
        "period_state": "closed",
        "comparison": {"start": "2024-01-01", "end": "2024-01-31"},
        "previous": {"start": "2024-01-01", "end": "2024-01-31"},
        "next": {"start": "2024-03-01", "end": "2024-03-31"},
    }
    running = period_of(tenant, period="this_month")
    assert (running["next"], running["period_state"]) == (None, "open")


@pytest.mark.parametrize("compare", list(Comparison))
def test_every_previous_period_that_is_offered_can_be_asked_for(
    tenant: Tenant, compare: str
) -> None:
    found = period_of(tenant, start_date="0003-01-01", end_date="0003-12-31", compare=compare)
    assert found["previous"] == {"start": "0002-01-01", "end": "0002-12-31"}
    before = {"start_date": "0002-01-01", "end_date": "0002-12-31", "compare": compare}
    first = period_of(tenant, **before)
    assert (first["comparison"]["start"], first["previous"]) == ("0001-01-01", None)


def test_a_period_is_of_the_calendar_of_whom_it_is_asked_for(tenant: Tenant) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        name = zone.lower().replace("/", "_")
        tenant.organization(name, timezone=zone)
        found = period_of(tenant, organization_id=name, period="today")
        assert (found["timezone"], found["today"]) == (zone, today(zone).isoformat())
        assert found["period"] == {"start": found["today"], "end": found["today"]}
    whole = tenant.get(PERIOD).json()
    assert (whole["timezone"], "organization_id" in whole) == ("UTC", False)


def test_a_key_asks_for_the_calendar_of_what_it_is_bound_to(tenant: Tenant) -> None:
    tenant.organization("org_2", timezone="Asia/Tokyo")
    bound = tenant.key(organization="org_2")
    assert tenant.get(PERIOD, bound).json()["timezone"] == "Asia/Tokyo"
    assert tenant.get(PERIOD, bound, params=ABOUT).status_code == 404


@pytest.mark.parametrize("path", ["/v1/events", "/v1/analytics/users"])
def test_pages_go_on_in_a_named_period(tenant: Tenant, path: str) -> None:
    tenant.send(*(event(id=f"{n}", user_id=f"user_{n}") for n in range(3)))
    asked = {**ABOUT, "period": "2024-01", "limit": "2"}
    first = tenant.get(path, params=asked).json()
    second = tenant.get(path, params={**asked, "cursor": first["next_cursor"]})
    assert second.status_code == 200
    assert second.json()["next_cursor"] is None
    assert second.json()["period"] == {"start": "2024-01-01", "end": "2024-01-31"}
    other = {**asked, "period": "2024-02", "cursor": first["next_cursor"]}
    assert problems(tenant.get(path, params=other))[0][0] == "cursor"


def test_today_is_by_the_clock_when_a_commit_lies_ahead(either: Tenant) -> None:
    either.send(event())
    ahead = now() + 3 * 24 * 3600 * 1_000_000
    with either.database.writing() as transaction:
        transaction.execute(
            "UPDATE ledger_versions SET as_of = :ahead WHERE organization_id = :number",
            ahead=ahead,
            number=either.number("org_1"),
        )
    found = period_of(either, start_date=today().isoformat(), end_date=today().isoformat())
    assert (found["today"], found["period_state"]) == (today().isoformat(), "open")
    assert period_of(either)["period"]["end"] == today().isoformat()
