"""Where an archive file is, and whether it is the file that was recorded."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from tollbook.domain.errors import SettingsError
from tollbook.store import archive_reader
from tollbook.store.archive_files import Archived
from tollbook.store.archive_reader import UnreadableArchive

CONTENT = b"events"


@pytest.fixture
def file(tmp_path: Path) -> Archived:
    """A recorded file in the folder where it was written."""
    folder = tmp_path / "written"
    folder.mkdir()
    (folder / "x.parquet").write_bytes(CONTENT)
    checksum = sha256(CONTENT).hexdigest()
    return Archived(7, 202401, 0, "x.parquet", str(folder), 1, len(CONTENT), checksum, 1)


def problem(file: Archived, folder: Path | None = None) -> str:
    with pytest.raises(UnreadableArchive) as raised:
        archive_reader.locate(file, folder)
    assert str(raised.value) == raised.value.problem
    return raised.value.problem


def test_a_file_is_found_where_it_was_written(file: Archived, tmp_path: Path) -> None:
    written = tmp_path / "written" / "x.parquet"
    assert archive_reader.locate(file, None) == written
    assert archive_reader.locate(file, tmp_path / "elsewhere") == written


def test_a_file_in_the_folder_of_the_settings_comes_first(file: Archived, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    (moved / "x.parquet").mkdir(parents=True)
    assert archive_reader.path_of(file, moved) == tmp_path / "written" / "x.parquet"
    (moved / "x.parquet").rmdir()
    (moved / "x.parquet").write_bytes(CONTENT)
    assert archive_reader.locate(file, moved) == moved / "x.parquet"


def test_a_missing_file_names_the_setting(file: Archived, tmp_path: Path) -> None:
    (tmp_path / "written" / "x.parquet").unlink()
    wanted = "x.parquet is missing; set TOLLBOOK_ARCHIVE_FOLDER to its folder"
    assert problem(file) == wanted
    assert problem(file, tmp_path) == wanted


def test_a_path_that_is_no_folder_is_reported(file: Archived, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    moved = file._replace(folder=str(tmp_path / "a file"))
    assert problem(moved) == "x.parquet: Not a directory"


@pytest.mark.parametrize("content", [b"", CONTENT + b"!", CONTENT[:-1]])
def test_a_file_of_another_size_is_not_read(file: Archived, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "written" / "x.parquet").write_bytes(content)
    assert problem(file) == "x.parquet has a different size than was recorded"


def test_a_missing_library_is_the_problem(file: Archived, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise SettingsError("pyarrow is not installed")

    monkeypatch.setattr(archive_reader, "arrow_modules", missing)
    assert problem(file) == "pyarrow is not installed"


def check(file: Archived) -> str | None:
    path = Path(file.folder) / file.file
    try:
        archive_reader.require_unchanged(file, path)
    except UnreadableArchive as error:
        return error.problem
    return None


CHANGED = "x.parquet has a different checksum than was recorded"


def test_a_file_with_the_recorded_bytes_is_unchanged(file: Archived) -> None:
    assert check(file) is None
    assert check(file._replace(checksum="0" * 64)) == CHANGED


def test_a_change_is_noticed_after_the_checksum_was_remembered(file: Archived) -> None:
    assert check(file) is None
    path = Path(file.folder) / file.file
    before = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert check(file) == CHANGED


def test_a_replaced_file_of_the_same_age_is_noticed(file: Archived, tmp_path: Path) -> None:
    assert check(file) is None
    path, other = Path(file.folder) / file.file, tmp_path / "other"
    other.write_bytes(CONTENT[::-1])
    before = path.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert check(file) == CHANGED


def test_an_unchanged_file_is_read_once(file: Archived, monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[Path]()

    def checksum_of(path: Path) -> str:
        read.append(path)
        return file.checksum

    monkeypatch.setattr(archive_reader, "checksum_of", checksum_of)
    assert [check(file) for _ in range(3)] == [None] * 3
    assert len(read) == 1


def test_a_file_that_has_gone_is_reported(file: Archived) -> None:
    (Path(file.folder) / file.file).unlink()
    assert check(file) == "x.parquet: No such file or directory"
