"""The documentation is complete, and its links exist."""

import re
import subprocess
from pathlib import Path

import pytest

from tollbook.api.application import ENDPOINTS
from tollbook.cli.lazy import LazyCommand
from tollbook.cli.main import VERBS
from tollbook.domain.meters import CATALOG
from tollbook.settings import Settings, variable

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    *sorted(DOCS.rglob("*.md")),
]
SOURCES = ROOT / "src" / "tollbook"


@pytest.mark.parametrize("field", Settings.__struct_fields__)
def test_every_setting_is_documented_with_its_default(field: str) -> None:
    default = getattr(Settings(), field)
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    lines = (DOCS / "operations.md").read_text().splitlines()
    (line,) = [it for it in lines if it.startswith(f"| `{variable(field)}`")]
    assert shown in line


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_command_is_documented(verb: LazyCommand) -> None:
    assert re.search(rf"^\| `{verb.name}\b", (DOCS / "operations.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("meter", CATALOG, ids=lambda meter: meter.type)
def test_every_meter_is_documented(meter: object) -> None:
    assert f"`{meter.type}`" in (DOCS / "events.md").read_text()  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_every_test_that_a_decision_names_exists() -> None:
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        for name in re.findall(r"`(tests/[^`]+)`", page.read_text()):
            assert (ROOT / name).exists(), (page.name, name)


def test_every_folder_has_its_place_in_the_architecture() -> None:
    page = (DOCS / "architecture.md").read_text()
    folders = [it.name for it in SOURCES.iterdir() if it.is_dir() and not it.name.startswith("__")]
    assert [name for name in folders if f"| `{name}/` |" not in page] == []


def test_names_of_endpoints_are_unique() -> None:
    names = [endpoint.name for endpoint in ENDPOINTS]
    assert len(set(names)) == len(names)


def test_no_file_names_a_package_host_or_grows_past_its_subject() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    long = [name for name in tracked if len((ROOT / name).read_text().splitlines()) > 400]
    assert long == []
    for lock in (*ROOT.glob("*.lock"), *(ROOT / "benchmarks" / "peers").glob("*.lock")):
        assert "://" not in lock.read_text()


def test_security_names_existing_tests() -> None:
    named = re.findall(r"`(tests/[^` ]+)`", (ROOT / "SECURITY.md").read_text())
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []
