"""The simulation of capacity follows from its figures, and every figure can be changed."""

from dataclasses import replace

import pytest
from benchmarks.capacity import (
    Figures,
    Load,
    main,
    organizations_beyond_one_writer,
    shares,
    simulate,
)
from click.testing import CliRunner

FIGURES = Figures(10.0, 20.0, 100.0, 50.0, 2.0, 1_000.0)
EVEN = Load(10_000.0, organizations=100, exponent=0.0, replicas=0, days_kept=1, busy=0.5)


def test_an_even_load_needs_what_its_events_cost() -> None:
    found = simulate(FIGURES, EVEN)
    assert found.server_cores == pytest.approx(10_000 * 10e-6 / 0.5, abs=1)
    assert found.database_cores == pytest.approx(10_000 * 40e-6 / 0.5, abs=1)
    assert found.disk_terabytes == pytest.approx(10_000 * 86_400 * 100 / 1e12)
    assert found.log_megabytes_per_second == 0
    assert found.largest_organization == pytest.approx(0.1)
    assert found.fullest_shard >= 1


def test_a_replica_needs_the_same_again() -> None:
    one = simulate(FIGURES, replace(EVEN, replicas=1))
    assert one.database_cores == 2 * simulate(FIGURES, EVEN).database_cores
    assert one.log_megabytes_per_second == pytest.approx(0.5)


def test_one_writer_limits_the_largest_organization_only() -> None:
    uneven = replace(EVEN, exponent=2.0)
    assert sum(shares(uneven)) == pytest.approx(1)
    assert organizations_beyond_one_writer(FIGURES, EVEN) == 0
    assert organizations_beyond_one_writer(FIGURES, uneven) == 2
    assert simulate(FIGURES, uneven).largest_organization > 1


def test_every_figure_is_an_option() -> None:
    fields = {*Figures.__dataclass_fields__, *Load.__dataclass_fields__}
    assert {option.name for option in main.params} == fields | {"shards"}
    result = CliRunner().invoke(main, ["--organizations", "100", "--busy", "1"])
    assert result.exit_code == 0, result.output
    assert "of one writer" in result.output
