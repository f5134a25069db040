"""What readers add to the rows of switches: answers, legs, gateways, directions, skips."""

from typing import Any

import pytest

from tests.records.readers import AT, CALLED, CALLER, became, convert
from tests.records.rows import read
from tollbook.records.options import ConversionOptions

DOCUMENT: dict[str, Any] = {
    "variables": {
        "uuid": "f1",
        "answer_epoch": "1718442005",
        "billsec": "61",
        "start_epoch": "1718442000",
        "user_name": "ann",
    },
    "callflow": [
        {
            "caller_profile": {
                "destination_number": "%2B442079460100",
                "caller_id_number": "1001",
                "context": "default",
            }
        }
    ],
}
FREESWITCH = ("freeswitch:f1", "voice.call", 61, AT)


def document(**variables: Any) -> dict[str, Any]:
    return {**DOCUMENT, "variables": {**DOCUMENT["variables"], **variables}}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (document(), FREESWITCH),
        (document(answer_epoch=None, answer_uepoch="1718442005000000"), FREESWITCH),
        (document(billmsec="61500"), ("freeswitch:f1", "voice.call", 61.5, AT)),
        (document(billmsec="x"), "invalid_quantity"),
        (document(answer_epoch=None, answer_uepoch="x"), "invalid_time"),
        (document(answer_epoch="0"), "unanswered"),
        (document(answer_epoch=None), "unanswered"),
        (document(billsec="0"), "unanswered"),
        (document(uuid=None), "missing_field"),
    ],
)
def test_documents_of_freeswitch(row: dict[str, Any], expected: tuple[Any, ...] | str) -> None:
    assert became(convert("freeswitch-json", row)) == expected


@pytest.mark.parametrize(
    ("change", "leg"),
    [
        ({}, "a"),
        ({"callflow": None}, "a"),
        ({"callflow": []}, "a"),
        ({"callflow": ["x"]}, "a"),
        ({"callflow": [{"caller_profile": "x"}]}, "a"),
        ({"callflow": [{"caller_profile": {"originator": "x"}}]}, "a"),
        (
            *(
                {
                    "callflow": [
                        {"caller_profile": {"originator": {"originator_caller_profiles": []}}}
                    ]
                },
                "a",
            ),
        ),
        (
            *(
                {
                    "callflow": [
                        {"caller_profile": {"originator": {"originator_caller_profiles": [{}]}}}
                    ]
                },
                "b",
            ),
        ),
        ({"variables": {"originating_leg_uuid": "f0"}}, "b"),
    ],
)
def test_the_b_leg_of_freeswitch_was_originated_by_another(
    change: dict[str, Any], leg: str
) -> None:
    other = "b" if leg == "a" else "a"
    for legs, is_skipped in ((leg, False), ("both", False), (other, True)):
        found = convert(
            "freeswitch-json", {**DOCUMENT, **change}, conversion=ConversionOptions("o", legs=legs)
        )
        assert ("other_leg" in found.skipped.values()) is is_skipped


CUCM = (
    "cdrRecordType,pkid,dateTimeOrigination,dateTimeConnect,dateTimeDisconnect,duration,"
    "callingPartyNumber,originalCalledPartyNumber,finalCalledPartyNumber,"
    "outpulsedCalledPartyNumber,origDeviceName,destDeviceName\n"
    "INTEGER,UNIQUEIDENTIFIER,INTEGER,INTEGER,INTEGER,INTEGER,VARCHAR(50),VARCHAR(50),VARCHAR(50),"
    "VARCHAR(50),VARCHAR(129),VARCHAR(129)\n"
    "{kind},c1,1718442000,{connect},1718442066,{duration},1001,{original},{final},{sent},"
    "{origin},{target}\n"
)


