"""What imports leave behind: the report, the file of refused rows, and the inputs they read."""

import io
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tollbook.domain.receipts import Outcome, Receipt
from tollbook.records import refused_file
from tollbook.records.contents import LONGEST_RECORD, InputContent, decode, is_encoding, lines_of
from tollbook.records.convert import Converted
from tollbook.records.inputs import input_files, is_of_refused_rows
from tollbook.records.refused_file import RefusedFile
from tollbook.records.report import CONVERTED, Report, refusal_of
from tollbook.records.rows import RecordRow, RefusedRow, SourceRefused

NOON = datetime(2024, 6, 15, 12, tzinfo=UTC)
EVENING = datetime(2024, 6, 15, 20, tzinfo=UTC)


def converted(time: datetime = NOON, seconds: str = "61", **given: Any) -> Converted:
    usual = {"segments": 0, "is_repeated": False, "is_rounded": False}
    row = RecordRow(1, 1, b"", {}, ())
    return Converted(row, b"", time, Decimal(seconds), **{**usual, **given})


def json_of(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(report.to_json()))
    return found


def test_an_empty_report() -> None:
    assert json_of(Report()) == {
        "rows": 0,
        "events": {"accepted": 0, "duplicate": 0, "quarantined": 0},
        "merged": 0,
        "identical": 0,
        "skipped": {},
        "refused": {},
        "half_line": 0,
        "seconds": 0,
        "skipped_seconds": 0,
        "refused_seconds": 0,
        "segments": 0,
        "first_time": None,
        "last_time": None,
        "repeated_hour": 0,
        "rounded": 0,
    }
    assert Report().sentence() == (
        "0 rows: 0 new, 0 duplicate, 0 of the new ones in quarantine, 0 skipped, 0 refused, "
        "0 seconds"
    )


def filled() -> Report:
    report = Report()
    report.add_event(converted(EVENING), Outcome.ACCEPTED)
    report.add_event(converted(NOON, "1.5", is_repeated=True), Outcome.QUARANTINED)
    report.add_event(converted(NOON, "0", segments=2, is_rounded=True), Outcome.DUPLICATE)
    report.add_skipped("unanswered", Decimal(0))
    report.add_skipped("internal", Decimal(30))
    report.add_skipped("internal", Decimal(30))
    report.add_refused("invalid_number", Decimal("7.25"))
    report.add_half_line()
    report.merged = 1
    report.identical = 4
    return report


def test_every_row_is_counted_once() -> None:
    assert json_of(filled()) == {
        "rows": 13,
        "events": {"accepted": 1, "duplicate": 1, "quarantined": 1},
        "merged": 1,
        "identical": 4,
        "half_line": 1,
        "skipped": {"unanswered": 1, "internal": 2, "half_line": 1},
        "refused": {"invalid_number": 1},
        "seconds": 62.5,
        "skipped_seconds": 60,
        "refused_seconds": 7.25,
        "segments": 2,
        "first_time": "2024-06-15T12:00:00Z",
        "last_time": "2024-06-15T20:00:00Z",
        "repeated_hour": 1,
        "rounded": 1,
    }
    assert filled().sentence() == (
        "13 rows: 2 new, 1 duplicate, 1 of the new ones in quarantine, 1 merged, 4 identical, "
        "4 skipped (1 unanswered, 2 internal, 1 half_line), 1 refused (1 invalid_number), "
        "62.5 seconds, 2 segments"
    )


def test_the_report_of_an_import_adds_those_of_its_files() -> None:
    whole = Report()
    whole.add(Report())
    whole.add(filled())
    whole.add(filled())
    one, both = json_of(filled()), json_of(whole)
    for name in ("rows", "merged", "identical", "half_line", "seconds", "segments", "rounded"):
        assert both[name] == 2 * one[name], name
    assert both["skipped"] == {"unanswered": 2, "internal": 4, "half_line": 2}
    assert (both["first_time"], both["last_time"]) == (one["first_time"], one["last_time"])


def test_identical_rows_of_one_file_that_are_unknown_are_unknown_of_all() -> None:
    whole, unknown = Report(), filled()
    unknown.identical = None
    for report in (filled(), unknown, filled()):
        whole.add(report)
    assert json_of(whole)["identical"] is None
    assert "identical rows unknown" in whole.sentence()
    assert whole.rows == 3 * 13 - 3 * 4


def test_an_import_that_stores_nothing_counts_what_it_converted() -> None:
    report = Report()
    for _ in range(1_200):
        report.add_event(converted(seconds="1"), CONVERTED)
    assert json_of(report)["events"] == {"converted": 1_200}
    assert report.new == 0
    assert report.sentence() == (
        "1,200 rows: 1,200 events, nothing stored, 0 skipped, 0 refused, 1200 seconds"
    )


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (Outcome.ACCEPTED, False),
        (Outcome.DUPLICATE, False),
        (Outcome.QUARANTINED, False),
        (Outcome.REJECTED, True),
        (Outcome.CONFLICT, True),
    ],
)
def test_receipts_that_are_refusals_of_rows(status: Outcome, refused: bool) -> None:
    receipt = Receipt(0, status, code="late", error="time is too late", field="time")
    found = refusal_of(receipt)
    assert (found is not None) is refused
    if found:
        assert (found.field, found.code, found.sentence) == ("time", "late", "time is too late")


REFUSAL = RefusedRow("to", "invalid_number", "the called number cannot be read")


def refused(path: Path | None, folder: Path) -> RefusedFile:
    return RefusedFile(path, folder, "2024", "csv", "--format csv\x1b")


