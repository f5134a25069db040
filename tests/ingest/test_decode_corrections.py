"""Corrections as they come: values by which they are compared, and every problem at once."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import correction
from tests.properties.profile import examples
from tollbook.domain.corrections import Correction, fingerprint
from tollbook.domain.errors import BodyTooLarge, UnreadableBody
from tollbook.domain.receipts import Receipt
from tollbook.ingest.decode_corrections import DECODERS, Decoded, decode_json, decode_lines
from tollbook.ingest.problems import LARGEST_READ

Found = list[tuple[str, str]]
TIME = 1_705_314_600_000_000
"""2024-01-15T10:30:00Z in microseconds."""


def made(body: bytes) -> Correction:
    (found,) = decode_json(body)
    assert isinstance(found, tuple), found
    assert found[0] == 0
    return found[1]


def of(**changes: Any) -> Correction:
    return made(json.dumps(correction(**changes)).encode())


def written(field: str, value: str) -> bytes:
    """Write a correction with a field exactly as given."""
    return json.dumps(correction(**{field: "@"})).replace('"@"', value).encode()


def problems(body: bytes) -> Found:
    (receipt,) = decode_json(body)
    assert isinstance(receipt, Receipt)
    return [(it.field, it.code) for it in receipt.details]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("time", '"2024-01-15T10:30:00Z"', TIME),
        ("time", '"2024-01-15T11:30:00.000000999+01:00"', TIME),
        ("time", '"1970-01-01T00:00:00Z"', 0),
        ("type", '"sms.outbound"', "sms.outbound"),
        ("quantity", "1.5", 1_500_000),
        ("quantity", '"0.000001"', 1),
        ("quantity", "0", 0),
        ("user_id", '"ann"', "ann"),
        ("user_id", "null", None),
        ("resource_id", "null", None),
        ("attributes", '{"b": 1, "a": "x"}', '{"a":"x","b":1}'),
        ("attributes", "{}", None),
        ("attributes", "null", None),
        ("cost", "1.000000001", 1_000_000_001),
        ("cost", '"0"', 0),
        ("cost", "null", None),
        ("cost_pending", "true", True),
        ("cost_pending", "false", None),
        ("cost_pending", "null", None),
    ],
)
def test_a_field_is_read_by_value_and_kept_as_it_was_written(
    field: str, value: str, expected: object
) -> None:
    found = made(written(field, value))
    assert found.values == {field: expected}
    assert {it: json.loads(text) for it, text in found.changes.items()} == {
        field: json.loads(value)
    }


def test_fields_that_are_not_named_do_not_change() -> None:
    found = of()
    assert (found.changes, found.values) == ({}, {})
    assert (found.id, found.corrects, found.reason) == ("new call-1", "call-1", "a test")
    assert found.reversal_id == "new call-1.reversal"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"quantity": 1}, {"quantity": "1.0"}, True),
        ({"quantity": 1, "cost": 2}, {"cost": "2.00", "quantity": 1}, True),
        ({"cost_pending": False}, {"cost_pending": None}, True),
        ({"attributes": {}}, {"attributes": None}, True),
        ({"time": "2024-01-15T10:30:00Z"}, {"time": "2024-01-15T11:30:00+01:00"}, True),
        ({"quantity": 1}, {"quantity": 2}, False),
        ({"quantity": 1}, {"quantity": 1, "cost": None}, False),
        ({"cost": 1}, {"quantity": 1}, False),
        ({"quantity": 1, "reason": "a"}, {"quantity": 1, "reason": "b"}, False),
        ({"quantity": 1, "id": "a"}, {"quantity": 1, "id": "b"}, True),
    ],
)
def test_what_makes_two_corrections_the_same(one: Any, other: Any, is_same: bool) -> None:
    assert (fingerprint(of(**one)) == fingerprint(of(**other))) == is_same


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("id", '""', "empty"),
        ("id", '" "', "empty"),
        ("id", "1", "not_a_string"),
        ("id", "null", "missing_field"),
        ("id", f'"{"x" * 247}"', "too_long"),
        ("id", '"a\\tb"', "control_characters"),
        ("organization_id", "[]", "not_a_string"),
        ("organization_id", '"\\u2003"', "empty"),
        ("corrects", '"a\\u0000"', "control_characters"),
        ("corrects", f'"{"x" * 256}"', "too_long"),
        ("reason", '""', "empty"),
        ("reason", "true", "not_a_string"),
        ("time", "null", "missing_field"),
        ("time", '"2024-01-15"', "invalid_time"),
        ("time", '"2024-01-15T10:30:00"', "time_without_offset"),
        ("time", '"1969-12-31T23:59:59Z"', "invalid_time"),
        ("type", "null", "missing_field"),
        ("type", '"voice.cal"', "unknown_type"),
        ("quantity", "null", "missing_field"),
        ("quantity", "-1", "negative"),
        ("quantity", "0.0000001", "too_many_decimals"),
        ("quantity", "1e10", "out_of_range"),
        ("user_id", '""', "empty"),
        ("user_id", "7", "not_a_string"),
        ("resource_id", f'"{"x" * 256}"', "too_long"),
        ("attributes", "[]", "not_an_object"),
        ("cost", "-0.5", "negative"),
        ("cost", '"1,5"', "not_a_number"),
        ("cost", "0.0000000001", "too_many_decimals"),
        ("cost_pending", '"true"', "not_a_boolean"),
        ("cost_pending", "1", "not_a_boolean"),
        ("colour", "1", "unknown_field"),
    ],
)
def test_a_value_is_named_with_what_is_wrong_in_it(field: str, value: str, code: str) -> None:
    assert problems(written(field, value)) == [(field, code)]
    assert problems(b"[%b]" % written(field, value)) == [(field, code)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "x" * 246), ("corrects", "x" * 255), ("user_id", "x" * 255), ("reason", "x" * 500)],
)
def test_the_longest_texts(field: str, value: str) -> None:
    assert made(json.dumps({**correction(), field: value}).encode())
    assert problems(json.dumps({**correction(), field: value + "x"}).encode()) == [
        (field, "too_long")
    ]


@pytest.mark.parametrize("field", ["id", "corrects", "reason", "user_id"])
def test_a_text_may_have_characters_that_are_not_printed(field: str) -> None:
    for value in ("a\ue000", "\u200b", "a b", "\u2028x"):
        sent = {**correction(), field: value}
        found = made(json.dumps(sent).encode())
        assert value in (found.id, found.corrects, found.reason, found.values.get("user_id"))


def test_every_problem_is_listed_at_once() -> None:
    body = {"colour": 1, "id": 5, "reason": "", "time": None, "quantity": -1, "type": "x.y"}
    (receipt,) = decode_json(json.dumps({**body, "cost": 1, "cost_pending": True}).encode())
    assert isinstance(receipt, Receipt)
    assert receipt.id is None
    assert {(it.field, it.code) for it in receipt.details} == {
        ("colour", "unknown_field"),
        ("id", "not_a_string"),
        ("organization_id", "missing_field"),
        ("corrects", "missing_field"),
        ("reason", "empty"),
        ("time", "missing_field"),
        ("quantity", "negative"),
        ("type", "unknown_type"),
        ("cost_pending", "cost_and_cost_pending"),
    }


def test_a_cost_and_a_price_that_comes_later_exclude_each_other() -> None:
    assert problems(json.dumps(correction(cost=1, cost_pending=True)).encode()) == [
        ("cost_pending", "cost_and_cost_pending")
    ]
    for changes in ({"cost": None, "cost_pending": True}, {"cost": 1, "cost_pending": False}):
        assert of(**changes).changes.keys() == changes.keys()


@pytest.mark.parametrize("value", ["1", '"x"', "[]", "null", "true"])
def test_only_an_object_is_a_correction(value: str) -> None:
    if value != "[]":
        assert problems(value.encode()) == [("", "not_an_object")]
    assert problems(f"[{value}]".encode()) == [("", "not_an_object")]


def test_the_last_value_of_a_repeated_field_counts() -> None:
    body = json.dumps(correction(quantity=1)).replace('"quantity"', '"quantity": "x", "quantity"')
    (found,) = decode_json(body.encode())
    assert isinstance(found, tuple)  # its last value counts, as in events
    assert found[1].values == {"quantity": 1_000_000}


def test_a_request_has_a_limited_number_of_corrections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tollbook.ingest.decode_corrections.MOST_EVENTS", 2)
    for body in ([correction()] * 2, [correction(quantity=-1)] * 2):
        assert len(decode_json(json.dumps(body).encode())) == 2
        with pytest.raises(BodyTooLarge, match="10000 corrections; this one has 3"):
            decode_json(json.dumps([*body, body[0]]).encode())


def test_a_very_large_correction_is_rejected_unread() -> None:
    body = json.dumps(correction(attributes={"n": "x" * LARGEST_READ})).encode()
    assert problems(body) == [("", "too_large")]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[", b"x", b'{"id": "\xff"}', b"[" * 100_000, b"{}{}"]
)
def test_another_body_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody, match="the body is not JSON"):
        decode_json(body)


def test_lines_are_read_each_alone() -> None:
    good = json.dumps(correction(id="a")).encode()
    body = b"\xef\xbb\xbf" + b"\n".join((good, b"", b"{broken", b'{"id": "\xff"}', b"5", good))
    first, broken, text, number, last = decode_lines(body)
    assert isinstance(first, tuple)
    assert isinstance(last, tuple)
    assert (first[0], last[0]) == (0, 4)
    codes = [it.code for it in (broken, text, number) if isinstance(it, Receipt)]
    assert codes == ["unreadable_line", "unreadable_line", "not_an_object"]
    assert isinstance(broken, Receipt)
    assert (broken.error or "").startswith("line 3 is not JSON")
    for unreadable in (b"x\ny\n", b"\n\n"):
        with pytest.raises(UnreadableBody):
            decode_lines(unreadable)


def test_each_content_type_has_its_decoder() -> None:
    assert {
        "application/json": decode_json,
        "application/x-ndjson": decode_lines,
        "application/jsonl": decode_lines,
    } == DECODERS


VALUES = st.sampled_from(
    ("1", "-1", '"2"', "1.5", "null", "true", "{}", '{"a": []}', '"x"', '""', '"voice.call"')
)
FIELDS = st.sampled_from(
    ("time", "type", "quantity", "user_id", "resource_id", "attributes", "cost", "cost_pending")
)


@examples(150)
@given(st.lists(st.dictionaries(FIELDS, VALUES, max_size=3), min_size=1, max_size=3))
def test_one_step_and_one_by_one_read_the_same(changes: list[dict[str, str]]) -> None:
    texts = []
    for given_ in changes:
        rest = "".join(f', "{name}": {value}' for name, value in given_.items())
        texts.append(json.dumps(correction())[:-1] + rest + "}")
    alone = [decode_json(text.encode())[0] for text in texts]
    together = decode_json(f"[{','.join(texts)}]".encode())
    assert list(map(_content, together)) == list(map(_content, alone))


def _content(decoded: Decoded) -> object:
    if isinstance(decoded, Receipt):
        return msgspec.structs.replace(decoded, index=0)
    return decoded[1]
