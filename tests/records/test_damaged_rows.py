"""Rows that are damaged: each is refused alone, and the rows around it are still read."""

import pytest

from tests.records.rows import Read, read
from tollbook.records.contents import LONGEST_RECORD
from tollbook.records.rows import SourceRefused

COLUMNS = {"id": "id", "time": "time", "quantity": "seconds", "to": "to"}
HEADER = "id,time,seconds,to\n"
REST = ",2024-06-15T09:00:00Z,61,+442079460100\n"
BEFORE, AFTER = f"1{REST}", f"9{REST}"


def csv(*rows: str, header: str = HEADER) -> Read:
    return read(header + "".join(rows), "csv", columns=COLUMNS)


@pytest.mark.parametrize(
    ("row", "ids", "refused"),
    [
        (f"2\rx{REST}", ["csv:2 x"], {}),
        (f'"2\rx"{REST}', ["csv:2\rx"], {}),
        (f"2{REST}".replace("\n", "\r\r\n"), ["csv:2"], {}),
        (f"2\0{REST}", ["csv:2"], {}),
        (f"  2  {REST}", ["csv:2"], {}),
        (f'2"x"{REST}', ['csv:2"x"'], {}),
        (f'2"x{REST}', [], {3: "open_quote"}),
        (f'"2""x"{REST}', ['csv:2"x'], {}),
        ("\n\r\n \n", [], {}),
        ("#tollbook: a comment\n", [], {}),
        (HEADER, [], {}),
        ("2,2024-06-15T09:00:00Z,61\n", [], {3: "wrong_column_count"}),
        (f"2,x{REST}", [], {3: "wrong_column_count"}),
        (f'"2{REST}', [], {3: "open_quote"}),
        (f"2{'x' * LONGEST_RECORD}{REST}", [], {3: "too_long"}),
        (f'"{"x" * LONGEST_RECORD}\nx"{REST}', [], {3: "open_quote", 4: "open_quote"}),
        (
            f'"{"x" * (LONGEST_RECORD - 9)}\n{"x" * (LONGEST_RECORD - 9)}"{REST}',
            [],
            {3: "too_long"},
        ),
        ("2,2024-06-15T09:00:00Z,61,\n", [], {3: "missing_field"}),
        (",2024-06-15T09:00:00Z,61,+442079460100\n", [], {3: "missing_field"}),
    ],
)
def test_a_damaged_row_of_csv_leaves_the_others_whole(
    row: str, ids: list[str], refused: dict[int, str]
) -> None:
    found = csv(BEFORE, row, AFTER)
    assert (found.ids, found.refused) == (["csv:1", *ids, "csv:9"], refused)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (HEADER.replace("to\n", "to\rx\n"), "id, time, seconds, to x"),
        (f"{'x' * 200_000},time,seconds,to\n", "xxx, time, seconds, to"),
        ((HEADER + BEFORE).replace("\n", "\r"), "id, time, seconds, to 1"),
        ("\n", "1, 2024-06-15T09:00:00Z, 61"),
    ],
)
def test_a_damaged_header_refuses_the_file_and_shows_its_columns(header: str, names: str) -> None:
    columns = {**COLUMNS, "quantity": "missing"}
    with pytest.raises(SourceRefused, match="the first line must name the column") as refused:
        read(header + AFTER.replace("9", "1", 1), "csv", columns=columns)
    assert names in str(refused.value)


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("\ufeff" + HEADER + BEFORE, ["csv:1"]),
        ("sep=;\n" + (HEADER + BEFORE).replace(",", ";"), ["csv:1"]),
        ((HEADER + BEFORE).replace(",", "\t"), ["csv:1"]),
        ((HEADER + BEFORE).replace(",", "|"), ["csv:1"]),
        ("\n\n" + HEADER + BEFORE, ["csv:1"]),
        (HEADER.replace("id", '"id"') + BEFORE, ["csv:1"]),
        (HEADER + BEFORE.rstrip("\n"), ["csv:1"]),
        (HEADER.rstrip("\n"), []),
        (HEADER, []),
        ("", []),
        ("\n \n", []),
    ],
)
def test_layouts_of_csv(content: str, ids: list[str]) -> None:
    found = read(content, "csv", columns=COLUMNS)
    assert (found.ids, found.refused) == (ids, {})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_by_its_byte_order_mark(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    content = mark + HEADER + BEFORE.replace("1,", "é,", 1)
    assert read(content.encode(encoding), "csv", columns=COLUMNS).ids == ["csv:é"]


def test_a_line_that_is_not_utf_8_is_windows_1252() -> None:
    content = HEADER.encode() + f"é{REST}".encode("cp1252") + f"é{REST}".encode()
    assert read(content, "csv", columns=COLUMNS).ids == ["csv:é", "csv:é"]


def test_half_a_row_of_a_growing_file_is_left() -> None:
    content = HEADER + BEFORE + '"2\n'
    left = read(content, "csv", columns=COLUMNS, is_finished=False)
    assert (left.ids, left.refused, left.has_half_line) == (["csv:1"], {}, True)
    ended = read(content, "csv", columns=COLUMNS)
    assert (ended.ids, ended.refused, ended.has_half_line) == (["csv:1"], {3: "open_quote"}, False)


KANNEL = (
    "{time} {what} [SMSC:s] [SVC:w] [ACT:{account}] [BINF:] [FID:{id}] [META:] "
    "[from:447700900100] [to:442079460100] [flags:-1:0:-1:0:1] [msg:1:a] [udh:{udh}]\n"
)
PART = "6:0500032A0301"


def kannel(*lines: str, is_finished: bool = True) -> Read:
    content = "".join(lines)
    return read(content, "kannel", is_finished=is_finished, timezone="UTC", bare="international")


def line(
    time: str = "2024-06-15 09:00:00",
    what: str = "Sent SMS",
    account: str = "",
    udh: str = "0:",
    foreign: str = "f",
) -> str:
    return KANNEL.format(time=time, what=what, account=account, udh=udh, id=foreign)


@pytest.mark.parametrize(
    ("text", "refused", "skipped"),
    [
        (line(time="2024-13-45 09:00:00"), "invalid_time", None),
        (line(time="2024-13-45 09:00:00", udh=PART), "invalid_time", None),
        (line(time="2024-06-15 25:00:00"), "invalid_time", None),
        ("no line of Kannel\n", "not_a_line", None),
        ("2024-06-15 09:00:00\n", "not_a_line", None),
        ("x" * (LONGEST_RECORD + 2) + "\n", "too_long", None),
        ("2024-06-15 09:00:00 Log begins\n", None, "not_a_call"),
        (line(what="Receive DLR"), None, "delivery_report"),
        (line(what="DLR SMS"), None, "delivery_report"),
        (line(what="FAILED Send SMS"), None, "failed"),
        (line(what="DISCARDED SMS"), None, "failed"),
        (line(what="REJECTED Send SMS"), None, "failed"),
        (line(what="Queued SMS"), None, "not_a_call"),
        ("\n", None, None),
        ("#tollbook: a comment\n", None, None),
    ],
)
def test_a_line_of_kannel_that_is_no_message_leaves_the_others(
    text: str, refused: str | None, skipped: str | None
) -> None:
    found = kannel(line(foreign="a"), text, line(foreign="b"))
    assert found.ids == ["kannel:s:a", "kannel:s:b"]
    assert list(found.refused.values()) == [it for it in (refused,) if it]
    assert list(found.skipped.values()) == [it for it in (skipped,) if it]


@pytest.mark.parametrize(
    ("headers", "segments"),
    [
        (("6:0500032A0201", "6:0500032A0202"), [2]),
        (("7:060804002A0201", "7:060804002A0202"), [2]),
        (("7:060804002A0201", "7:060804002B0202"), [1, 1]),
        (("6:0500032A0201", "6:0500032B0202"), [1, 1]),
        (("6:0500032A0301", "6:0500032A0202"), [1, 1]),
        (("6:0500032A0101", "6:0500032A0101"), [1, 1]),
        (("6:0500032A", "6:0500032A"), [1, 1]),
        (("6:0504032A0201", "6:0504032A0202"), [1, 1]),
        (("0:", "0:"), [1, 1]),
    ],
)
def test_the_header_says_which_lines_are_one_message(
    headers: tuple[str, ...], segments: list[int]
) -> None:
    lines = [line(udh=it, foreign=f"f{n}") for n, it in enumerate(headers)]
    assert sorted(it["quantity"] for it in kannel(*lines).events) == segments


def test_parts_of_a_growing_log_are_given_up_after_two_minutes() -> None:
    part = line(udh=PART, foreign="a")
    assert kannel(part, line("2024-06-15 09:02:00", foreign="b"), is_finished=False).ids == [
        "kannel:s:b"
    ]
    late = kannel(part, line("2024-06-15 09:02:01", foreign="b"), is_finished=False)
    assert late.ids == ["kannel:s:b", "kannel:s:a"]


def test_an_incoming_message_has_the_hash_of_its_line_as_id() -> None:
    (event,) = kannel(line(what="Receive SMS", account="acme")).events
    assert len(event["id"].removeprefix("kannel:")) == 32
    assert event["type"] == "sms.inbound"
    assert kannel(line(what="Receive SMS") * 2).identical == [2]
