"""A server with a wrong clock, next to one with the right time."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
import structlog

from tests.api.conftest import error_of
from tests.builders import Platform, event
from tests.inside import serving
from tollbook import wiring
from tollbook.api.operation.created_tokens import CreatedTokens
from tollbook.api.operation.maintenance import Maintenance
from tollbook.domain.events import instant_text, microseconds
from tollbook.store.database import Database, open_database
from tollbook.store.engine import Options, system_clock
from tollbook.store.probe import clock_difference

HOUR = 3600 * 1_000_000
USERS = "/v1/analytics/users?organization_id=org_1"


@contextmanager
def with_clock(url: str, ahead: int, key: str, patch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Serve with a clock that is `ahead` microseconds ahead."""

    def clock() -> int:
        return system_clock() + ahead

    with patch.context() as inner:
        inner.setattr(wiring, "now", clock)
        database = open_database(url, options=Options(clock=clock))
        with serving(database, key) as client:
            yield client


@pytest.mark.parametrize(("hours", "way"), [(25, "ahead of"), (-25, "behind")])
def test_a_server_with_a_wrong_clock_writes_nothing_and_says_by_how_much(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, hours: int, way: str
) -> None:
    with closing(open_database(postgres_url)) as database:
        platform = Platform(database)
        platform.organization()
        key = platform.key()
        wrong = f"this server's clock is 90000 seconds {way} the database's; 300 are allowed"
        ahead = datetime.now(UTC) + timedelta(hours=24.5)
        with with_clock(postgres_url, hours * HOUR, key, monkeypatch) as client:
            for refused in (
                client.post("/v1/events", json=event()),
                client.post("/v1/events", json=event(time=ahead.isoformat())),
                client.post("/v1/events?atomic=true", json=event(time=ahead.isoformat())),
                client.post("/v1/organizations", json={"id": "org_2", "name": "Two"}),
            ):
                assert refused.status_code == 503
                assert error_of(refused)["code"] == "clock_wrong"
                assert error_of(refused)["error"] == f"{wrong}; nothing was stored"
            ready = client.get("/readyz")
            assert ready.status_code == 503
            assert ready.json()["checks"]["clock"] == wrong
            metrics = client.get("/metrics").text
            assert f"tollbook_clock_seconds {hours * 3600}.0" in metrics
            assert client.get(USERS).status_code == 200
        with serving(open_database(postgres_url), key) as client:
            assert client.post("/v1/events", json=event()).status_code == 200
            as_of = client.get(USERS).headers["x-as-of"]
            assert datetime.fromisoformat(as_of) < datetime.now(UTC) + timedelta(minutes=10)


