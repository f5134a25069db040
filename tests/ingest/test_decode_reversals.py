"""Reversals as they come: one or an array, with every problem of each."""

import json
from typing import Any

import pytest

from tests.builders import reversal
from tollbook.domain.errors import BodyTooLarge, UnreadableBody
from tollbook.domain.receipts import Receipt
from tollbook.domain.reversals import Reversal, fingerprint
from tollbook.ingest.problems import LARGEST_READ
from tollbook.ingest.reversals import decode_reversals


def problems(body: Any) -> list[tuple[str, str]]:
    (receipt,) = decode_reversals(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert isinstance(receipt, Receipt)
    return [(it.field, it.code) for it in receipt.details]


def test_one_reversal_or_several_are_read_with_their_index() -> None:
    one = Reversal("back call-1", "org_1", "call-1", "a test")
    assert decode_reversals(json.dumps(reversal()).encode()) == [(0, one)]
    two = decode_reversals(b"  " + json.dumps([reversal(), reversal("b", id="é")]).encode())
    assert two == [(0, one), (1, Reversal("é", "org_1", "b", "a test"))]
    assert decode_reversals(b"[]") == []


@pytest.mark.parametrize("field", ["id", "organization_id", "reverses", "reason"])
def test_every_field_is_required(field: str) -> None:
    sent = {name: value for name, value in reversal().items() if name != field}
    assert problems(sent) == [(field, "missing_field")]
    assert problems({**sent, field: None}) == [(field, "missing_field")]
    assert problems({**sent, field: 5}) == [(field, "not_a_string")]
    assert problems({**sent, field: ""}) == [(field, "empty")]
    assert problems({**sent, field: "a\nb"}) == [(field, "control_characters")]


@pytest.mark.parametrize(
    ("field", "longest"),
    [("id", 255), ("organization_id", 255), ("reverses", 255), ("reason", 500)],
)
def test_texts_have_a_limited_length(field: str, longest: int) -> None:
    sent = {**reversal(), field: "x" * longest}
    ((index, found),) = decode_reversals(json.dumps(sent).encode())  # type: ignore[misc]
    assert (index, found) == (0, Reversal(**sent))
    assert problems({**sent, field: "x" * (longest + 1)}) == [(field, "too_long")]


def test_all_problems_come_at_once_with_the_id() -> None:
    sent = {"colour": 1, **reversal(reason="", organization_id=None)}
    (receipt,) = decode_reversals(json.dumps([sent]).encode())
    assert isinstance(receipt, Receipt)
    assert (receipt.index, receipt.id) == (0, "back call-1")
    assert [(it.field, it.code) for it in receipt.details] == [
        ("colour", "unknown_field"),
        ("organization_id", "missing_field"),
        ("reason", "empty"),
    ]


def test_a_long_name_is_repeated_shortened() -> None:
    ((field, code),) = problems({**reversal(), "n" * 1_000: 1})
    assert (field, code) == ("n" * 64, "unknown_field")


@pytest.mark.parametrize("value", [b"1", b'"x"', b"null", b"[[]]", b"[5]"])
def test_only_an_object_is_a_reversal(value: bytes) -> None:
    assert problems(value) == [("", "not_an_object")]


def test_one_that_is_very_large_is_rejected_unread() -> None:
    assert problems(reversal(reason="x" * LARGEST_READ)) == [("", "too_large")]


@pytest.mark.parametrize("body", [b"", b" ", b"{", b"[1", b"\xff", b"{}{}", b"[" * 100_000])
def test_another_body_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody, match="the body is not JSON"):
        decode_reversals(body)


def test_a_request_has_a_limited_number_of_reversals() -> None:
    most = [reversal()] * 10_000
    assert len(decode_reversals(json.dumps(most).encode())) == 10_000
    with pytest.raises(BodyTooLarge, match="10000 reversals; this one has 10001"):
        decode_reversals(json.dumps([*most, 1]).encode())


def test_the_fingerprint_is_of_what_is_reversed_and_why() -> None:
    one = Reversal("a", "org_1", "call-1", "why")
    assert fingerprint(one) == fingerprint(Reversal("b", "org_1", "call-1", "why"))
    others = (Reversal("a", "org_1", "call-2", "why"), Reversal("a", "org_1", "call-1", "why not"))
    assert fingerprint(one) not in set(map(fingerprint, others))
