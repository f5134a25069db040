"""Receipts: the first problem is in the receipt itself, and all of them in its details."""

import msgspec
import pytest

from tollbook.domain.errors import Problem
from tollbook.domain.receipts import (
    CONFLICT_SENTENCE,
    NOT_STORED,
    Outcome,
    Receipt,
    conflict,
    rejected,
)

EMPTY = Problem("id", "empty", "id must not be empty")
NO_METER = Problem("type", "unknown_type", "type must be a known meter")


def test_a_rejected_event_has_its_first_problem_and_all_details() -> None:
    receipt = rejected(3, "call-1", (EMPTY, NO_METER))
    assert (receipt.index, receipt.status, receipt.id) == (3, Outcome.REJECTED, "call-1")
    assert (receipt.field, receipt.code, receipt.error) == ("id", EMPTY.code, EMPTY.error)
    assert receipt.details == (EMPTY, NO_METER)


def test_an_event_whose_id_could_not_be_read_is_rejected_without_one() -> None:
    assert rejected(0, None, (NO_METER,)).id is None


def test_a_rejection_without_a_problem_is_a_defect() -> None:
    with pytest.raises(IndexError):
        rejected(0, "call-1", ())


def test_a_conflict_names_the_id() -> None:
    receipt = conflict(2, "call-1")
    assert receipt.status is Outcome.CONFLICT
    assert (receipt.code, receipt.field) == ("conflict", "id")
    assert receipt.error == CONFLICT_SENTENCE
    assert receipt.details == ()


def test_a_receipt_in_json_leaves_out_empty_fields() -> None:
    accepted = msgspec.json.encode(Receipt(0, Outcome.ACCEPTED, "call-1"))
    assert accepted == b'{"index":0,"status":"accepted","id":"call-1"}'


def test_details_in_json_have_field_code_and_message() -> None:
    shown = msgspec.json.decode(msgspec.json.encode(rejected(0, None, (EMPTY,))))
    assert "id" not in shown
    assert shown["details"] == [{"field": "id", "code": "empty", "error": "id must not be empty"}]


def test_the_outcomes_are_those_of_the_documentation() -> None:
    names = ["accepted", "duplicate", "quarantined", "conflict", "rejected"]
    assert [outcome.value for outcome in Outcome] == names


def test_a_refused_batch_names_no_field() -> None:
    assert (NOT_STORED.field, NOT_STORED.code) == ("", "batch_refused")