def test_a_clock_that_is_a_little_off_is_borne(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_database(postgres_url)) as database:
        platform = Platform(database)
        platform.organization()
        with with_clock(postgres_url, HOUR // 15, platform.key(), monkeypatch) as client:
            assert client.post("/v1/events", json=event()).status_code == 200
            assert client.get("/readyz").status_code == 200


def test_a_state_that_this_database_has_given_is_there_whatever_the_clock_says(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes, events = HOUR // 60, "/v1/events"
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        for organization in ("org_1", "org_2"):
            platform.organization(organization)
        key, of_org_2 = platform.key(), platform.key(organization="org_2")
        two = [event(), event(organization_id="org_2", id="tiered")]
        with with_clock(database_url, 4 * minutes, key, monkeypatch) as ahead:
            first = ahead.post(events, json=event()).json()["as_of"]
            assert ahead.post(events, json=event()).json()["as_of"] == first
            assert ahead.post(events, json=[event(), event(id="")]).json()["as_of"] == first
            refused = ahead.post(events, json=event(id="")).json()["as_of"]
        with with_clock(database_url, -4 * minutes, key, monkeypatch) as behind:

            def status(as_of: str, organization: str = "org_1", key: str = key) -> int:
                query = {"organization_id": organization, "min_as_of": as_of}
                path, headers = USERS.partition("?")[0], {"X-API-Key": key}
                return behind.get(path, params=query, headers=headers).status_code

            assert behind.post(events, json=event()).json()["as_of"] == first
            assert status(first) == status(first, "org_2") == 200
            # What was received is later than what changed last, by this clock.
            user = {"id": "user_2", "name": "Two"}
            assert behind.post("/v1/organizations/org_1/users", json=user).status_code == 201
            assert status(first) == 200
            assert behind.get(USERS).headers["x-as-of"][:23] >= first[:23]
            # Nothing was acknowledged then: it is as late as its clock says.
            assert status(refused) == 503
            assert status(first, "org_2", of_org_2) == 503
            last = behind.post(events, json=two).json()["as_of"]
            assert last > first
            assert status(last) == status(last, "org_2", of_org_2) == 200
            later = datetime.fromisoformat(first) + timedelta(minutes=10)
            assert status(later.isoformat()) == 400


def test_no_answer_is_as_of_before_its_min_as_of(database: Database) -> None:
    platform = Platform(database)
    for organization in ("org_1", "org_2"):
        platform.organization(organization)
    users = [event(organization_id="org_2", id=name, user_id=name) for name in ("a", "b")]
    platform.send(event(), *users)
    stored = system_clock() + 25 * HOUR + 1
    with database.writing() as transaction:
        transaction.execute(
            "UPDATE ledger_versions SET as_of = :now WHERE organization_id = :number",
            now=stored,
            number=platform.number("org_1"),
        )
    as_of = instant_text(stored)
    of_org_2 = {"organization_id": "org_2"}
    asked = {"min_as_of": as_of, "include": "meta", "limit": 1, "period": "2024-01"}
    with serving(database, platform.key()) as client:
        for path, query in (
            ("/v1/analytics/users", {**asked, **of_org_2}),
            ("/v1/analytics/organizations", {**asked}),
        ):
            first = client.get(path, params=query)
            cursor = first.json()["next_cursor"]
            again = client.get(path, params={**query, "cursor": cursor})
            del query["min_as_of"]
            without = client.get(path, params={**query, "cursor": cursor})
            for answer in (first, again, without):
                assert answer.status_code == 200, answer.text
                assert answer.headers["x-as-of"] == answer.json()["meta"]["as_of"] == as_of


def test_today_is_by_the_clock_and_as_of_never_goes_back_when_a_commit_lies_ahead(
    database: Database,
) -> None:
    platform = Platform(database)
    zone = "Asia/Tokyo"
    platform.organization(timezone=zone)
    platform.send(event())
    key, stored = platform.key(), system_clock() + 25 * HOUR
    with database.writing() as transaction:
        transaction.execute("UPDATE ledger_versions SET as_of = :now", now=stored)
    before = datetime.now(ZoneInfo(zone)).date()
    with serving(database, key) as client:
        users = client.get(USERS)
        forecast = client.get("/v1/analytics/forecast?organization_id=org_1")
        only = f"{USERS}&start_date={before}&end_date={before}&include=meta"
        state = client.get(only).json()["meta"]["period_state"]
    after = datetime.now(ZoneInfo(zone)).date()
    for it in (users, forecast):
        assert it.status_code == 200
        as_of = datetime.fromisoformat(it.headers["x-as-of"])
        assert microseconds(as_of) == stored
    assert users.json()["period"]["end"] in {str(before), str(after)}
    assert state == "open" or before != after


def test_a_file_whose_newest_commit_lies_ahead_is_served_and_the_clock_is_told(
    sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    structlog.reset_defaults()  # a command that ran in this process before has silenced it
    with closing(open_database(sqlite_url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(event(id="first"))
        with database.writing() as transaction:
            ahead = system_clock() + 25 * HOUR
            transaction.execute("UPDATE ledger_versions SET as_of = :now", now=ahead)
        assert platform.statuses(event()) == ["accepted"]
        transaction_now = system_clock()
        with database.writing() as transaction:
            transaction.execute("UPDATE ledger_versions SET as_of = :now", now=ahead)
        assert clock_difference(database, transaction_now) in range(-90_001, -89_990)
        upkeep = Maintenance(database, system_clock, 300, CreatedTokens(database))
        upkeep.look()
        upkeep.look()
        logged = "".join(capfd.readouterr())
        assert logged.count("clock_wrong") == 1
    with serving(open_database(sqlite_url), platform.key()) as client:
        assert client.get("/readyz").status_code == 200
        told_seconds = re.search(
            r"^tollbook_clock_seconds (.*)$", client.get("/metrics").text, re.MULTILINE
        )
        assert told_seconds
        assert -90_001 < float(told_seconds[1]) < -89_000


def test_a_file_whose_clock_is_right_tells_no_difference(sqlite_url: str) -> None:
    with closing(open_database(sqlite_url)) as database:
        assert clock_difference(database, system_clock()) == 0
