"""What readers add to the rows of carriers: kinds, identities, directions, skips."""

from typing import Any

import pytest

from tests.records.readers import AT, CALLED, CALLER, became, convert
from tests.records.rows import read
from tollbook.records.rows import SourceRefused

ENDS = {"to": CALLED, "from": CALLER}

TWILIO_CALL = {
    **ENDS,
    "sid": "CA1",
    "status": "completed",
    "start_time": AT,
    "duration": "61",
    "direction": "outbound-api",
}
TWILIO_MESSAGE = {
    **ENDS,
    "sid": "SM1",
    "status": "delivered",
    "date_sent": AT,
    "num_segments": "2",
    "direction": "outbound-api",
}


@pytest.mark.parametrize(
    ("row", "changes", "expected"),
    [
        (TWILIO_CALL, {}, ("twilio:CA1", "voice.call", 61, AT)),
        (TWILIO_CALL, {"status": "failed"}, "failed"),
        (TWILIO_CALL, {"status": "Failed"}, "failed"),
        (TWILIO_CALL, {"status": "queued"}, "not_a_call"),
        (TWILIO_CALL, {"status": "in-progress"}, "not_a_call"),
        (TWILIO_CALL, {"status": "ringing"}, "not_a_call"),
        (TWILIO_CALL, {"status": "busy"}, "unanswered"),
        (TWILIO_CALL, {"duration": None}, "unanswered"),
        (TWILIO_CALL, {"duration": "0"}, "unanswered"),
        (TWILIO_CALL, {"start_time": None}, "missing_field"),
        (TWILIO_CALL, {"sid": None}, "missing_field"),
        (TWILIO_CALL, {"to": None}, "missing_field"),
        (TWILIO_CALL, {"to": "client:ann"}, ("twilio:CA1", "voice.call", 61, AT)),
        (TWILIO_MESSAGE, {}, ("twilio:SM1", "sms.outbound", 2, AT)),
        (TWILIO_MESSAGE, {"direction": "inbound"}, ("twilio:SM1", "sms.inbound", 2, AT)),
        (TWILIO_MESSAGE, {"direction": "outbound-reply"}, ("twilio:SM1", "sms.outbound", 2, AT)),
        (TWILIO_MESSAGE, {"num_media": "0"}, ("twilio:SM1", "sms.outbound", 2, AT)),
        (
            *(TWILIO_MESSAGE, {"sid": "MM1", "num_media": "1", "num_segments": "1"}),
            ("twilio:MM1", "mms.outbound", 1, AT),
        ),
        (
            *(TWILIO_MESSAGE, {"sid": "MM1", "num_media": "1", "num_segments": None}),
            ("twilio:MM1", "mms.outbound", 1, AT),
        ),
        (TWILIO_MESSAGE, {"num_segments": "0"}, "missing_field"),
        (
            *(TWILIO_MESSAGE, {"num_segments": "0", "body": "x" * 161}),
            ("twilio:SM1", "sms.outbound", 2, AT),
        ),
        (
            *(TWILIO_MESSAGE, {"num_segments": "0", "body": "ы" * 71}),
            ("twilio:SM1", "sms.outbound", 2, AT),
        ),
        (TWILIO_MESSAGE, {"status": "failed"}, "failed"),
        (TWILIO_MESSAGE, {"status": "canceled"}, "failed"),
        (TWILIO_MESSAGE, {"status": "scheduled"}, "not_a_call"),
        (TWILIO_MESSAGE, {"status": "sending"}, "not_a_call"),
        (
            *(TWILIO_MESSAGE, {"status": "undelivered"}),
            ("twilio:SM1", "sms.outbound", 2, AT),
        ),
        (
            *(TWILIO_MESSAGE, {"date_sent": None, "date_created": "2024-06-15T09:00:00Z"}),
            ("twilio:SM1", "sms.outbound", 2, "2024-06-15T09:00:00Z"),
        ),
        (TWILIO_MESSAGE, {"date_sent": None}, "missing_field"),
    ],
)
def test_rows_of_twilio(
    row: dict[str, Any], changes: dict[str, Any], expected: tuple[Any, ...] | str
) -> None:
    assert became(convert("twilio", {**row, **changes})) == expected


def test_a_call_of_twilio_keeps_the_id_of_its_parent() -> None:
    (event,) = convert("twilio", {**TWILIO_CALL, "parent_call_sid": "CA0"}).events
    assert event["attributes"]["parent"] == "twilio:CA0"


@pytest.mark.parametrize(
    ("digits", "caller"),
    [
        ("+266696687", "anonymous"),
        ("+7378742833", "restricted"),
        ("+2562533", "blocked"),
        ("+8656696", "unknown"),
        ("+86282452253", "unavailable"),
    ],
)
def test_twilio_writes_hidden_callers_as_digits(digits: str, caller: str) -> None:
    (event,) = convert("twilio", {**TWILIO_CALL, "from": digits}).events
    assert event["attributes"]["from"] == caller


TELNYX_CALL = {
    "call_id": "t1",
    "answer_time": AT,
    "call_duration": "61",
    "direction": "outbound",
    "cld": "442079460100",
    "cli": "14155550100",
}
TELNYX_MESSAGE = {
    "record_type": "messaging",
    "uuid": "m1",
    "sent_at": AT,
    "parts": 2,
    "direction": "outbound",
    "message_type": "SMS",
    "status": "delivered",
    "cld": "442079460100",
    "cli": "14155550100",
}


