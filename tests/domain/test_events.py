"""The fingerprint of an event: by value, and nothing left out."""

import msgspec
import pytest

from tests.builders import event
from tollbook.domain.events import Event, attributes_text
from tollbook.ingest.normalize import normalize


def fingerprint(**given: object) -> int:
    wire = msgspec.json.decode(msgspec.json.encode(event(**given)), type=Event)
    fact = normalize(0, wire)
    assert fact is not None
    return fact.fingerprint


def test_the_fingerprint_of_today_is_that_of_every_release() -> None:
    """A change here would turn every resent event into a conflict."""
    assert fingerprint(attributes={"to": "+442071838750", "n": 1.0}) == FIRST_RELEASE


FIRST_RELEASE = -6505836192747438744


@pytest.mark.parametrize(
    "other",
    [
        {"type": "kb.usage", "resource_id": "kb"},
        {"user_id": None},
        {"user_id": "user_2"},
        {"time": "2024-01-15T10:30:00.000001Z"},
        {"quantity": "61.000001"},
        {"resource_id": "kb"},
        {"attributes": {"to": "+1"}},
        {"cost": 0},
    ],
)
def test_any_other_content_has_another_fingerprint(other: dict[str, object]) -> None:
    assert fingerprint(**other) != fingerprint()


def test_the_id_and_the_organization_are_the_identity_not_the_content() -> None:
    assert fingerprint(id="x", organization_id="y") == fingerprint()


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ({"b": 1, "a": "x"}, {"a": "x", "b": 1.0}),
        ({"a": 0}, {"a": -0.0}),
        ({}, None),
    ],
)
def test_attributes_are_compared_by_value(one: dict, same: dict | None) -> None:
    assert attributes_text(one) == attributes_text(same)


@pytest.mark.parametrize(
    ("one", "other"), [({"a": 1}, {"a": "1"}), ({"a": 1}, {"a": True}), ({"a": None}, {})]
)
def test_values_of_other_kinds_are_other_content(one: dict, other: dict) -> None:
    assert attributes_text(one) != attributes_text(other)
