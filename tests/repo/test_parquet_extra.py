"""What is said about installing pyarrow, wherever it is said, is what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = (
    "README.md",
    "docs/archives.md",
    "docs/analytics/events.md",
    "src/tollbook/api/formats/parquet.py",
    "src/tollbook/api/openapi.py",
    "src/tollbook/lifecycle/parquet.py",
)


def test_every_place_names_the_package_and_version_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (needed,) = project["optional-dependencies"]["parquet"]
    said = {it: re.findall(r"'(pyarrow[^']*)'", (ROOT / it).read_text()) for it in PLACES}
    assert said == {it: [needed] for it in PLACES}
