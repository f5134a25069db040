"""Which files an import reads, and in which batches of lines."""

import gzip
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.builders import event
from tests.cli.conftest import Tollbook
from tollbook.cli import import_
from tollbook.cli.import_ import batches, open_file, unpack
from tollbook.domain.errors import InvalidRequest


def line(identity: str, **given: Any) -> bytes:
    return msgspec.json.encode(event(id=identity, **given)) + b"\n"


@pytest.fixture
def platform(tollbook: Tollbook, example_prices: None) -> Tollbook:
    tollbook("organizations", "create", "org_1")
    return tollbook


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n \r\n\t\n", []),
        (b"a", [(1, b"a")]),
        (b"a\r\n\nb \n", [(1, b"a"), (3, b"b ")]),
        (b"\n\na\n\n", [(3, b"a")]),
    ],
)
def test_lines_have_their_numbers_and_blank_ones_are_left_out(
    content: bytes, expected: list[tuple[int, bytes]]
) -> None:
    found = list(batches(io.BytesIO(content)))
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(("count", "sizes"), [(3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])])
def test_batches_have_a_limited_number_of_lines(
    monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(import_, "_BATCH", 3)
    found = list(batches(io.BytesIO(b"x\n\n" * count)))
    assert [len(it) for it in found] == sizes
    assert [number for it in found for number, _ in it] == list(range(1, 2 * count, 2))


@pytest.mark.parametrize("content", [b"", b"\x1f", b"a\n", b"\x1f\x8c"])
def test_what_does_not_begin_like_gzip_is_read_as_it_is(content: bytes) -> None:
    assert unpack(io.BytesIO(content)).read() == content


def test_gzip_is_unpacked() -> None:
    assert unpack(io.BytesIO(gzip.compress(b"a\nb\n"))).readlines() == [b"a\n", b"b\n"]


def test_a_file_that_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=f"there is no file {tmp_path}/missing"):
        open_file(tmp_path / "missing")
    with pytest.raises(InvalidRequest, match="cannot be read: Is a directory"):
        open_file(tmp_path)


def test_files_and_patterns_are_read_in_order(platform: Tollbook) -> None:
    for name in ("b.ndjson", "a.ndjson", "c.ndjson"):
        platform.write(name, line(name))
    (platform.folder / "[x].ndjson").write_bytes(line("bracket"))
    found = platform.json("import", "c.ndjson", "?.ndjson", "[x].ndjson")
    # c is read by its name and by the pattern, and a name that exists is no pattern.
    assert found["counts"]["accepted"] == 4
    assert found["counts"]["duplicate"] == 1
    assert "no file matches *.csv" in platform.refusal("import", "*.csv")


def test_a_refusal_names_its_file_when_there_are_several(platform: Tollbook) -> None:
    good, bad = platform.write("good.ndjson", line("g")), platform.write("bad.ndjson", b"x\n")
    alone = platform.json("import", bad, code=1)["refused"]
    assert [it.partition(" is not JSON")[0] for it in alone] == ["line 1: no id: line 1"]
    both = platform.json("import", good, bad, code=1)["refused"]
    assert both == [f"{bad} {alone[0]}"]


def test_standard_input_is_read_plain_and_packed(
    platform: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in (line("a"), gzip.compress(line("b"))):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert platform.json("import", "-")["counts"]["accepted"] == 1


def test_options_of_records_need_a_format(platform: Tollbook) -> None:
    path = platform.write("a.ndjson", line("a"))
    for given, name in (
        (("--organization", "org_1"), "--organization"),
        (("--dry-run",), "--dry-run"),
        (("--legs", "a"), "--legs"),
    ):
        ran = platform("import", path, *given)
        assert (ran.code, f"{name} requires --format or --mapping" in ran.err) == (2, True)
    ran = platform("import")
    assert (ran.code, "name the files to import" in ran.err) == (2, True)
