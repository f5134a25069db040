"""The events of the demo: the same on every run, with the sums of the published examples."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook.cli import demo_data, demo_platform
from tollbook.cli.demo_data import (
    HARBOR,
    HARBOR_USERS,
    acme_events,
    harbor_events,
    made_up_number,
    parts,
    wire_event,
)
from tollbook.domain.numbers import STRICT
from tollbook.ingest.decode import decode_json
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.rating.number_formats import digits_of

NOON = datetime(2024, 7, 2, 12, tzinfo=UTC)


@given(st.integers(0, 1_000), st.integers(1, 50), st.integers(0, 10_000))
def test_parts_are_uneven_and_add_up(seed: int, count: int, more: int) -> None:
    total = count + more
    found = parts(Random(seed), count, total)
    assert (len(found), sum(found)) == (count, total)
    assert min(found) >= 1


@given(st.integers(0, 1_000))
def test_numbers_are_international_and_of_one_length(seed: int) -> None:
    number = made_up_number(Random(seed))
    assert len(number) == 12
    assert digits_of(number, STRICT) == number[1:]


def test_an_event_has_a_user_only_if_there_is_one() -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    usual = {"id": "a", "type": "t", "organization_id": "o", "time": "2024-01-01T00:00:00+00:00"}
    assert wire_event("a", "t", "o", None, at) == usual
    assert wire_event("a", "t", "o", "u", at, quantity=2) == {
        **usual,
        "user_id": "u",
        "quantity": 2,
    }


def sums(events: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Add up the quantities by user and type, where 1 is the quantity of an event without one."""
    found: Counter[tuple[str, str]] = Counter()
    for it in events:
        found[it.get("user_id", ""), it["type"]] += float(it.get("quantity", 1))  # type: ignore[assignment]
    return found


def test_acme_has_the_usage_of_the_published_example() -> None:
    events = list(acme_events())
    found, counts = sums(events), Counter((it.get("user_id"), it["type"]) for it in events)
    for user, sent, calls, seconds, requests in (
        ("user_123", 3_740, 340, 21_560, 250_000),
        ("user_456", 2_900, 280, 18_400, 200_000),
    ):
        assert found[user, "sms.outbound"] == sent
        assert (counts[user, "voice.call"], found[user, "voice.call"]) == (calls, seconds)
        assert found[user, "api.request"] == requests
    assert counts["user_123", "sms.outbound"] == 2_420
    assert counts["user_456", "sms.inbound"] == 420
    assert found["user_123", "kb.usage"] == 55 * 60
    # 14.5 GB on 30 days and 15 on the last one.
    assert found["user_123", "api.storage"] == pytest.approx(14.5 * 30 + 15)
    assert len({it["id"] for it in events}) == len(events)
    assert {it["time"][:7] for it in events} == {"2024-01"}


def test_the_second_platform_has_the_segments_that_its_costs_are_computed_from() -> None:
    found = Counter[str]()
    counts = Counter[str]()
    for it in demo_platform.events():
        found[it["type"]] += it.get("quantity", 1)
        counts[it["type"]] += 1
    assert (found["sms.outbound"], found["sms.inbound"]) == (26_112, 3_254)
    assert (counts["mms.outbound"], counts["mms.inbound"]) == (520, 180)


@pytest.fixture
def three_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_data, "HARBOR_DAYS", 3)


@pytest.mark.usefixtures("three_days")
def test_every_event_is_one_that_the_ledger_accepts() -> None:
    for source in (acme_events(), demo_platform.events(), harbor_events(NOON)):
        body = msgspec.json.encode(list(islice(source, 0, None, 23)))
        assert all(isinstance(it, NormalizedEvent) for it in decode_json(body))


def harbor(now: datetime) -> dict[str, dict[str, Any]]:
    return {it["id"]: it for it in harbor_events(now)}


@pytest.mark.usefixtures("three_days")
def test_harbor_is_the_same_on_every_run_and_ends_now() -> None:
    found = harbor(NOON)
    assert harbor(NOON) == found
    assert max(it["time"] for it in found.values()) <= NOON.isoformat()
    later = harbor(NOON + timedelta(hours=3))
    assert found.items() < later.items()


@pytest.mark.usefixtures("three_days")
def test_harbor_has_users_of_every_team_and_days_of_its_own_time_zone() -> None:
    events = list(harbor_events(NOON))
    assert {it["user_id"] for it in events} == {it.id for it in HARBOR_USERS}
    assert {it["organization_id"] for it in events} == {HARBOR.id}
    assert {it["time"][:10] for it in events} == {"2024-06-30", "2024-07-01", "2024-07-02"}
    rentals = [it for it in events if it["type"] == "phone.rental"]
    assert [it["time"][:10] for it in rentals] == ["2024-07-01"] * len(HARBOR_USERS)
    bases = {it["resource_id"] for it in events if it["type"].startswith("kb.")}
    assert bases == {"kb_dispatch", "kb_sales", "kb_support", "kb_billing"}
    # 02:00 in Berlin is 00:00 UTC: the day after has begun there.
    midnight = datetime(2024, 7, 1, 23, tzinfo=UTC)
    assert (
        min(harbor(midnight).values(), key=lambda it: str(it["time"]))["time"][:10] == "2024-06-30"
    )
