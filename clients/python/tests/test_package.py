"""The package builds, installs into an empty folder, and passes its tests from there.

`TOLLBOOK_TEST_PACKAGES=1` runs all of the client's tests from the installed package, and not only
the cases of sending: `make packages`.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1]
ROOT = FOLDER.parents[1]
OWN = Path(__file__).name
NAMES = ("test_sending.py",)
if os.environ.get("TOLLBOOK_TEST_PACKAGES"):
    NAMES = tuple(sorted(it.name for it in FOLDER.glob("tests/test_*.py") if it.name != OWN))
FIXTURES = """
import tollbook_client

assert tollbook_client.__file__.startswith({installed!r}), tollbook_client.__file__
"""


def hatch(folder: Path, kind: str, to: Path) -> Path:
    """Build a distribution of the package in a folder, as `python -m build` does."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(to)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (made,) = to.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the source distribution."""
    folder = tmp_path_factory.mktemp("built")
    with tarfile.open(hatch(FOLDER, "sdist", folder)) as file:
        file.extractall(folder, filter="data")
    (sources,) = (it for it in folder.iterdir() if it.is_dir())
    return hatch(sources, "wheel", folder)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has nothing but the package."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*command, str(folder), str(wheel)], check=True, capture_output=True)
    return folder


def test_the_wheel_has_the_types_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "tollbook_client/py.typed" in names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"tollbook_client"}
    modules = {name for name in names if name.endswith(".py")}
    source = FOLDER / "src"
    assert modules == {str(it.relative_to(source)) for it in source.rglob("*.py")}


def test_the_installed_package_passes_its_tests(installed: Path, tmp_path: Path) -> None:
    tests = tmp_path / "clients" / "python" / "tests"
    shutil.copytree(FOLDER / "tests", tests, ignore=shutil.ignore_patterns(OWN, "__pycache__"))
    shutil.copy(FOLDER.parent / "conformance.json", tmp_path / "clients")
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=lambda *_: {"decisions"})
    checked = FIXTURES.format(installed=str(installed))
    if NAMES == ("test_sending.py",):
        (tests / "conftest.py").write_text(checked)
    else:
        fixtures = (tests / "conftest.py").read_text()
        (tests / "conftest.py").write_text(fixtures + checked)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    given = {"PYTHONPATH": f"{installed}:{ROOT}:{ROOT / 'src'}", "PYTEST_ADDOPTS": ""}
    files = [str(tests / it) for it in NAMES]
    ran = subprocess.run(
        [*command, *files],
        cwd=tmp_path,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
