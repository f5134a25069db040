"""Files that are written alone: whole or not at all, and readable by their owner only."""

from pathlib import Path

import pytest

from tollbook.domain.errors import BackupRefused
from tollbook.store.backup_files import remove_companions, write_alone
from tollbook.store.file_locks import is_held

COMPANIONS = ("-wal", "-shm")


def names(folder: Path) -> list[str]:
    return sorted(it.name for it in folder.iterdir())


def test_a_file_that_was_renamed_stays(tmp_path: Path) -> None:
    partial, whole = tmp_path / "a.partial", tmp_path / "a"
    with write_alone(partial, COMPANIONS):
        partial.write_bytes(b"whole")
        partial.rename(whole)
    assert names(tmp_path) == ["a"]
    assert whole.read_bytes() == b"whole"
    assert whole.stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_not_renamed_is_removed_with_its_companions(tmp_path: Path) -> None:
    with write_alone(tmp_path / "a", COMPANIONS):
        for suffix in COMPANIONS:
            (tmp_path / f"a{suffix}").touch()
        (tmp_path / "a-other").touch()
    assert names(tmp_path) == ["a-other"]


def test_the_file_of_a_command_that_was_killed_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for name in ("a", "a-wal", "a-shm"):
        (tmp_path / name).write_bytes(b"left")
    path.chmod(0o644)
    with write_alone(path, COMPANIONS):
        assert names(tmp_path) == ["a"]
        assert path.read_bytes() == b""
        assert path.stat().st_mode & 0o777 == 0o600


def test_an_error_leaves_nothing_and_passes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stopped"), write_alone(tmp_path / "a", COMPANIONS):
        raise ValueError("stopped")
    assert names(tmp_path) == []


def test_a_file_is_written_by_one_command_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with write_alone(path, COMPANIONS):
        path.write_bytes(b"first")
        assert is_held(path)
        other = write_alone(path, COMPANIONS)
        with pytest.raises(BackupRefused, match="written by another command"), other:
            pytest.fail("two commands write one file")
        assert path.read_bytes() == b"first"
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["missing/a", "."])
def test_a_file_that_cannot_be_written_is_refused_with_its_path(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(BackupRefused) as raised, write_alone(path, COMPANIONS):
        pytest.fail("it was written")
    assert raised.value.sentence.startswith(f"{path} could not be written: ")


def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    writing = write_alone(tmp_path / "a", COMPANIONS)
    with pytest.raises(BackupRefused, match="No space left"), writing:
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_companions_need_not_exist(tmp_path: Path) -> None:
    remove_companions(tmp_path / "a", COMPANIONS)
    (tmp_path / "a-wal").touch()
    (tmp_path / "b-wal").touch()
    remove_companions(tmp_path / "a", COMPANIONS)
    assert names(tmp_path) == ["b-wal"]