@pytest.mark.parametrize(
    ("cells", "gateways", "expected"),
    [
        ({}, (), ("outbound", CALLED)),
        ({"sent": "+442079460199"}, (), ("outbound", "+442079460199")),
        (
            {"origin": "GW1", "target": "SEP001122334455", "original": "+442079460111"},
            *((), ("inbound", "+442079460111")),
        ),
        (
            {"origin": "GW1", "target": "SEP001122334455", "original": ""},
            *((), ("inbound", CALLED)),
        ),
        ({"origin": "SEP1", "target": "CSFann"}, (), "internal"),
        ({"origin": "", "target": ""}, (), "internal"),
        ({"target": "sep2"}, (), "internal"),
        ({"target": "SEP2"}, ("SEP2",), ("outbound", CALLED)),
        ({"target": "GW1"}, ("GW2",), "internal"),
        ({"kind": "2"}, (), "not_a_call"),
        ({"kind": ""}, (), "not_a_call"),
        ({"connect": "0"}, (), "unanswered"),
        ({"duration": "0"}, (), "unanswered"),
    ],
)
def test_calls_of_cucm_through_a_gateway_count(
    cells: dict[str, str], gateways: tuple[str, ...], expected: tuple[str, str] | str
) -> None:
    usual = {
        "kind": "1",
        "connect": "1718442005",
        "duration": "61",
        "original": CALLED,
        "final": CALLED,
        "sent": "",
        "origin": "SEP1",
        "target": "GW1",
    }
    found = read(CUCM.format(**{**usual, **cells}), "cucm", inbound=gateways)
    got = [(it["attributes"]["direction"], it["attributes"]["to"]) for it in found.events]
    assert (got or list(found.skipped.values())) == [expected]


THREECX = (
    "h1,{id},00:01:01,2024-06-15 09:00:00,2024-06-15 09:00:05,2024-06-15 09:01:06,Ended,"
    "{caller},{called},{from_dn},{to_dn},{dial},{changed},{final},{final_dn},acme,,,,"
)


def threecx(**cells: str) -> str:
    usual = dict.fromkeys(("from_dn", "to_dn", "dial", "changed", "final", "final_dn"), "")
    return THREECX.format(**{**usual, "id": "x1", "caller": "Ext.1001", "called": CALLED, **cells})


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, ("outbound", CALLED, "1001")),
        ({"caller": CALLER, "called": "Ext.1001", "dial": CALLED}, ("inbound", CALLED, CALLER)),
        ({"called": "Ext.1002"}, "internal"),
        ({"caller": "Ext.1", "called": "ext.2"}, "internal"),
        (
            {"called": "Ext.1002", "changed": "Transfer", "final": CALLED},
            ("outbound", CALLED, "1001"),
        ),
        ({"called": "Ext.1002", "changed": "", "final": CALLED}, "internal"),
        ({"changed": "Transfer", "final": "Ext.1002"}, "internal"),
        ({"caller": ""}, ("outbound", CALLED, None)),
    ],
)
def test_calls_of_3cx_on_a_line_count(
    cells: dict[str, str], expected: tuple[str, str, str | None] | str
) -> None:
    found = read(threecx(**cells) + "\n", "3cx", timezone="UTC")
    got = [
        (attributes["direction"], attributes["to"], attributes.get("from"))
        for attributes in (it["attributes"] for it in found.events)
    ]
    assert (got or list(found.skipped.values())) == [expected], found.refused


TYPED = ",{from_type},{to_type},{final_type},,,"


@pytest.mark.parametrize(
    ("from_type", "to_type", "expected"),
    [
        ("Extension", "ExternalLine", "outbound"),
        ("Extension", "provider", "outbound"),
        ("Extension", "LINE", "outbound"),
        ("ExternalLine", "Extension", "internal"),
        ("Extension", "Queue", "internal"),
        ("", "", "outbound"),
    ],
)
def test_newer_rows_of_3cx_name_the_types_of_their_ends(
    from_type: str, to_type: str, expected: str
) -> None:
    row = threecx() + TYPED.format(from_type=from_type, to_type=to_type, final_type="")
    found = read(row + "\n", "3cx", timezone="UTC")
    ways = [it["attributes"]["direction"] for it in found.events] or list(found.skipped.values())
    assert ways == (["inbound"] if from_type == "ExternalLine" else [expected]), found.refused


def test_rows_of_3cx_have_one_of_three_widths_or_that_of_the_header() -> None:
    assert read(threecx() + ",one more\n", "3cx", timezone="UTC").refused == {
        1: "wrong_column_count"
    }
    header = ("callid", "duration", "time-start", "time-answered", "time-end", "from-no", "to-no")
    row = f"x1,00:01:01,,2024-06-15 09:00:05,,Ext.1001,{CALLED}\n"
    found = read(",".join(header) + "\n" + row, "3cx", timezone="UTC", header=header)
    assert (found.ids, found.refused) == (["3cx:x1"], {})
    assert read("a,b\n", "3cx", timezone="UTC", header=header).refused == {1: "wrong_column_count"}
