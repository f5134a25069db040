"""The documentation names the pyarrow version of pyproject.toml."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = (
    "README.md",
    "docs/archives.md",
    "docs/analytics/files.md",
    "src/tollbook/api/formats/parquet.py",
    "src/tollbook/api/openapi/errors.py",
    "src/tollbook/store/parquet.py",
)


def test_every_place_names_the_package_and_version_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (needed,) = project["optional-dependencies"]["parquet"]
    documented = {it: re.findall(r"'(pyarrow[^']*)'", (ROOT / it).read_text()) for it in PLACES}
    assert documented == {it: [needed] for it in PLACES}


def test_make_setup_installs_it_with_the_hashes_of_the_version_that_is_tested() -> None:
    pinned = re.compile(r"^pyarrow==.*?(?=^\S+==)", re.DOTALL | re.MULTILINE)
    running, working = (
        re.findall(r"\S+==\S+|--hash=\S+", pinned.search((ROOT / it).read_text())[0])  # type: ignore[index]
        for it in ("requirements.lock", "requirements-dev.lock")
    )
    assert running == working
    assert len(running) > 1


def test_it_is_imported_only_where_it_is_needed() -> None:
    code = "import sys, tollbook.cli.main; assert 'pyarrow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
