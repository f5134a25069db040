"""Everything that is wrong with an event, field by field: one event for each rule."""

import json
from typing import Any

import pytest

from tests.builders import event
from tollbook.domain.events import (
    LARGEST_INTEGER,
    LONGEST_ATTRIBUTE_NAME,
    LONGEST_ATTRIBUTE_VALUE,
    LONGEST_BODY,
    MOST_ATTRIBUTES,
)
from tollbook.ingest.decode import InvalidEvent, decode_json
from tollbook.ingest.problems import FIELDS, fields_of, problems_of, repeated, text_in, time_in

Found = list[tuple[str, str]]


def found_in(text: str) -> Found:
    return [(it.field, it.code) for it in problems_of(fields_of(text.encode()))]


def of(**given: Any) -> Found:
    return found_in(json.dumps(event(**given)))


def written(field: str, value: str) -> str:
    """Write an event with a field exactly as given."""
    return json.dumps(event(**{field: "@"})).replace('"@"', value)


def test_a_sound_event_has_no_problems() -> None:
    assert of() == []
    full = {"cost": "1.5", "resource_id": "kb", "attributes": {"to": "+4930123456", "n": None}}
    assert of(**full) == []


@pytest.mark.parametrize("field", ["id", "type", "organization_id", "time"])
def test_a_required_field_is_missing_or_null(field: str) -> None:
    assert of(**{field: None}) == [(field, "missing_field")]
    assert found_in(written(field, "null")) == [(field, "missing_field")]


@pytest.mark.parametrize("field", ["user_id", "resource_id", "attributes", "cost_pending"])
def test_null_leaves_an_optional_field_out(field: str) -> None:
    assert found_in(written(field, "null")) == []


def test_a_quantity_is_left_out_and_not_null() -> None:
    assert of(type="api.request", quantity=None) == []
    for meter in ("api.request", "voice.call"):
        null = json.dumps({**event(type=meter), "quantity": None})
        assert found_in(null) == [("quantity", "missing_field")]


def test_null_is_no_cost() -> None:
    assert found_in(written("cost", "null")) == [("cost", "cost_null")]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("id", "1", "not_a_string"),
        ("id", "[]", "not_a_string"),
        ("id", '""', "empty"),
        ("id", '"a\\nb"', "control_characters"),
        ("user_id", "{}", "not_a_string"),
        ("type", '"fax"', "unknown_type"),
        ("type", "1", "unknown_type"),
        ("time", "1705314600", "time_is_epoch"),
        ("time", '"2024-01-15T10:30Z"', "time_without_seconds"),
        ("time", '"2024-01-15T10:30:00"', "time_without_offset"),
        ("time", '"1969-12-31T23:59:59Z"', "invalid_time"),
        ("quantity", "true", "not_a_number"),
        ("quantity", '"x"', "not_a_number"),
        ("quantity", "-1", "negative"),
        ("quantity", "1000000000.000001", "out_of_range"),
        ("quantity", "0.0000001", "too_many_decimals"),
        ("cost", "-0.000000001", "negative"),
        ("cost", "100000000.000000001", "out_of_range"),
        ("cost", "0.0000000001", "too_many_decimals"),
        ("attributes", "[]", "not_an_object"),
        ("attributes", '"x"', "not_an_object"),
    ],
)
def test_a_value_is_named_with_what_is_wrong_in_it(field: str, value: str, code: str) -> None:
    assert found_in(written(field, value)) == [(field, code)]


