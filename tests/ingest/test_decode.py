"""Decoding what nobody means to send: bodies made to hurt, names that are given twice."""

import json
import tracemalloc

import pytest

from tests.builders import event
from tollbook.domain.errors import BodyTooLarge
from tollbook.ingest.decode import InvalidEvent, decode_json, decode_lines

MEBIBYTE = 1024 * 1024


def test_lines_are_cut_only_as_far_as_they_are_needed() -> None:
    body = b"a\n" * (8 * MEBIBYTE)
    tracemalloc.start()
    with pytest.raises(BodyTooLarge, match="at most 10000 events; this one has more"):
        decode_lines(body)
    assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("twice", "fields"),
    [
        ('"organization_id": "", "organization_id": "org_1"', ["organization_id"]),
        ('"quantity": "x", "quantity": 1, "cost": [], "cost": 1', []),
        ('"attributes": {"to": [], "n": 1, "to": "+442071838750"}', ["attributes.to"]),
        ('"attributes": {"to": []}, "attributes": {}', ["attributes"]),
        (
            '"time": "x", "time": "2024-01-15T10:30:00Z", "user_id": 1, "user_id": null',
            ["time", "user_id"],
        ),
    ],
)
def test_a_wrong_value_behind_a_sound_one_of_the_same_name_is_named(
    twice: str, fields: list[str]
) -> None:
    sound = {name: value for name, value in event().items() if f'"{name}"' not in twice}
    body = json.dumps(sound)[:-1] + f", {twice}}}"
    (read,) = decode_json(body.encode())
    details = read.problems if isinstance(read, InvalidEvent) else ()
    assert [(it.field, it.code) for it in details] == [(it, "repeated_field") for it in fields]


def test_bytes_that_are_no_text_behind_a_sound_value_are_named() -> None:
    body = json.dumps(event()).replace("{", '{"time": "2024-01@", ', 1).encode()
    (read,) = decode_lines(body.replace(b"@", b"\xff"))
    assert isinstance(read, InvalidEvent)
    assert [(it.field, it.code) for it in read.problems] == [("time", "repeated_field")]


@pytest.mark.parametrize("quantity", ["1e30", "-1e30", "1e9999", '"1e40"', "9" * 64, "1e30000"])
def test_a_quantity_far_out_of_range_is_rejected_for_what_comes_whole(quantity: str) -> None:
    body = json.dumps(event(type="sms.outbound", quantity="@")).replace('"@"', quantity)
    (read,) = decode_json(body.encode())
    assert isinstance(read, InvalidEvent)
    assert [it.field for it in read.problems] == ["quantity"]