def test_refused_rows_follow_their_reason_and_their_header(tmp_path: Path) -> None:
    file = refused(tmp_path / "rows.csv", tmp_path)
    assert file.path is None
    assert list(tmp_path.iterdir()) == []
    file.add("a.csv", b"id,to\n", 2, REFUSAL, b"1,x\n")
    file.add("a.csv", b"id,to\n", 5, RefusedRow("", "open_quote", "a quote is open"), b'"2')
    file.add("b\n.csv", b"to,id", 2, REFUSAL, b"x,1\r\n")
    file.close()
    file.close()
    assert file.path == tmp_path / "rows.csv"
    assert file.path.read_bytes() == (
        b"#tollbook: --format csv\\x1b\n"
        b"id,to\n"
        b"#tollbook: a.csv line 2: to: invalid_number: the called number cannot be read\n"
        b"1,x\n"
        b"#tollbook: a.csv line 5: open_quote: a quote is open\n"
        b'"2\n'
        b"to,id\n"
        b"#tollbook: b\\n.csv line 2: to: invalid_number: the called number cannot be read\n"
        b"x,1\r\n"
    )
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_no_file_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = tmp_path / "rows.csv"
    taken.write_text("mine")
    with pytest.raises(FileExistsError):
        refused(taken, tmp_path).add("a", b"", 1, REFUSAL, b"x")
    assert taken.read_text() == "mine"
    for name in ("refused-2024.csv", "refused-2024-2.csv"):
        file = refused(None, tmp_path)
        file.add("a", b"", 1, REFUSAL, b"x")
        file.close()
        assert file.path == tmp_path / name
    monkeypatch.setattr(refused_file, "_MOST_NAMES", 3)
    with pytest.raises(FileExistsError, match="and 3 names like it exist"):
        refused(None, tmp_path).add("a", b"", 1, REFUSAL, b"x")


def test_without_refused_rows_there_is_no_file(tmp_path: Path) -> None:
    file = refused(None, tmp_path)
    file.sync()
    file.close()
    assert list(tmp_path.iterdir()) == []


def test_patterns_pass_over_files_of_refused_rows(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "[x].csv"):
        (tmp_path / name).write_text("id\n")
    (tmp_path / "refused-1.csv").write_text("#tollbook: x\n")
    (tmp_path / "folder.csv").mkdir()
    names = [str(tmp_path / it) for it in ("a.csv", "b.csv", "[x].csv")]
    assert input_files([str(tmp_path / "?.csv")]) == names[:2]
    assert sorted(input_files([str(tmp_path / "*.csv")])) == sorted(names)
    assert input_files([names[2]]) == [names[2]]
    assert input_files(["-", names[1], "-"]) == ["-", names[1], "-"]
    assert input_files([]) == []
    named = str(tmp_path / "refused-1.csv")
    assert input_files([named]) == [named]
    assert is_of_refused_rows(Path(named))
    assert not is_of_refused_rows(Path(names[0]))


def test_names_of_no_readable_file_are_refused(tmp_path: Path) -> None:
    for name, error in (
        ("none.csv", "there is no file .*none.csv"),
        ("*.ndjson", r"no file matches .*\*.ndjson"),
        ("folder", "folder cannot be read: Is a directory"),
    ):
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(SourceRefused, match=error):
            input_files([str(tmp_path / name)])


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([], []),
        ([b"a\nb\n"], [(b"a\n", 2), (b"b\n", 4)]),
        ([b"a\nb"], [(b"a\n", 2), (b"b", 3)]),
        ([b"a", b"b\n", b"\n"], [(b"ab\n", 3), (b"\n", 4)]),
        ([b"a\r\n"], [(b"a\r\n", 3)]),
        ([b"", b"a"], [(b"a", 1)]),
    ],
)
def test_lines_have_the_offset_after_them(
    pieces: list[bytes], lines: list[tuple[bytes, int]]
) -> None:
    assert list(lines_of(iter(pieces))) == lines
    assert list(lines_of(iter(pieces), 10)) == [(line, end + 10) for line, end in lines]


def test_a_line_that_is_too_long_is_cut_and_keeps_its_offset() -> None:
    pieces = [b"x" * LONGEST_RECORD, b"y" * LONGEST_RECORD, b"z\nnext\n"]
    (long, end), after = lines_of(iter(pieces))
    assert (len(long), end) == (LONGEST_RECORD + 2, 2 * LONGEST_RECORD + 2)
    assert after == (b"next\n", 2 * LONGEST_RECORD + 7)


@pytest.mark.parametrize(
    ("line", "encoding", "text"),
    [
        (b"a", None, "a"),
        ("é".encode(), None, "é"),
        (b"\xe9", None, "é"),
        (b"\xef\xbb\xbfa", None, "a"),
        (b"a\0b", None, "ab"),
        (b"\xe9", "latin-1", "é"),
        (b"\xe9", "utf-8", "\ufffd"),
        (b"\x81", None, "\ufffd"),
        ("я".encode("koi8-r"), "koi8-r", "я"),
    ],
)
def test_lines_are_decoded(line: bytes, encoding: str | None, text: str) -> None:
    assert decode(line, encoding) == text


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *(("utf-8", True), ("windows-1252", True), ("KOI8-R", True)),
        *(("utf-16", False), ("utf-16-le", False), ("utf-32", False), ("cp037", False)),
        *(("nope", False), ("", False), ("hex", False), ("rot13", False)),
        *(("idna", False), ("undefined", False)),
    ],
)
def test_names_of_encodings(name: str, known: bool) -> None:
    assert is_encoding(name) is known


def test_a_read_error_is_the_damage_of_an_input() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("the disk is gone")
            return super().read(3 if size else size)

    content = InputContent(Broken(b"a\nb\nc\n"))
    assert b"".join(content.pieces()) == b"a\nb"
    assert (content.damage, content.packed, content.consumed) == ("the disk is gone", False, 3)
