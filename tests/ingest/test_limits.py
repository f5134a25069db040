"""What a tenant may leave for later: organizations that only events name, and quarantine."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.builders import Json, Platform, event
from tests.servers import Server
from tollbook.domain.quarantine import QuarantineAction
from tollbook.ingest import known_users
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.known_users import KnownUsers
from tollbook.ingest.limits import IngestLimits
from tollbook.store.database import Database, open_database

FULL, UNKNOWN = "too_many_quarantined", "too_many_unknown_organizations"


def limited(database: Database, tenant: str = "default", **limits: int) -> Platform:
    platform = Platform(database, tenant)
    platform.directory_cache = DirectoryCache(database, limits=IngestLimits(**limits))
    return platform


@pytest.fixture
def platform(database: Database) -> Platform:
    """A tenant that may leave three events in quarantine, with organizations of two currencies."""
    platform = limited(database, max_quarantined_events=3)
    platform.organization()
    platform.organization("euro", currency="EUR")
    return platform


def wait(*ids: str, **given: object) -> list[Json]:
    return [event(id=it, organization_id="euro", **given) for it in ids]


def outcomes(platform: Platform, *events: Json) -> list[tuple[str, str | None]]:
    return [(it.status.value, it.code) for it in platform.send(*events).receipts]


def test_a_full_quarantine_rejects_further_events_and_no_other(platform: Platform) -> None:
    assert platform.statuses(*wait("a", "b")) == ["quarantined"] * 2
    good = [event(id="1"), event(id="2")]
    assert outcomes(platform, good[0], *wait("c", "d"), good[1]) == [
        ("accepted", None),
        ("quarantined", "currency_mismatch"),
        ("rejected", FULL),
        ("accepted", None),
    ]
    receipt = platform.receipt(*wait("d"))
    assert receipt.error is not None
    assert "3 events wait in it" in receipt.error
    assert platform.differences() == []


def test_what_is_stored_keeps_its_receipt_when_the_quarantine_is_full(platform: Platform) -> None:
    platform.send(*wait("a", "b", "c"))
    again, changed = wait("a"), wait("b", quantity=5)
    assert outcomes(platform, *again, *changed, *wait("d")) == [
        ("quarantined", "in_quarantine"),
        ("conflict", "conflict"),
        ("rejected", FULL),
    ]


def test_room_comes_back_when_events_leave(platform: Platform) -> None:
    platform.send(*wait("a", "b", "c"))
    assert platform.statuses(*wait("d")) == ["rejected"]
    platform.run_over_quarantine(QuarantineAction.DISCARD)
    assert platform.statuses(*wait("d", "e", "f", "g")) == ["quarantined"] * 3 + ["rejected"]


def test_an_atomic_batch_beyond_the_room_is_refused_whole(platform: Platform) -> None:
    platform.send(*wait("a", "b", "c"))
    result = platform.send(event(), *wait("d"), atomic=True)
    assert result.refused
    assert [it.code for it in result.receipts] == ["batch_refused", FULL]


def test_the_limit_is_of_one_tenant(platform: Platform) -> None:
    platform.send(*wait("a", "b", "c"))
    other = limited(platform.database, "other", max_quarantined_events=3)
    other.directory_cache = platform.directory_cache
    other.organization("euro", currency="EUR")
    assert other.statuses(*wait("a")) == ["quarantined"]


def test_the_number_is_read_again_before_the_room_is_used(database: Database) -> None:
    platform = limited(database, max_quarantined_events=100)
    platform.organization("euro", currency="EUR")
    found = [platform.statuses(*wait(f"{n}", f"{n}-2")) for n in range(60)]
    assert found == [["quarantined"] * 2] * 50 + [["rejected"] * 2] * 10


def test_events_name_so_many_unknown_organizations(database: Database) -> None:
    platform = limited(database, max_unknown_organizations=2)
    platform.organization()
    named = [event(id=it, organization_id=it) for it in ("org_1", "c", "a", "b")]
    assert outcomes(platform, *named) == [
        ("accepted", None),
        ("rejected", UNKNOWN),
        ("quarantined", "unknown_organization"),
        ("quarantined", "unknown_organization"),
    ]
    receipt = platform.receipt(named[1])
    assert (receipt.code, receipt.field) == (UNKNOWN, "organization_id")
    rows = platform.rows("SELECT id FROM organizations WHERE status = 'unknown'")
    assert sorted(rows) == [("a",), ("b",)]
    platform.organization("c")
    assert platform.statuses(named[1]) == ["accepted"]
    platform.organization("a")
    assert platform.statuses(event(organization_id="d")) == ["quarantined"]
    other = limited(database, "other", max_unknown_organizations=2)
    assert other.statuses(event(organization_id="e")) == ["quarantined"]


def test_requests_at_the_same_time_name_no_more_unknown_organizations(database: Database) -> None:
    platforms = [limited(database, max_unknown_organizations=10) for _ in range(8)]

    def send(number: int) -> list[str]:
        named = [event(organization_id=f"{number}-{it}") for it in range(10)]
        return platforms[number].statuses(*named)

    with ThreadPoolExecutor(len(platforms)) as threads:
        found = Counter(it for statuses in threads.map(send, range(8)) for it in statuses)
    assert found == {"quarantined": 10, "rejected": 70}
    rows = platforms[0].rows("SELECT COUNT(*) FROM organizations WHERE status = 'unknown'")
    assert rows == [(10,)]


def test_a_request_beyond_the_limit_changes_nothing(database: Database) -> None:
    platform = limited(database, max_unknown_organizations=1)
    platform.send(event(organization_id="a"))
    before = platform.rows("SELECT token FROM directory_state")
    assert platform.statuses(event(organization_id="b")) == ["rejected"]
    assert platform.rows("SELECT token FROM directory_state") == before


def test_the_settings_reach_the_server(database_url: str) -> None:
    with closing(open_database(database_url)) as database:
        key = Platform(database).key()
    limits = {"max_unknown_organizations": "1", "max_quarantined_events": "2"}
    with Server(database_url, **limits) as server, server.client(key) as http:
        sent = [event(id=it, organization_id=f"org {it}") for it in "ab"]
        answer = http.post("/v1/events", json=sent)
        codes = [it["code"] for it in answer.json()["receipts"]]
        assert (answer.status_code, codes) == (207, ["unknown_organization", UNKNOWN])
        sent = [event(id=it, organization_id="org a") for it in "cd"]
        codes = [it["code"] for it in http.post("/v1/events", json=sent).json()["receipts"]]
        assert codes == ["unknown_organization", FULL]


def test_known_users_forget_ledgers_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_users, "_MOST_USERS", 10)
    users = KnownUsers()
    for number in range(100):
        users.remember([(number, "u")], number + 1, {number: 0})
        assert len(users._left) <= 12
