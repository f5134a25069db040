"""Content as it is found: encodings, quotes, halves of rows, and JSON in every arrangement."""

import gzip

import pytest

from tests.records.rows import Read, read
from tollbook.records.contents import LONGEST_RECORD

COLUMNS = {"id": "Id", "time": "Time", "quantity": "Seconds", "to": "To", "note": "Note"}
HEADER = "Id,Time,Seconds,To,Note\n"
TIME = "2024-06-15 10:00:00"


def csv(content: str | bytes, **options: object) -> Read:
    return read(content, "csv", columns=COLUMNS, timezone="UTC", **options)  # type: ignore[arg-type]


def row(identity: str, note: str = "", end: str = "\n") -> str:
    return f"{identity},{TIME},61,+442079460100,{note}{end}"


def notes(found: Read) -> list[str]:
    return [it["attributes"].get("note", "") for it in found.events]


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + row("1", "é")).encode(),
        (HEADER + row("1", "é")).encode("utf-8-sig"),
        (HEADER + row("1", "é")).encode("utf-16"),
        (HEADER + row("1", "é")).encode("cp1252"),
        (HEADER + row("1", "é")).replace("\n", "\r\n").encode(),
        b"\0\0\0\0" + (HEADER + row("1", "é")).encode() + b"\0\0\0",
        ("sep=;\n" + (HEADER + row("1", "é")).replace(",", ";")).encode(),
        (HEADER + row("1", "é")).replace(",", ";").encode(),
        (HEADER + row("1", "é")).replace(",", "\t").encode(),
        ("#tollbook: x\n" + HEADER + '#tollbook: line "1\n' + row("1", "é")).encode(),
    ],
)
def test_every_form_of_a_file_is_read(content: bytes) -> None:
    for packed in (content, gzip.compress(content), gzip.compress(b"") + gzip.compress(content)):
        found = csv(packed)
        assert (found.ids, notes(found), found.refused) == (["csv:1"], ["é"], {})


def test_a_quoted_line_break_belongs_to_its_row() -> None:
    found = csv(HEADER + row("1", '"a\nb, ""c"""') + row("2"))
    assert notes(found) == ['a\nb, "c"', ""]


def test_a_quote_that_is_never_closed_refuses_its_line_only() -> None:
    found = csv(HEADER + row("1", '"open') + row("2") + row("3"))
    assert (found.ids, found.refused) == (["csv:2", "csv:3"], {2: "open_quote"})


def test_the_header_of_a_joined_file_is_no_row() -> None:
    found = csv(HEADER + row("1") + HEADER + row("2"))
    assert (found.ids, found.refused) == (["csv:1", "csv:2"], {})


def test_a_row_of_another_width_is_refused() -> None:
    assert csv(HEADER + "1,2\n" + row("2")).refused == {2: "wrong_column_count"}


def test_a_row_that_is_too_long_is_refused() -> None:
    found = csv(HEADER + row("1", "x" * (LONGEST_RECORD + 5)) + row("2"))
    assert (found.ids, found.refused) == (["csv:2"], {2: "too_long"})


@pytest.mark.parametrize("half", [row("2", end=""), row("2", '"cut')])
def test_half_a_row_is_left_unless_the_file_is_complete(half: str) -> None:
    growing = csv(HEADER + row("1") + half, is_finished=False)
    assert (growing.ids, growing.has_half_line, growing.refused) == (["csv:1"], True, {})


def test_a_last_row_without_line_feed_counts_in_a_complete_file() -> None:
    assert csv(HEADER + row("1", end="")).ids == ["csv:1"]
    assert csv(gzip.compress((HEADER + row("1", end="")).encode()), is_finished=False).ids


CALL = '{"sid": "CA%s", "to": "+14155550100", "status": "completed", "duration": "5", %s}'
START = '"start_time": "2024-06-15T09:00:05Z"'


def calls(*numbers: int) -> list[str]:
    return [CALL % (it, START) for it in numbers]


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(calls(1, 2)),
        "\n\n".join(calls(1, 2)) + "\n",
        f"[{','.join(calls(1, 2))}]",
        "[\n" + ",\n".join(calls(1, 2)) + "\n]\n",
        "".join(calls(1, 2)),
        f'{{"calls": [{", ".join(calls(1, 2))}], "page": 0}}',
        "\ufeff" + "\n".join(calls(1, 2)),
        "\n".join(it.replace("{", "{\n ").replace(", ", ",\n ") for it in calls(1, 2)),
        "\n".join(it.replace("{", '{"x": "} ]\\" {", "y": {"z": [1]}, ') for it in calls(1, 2)),
    ],
)
def test_every_arrangement_of_json_is_read(content: str) -> None:
    found = read(content, "twilio")
    assert (found.ids, found.refused) == (["twilio:CA1", "twilio:CA2"], {})


def test_a_broken_line_of_json_is_refused_alone() -> None:
    first, third = calls(1, 3)
    found = read(f'{first}\n{{"sid": "CA2", \n{third}\nnull\n', "twilio", is_finished=False)
    assert found.ids == ["twilio:CA1", "twilio:CA3"]
    assert found.refused == {2: "not_json", 4: "not_an_object"}


def test_half_an_object_is_left() -> None:
    found = read(calls(1)[0] + '\n{"sid": "CA2", ', "twilio", is_finished=False)
    assert (found.ids, found.has_half_line, found.refused) == (["twilio:CA1"], True, {})


def test_an_object_across_pieces_is_read_with_its_line() -> None:
    padding = '{"sid": "CA%d", "to": "+14155550100", "status": "busy", "x": "' + "y" * 900 + '"}'
    found = read("\n".join(padding % n for n in range(1_000)), "twilio")
    assert list(found.skipped) == list(range(1, 1_001))
