"""What `make bench-peers` compares Tollbook with must have the same answer."""

import os
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from benchmarks.databases import PostgresDatabases, SqliteFiles
from benchmarks.load import Load
from benchmarks.peers.asking import PEERS, POSTGRESQL, questions, require_equal
from benchmarks.peers.ingest import Way, ingest
from benchmarks.peers.page import page
from benchmarks.peers.processes import PYTHON, is_installed
from benchmarks.wire import WrongAnswer

ROOT = Path(__file__).parents[2]
INSTALLED = pytest.mark.skipif(not is_installed(), reason="`make bench-peers` installs the peers")


def test_candidates_that_answer_differently_are_an_error() -> None:
    one, other = {"user_1": (Decimal(1),)}, {"user_1": (Decimal(2),)}
    require_equal({"Tollbook": one, "DuckDB": dict(one)})
    with pytest.raises(WrongAnswer, match=r"1 users differ: user_1 has .* in DuckDB"):
        require_equal({"Tollbook": one, "DuckDB": other})
    with pytest.raises(WrongAnswer, match="1 users differ"):
        require_equal({"Tollbook": one, "DuckDB": {}})


def admin() -> str:
    found = os.environ.get("TOLLBOOK_TEST_POSTGRES")
    if not found:
        pytest.skip("NO POSTGRESQL: set TOLLBOOK_TEST_POSTGRES")
    return found


def test_raw_events_have_the_same_answer(tmp_path: Path) -> None:
    peers, python = (PEERS, PYTHON) if is_installed() else ((POSTGRESQL,), Path(sys.executable))
    with SqliteFiles(tmp_path) as sqlite, PostgresDatabases(admin()) as postgres:
        sizes = [(sqlite, 3_000)]
        (figure,) = questions(sizes, postgres, (3_000,), 1, tmp_path, peers, python)
    assert set(figure.times) == {"Tollbook, SQLite", *peers}


@INSTALLED
def test_a_plain_service_has_the_same_answer_after_the_same_events(tmp_path: Path) -> None:
    with SqliteFiles(tmp_path) as sqlite, Load() as load:
        (figure,) = ingest(sqlite, load, [Way(50, 2, 4)], 1)
    assert len(figure.tollbook.seconds) == len(figure.plain.seconds) == 1


def test_the_page_describes_the_comparison() -> None:
    written = (ROOT / "docs" / "benchmarks-peers.md").read_text()
    assert all(it in written for it in page({}, [], []).split("\n\n"))


def test_packages_of_the_peers_are_pinned_with_hashes() -> None:
    folder = ROOT / "benchmarks" / "peers"
    lock = (folder / "requirements.lock").read_text()
    for line in (folder / "requirements.in").read_text().splitlines():
        if not line.startswith("#"):
            assert f"\n{line.partition('[')[0]}==" in lock
    assert lock.count("==") <= lock.count("--hash=sha256:")