@pytest.mark.parametrize(
    ("row", "changes", "expected"),
    [
        (TELNYX_CALL, {}, ("telnyx:t1", "voice.call", 61, AT)),
        (TELNYX_CALL, {"call_duration": "0"}, "unanswered"),
        (TELNYX_CALL, {"answer_time": ""}, "missing_field"),
        (TELNYX_MESSAGE, {}, ("telnyx:m1", "sms.outbound", 2, AT)),
        (TELNYX_MESSAGE, {"direction": "MO"}, ("telnyx:m1", "sms.inbound", 2, AT)),
        (TELNYX_MESSAGE, {"direction": "incoming"}, ("telnyx:m1", "sms.inbound", 2, AT)),
        (
            *(TELNYX_MESSAGE, {"message_type": "MMS", "parts": 1}),
            ("telnyx:m1", "mms.outbound", 1, AT),
        ),
        (TELNYX_MESSAGE, {"parts": None}, ("telnyx:m1", "sms.outbound", 1, AT)),
        (TELNYX_MESSAGE, {"status": "sending_failed"}, "failed"),
        (TELNYX_MESSAGE, {"status": "gw_reject"}, "failed"),
        (TELNYX_MESSAGE, {"status": "FAILED"}, "failed"),
        (
            *(TELNYX_MESSAGE, {"sent_at": "", "completed_at": "2024-06-15T09:00:09Z"}),
            ("telnyx:m1", "sms.outbound", 2, "2024-06-15T09:00:09Z"),
        ),
    ],
)
def test_rows_of_telnyx(
    row: dict[str, Any], changes: dict[str, Any], expected: tuple[Any, ...] | str
) -> None:
    assert became(convert("telnyx", {**row, **changes})) == expected


PLIVO_CALL = {
    "call_uuid": "p1",
    "answer_time": AT,
    "call_direction": "outbound",
    "bill_duration": 61,
    "to_number": "442079460100",
    "from_number": "14155550100",
}
PLIVO_MESSAGE = {
    "message_uuid": "m1",
    "message_time": AT,
    "message_direction": "outbound",
    "units": 2,
    "to_number": "442079460100",
    "from_number": "14155550100",
    "message_state": "sent",
}


@pytest.mark.parametrize(
    ("row", "changes", "expected"),
    [
        (PLIVO_CALL, {}, ("plivo:p1", "voice.call", 61, AT)),
        (PLIVO_CALL, {"answer_time": None}, "unanswered"),
        (PLIVO_CALL, {"bill_duration": 0, "call_duration": 0}, "unanswered"),
        (
            *(PLIVO_CALL, {"trunk_id": "7", "call_duration": 4, "bill_duration": 60}),
            ("plivo:p1", "voice.call", 4, AT),
        ),
        (PLIVO_MESSAGE, {}, ("plivo:m1", "sms.outbound", 2, AT)),
        (PLIVO_MESSAGE, {"message_direction": "inbound"}, ("plivo:m1", "sms.inbound", 2, AT)),
        (PLIVO_MESSAGE, {"message_type": "mms"}, ("plivo:m1", "mms.outbound", 2, AT)),
        (PLIVO_MESSAGE, {"message_state": "failed"}, "failed"),
        (PLIVO_MESSAGE, {"message_state": "rejected"}, "failed"),
        (PLIVO_MESSAGE, {"message_state": "Queued"}, "not_a_call"),
    ],
)
def test_rows_of_plivo(
    row: dict[str, Any], changes: dict[str, Any], expected: tuple[Any, ...] | str
) -> None:
    assert became(convert("plivo", {**row, **changes})) == expected


@pytest.mark.parametrize(
    ("kind", "direction"),
    [
        ("TOLL-FREE ORIGINATION", "inbound"),
        ("local origination", "inbound"),
        ("INTERSTATE", "outbound"),
        ("", "outbound"),
    ],
)
def test_the_call_type_of_bandwidth_is_its_direction(kind: str, direction: str) -> None:
    content = (
        "AccountNumber,CallStartDateTime,CallType,CallSource,CallDestination,Duration,CallID\n"
        f"1,2015/09/12 10:03:05 AM,{kind},14155550100,2015550123,198,b1\n"
    )
    (event,) = read(content, "bandwidth").events
    assert event["attributes"]["direction"] == direction
    assert event["attributes"].get("jurisdiction", "") == kind.lower()


@pytest.mark.parametrize(
    ("format_", "header", "column"),
    [
        ("twilio", "to,from,status", "sid or call sid or message sid or sms sid"),
        ("telnyx", "call_id,direction", "callduration or callsec or duration or durationsec or"),
        ("plivo", "to,from", "call_uuid or message_uuid"),
        ("cucm", "cdrRecordType,duration", "dateTimeConnect"),
        ("bandwidth", "CallID,Duration", "CallStartDateTime"),
    ],
)
def test_a_header_without_a_required_column_is_refused(
    format_: str, header: str, column: str
) -> None:
    with pytest.raises(SourceRefused, match=f"the first line must name the column {column}"):
        read(header + "\n", format_)
