"""A short run of `make chaos`: each fault a few times, those of clients on one engine."""

import os
from pathlib import Path

import pytest
from chaos.__main__ import FAULTS, produce
from chaos.faults import Fault
from chaos.nodes import CITUS, NO_CITUS, is_citus_installed
from chaos.of_clients import OF_CLIENTS

from tests.poolers import program

CASES = [
    (fault, engine)
    for fault in FAULTS
    for engine in (fault.engines[:1] if fault in OF_CLIENTS else fault.engines)
]


@pytest.mark.parametrize(
    ("fault", "engine"), CASES, ids=[f"{fault.name} ({engine})" for fault, engine in CASES]
)
def test_nothing_acknowledged_is_lost_or_counted_twice(fault: Fault, engine: str) -> None:
    if fault.mounts and os.getuid():
        pytest.skip("NOT ROOT: a small disk cannot be mounted; run `make chaos` as root")
    if fault.pools:
        program()
    if engine == CITUS and not is_citus_installed():
        pytest.skip(f"NO CITUS: {NO_CITUS}")
    trial = produce(fault, engine, Path("/var/tmp"), quick=True)
    assert trial.verdict.acknowledged > 0
    assert trial.verdict.passed, trial.verdict
