"""The fingerprint of an event: by value, and nothing left out."""

import json
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import event
from tests.properties.profile import examples
from tollbook.domain.events import (
    LONGEST_ATTRIBUTE_VALUE,
    AttributeValue,
    Event,
    attributes_text,
    has_long_text,
    instant_of,
    instant_text,
    microseconds,
    plain_number,
)
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


NAMES = st.text("abc.", min_size=1, max_size=3)
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(".0ab", max_size=4)
FLOATS = st.floats(-1e6, 1e6)


@examples(200)
@given(st.dictionaries(NAMES, VALUES | FLOATS, max_size=4))
def test_the_text_of_attributes_has_their_values(attributes: dict[str, AttributeValue]) -> None:
    text = attributes_text(attributes)
    if not attributes:
        assert text == ""
        return
    assert json.loads(text) == attributes
    assert list(json.loads(text)) == sorted(attributes)


@examples(200)
@given(st.dictionaries(NAMES, st.integers(-(2**53), 2**53), max_size=4))
def test_whole_floats_have_the_text_of_integers(attributes: dict[str, int]) -> None:
    floats: dict[str, AttributeValue] = {name: float(it) for name, it in attributes.items()}
    assert attributes_text(floats) == attributes_text(dict(attributes))


@pytest.mark.parametrize(
    ("value", "plain"),
    [(1.0, "1"), (-0.0, "0"), (1.5, "1.5"), (2.0**53, str(2**53)), (2.0**54, str(2.0**54))],
)
def test_a_number_has_one_notation(value: float, plain: str) -> None:
    assert str(plain_number(value)) == plain


def test_only_a_text_above_the_limit_is_long() -> None:
    for length, is_long in [(LONGEST_ATTRIBUTE_VALUE, False), (LONGEST_ATTRIBUTE_VALUE + 1, True)]:
        attributes: dict[str, AttributeValue] = {"n": 1, "a": "x" * length}
        assert has_long_text(attributes, attributes_text(attributes)) == is_long


def test_many_short_texts_are_not_a_long_one() -> None:
    attributes: dict[str, AttributeValue] = {f"a{n}": "x" * 1_000 for n in range(5)}
    assert not has_long_text(attributes, attributes_text(attributes))
    assert not has_long_text(None, "x" * 5_000)


@examples(200)
@given(st.integers(-(2**55), 2**57))
def test_an_instant_is_stored_without_loss(stored: int) -> None:
    assert microseconds(instant_of(stored)) == stored
    assert instant_text(stored).endswith("Z")
    assert datetime.fromisoformat(instant_text(stored)) == instant_of(stored)


def test_the_text_of_an_instant_has_all_digits() -> None:
    assert instant_text(0) == "1970-01-01T00:00:00Z"
    assert instant_text(-1) == "1969-12-31T23:59:59.999999Z"
