"""What a sender may send: each event that its key, its scope or the clock refuses, with reasons."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import TENANT, Platform, event
from tollbook.domain.catalog import BUILT_IN
from tollbook.domain.events import microseconds
from tollbook.domain.keys import ALL_EVENTS, EventRules, KeyScope
from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms
from tollbook.domain.receipts import Receipt
from tollbook.ingest.decode import decode_json
from tollbook.ingest.drafts import BodyReader
from tollbook.ingest.submit import SubmissionDraft, complete, draft_of, months_around_time
from tollbook.store.database import open_database

NOW = microseconds(datetime(2024, 1, 15, 10, 30, tzinfo=UTC))
ANY = KeyScope(TENANT)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, migrated_file: Any) -> Iterator[Platform]:
    path = tmp_path_factory.mktemp("drafts") / "tollbook.db"
    path.write_bytes(migrated_file.read_bytes())
    database = open_database(f"sqlite:///{path}")
    yield Platform(database)
    database.close()


def draft(
    *events: Any, scope: KeyScope = ANY, rules: EventRules = ALL_EVENTS, now: int = NOW
) -> SubmissionDraft:
    return draft_of(decode_json(json.dumps(events).encode()), scope, now, rules)


def refusals(one: Any, **given: Any) -> list[tuple[str, str]]:
    found = draft(one, **given)
    assert len(found.events) + len(found.rejections) == 1
    return [(it.field, it.code) for receipt in found.rejections for it in receipt.details]


def of_user(user: str | None = "user_1") -> KeyScope:
    return KeyScope(TENANT, "org_1", user)


@pytest.mark.parametrize(
    ("given", "scope", "rules", "expected"),
    [
        ({}, ANY, ALL_EVENTS, []),
        ({}, KeyScope(TENANT, "org_1"), ALL_EVENTS, []),
        ({}, KeyScope(TENANT, "org_2"), ALL_EVENTS, [("organization_id", "not_for_this_key")]),
        ({}, of_user(), ALL_EVENTS, []),
        ({"user_id": None}, of_user(), ALL_EVENTS, [("user_id", "not_for_this_key")]),
        ({"user_id": "user_2"}, of_user(), ALL_EVENTS, [("user_id", "not_for_this_key")]),
        ({}, ANY, EventRules(("voice.call",)), []),
        ({}, ANY, EventRules(("sms.outbound",)), [("type", "not_for_this_key")]),
        ({}, ANY, EventRules(id_prefix="call-"), []),
        ({}, ANY, EventRules(id_prefix="call-2"), [("id", "id_outside_scope")]),
        ({}, ANY, EventRules(may_state_costs=False), []),
        ({"cost": "1"}, ANY, ALL_EVENTS, []),
        ({"cost": "1"}, ANY, EventRules(may_state_costs=False), [("cost", "permission_missing")]),
        ({"cost": 0}, ANY, EventRules(may_state_costs=False), [("cost", "permission_missing")]),
        (
            {"cost_pending": True},
            ANY,
            EventRules(may_state_costs=False),
            [("cost_pending", "permission_missing")],
        ),
        ({"cost_pending": False}, ANY, EventRules(may_state_costs=False), []),
        (
            {"organization_id": "org_2", "user_id": "b", "cost": 1},
            of_user(),
            EventRules(("sms.outbound",), "x", may_state_costs=False),
            [
                ("organization_id", "not_for_this_key"),
                ("user_id", "not_for_this_key"),
                ("type", "not_for_this_key"),
                ("id", "id_outside_scope"),
                ("cost", "permission_missing"),
            ],
        ),
    ],
)
def test_a_key_sends_the_events_of_its_scope_and_rules(
    given: Any, scope: KeyScope, rules: EventRules, expected: list[tuple[str, str]]
) -> None:
    assert refusals(event(**given), scope=scope, rules=rules) == expected


@pytest.mark.parametrize(("ahead", "is_refused"), [(0, False), (1, True)])
def test_an_event_may_be_a_day_ahead_of_the_clock(ahead: int, is_refused: bool) -> None:
    clock = NOW - 86_400_000_000 - ahead
    assert bool(refusals(event(), now=clock)) == is_refused
    if is_refused:
        assert refusals(event(), now=clock) == [("time", "in_future")]
        assert refusals(event(), now=clock, rules=EventRules(id_prefix="x")) == [
            ("time", "in_future"),
            ("id", "id_outside_scope"),
        ]


def test_an_invalid_event_is_refused_for_what_its_sound_fields_say_too() -> None:
    rules, scope = EventRules(("sms.outbound",), "x", may_state_costs=False), of_user("ann")
    broken = {**event(quantity=-1, cost=1), "organization_id": 5}
    assert refusals(broken, scope=scope, rules=rules) == [
        ("organization_id", "not_a_string"),
        ("quantity", "negative"),
        ("user_id", "not_for_this_key"),
        ("type", "not_for_this_key"),
        ("id", "id_outside_scope"),
        ("cost", "permission_missing"),
    ]
    # A field that is wrong says nothing about the key.
    assert refusals({**event(), "user_id": 5}, scope=scope) == [("user_id", "not_a_string")]
    late = event(time="2024-01-17T00:00:00Z", quantity=-1)
    assert refusals(late) == [("quantity", "negative"), ("time", "in_future")]


def test_events_and_rejections_keep_their_index() -> None:
    found = draft(event(id="a"), 5, event(id="b", quantity=-1), event(id="c"), event(id=""))
    assert [it.index for it in found.events] == [0, 3]
    assert [it.index for it in found.rejections] == [1, 2, 4]
    assert [it.id for it in found.rejections] == [None, "b", ""]
    assert found.organizations == {"org_1"}


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"id": "ce:a|b"}, "id", "reserved_id"),
        ({"quantity": None}, "quantity", "missing_field"),
    ],
)
def test_what_is_accepted_only_when_it_is_stored_is_refused_as_new(
    given: Any, field: str, code: str
) -> None:
    found = draft(event(**given), event(id="fine"))
    assert found.refuses_new
    assert (len(found.events), found.rejections) == (2, [])
    new = complete(found)
    assert [it.event.id for it in new.events] == ["fine"]
    assert [(it.index, it.field, it.code) for it in new.rejections] == [(0, field, code)]


def test_a_draft_of_other_events_is_complete() -> None:
    found = draft(event(), event(id="b", type="sms.outbound", quantity=None))
    assert not found.refuses_new
    assert complete(found) is found


def test_a_type_that_is_not_known_may_be_one_that_was_just_added() -> None:
    assert draft(event(type="own.meter")).has_unknown_types
    assert draft({**event(), "type": 5}).has_unknown_types
    assert not draft(event(), event(id="b", quantity=-1)).has_unknown_types


def reader(platform: Platform, *meters: str) -> BodyReader:
    rules = EventRules(meters)
    return BodyReader(platform.directory_cache, decode_json, ANY, rules, lambda: NOW)


def test_a_body_is_read_by_the_catalog_in_memory_unless_only_a_newer_one_can_decide(
    platform: Platform,
) -> None:
    platform.directory_cache.loaded_catalog(TENANT)
    known, unknown = event(id="a"), event(id="b", type="brand.new")
    found = reader(platform).draft(msgspec.json.encode(known))
    assert found is not None
    assert [it.event.id for it in found.events] == ["a"]
    assert reader(platform).draft(msgspec.json.encode([known, unknown])) is None
    platform.add_meters(MeterTerms("brand.new", "thing", Category.MESSAGING))
    newest = reader(platform).newest_draft(msgspec.json.encode([known, unknown]))
    assert [it.event.id for it in newest.events] == ["a", "b"]
    assert newest.token is not None  # it holds for this state of the directory only


def test_without_a_catalog_in_memory_the_newest_is_needed(platform: Platform) -> None:
    nobody = BodyReader(
        platform.directory_cache, decode_json, KeyScope("nobody"), ALL_EVENTS, lambda: NOW
    )
    body = msgspec.json.encode(event())
    assert nobody.draft(body) is None
    newest = nobody.newest_draft(body)
    assert (len(newest.events), newest.token) == (1, None)


def test_the_nearest_type_is_one_that_the_key_may_send(platform: Platform) -> None:
    def hint(*meters: str) -> str:
        body = msgspec.json.encode(event(type="sms.outbond"))
        (receipt,) = reader(platform, *meters).newest_draft(body).rejections
        assert isinstance(receipt, Receipt)
        return receipt.details[0].error

    assert "sms.outbound" in hint()
    assert "sms.outbound" not in hint("voice.call")
    assert BUILT_IN.nearest("sms.outbond") == "sms.outbound"


@pytest.mark.parametrize(
    ("time", "months"),
    [
        ("2024-01-15T10:30:00Z", {202401}),
        ("2024-01-01T23:59:59Z", {202312, 202401}),
        ("2024-01-02T00:00:00Z", {202401}),
        ("2024-02-28T12:00:00Z", {202402}),
        ("2024-02-29T00:00:00Z", {202402, 202403}),
        ("2023-02-28T00:00:00Z", {202302, 202303}),
        ("2024-12-31T12:00:00Z", {202412, 202501}),
        ("1970-01-01T00:00:00Z", {196912, 197001}),
    ],
)
def test_an_instant_may_fall_into_the_months_of_the_days_around_it(
    time: str, months: set[int]
) -> None:
    assert months_around_time(microseconds(datetime.fromisoformat(time))) == months


@given(
    st.datetimes(datetime(1970, 1, 3), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timezones(),
)
def test_every_time_zone_agrees(instant: datetime, zone: Any) -> None:
    local = instant.astimezone(zone)
    assert local.year * 100 + local.month in months_around_time(microseconds(instant))
