"""A short run of the attacks of `make chaos`: outcomes, without a measurement of time."""

from pathlib import Path

import pytest
from chaos.__main__ import withstand
from chaos.attacks import ATTACKS
from chaos.siege import Attack

SECURITY = (Path(__file__).parents[2] / "SECURITY.md").read_text()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda it: it.name)
def test_another_tenant_is_served_during_an_attack(attack: Attack) -> None:
    trial = withstand(attack, attack.engines[0], Path("/var/tmp"), quick=True)
    assert trial.during.seconds
    assert trial.passed, trial.wrong


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda it: it.name)
def test_an_attack_is_in_the_table_of_security(attack: Attack) -> None:
    assert f"| {attack.name} | {attack.needs} | {attack.defense} |" in SECURITY
