"""The extra for workbooks: pinned alike for running and developing, and imported only by need."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_make_setup_installs_it_with_the_hashes_of_the_version_that_is_tested() -> None:
    pinned = re.compile(r"^openpyxl==.*?(?=^\S+==)", re.DOTALL | re.MULTILINE)
    running, working = (
        re.findall(r"\S+==\S+|--hash=\S+", pinned.search((ROOT / it).read_text())[0])  # type: ignore[index]
        for it in ("requirements.lock", "requirements-dev.lock")
    )
    assert running == working
    assert len(running) > 1


def test_the_page_of_decks_names_the_extra() -> None:
    assert "tollbook[xlsx]" in (ROOT / "docs" / "decks.md").read_text()


def test_it_is_imported_only_where_it_is_needed() -> None:
    code = "import sys, tollbook.cli.main; assert 'openpyxl' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
