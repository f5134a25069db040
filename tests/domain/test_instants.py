"""Instants are truncated, never rounded, and refused with the problem."""

import pytest

from tollbook.domain.events import instant_text, microseconds
from tollbook.domain.instants import InvalidInstant, instant_in, parsed_instant


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-02-29T23:59:59.9999999Z", "2024-02-29T23:59:59.999999Z"),
        ("2024-02-29T23:59:59.9999995+23:59", "2024-02-29T00:00:59.999999Z"),
        ("2024-02-29t23:59:59.000000999z", "2024-02-29T23:59:59Z"),
        ("2024-02-29 23:59:59.1234565-0500", "2024-03-01T04:59:59.123456Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.999999Z"),
        ("2016-12-31T18:59:60-05:00", "2016-12-31T23:59:59.999999Z"),
        ("2017-01-01T05:44:60+05:45", "2016-12-31T23:59:59.999999Z"),
    ],
)
def test_digits_are_cut_off_and_a_leap_second_is_the_end_of_the_day(text: str, stored: str) -> None:
    assert instant_text(microseconds(parsed_instant(text))) == stored
    assert instant_text(microseconds(instant_in(f'"{text}"'.encode()))) == stored


@pytest.mark.parametrize(
    ("value", "code", "named"),
    [
        ("1705314600", "time_is_epoch", "seconds since 1970"),
        ("1705314600.25", "time_is_epoch", "seconds since 1970"),
        ('"1705314600"', "time_is_epoch", "seconds since 1970"),
        ('"2024-01-15T10:30:00"', "time_without_offset", "must have an offset"),
        ('"2024-01-15T10:30:00.5"', "time_without_offset", "must have an offset"),
        ('"2024-01-15T10:30Z"', "time_without_seconds", "must have seconds"),
        ('"2024-01-15T10:30"', "time_without_seconds", "must have seconds"),
        ('"2024-01-15"', "invalid_time", "must have a time of day"),
        ('"2024-02-30T10:30:00Z"', "invalid_time", "that exist"),
        ('"2024-01-15T24:00:00Z"', "invalid_time", "that exist"),
        ('"2024-01-15T10:30:00+24:00"', "invalid_time", "that exist"),
        ('"2024-01-15T10:30:60Z"', "invalid_time", "leap second"),
        ('"2016-12-31T23:59:60-05:00"', "invalid_time", "leap second"),
        ('"0001-01-01T00:00:60+00:01"', "invalid_time", "leap second"),
        ('"9999-12-31T23:59:59-23:59"', "invalid_time", "in UTC too"),
        ('"0001-01-01T00:00:00+00:01"', "invalid_time", "in UTC too"),
        ('"2024-01-15T10:30:00,5Z"', "invalid_time", "RFC 3339"),
        ('"2024-01-15T10:30:00.Z"', "invalid_time", "RFC 3339"),
        ('"soon"', "invalid_time", "RFC 3339"),
        ("true", "invalid_time", "RFC 3339"),
        ('"\\ud800"', "invalid_time", "RFC 3339"),
    ],
)
def test_what_is_no_instant_is_refused_with_what_is_wrong(
    value: str, code: str, named: str
) -> None:
    with pytest.raises(InvalidInstant, match=named) as refused:
        instant_in(value.encode())
    assert refused.value.code == code
