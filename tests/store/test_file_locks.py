"""Locks on files: a file that no living process holds was left by a dead one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tollbook.store.file_locks import create_locked, is_held, lock_abandoned


def test_a_file_is_made_empty_and_held_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("of before")
    with create_locked(path) as lock:
        assert lock > 0
        assert path.read_text() == ""
        assert is_held(path)
    assert not is_held(path)


def test_a_file_that_is_held_is_neither_taken_nor_emptied(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with create_locked(path):
        path.write_text("of the writer")
        with pytest.raises(BlockingIOError), create_locked(path):
            pass
        assert path.read_text() == "of the writer"


def test_the_lock_follows_a_file_that_is_renamed(tmp_path: Path) -> None:
    path, new = tmp_path / "file", tmp_path / "new"
    with create_locked(path):
        path.rename(new)
        assert is_held(new)
    assert not is_held(new)


def test_a_child_that_inherits_the_descriptor_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with create_locked(path) as lock:
        code = "import sys; sys.stdin.read()"
        child = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, pass_fds=(lock,)
        )
    assert is_held(path)
    child.communicate()
    assert not is_held(path)


def test_files_are_abandoned_together_or_not_at_all(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for path in (one, two):
        path.touch()
    with lock_abandoned([one, two]) as abandoned:
        assert abandoned
        assert is_held(one)
        assert is_held(two)
    with create_locked(two):
        with lock_abandoned([one, two]) as abandoned:
            assert not abandoned
        assert not is_held(one)
    with lock_abandoned([one, tmp_path / "renamed"]) as abandoned:
        assert not abandoned


def test_no_files_are_abandoned() -> None:
    with lock_abandoned([]) as abandoned:
        assert abandoned