@pytest.mark.parametrize(
    ("attributes", "field", "code"),
    [
        ({"a": {}}, "attributes.a", "nested"),
        ({"a": [1]}, "attributes.a", "nested"),
        ({"a": LARGEST_INTEGER + 1}, "attributes.a", "out_of_range"),
        ({"a": -LARGEST_INTEGER - 1}, "attributes.a", "out_of_range"),
        ({"a": "x" * (LONGEST_ATTRIBUTE_VALUE + 1)}, "attributes.a", "too_long"),
        ({"body": "é" * (LONGEST_BODY // 2 + 1)}, "attributes.body", "too_long"),
        ({"": 1}, "attributes.", "invalid_name"),
        ({"x" * (LONGEST_ATTRIBUTE_NAME + 1): 1}, f"attributes.{'x' * 64}", "invalid_name"),
        ({f"n{n}": n for n in range(MOST_ATTRIBUTES + 1)}, "attributes", "too_many"),
    ],
)
def test_an_attribute_is_named_by_its_path(attributes: Any, field: str, code: str) -> None:
    ((name, found),) = of(attributes=attributes)
    assert field.startswith(name) if code == "invalid_name" else name == field
    assert found == code


@pytest.mark.parametrize(
    "value",
    [LARGEST_INTEGER, -LARGEST_INTEGER, 1.5, 1e300, True, None, "x" * LONGEST_ATTRIBUTE_VALUE],
)
def test_an_attribute_may_be_any_value_that_every_reader_of_json_understands(value: Any) -> None:
    assert of(attributes={"a": value}) == []


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 40])
def test_a_number_that_is_another_one_to_other_readers_is_refused(number: str) -> None:
    text = json.dumps(event(attributes={"a": "@"})).replace('"@"', number)
    assert found_in(text) == [("attributes.a", "out_of_range")]


def test_fields_depend_on_the_type() -> None:
    assert of(type="kb.usage") == [("resource_id", "missing_field")]
    assert of(type="sms.inbound", quantity=1.5) == [("quantity", "not_whole")]
    assert of(type="voice.call", quantity=1.5) == []
    assert of(type="sms.outbound", quantity=0) == [("quantity", "out_of_range")]
    assert of(type="sms.outbound", quantity=0, attributes={"body": "hello"}) == []
    assert of(type="sms.outbound", quantity=None) == []


def test_everything_is_said_at_once_in_the_order_of_the_fields() -> None:
    text = json.dumps({"x": 1, "type": "fax", "quantity": -1, "cost": "a", "time": 5})
    assert found_in(text) == [
        ("x", "unknown_field"),
        ("id", "missing_field"),
        ("organization_id", "missing_field"),
        ("type", "unknown_type"),
        ("time", "time_is_epoch"),
        ("quantity", "negative"),
        ("cost", "not_a_number"),
    ]


def test_an_unknown_name_is_repeated_safely() -> None:
    ((name, code),) = found_in(json.dumps({**event(), "a\nb": 1}))
    assert (name, code) == ("?", "unknown_field")
    ((name, _),) = found_in(json.dumps({**event(), "y" * 1000: 1}))
    assert name == "y" * LONGEST_ATTRIBUTE_NAME


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b'{"id": "a"}', []),
        (b'{"id": "a", "id": "b"}', ["id"]),
        (b'{"attributes": {"a": 1, "a": 2}, "id": 1, "id": 2}', ["id", "attributes.a"]),
        (b'{"attributes": {"id": 1}, "id": 2}', []),
        (b'{"a": {"b": 1, "b": 2}}', []),
        (b'{"id": "\xff", "id": "b"}', ["id"]),
        (b"{", []),
    ],
)
def test_a_name_that_is_given_twice_is_found(raw: bytes, fields: list[str]) -> None:
    assert [it.field for it in repeated(raw)] == fields


def test_what_cannot_be_read_is_none() -> None:
    assert (text_in(b'"a"'), text_in(b"1"), text_in(b'"\xff"')) == ("a", None, None)
    assert time_in(b'"2024-01-15T10:30:00Z"') is not None
    assert time_in(b'"yesterday"') is None


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ["[]", "true", '"x"', "{}", "1e999", "-1"])
def test_the_decoder_and_the_list_of_problems_agree(field: str, value: str) -> None:
    text = written(field, value)
    (read,) = decode_json(b"[%b]" % text.encode())
    problems = found_in(text)
    assert isinstance(read, InvalidEvent) == bool(problems)
    if isinstance(read, InvalidEvent):
        assert [(it.field, it.code) for it in read.problems] == problems
