"""No release that Tollbook runs with has been withdrawn (yanked) from the package index."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)([^\\\n]*)", re.MULTILINE)
_YANKED = re.compile(r"is a yanked version: '(\S+)' candidate \(version (\S+) ")
_AT_ONCE = 4
_SILENT = "from versions: none"


def pins(lock: str) -> list[str]:
    """Return the pinned releases of a lock file, without their hashes."""
    return [f"{name}=={version}{marker}" for name, version, marker in _PIN.findall(lock)]


def yanked(folder: Path, releases: list[str], *options: str) -> list[str]:
    """Return the releases that the package index has withdrawn; skip when it does not answer."""
    wanted = folder / f"{releases[0]}.txt"
    wanted.write_text("\n".join(releases))
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps"]
    command += ["--ignore-installed", "--retries", "1", *options, "-r", str(wanted)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode and _SILENT in ran.stderr:
        pytest.skip("NO PACKAGE INDEX: it does not answer")
    assert ran.returncode == 0, ran.stderr
    return [f"{name}=={version}" for name, version in _YANKED.findall(ran.stderr)]


def test_pins_have_markers_and_no_hashes() -> None:
    lock = "one==1.0 ; sys_platform == 'x' \\\n    --hash=sha256:00 \\\n    # via two\ntwo==2\n"
    assert pins(lock) == ["one==1.0 ; sys_platform == 'x' ", "two==2"]


def test_a_withdrawn_release_is_found(tmp_path: Path) -> None:
    links = []
    for name, attribute in (("good", ""), ("bad", ' data-yanked="broken"')):
        file = f"{name}_release-1.0-py3-none-any.whl"
        folder = tmp_path / "simple" / f"{name}-release"
        folder.mkdir(parents=True)
        about = f"Metadata-Version: 2.1\nName: {name}-release\nVersion: 1.0\n"
        with ZipFile(folder / file, "w") as wheel:
            wheel.writestr(f"{name}_release-1.0.dist-info/METADATA", about)
            wheel.writestr(f"{name}_release-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
            wheel.writestr(f"{name}_release-1.0.dist-info/RECORD", "")
        (folder / "index.html").write_text(f'<a href="{file}"{attribute}>{file}</a>')
        links.append(f"{name}-release==1.0")
    index = ("--isolated", "--index-url", (tmp_path / "simple").as_uri())
    assert yanked(tmp_path, links, *index) == ["bad-release==1.0"]


def test_no_pinned_release_is_withdrawn(tmp_path: Path) -> None:
    releases = pins((ROOT / "requirements.lock").read_text())
    assert len(releases) > 20
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # pip asks for one package after the other
        parts = [releases[start::_AT_ONCE] for start in range(_AT_ONCE)]
        found = list(pool.map(partial(yanked, tmp_path), parts))
    assert found == [[]] * _AT_ONCE
