"""Rows of Asterisk with every number of columns, and what their dial plans do to them."""

import pytest

from tests.records.rows import Read, read

ROW = (
    *('"acme"', '"201"', '"02079460100"', '"from-internal"', '"x"', '"PJSIP/201-00000001"'),
    *('"PJSIP/trunk-00000002"', '"Dial"', '"PJSIP/02079460100@trunk"', '"2024-06-15 10:00:00"'),
    *('"2024-06-15 10:00:05"', '"2024-06-15 10:01:06"', "66", "61", '"ANSWERED"', '"BILLING"'),
)
NAMES = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp"),
    *("lastdata", "start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
)


def row(*more: str, **changes: str) -> str:
    """Return a row of the base columns, some of them changed, and more columns after them."""
    cells = [
        f'"{changes[it]}"' if it in changes else cell for it, cell in zip(NAMES, ROW, strict=True)
    ]
    return ",".join((*cells, *(f'"{it}"' for it in more))) + "\n"


def asterisk(*rows: str, inbound: tuple[str, ...] = ("from-trunk",)) -> Read:
    return read("".join(rows), "asterisk", timezone="Europe/London", country="GB", inbound=inbound)


@pytest.mark.parametrize(
    ("more", "identity"),
    [
        (("1718442000.1",), "asterisk:1718442000.1"),
        (("sip-1718442000.1",), "asterisk:sip-1718442000.1"),
        (("1718442000.1", "field"), "asterisk:1718442000.1"),
        (("1718442000.1", "", "1718442000.1", "7"), "asterisk:1718442000.1:7"),
        (("1718442000.1", "field", "peer", "1718442000.1", "7"), "asterisk:1718442000.1:7"),
    ],
)
def test_the_id_is_that_of_the_switch(more: tuple[str, ...], identity: str) -> None:
    assert asterisk(row(*more)).ids == [identity]


@pytest.mark.parametrize("more", [(), ("field",), ("", "1718442000.1", "7")])
def test_without_uniqueid_the_id_is_the_hash_of_the_row(more: tuple[str, ...]) -> None:
    quoted = row(*more)
    found = asterisk(quoted, row(*more), quoted.replace("66,61", '"66","61"'))
    assert len(found.ids[0].removeprefix("asterisk:")) == 32
    assert found.identical == [2, 3]


def test_later_rows_of_a_uniqueid_add_a_hash() -> None:
    rows = [row("1718442000.1"), row("1718442000.1", dst="02079460101")]
    found = asterisk(*rows)
    assert found.ids[0] == "asterisk:1718442000.1"
    assert found.ids[1].startswith("asterisk:1718442000.1:")
    assert found.ids == asterisk(*rows).ids


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"disposition": "NO ANSWER"}, "unanswered"),
        ({"disposition": "BUSY"}, "unanswered"),
        ({"billsec": "0"}, "unanswered"),
        ({"disposition": "FAILED"}, "failed"),
        ({"disposition": "CONGESTION"}, "failed"),
        ({"amaflags": "OMIT"}, "not_a_call"),
        ({"dst": "s", "lastapp": "Queue", "lastdata": "sales"}, "not_a_call"),
        ({"dst": "h"}, None),
        ({"dst": "202", "lastdata": "PJSIP/202"}, "internal"),
    ],
)
def test_what_is_not_charged_is_skipped(changes: dict[str, str], reason: str | None) -> None:
    assert asterisk(row("1.1", **changes)).skipped.get(1) == reason


@pytest.mark.parametrize(
    ("dst", "lastdata", "to"),
    [
        ("s", "PJSIP/02079460100@trunk,60", "+442079460100"),
        ("202", "SIP/trunk/0033123456789", "+33123456789"),
        ("202", "PJSIP/trunk/sip:+14155550100@host:5060,30,T", "+14155550100"),
        ("902079460100", "", "+442079460100"),
        ("+442079460100", "", "+442079460100"),
        ("00442079460100", "", "+442079460100"),
    ],
)
def test_the_called_number_is_what_was_dialed(dst: str, lastdata: str, to: str) -> None:
    content = row("1718442000.1", dst=dst, lastdata=lastdata)
    options = {"timezone": "UTC", "country": "GB", "access_code": "9"}
    (event,) = read(content, "asterisk", **options).events
    assert event["attributes"]["to"] == to


def test_an_inbound_call_is_that_of_the_extension_that_answered() -> None:
    changes = {"dcontext": "from-trunk", "src": "07700900123", "dstchannel": "SIP/203-0000000a"}
    (event,) = asterisk(row("1718442000.1", **changes)).events
    assert event["user_id"] == "203"
    assert event["attributes"]["direction"] == "inbound"
    assert event["attributes"]["from"] == "+447700900123"


def test_a_number_that_cannot_be_read_refuses_the_row() -> None:
    assert asterisk(row("1.1", dst="12345678901234567890", lastapp="x")).refused == {
        1: "invalid_number"
    }
    assert asterisk(row("1.1", dst="999", src="1001", lastapp="x")).refused == {1: "invalid_number"}


def test_another_number_of_columns_refuses_the_row() -> None:
    assert asterisk("a,b\n").refused == {1: "wrong_column_count"}
