"""The text of a message: its segments are counted, and the text itself is kept nowhere."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.builders import Json, Platform, event
from tollbook.store.database import Database

SECRET = "Your code is 491823"


def sms(**given: Any) -> Json:
    usual = {"type": "sms.outbound", "quantity": None, "attributes": {"body": SECRET}}
    return event(**{**usual, **given})


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def quantity(platform: Platform) -> int:
    ((micros, cost),) = platform.rows("SELECT quantity, cost FROM events")
    assert cost == micros // 10**6 * 30_000_000
    return int(micros) // 10**6


@pytest.mark.parametrize(
    ("attributes", "segments"),
    [
        ({"body": ""}, 1),
        ({"body": "x" * 160}, 1),
        ({"body": "x" * 161}, 2),
        ({"body": "\u20ac" * 80}, 1),
        ({"body": "ж" * 71}, 2),
        ({"body_length": 306}, 2),
        ({"body_length": 307.0}, 3),
        ({"body_length": 71, "encoding": "UCS-2"}, 2),
        ({"body": "x", "body_length": 1_000}, 1),
        ({"encoding": "UCS-2"}, 1),
    ],
)
def test_segments_are_counted_from_the_text_or_its_length(
    platform: Platform, attributes: Json, segments: int
) -> None:
    assert platform.statuses(sms(attributes=attributes)) == ["accepted"]
    assert quantity(platform) == segments


def test_a_quantity_that_is_said_wins(platform: Platform) -> None:
    assert platform.statuses(sms(quantity=3)) == ["accepted"]
    assert quantity(platform) == 3


@pytest.mark.parametrize("zero", [0, "0", "0.000", msgspec.Raw(b"0e0")])
def test_a_text_of_no_segments_has_those_that_are_counted(platform: Platform, zero: object) -> None:
    sent = sms(quantity=zero, attributes={"body": "x" * 161})
    assert platform.statuses(sent) == ["accepted"]
    assert quantity(platform) == 2
    assert platform.statuses(sms(attributes={"body": "x" * 161})) == ["duplicate"]
    by_length = sms(id="2", quantity=zero, attributes={"body_length": 307})
    assert platform.statuses(by_length) == ["accepted"]
    assert platform.rows("SELECT quantity FROM events WHERE id_text(id) = '2'") == [(3 * 10**6,)]


@pytest.mark.parametrize("attributes", [None, {}, {"to": "+14155550100"}])
@pytest.mark.parametrize("kind", ["sms.outbound", "sms.inbound"])
def test_a_text_of_no_segments_is_no_free_message(
    platform: Platform, kind: str, attributes: Json | None
) -> None:
    for cost in (None, 1):
        sent = sms(type=kind, quantity=0, attributes=attributes, cost=cost)
        receipt = platform.receipt(sent)
        assert (receipt.status, receipt.code, receipt.field) == (
            "rejected",
            "out_of_range",
            "quantity",
        )
        assert f"quantity must not be 0 for {kind}" in str(receipt.error)
    assert platform.statuses(sms(type="mms.outbound", quantity=0)) == ["accepted"]


def test_a_text_told_wrongly_is_rejected_for_that_alone(platform: Platform) -> None:
    receipt = platform.receipt(sms(quantity=0, attributes={"body_length": -1}))
    assert (receipt.field, receipt.code) == ("attributes.body_length", "invalid_text")


def test_what_waits_with_no_segments_says_why_it_stays(platform: Platform) -> None:
    assert platform.statuses(sms(organization_id="org_2")) == ["quarantined"]
    with platform.database.writing() as transaction:
        before = msgspec.json.encode(sms(organization_id="org_2", quantity=0, attributes={}))
        transaction.execute(
            "UPDATE quarantine SET event = :event WHERE organization_id = :number",
            event=before.decode(),
            number=platform.number("org_2"),
        )
    platform.organization("org_2")
    assert platform.replay() == 0
    ((code, reason),) = platform.rows("SELECT code, reason FROM quarantine")
    assert code == "invalid_event"
    assert "quantity must not be 0" in reason


LONGEST = 64 * 1024


@pytest.mark.parametrize("kind", ["sms.outbound", "mms.inbound", "phone.rental", "api.request"])
def test_a_text_may_have_64_kib(platform: Platform, kind: str) -> None:
    assert platform.statuses(sms(type=kind, attributes={"body": "x" * LONGEST})) == ["accepted"]
    assert platform.rows("SELECT attributes FROM events") == [("",)]
    for body in ("x" * (LONGEST + 1), "\u0436" * (LONGEST // 2 + 1)):
        receipt = platform.receipt(sms(id="2", type=kind, attributes={"body": body}))
        assert (receipt.field, receipt.code) == ("attributes.body", "too_long")
        assert "at most 65536 bytes" in str(receipt.error)


@pytest.mark.parametrize("body", [{}, {"body": "x"}])
def test_any_other_text_may_have_2000_characters(platform: Platform, body: Json) -> None:
    assert platform.statuses(sms(attributes={"note": "\u00e9" * 2_000, **body})) == ["accepted"]
    long = {"a": "x", "note": "x" * 2_001, **body}
    receipt = platform.receipt(sms(id="2", attributes=long))
    assert (receipt.field, receipt.code) == ("attributes.note", "too_long")
    many = {f"note {n}": "x" * 1_500 for n in range(60)}
    assert platform.statuses(sms(id="3", attributes={**many, **body})) == ["accepted"]


@pytest.mark.parametrize("kind", ["mms.outbound", "phone.rental", "api.request"])
def test_the_text_of_any_event_is_dropped_and_counts_nothing_elsewhere(
    platform: Platform, kind: str
) -> None:
    text = {"body": "x" * 2_000, "to": "+1"}
    assert platform.statuses(sms(type=kind, attributes=text)) == ["accepted"]
    assert platform.rows("SELECT quantity, attributes FROM events") == [(10**6, '{"to":"+1"}')]


def test_the_text_is_nowhere_in_the_database(tmp_path: Path, platform: Platform) -> None:
    platform.send(sms(), sms(id="2", organization_id="org_2"), sms(id="3", time="2999-01-01T0Z"))
    platform.send(sms(id="4", attributes={"body": SECRET, "to": "+1"}))
    for table in ("events", "quarantine", "event_keys"):
        assert all(SECRET not in str(row) for row in platform.rows(f"SELECT * FROM {table}"))
    for file in tmp_path.iterdir():
        assert SECRET.encode() not in file.read_bytes()


def test_what_waits_in_quarantine_keeps_the_segments_counted(platform: Platform) -> None:
    text = "x" * 161
    assert platform.statuses(sms(organization_id="org_2", attributes={"body": text})) == [
        "quarantined"
    ]
    ((kept,),) = platform.rows("SELECT event FROM quarantine")
    assert "body" not in kept
    platform.organization("org_2")
    assert platform.replay() == 1
    assert quantity(platform) == 2
    again = sms(organization_id="org_2", attributes={"body": text})
    assert platform.statuses(again) == ["duplicate"]


def test_the_same_text_again_is_a_duplicate_and_another_a_conflict(platform: Platform) -> None:
    platform.send(sms())
    other = SECRET.replace("4", "5")
    again = [sms(), sms(quantity=1), sms(attributes={"body": other}), sms(attributes={})]
    assert platform.statuses(*again) == ["duplicate", "duplicate", "conflict", "conflict"]


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ({"body": 7}, "attributes.body"),
        ({"body": None}, "attributes.body"),
        ({"body_length": -1}, "attributes.body_length"),
        ({"body_length": 1.5}, "attributes.body_length"),
        ({"body_length": "9"}, "attributes.body_length"),
        ({"body_length": 9, "encoding": "EBCDIC"}, "attributes.encoding"),
    ],
)
def test_a_text_told_wrongly_is_rejected_by_the_attributes_name(
    platform: Platform, attributes: Json, field: str
) -> None:
    receipt = platform.receipt(sms(attributes=attributes))
    assert (receipt.status, receipt.code, receipt.field) == ("rejected", "invalid_text", field)
    assert receipt.error is not None
    assert receipt.error.startswith(field)
    assert platform.statuses(sms(attributes=attributes, quantity=1)) == ["accepted"]


def test_a_rejected_event_does_not_repeat_its_text(platform: Platform) -> None:
    for bad in (sms(colour=SECRET), sms(attributes={"body": SECRET * 4_000}), sms(time=SECRET)):
        assert SECRET not in str(platform.receipt(bad))
