"""Whatever the sums and names of a user, the answer says them exactly, each in its field."""

import json
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, NamedTuple

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.row_details import DETAIL_FIELDS
from tollbook.analytics.users import USER_ROW, UsersReport, UserUsage, write_users

_LARGEST = 2**63 - 1
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
_AWKWARD = st.sampled_from(
    ['"', "\\", "\x00", "\x1f", "\x7f", "\u2028", "é", "😀", "</script>", "%s"]
)

UserRow = NamedTuple("UserRow", [(name, Any) for name in USER_ROW.place])

NAMES = st.text() | st.lists(_AWKWARD).map("".join)
COUNTS = st.integers(0, _LARGEST)
SUMS = (
    st.sampled_from([0, 1, -1, 10**7, -(10**7), 10**9, 123_456_789, -987_654_321])
    | st.integers(-(10**12), 10**12)
    | st.integers(-_LARGEST, _LARGEST)
)
ROWS = st.builds(
    UserRow,
    *[NAMES] * 2,
    *[COUNTS] * 5,
    *[SUMS] * 2,
    COUNTS,
    *[SUMS] * 9,
    COUNTS,
    SUMS,
)


def written(number: int, places: int, least: int) -> str:
    """Write an integer of 10**-places as a person would, with a least number of decimals."""
    sign, digits = "-" if number < 0 else "", str(abs(number)).rjust(places + 1, "0")
    decimals = digits[-places:].rstrip("0").ljust(least, "0")
    return f"{sign}{digits[:-places]}" + (f".{decimals}" if decimals else "")


def amount(nanos: int) -> str:
    return written(nanos, 9, 2)


def minutes(second_micros: int) -> str:
    exact = _WIDE.divide(Decimal(second_micros), Decimal(60 * 10**6))
    return written(int(_WIDE.scaleb(_WIDE.quantize(exact, Decimal("1e-9")), 9)), 9, 1)


COSTS: dict[str, Callable[[UserRow], str]] = {
    "messaging_cost": lambda it: amount(it.messaging_cost),
    "voice_cost": lambda it: amount(it.voice_cost),
    "api_request_cost": lambda it: amount(it.api_request_cost),
    "api_requests_count": lambda it: str(it.api_requests_count // 10**6),
    "api_storage_cost": lambda it: amount(it.api_storage_cost),
    "phone_rental_cost": lambda it: amount(it.phone_rental_cost),
    "phone_rental_count": lambda it: str(it.phone_rental_count),
    "phone_purchase_cost": lambda it: amount(it.phone_purchase_cost),
    "phone_purchase_count": lambda it: str(it.phone_purchase_count // 10**6),
    "kb_cost": lambda it: amount(it.kb_cost),
    "kb_count": lambda it: str(it.kb_count),
    "kb_minutes": lambda it: minutes(it.kb_minutes),
}

FIELDS: dict[str, Callable[[UserRow], Any]] = {
    "user_id": lambda it: it.user_id,
    "user_name": lambda it: it.user_name,
    "total_sms_sent": lambda it: str(it.total_sms_sent),
    "total_sms_received": lambda it: str(it.total_sms_received),
    "total_mms_sent": lambda it: str(it.total_mms_sent),
    "total_mms_received": lambda it: str(it.total_mms_received),
    "total_voice_calls": lambda it: str(it.total_voice_calls),
    "total_voice_seconds": lambda it: written(it.total_voice_seconds, 6, 0),
    "cost_breakdown": lambda it: [(name, of(it)) for name, of in COSTS.items()],
    "total_cost": lambda it: amount(it.total_cost),
}

DETAILS = [name for name, _, _ in DETAIL_FIELDS]
"""The fields that are there only if they are asked for."""


def texts(encoded: bytes) -> Any:
    """Read JSON with every object as pairs in order and every number as it is written."""
    return json.loads(encoded, object_pairs_hook=list, parse_int=str, parse_float=str)


def pairs(row: UserRow) -> list[tuple[str, Any]]:
    return [(name, of(row)) for name, of in FIELDS.items()]


@examples(300)
@given(rows=st.lists(ROWS, max_size=4))
@example(rows=[UserRow("a", "b", *range(19)), UserRow("a", "b", *range(18, -1, -1))])
def test_every_field_says_what_the_row_has_to_the_last_digit(rows: list[UserRow]) -> None:
    assert texts(msgspec.json.encode(write_users([tuple(row) for row in rows]))) == [
        pairs(row) for row in rows
    ]


@examples(100)
@given(rows=st.lists(ROWS, max_size=4))
def test_an_answer_reads_back_as_its_own_type(rows: list[UserRow]) -> None:
    report = UsersReport(True, "org", "Org", {"start": "", "end": ""}, write_users(list(rows)))
    encoded = msgspec.json.encode(report)
    decoder = msgspec.json.Decoder(UsersReport)
    assert msgspec.json.encode(decoder.decode(encoded)) == encoded


def test_the_fields_are_those_of_the_type() -> None:
    breakdown = UserUsage.__annotations__["cost_breakdown"]
    assert (*FIELDS, "groups", *DETAILS) == UserUsage.__struct_fields__
    assert tuple(COSTS) == breakdown.__struct_fields__
