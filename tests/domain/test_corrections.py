"""Corrections: what makes two of them the same, and the id of the reversal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.corrections import (
    CHANGES,
    LONGEST_CORRECTION_ID,
    NEVER_NULL,
    REQUIRED,
    Correction,
    Value,
    fingerprint,
)
from tollbook.domain.events import LONGEST_ID
from tollbook.domain.reversals import Reversal
from tollbook.domain.reversals import fingerprint as fingerprint_of_reversal

VALUES: dict[str, Value] = {"quantity": 61_000_000, "time": 5, "user_id": None}


def correction(**given: object) -> Correction:
    usual = {
        "id": "fix-1",
        "organization_id": "org_1",
        "corrects": "call-1",
        "reason": "a test",
        "changes": {},
        "values": VALUES,
    }
    return Correction(**{**usual, **given})  # type: ignore[arg-type]


def test_the_longest_id_leaves_room_for_that_of_the_reversal() -> None:
    longest = correction(id="x" * LONGEST_CORRECTION_ID)
    assert longest.reversal_id == "x" * LONGEST_CORRECTION_ID + ".reversal"
    assert len(longest.reversal_id) == LONGEST_ID


@pytest.mark.parametrize(
    "other",
    [
        {"id": "fix-2"},
        {"organization_id": "org_2"},
        {"changes": {"quantity": b"61.0"}},
        {"values": dict(reversed(VALUES.items()))},
    ],
)
def test_the_notation_and_the_names_are_no_part_of_the_content(other: dict[str, object]) -> None:
    assert fingerprint(correction(**other)) == fingerprint(correction())


@pytest.mark.parametrize(
    "other",
    [
        {"corrects": "call-2"},
        {"reason": "another"},
        {"values": {}},
        {"values": {**VALUES, "quantity": 62_000_000}},
        {"values": {**VALUES, "quantity": "61000000"}},
        {"values": {**VALUES, "quantity": True}},
        {"values": {**VALUES, "cost": None}},
        {"values": {"quantity": 61_000_000, "time": 5}},
        {"values": {"quantity": 5, "time": 61_000_000, "user_id": None}},
    ],
)
def test_any_other_value_is_other_content(other: dict[str, object]) -> None:
    assert fingerprint(correction(**other)) != fingerprint(correction())


@examples(100)
@given(values=st.dictionaries(st.sampled_from(CHANGES), st.none() | st.integers(0, 9)))
def test_a_fingerprint_is_64_bits_and_does_not_depend_on_the_order(
    values: dict[str, Value],
) -> None:
    found = fingerprint(correction(values=values))
    assert -(2**63) <= found < 2**63
    assert found == fingerprint(correction(values=dict(sorted(values.items(), reverse=True))))


def test_a_correction_without_changes_is_not_the_reversal_of_the_same_event() -> None:
    reversal = Reversal("fix-1", "org_1", "call-1", "a test")
    assert fingerprint(correction(values={})) != fingerprint_of_reversal(reversal)


def test_no_field_both_identifies_an_event_and_changes() -> None:
    assert set(REQUIRED).isdisjoint(CHANGES)
    assert set(NEVER_NULL) < set(CHANGES)
