"""Calls that cannot have been as long as their events say wait in quarantine."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import Json, Platform, event
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.limits import IngestLimits
from tollbook.store.database import Database
from tollbook.wiring import now

DAY = 86_400


@pytest.fixture
def platform(database: Database) -> Platform:
    made = Platform(database)
    made.organization()
    return made


def ahead(seconds: float, **given: object) -> Json:
    """A call that begins `seconds` after the server's clock."""
    time = datetime.now(UTC) + timedelta(seconds=seconds)
    return event(time=time.isoformat(), **given)


def code(platform: Platform, sent: Json) -> str | None:
    return platform.receipt(sent).code


@pytest.mark.parametrize("quantity", [0, 61, DAY, "86399.999999"])
def test_a_call_of_up_to_a_day_is_charged(platform: Platform, quantity: int | str) -> None:
    assert platform.statuses(event(quantity=quantity)) == ["accepted"]


@pytest.mark.parametrize("quantity", ["86400.000001", 71_582_788, 4_294_967_295 // 10])
def test_a_longer_one_is_in_doubt(platform: Platform, quantity: int | str) -> None:
    time = "1990-01-15T10:30:00Z"
    receipt = platform.receipt(event(quantity=quantity, time=time))
    assert (receipt.status, receipt.code) == ("quarantined", "implausibly_long")
    assert "longer than 86400 s" in str(receipt.error)
    assert platform.rows("SELECT COUNT(*) FROM events") == [(0,)]


def test_a_call_must_end_within_a_day_after_the_servers_clock(platform: Platform) -> None:
    assert code(platform, ahead(DAY - 7_200, quantity=3_600)) is None
    assert code(platform, ahead(DAY - 3_600, quantity=7_200, id="2")) == "ends_in_future"
    assert code(platform, ahead(0, quantity=71_582_788, id="3")) == "ends_in_future"


def test_its_own_cost_makes_a_call_no_more_plausible(platform: Platform) -> None:
    assert code(platform, event(quantity=DAY + 1, cost=1)) == "implausibly_long"


def test_only_a_call_lasts(platform: Platform) -> None:
    requests = event(type="api.request", quantity=71_582_788)
    storage = event(id="2", type="api.storage", quantity=71_582_788)
    hours = event(id="3", type="kb.usage", resource_id="kb", quantity=DAY + 1)
    assert platform.statuses(requests, storage, hours) == ["accepted"] * 3


def test_a_replay_looks_at_the_limit_and_the_clock_of_then(platform: Platform) -> None:
    long, late = event(quantity=2 * DAY), ahead(DAY - 3_600, quantity=7_200, id="2")
    assert platform.statuses(long, late) == ["quarantined", "quarantined"]
    assert platform.replay() == 0
    assert platform.replay_at(now() + 2 * DAY * 10**6) == 1
    platform.directory_cache = DirectoryCache(
        platform.database, limits=IngestLimits(longest_call_seconds=3 * DAY)
    )
    assert platform.replay() == 1
    assert platform.rows("SELECT id_text(id) FROM events ORDER BY id") == [("2",), ("call-1",)]
    assert platform.differences() == []
