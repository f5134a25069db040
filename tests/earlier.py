"""The last version of Tollbook before the latest migration, as it is in git."""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tests.servers import Server
from tollbook.store.tables.schema import SCHEMA_VERSION

_ROOT = Path(__file__).parents[1]
_MIGRATIONS = "src/tollbook/store/migrations/versions"
_LOCK = "requirements.lock"
_COMMANDS = """
import json, sys
from tollbook.cli.main import run
for verb in json.loads(sys.argv[1]):
    code = run(verb)
    if code != int(sys.argv[2]):
        sys.exit(f"{verb}: {code}")
"""
_ADDED = ("log", "--first-parent", "-m", "--diff-filter=A", "--format=%H", "--")
_PINNED = re.compile(r"^(\S+)==.*(?:\n    --hash=.*)+", re.MULTILINE)


def earlier_source(folder: Path) -> Path:
    """Unpack it, with what it needs and Tollbook no longer does; return its PYTHONPATH."""
    (migration,) = (_ROOT / _MIGRATIONS).glob(f"{SCHEMA_VERSION}_*.py")
    added = _git(*_ADDED, f"{_MIGRATIONS}/{migration.name}")
    commit = added.decode().split()[-1] + "^" if added.strip() else "HEAD"
    archive = _git("archive", "--format=tar", commit, "src", _LOCK)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    _install_missing(folder / _LOCK, folder / "src")
    return folder / "src"


def _install_missing(lock: Path, target: Path) -> None:
    pins = _PINNED.finditer(lock.read_text())
    missing = [it[0] for it in pins if not _is_installed(it[1])]
    if missing:
        lock.write_text("\n".join(missing))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*command, "--target", target, "-r", lock], check=True)


def _is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(
            ("git", "-C", _ROOT, *arguments), check=True, capture_output=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("NO GIT: the version before the latest migration is read from the repository")


def earlier_server(database_url: str, source: Path) -> Server:
    server = Server(database_url)
    server.defaults = {}
    server.environment["PYTHONPATH"] = os.fspath(source)
    return server


def earlier_commands(database_url: str, source: Path, *verbs: Sequence[str], code: int = 0) -> str:
    """Run commands of it in one process, each with the same exit code; return their output."""
    done = subprocess.run(
        [sys.executable, "-c", _COMMANDS, json.dumps(verbs), str(code)],
        env={**os.environ, "PYTHONPATH": str(source), "TOLLBOOK_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{verbs} of the earlier version failed: {done.stderr[-300:]}")
    return done.stdout
