"""Times with many digits and leap seconds: always cut off, never rounded up."""

import json
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import event
from tests.properties.profile import examples
from tollbook.domain.events import Event
from tollbook.ingest.exact_times import has_fine_times, truncate_times, with_plain_time

_many = msgspec.json.Decoder(list[Event])


def text(time: str) -> bytes:
    return json.dumps(event(time=time)).encode()


@pytest.mark.parametrize(
    ("body", "may_have"),
    [
        (b'"2024-01-15T10:30:00Z"', False),
        (b'"2024-01-15T10:30:00.123456Z"', False),
        (b'"2024-01-15T10:30:00.1234567Z"', True),
        (b'"2024-01-15T10:30:00.1234567z"', True),
        (b'"2024-01-15T10:30:00.1234567+01:00"', True),
        (b'"2024-01-15T10:30:00.1234567-01:00"', True),
        (b'{"quantity": 0.1234567}', False),
        (b'"2024-01-15T10:30:00\\u002e1234567Z"', True),
        (b'"2024-01-15T10:30:00\\u002E1234567Z"', True),
        (b'"2024-01-15T10:30:00.12345\\u00367Z"', True),
        (b'{"a": "\\u00e9"}', False),
        (b"", False),
    ],
)
def test_only_a_body_that_may_have_many_digits_is_looked_at_again(
    body: bytes, may_have: bool
) -> None:
    assert has_fine_times(body) == may_have


@examples(150)
@given(
    st.lists(
        st.text("0123456789", min_size=1, max_size=15) | st.sampled_from(("9" * 7, "4999995")),
        min_size=1,
        max_size=4,
    )
)
def test_a_time_is_its_first_six_digits(fractions: list[str]) -> None:
    array = b"[%b]" % b",".join(text(f"2024-02-29T23:59:59.{it}Z") for it in fractions)
    found = truncate_times(_many.decode(array), array)
    assert [it.time.microsecond for it in found] == [int(it[:6].ljust(6, "0")) for it in fractions]
    assert {(it.time.day, it.time.second) for it in found} == {(29, 59)}


def test_the_last_instant_of_a_year_stays_in_it() -> None:
    array = b"[%b]" % text("2023-12-31T23:59:59.9999999Z")
    (rounded,) = _many.decode(array)
    assert rounded.time.year == 2024
    (exact,) = truncate_times([rounded], array)
    assert exact.time == datetime.fromisoformat("2023-12-31T23:59:59.999999Z")
    assert msgspec.structs.replace(exact, time=rounded.time) == rounded


@pytest.mark.parametrize(
    ("time", "plain"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ("2016-12-31T18:59:60.5-05:00", "2016-12-31T18:59:59.999999-05:00"),
        ("2017-01-01T05:44:60+05:45", "2017-01-01T05:44:59.999999+05:45"),
    ],
)
def test_a_leap_second_is_the_microsecond_before_it(time: str, plain: str) -> None:
    raw = with_plain_time(text(time))
    assert raw is not None
    written = json.loads(raw)
    assert datetime.fromisoformat(written["time"]) == datetime.fromisoformat(plain)
    assert {**written, "time": ""} == event(time="")


@pytest.mark.parametrize(
    "raw",
    [
        text("2024-01-15T10:30:00Z"),
        text("2024-01-15T10:30:60Z"),
        text("2024-01-15T10:30:61Z"),
        text("2024-01-15T10:30:00.1234567"),
        json.dumps({**event(), "time": 60}).encode(),
        b'{"id": ":6"}',
        b"[5]",
        b'{"time": "\xff:60Z"}',
        b'{"time": "2016-12-31T23:59:60Z", "time": "2016-12-31T23:59:60Z"}',
    ],
)
def test_an_event_whose_time_is_not_at_fault_is_not_changed(raw: bytes) -> None:
    assert with_plain_time(raw) is None
