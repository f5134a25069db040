"""The demo in a file of its own, made once for all processes of a run."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.builders import Json

_AS_ANYBODY = "import os; os.umask(0); from tollbook.__main__ import main; main()"
"""Whatever the files may be read by, it is the demo that says so."""
_SAID = "said.json"


class MadeDemo:
    """A folder in which `tollbook demo --json` has run without a database of its own.

    `said` is what it printed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: Json = msgspec.json.decode((folder.parent / _SAID).read_bytes())
        self.keys: dict[str, str] = self.said["keys"]

    def copied_to(self, folder: Path) -> str:
        """Copy the database and the keys; return the URL of the copy."""
        for path in self.folder.iterdir():
            name = path.name.replace("tollbook-demo.db", "tollbook.db")
            shutil.copy2(path, folder / name)
        return f"sqlite:///{folder / 'tollbook.db'}"


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory: pytest.TempPathFactory) -> MadeDemo:
    """The demo, which no test may change."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    around = base / "demo"
    around.mkdir(exist_ok=True)
    with _locked(around / "lock"):
        if not (around / _SAID).exists():
            _make(around)
    return MadeDemo(around / "made")


def _make(around: Path) -> None:
    folder = around / "made"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _AS_ANYBODY, "demo", "--json"],
        env={**os.environ, "TOLLBOOK_DATABASE_URL": ""},
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    (around / _SAID).write_bytes(done.stdout)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
