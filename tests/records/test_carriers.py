"""Columns of carriers' exports as their own documentation names them."""

from typing import Any

import pytest

from tests.records.rows import read
from tollbook.records.options import ConversionOptions

WITH_COST = ConversionOptions("org_1", has_carrier_cost=True)
PLIVO_CALLS = (
    "Call UUID,Parent call UUID,From number,To number,Call direction,End time,Initiation time,"
    "Answer time,Call duration,Billed duration,Call rate,Billed amount,Hangup cause,"
    "Subaccount Auth ID\n"
    "c1,,14155550100,442079460100,outbound,2024-06-15 09:01:06,2024-06-15 09:00:00,"
    "2024-06-15 09:00:05,61,120,0.01,0.02,NORMAL,SA1\n"
)
PLIVO_MESSAGES = (
    "Message UUID,From,To,To Country ISO2,Direction,Message Time,Status,Error Code,Error Reason,"
    "Units,Rate Per Unit (USD),Carrier Surcharge Per Unit (USD),Total Charge Per Unit (USD),"
    "Total Charge (USD)\n"
    "m1,442079460100,14155550100,US,inbound,2024-06-15 09:00:05,received,,,2,0.005,0,0.005,0.01\n"
    "m2,14155550100,442079460100,GB,outbound,2024-06-15 09:00:05,failed,30,x,1,0,0,0,0\n"
)
PLIVO_MAILED = (
    "Message UUID,From,To,Direction,Time,Status,Units,Amount,Message Rate,Message Charge\n"
    "m1,442079460100,14155550100,inbound,2024-06-15 09:00:05,received,2,9,0.005,0.01\n"
)
PLIVO_TRUNK = (
    '{"call_uuid": "t1", "from_number": "+14155550100", "to_number": "+442079460100", '
    '"call_direction": "outbound", "call_duration": 4, "bill_duration": 60, '
    '"answer_time": "2022-12-06 07:01:56", "trunk_domain": "9.zt.plivo.com", '
    '"total_amount": "0.00200"}'
)
BANDWIDTH = (
    "AccountNumber,CallStartDateTime,CallEndDateTime,CallType,CallSource,CallDestination,Duration,"
    "PerMinRate,Amount,CallID\n"
    "1,2015/09/12 10:03:05 AM,2015/09/12 10:06:23 AM,INTERSTATE,14155550100,2015550123,198,"
    "0.0115,0.05175,b1\n"
    "1,2015/10/19 9:12:46 PM,2015/10/19 9:13:46 PM,TOLL-FREE ORIGINATION,14155550100,8005550123,60,"
    "0.01,0.01,b2\n"
)


@pytest.mark.parametrize(
    ("content", "format_", "expected"),
    [
        (PLIVO_CALLS, "plivo", [("c1", "voice.call", "2024-06-15T09:00:05Z", 61, 0.02)]),
        (PLIVO_MESSAGES, "plivo", [("m1", "sms.inbound", "2024-06-15T09:00:05Z", 2, 0.01)]),
        (PLIVO_MAILED, "plivo", [("m1", "sms.inbound", "2024-06-15T09:00:05Z", 2, 0.01)]),
        (PLIVO_TRUNK, "plivo", [("t1", "voice.call", "2022-12-06T07:01:56Z", 4, 0.002)]),
        (
            BANDWIDTH,
            "bandwidth",
            [
                ("b1", "voice.call", "2015-09-12T10:03:05Z", 198, 0.05175),
                ("b2", "voice.call", "2015-10-19T21:12:46Z", 60, 0.01),
            ],
        ),
    ],
)
def test_exports_of_carriers(content: str, format_: str, expected: list[Any]) -> None:
    found = read(content, format_, conversion=WITH_COST)
    assert not found.refused
    got = [(it["id"], it["type"], it["time"], it["quantity"], it["cost"]) for it in found.events]
    assert got == [(f"{format_}:{identity}", *rest) for identity, *rest in expected]


def test_directions_and_skipped_messages_of_exports() -> None:
    assert list(read(PLIVO_MESSAGES, "plivo").skipped.values()) == ["failed"]
    ways = [it["attributes"]["direction"] for it in read(BANDWIDTH, "bandwidth").events]
    assert ways == ["outbound", "inbound"]
