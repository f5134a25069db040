"""What the benchmark of clusters measures, and the tables that it prints."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from benchmarks import cluster
from benchmarks.cluster import QUICK, main, measure
from benchmarks.processors import busy_seconds
from benchmarks.scaling import (
    CLEANING,
    LARGE,
    LIST,
    MANY,
    MERGED,
    ONE,
    OVERVIEW,
    SINGLE,
    USERS_OF_ONE,
    Scaling,
)
from benchmarks.scaling_page import scaling_page
from benchmarks.sites import Cost
from chaos.nodes import NO_CITUS, is_citus_installed
from click.testing import CliRunner

WORKS = {MANY, MERGED, ONE, LARGE, SINGLE, CLEANING, USERS_OF_ONE, OVERVIEW, LIST}
BUSY = "import time\nwhile time.process_time() < 0.3: pass\n"
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BUSY!r}], check=True)
running = subprocess.Popen([sys.executable, "-c", {BUSY + "print('busy', flush=True); input()"!r}],
    stdin=subprocess.PIPE)
running.wait()
"""


@pytest.fixture
def parent() -> Iterator["subprocess.Popen[str]"]:
    """A process with a child that has ended and one that waits, each after about 0.3 s of work."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def test_processor_time_has_that_of_all_children(parent: "subprocess.Popen[str]") -> None:
    assert parent.stdout is not None
    assert parent.stdout.readline() == "busy\n"
    assert 0.5 <= busy_seconds(parent.pid) < 3


def test_a_process_that_does_not_exist_has_used_no_time() -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    assert busy_seconds(ended.pid) == 0


def cost(seconds: float, first: float, *workers: float) -> Cost:
    return Cost(seconds, 20e-6, first, workers, 900, 300, 250)


def test_a_cost_is_divided_by_what_it_was_for() -> None:
    one = Cost(10.0, 4.0, 2.0, (6.0, 8.0), 1_000, 500, 300).of_one(10)
    assert one == Cost(1.0, 0.4, 0.2, (0.6, 0.8), 100, 50, 30)
    assert one.database == pytest.approx(1.6)
    assert one.fullest == pytest.approx(0.8)


def test_the_tables_compare_each_cluster_with_one_server() -> None:
    plain = [cost(100e-6, 30e-6), cost(200e-6, 40e-6), cost(300e-6, 50e-6)]
    two = [cost(200e-6, 10e-6, 60e-6, 50e-6)] * 3
    found = Scaling(
        costs={what: {"one server": plain, "2 workers": two} for what in WORKS},
        idle=dict.fromkeys(("one server", "2 workers"), cost(1, 0.001)),
        event_bytes={"one server": 500, "2 workers": 510},
        sum_bytes={"one server": 290, "2 workers": 295},
        request_bytes=215,
    )
    text = "\n".join(scaling_page(found))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert [MANY, "one server", "20.0", "40.0", "0.0", "40.0", "1.0", "1.00"] in rows
    assert [MANY, "2 workers", "20.0", "10.0", "60.0", "120.0", "3.0", "1.00"] in rows
    assert ["one server", "10,000", "5,000", "25,000", "16,667"] in rows


def test_without_citus_one_line_reports_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "is_citus_installed", lambda: False)
    result = CliRunner().invoke(main, [])
    assert (result.exit_code, result.output) == (0, f"NO CITUS: {NO_CITUS}\n")


def test_a_short_run_measures_all_work_on_each_site() -> None:
    if not is_citus_installed():
        pytest.skip(f"NO CITUS: {NO_CITUS}")
    found = measure(QUICK, shards=2, workers=(2,))
    assert set(found.costs) == WORKS
    for sites in found.costs.values():
        assert {name: len(costs) for name, costs in sites.items()} == {
            "one server": 1,
            "2 workers": 1,
        }
    on_two = found.costs[LARGE]["2 workers"][0]
    assert on_two.server > 0
    assert on_two.database > 0
    assert len(on_two.workers) == 2
    assert on_two.log_bytes > 300
    assert found.event_bytes["2 workers"] > 300
    assert scaling_page(found)
