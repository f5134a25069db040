"""The last version of Tollbook before the latest migration, as it is in git."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.servers import Server
from tollbook.store.tables.schema import SCHEMA_VERSION

_ROOT = Path(__file__).parents[1]
_MIGRATIONS = "src/tollbook/store/migrations/versions"


def earlier_source(folder: Path) -> Path:
    """Unpack it, and return what is to be in PYTHONPATH."""
    (migration,) = (_ROOT / _MIGRATIONS).glob(f"{SCHEMA_VERSION}_*.py")
    added = _git("log", "--diff-filter=A", "--format=%H", "--", f"{_MIGRATIONS}/{migration.name}")
    commit = added.decode().split()[-1] + "^" if added.strip() else "HEAD"
    archive = _git("archive", "--format=tar", commit, "src")
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    return folder / "src"


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(
            ("git", "-C", _ROOT, *arguments), check=True, capture_output=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("NO GIT: the version before the latest migration is read from the repository")


def earlier_server(database_url: str, source: Path) -> Server:
    server = Server(database_url)
    server.environment["PYTHONPATH"] = os.fspath(source)
    return server
