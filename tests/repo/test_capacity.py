"""The simulation of capacity follows from its figures, and every figure can be changed."""

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from benchmarks.capacity import (
    Figures,
    Load,
    Prices,
    main,
    organizations_beyond_one_writer,
    shares,
    simulate,
)
from click.testing import CliRunner

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"
FIGURES = Figures(
    server_us=10.0,
    coordinator_us=4.0,
    worker_us=20.0,
    event_bytes=100.0,
    sum_bytes=1_000.0,
    log_bytes=50.0,
    request_bytes=200.0,
    coordinator_bytes=300.0,
    worker_bytes=400.0,
    writer_events=1_000.0,
)
EVEN = Load(
    10_000.0,
    organizations=100,
    users=1_000_000,
    meters_of_user=2,
    exponent=0.0,
    replicas=0,
    days_kept=1,
    busy=0.5,
)


def test_an_even_load_needs_what_its_events_cost() -> None:
    found = simulate(FIGURES, EVEN)
    assert found.server_cores == pytest.approx(10_000 * 10e-6 / 0.5, abs=1)
    assert found.coordinator_cores == pytest.approx(10_000 * 4e-6 / 0.5, abs=1)
    assert found.worker_cores == pytest.approx(10_000 * 20e-6 / 0.5, abs=1)
    assert found.request_megabytes_per_second == pytest.approx(2)
    assert found.coordinator_megabytes_per_second == pytest.approx(3)
    assert found.worker_megabytes_per_second == pytest.approx(4)
    assert found.log_megabytes_per_second == 0
    assert found.largest_organization == pytest.approx(0.1)
    assert found.fullest_shard >= 1


def test_a_disk_has_the_events_and_the_sums_of_users() -> None:
    of_events, of_sums = 10_000 * 86_400 * 100 / 1e12, 1_000_000 * 2 * 1_000 / 1e12
    assert simulate(FIGURES, EVEN).disk_terabytes == pytest.approx(of_events + of_sums)
    without_users = replace(EVEN, users=0)
    assert simulate(FIGURES, without_users).disk_terabytes == pytest.approx(of_events)


def test_a_replica_needs_the_same_again() -> None:
    none, one = simulate(FIGURES, EVEN), simulate(FIGURES, replace(EVEN, replicas=1))
    assert one.worker_cores == pytest.approx(2 * none.worker_cores, abs=1)
    assert one.disk_terabytes == 2 * none.disk_terabytes
    assert one.server_cores == none.server_cores
    assert one.log_megabytes_per_second == pytest.approx(0.5)


def test_a_month_costs_its_cores_and_its_disks() -> None:
    found = simulate(FIGURES, EVEN)
    assert found.monthly_cost(Prices(core_hour=1, terabyte_month=0)) == 730 * found.cores
    assert found.monthly_cost(Prices(core_hour=0, terabyte_month=10)) == pytest.approx(
        10 * found.disk_terabytes
    )


def test_one_writer_limits_the_largest_organization_only() -> None:
    uneven = replace(EVEN, exponent=2.0)
    assert sum(shares(uneven)) == pytest.approx(1)
    assert organizations_beyond_one_writer(FIGURES, EVEN) == 0
    assert organizations_beyond_one_writer(FIGURES, uneven) == 2
    assert simulate(FIGURES, uneven).largest_organization > 1


def test_every_figure_is_an_option() -> None:
    names = {field.name for kind in (Figures, Load, Prices) for field in fields(kind)}
    assert {option.name for option in main.params} == names | {"shards"}
    result = CliRunner().invoke(main, ["--organizations", "100", "--busy", "1"])
    assert result.exit_code == 0, result.output
    assert "of one writer" in result.output


@pytest.mark.parametrize("figure", fields(Figures), ids=lambda it: it.name)
def test_the_page_has_the_default_of_every_figure(figure: object) -> None:
    option = f"--{figure.name.replace('_', '-')}"  # type: ignore[attr-defined]
    (shown,) = re.findall(rf"^\|.*\| `{option}` \| ([0-9,.]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert float(shown.replace(",", "")) == figure.default  # type: ignore[attr-defined]
