"""Write the page on attacks from the results of a run."""

from collections.abc import Sequence
from datetime import date

from chaos.siege import AttackTrial, Phase

_HEAD = (
    "# Attacks\n\n"
    "`make chaos` runs these attacks by one tenant, or without a key, against a real server, and "
    "writes this page. Meanwhile another tenant writes single events and batches and reads its "
    "users, over a new connection each time. It must get every answer, readiness must stay "
    "green, and its 99th percentile must stay below five times that before the attack, or "
    "250 ms if that is more. The test suite includes a short run that measures no time. "
    "[Security](../SECURITY.md) lists the defenses.\n\n"
    "| column | meaning |\n|---|---|\n"
    "| before, during, after | the 50th and the 99th percentile of the other tenant's requests, in "
    "milliseconds |\n"
    "| memory | how much more memory the server used during the attack, in MiB |\n\n"
)


def attack_page(trials: Sequence[AttackTrial], day: date) -> str:
    """Return the text of the page."""
    lines = [
        _HEAD,
        f"Written on {day.isoformat()}.\n\n",
        "| attack | what the attacker needs | engine | before | during | after | memory | "
        "result |\n|---|---|---|---|---|---|---|---|\n",
    ]
    return "".join([*lines, *map(_line, trials)])


def figures(trial: AttackTrial) -> str:
    """Return the figures of an attack in one line."""
    phases = ("before", "during", "after")
    shown = ", ".join(f"{name} {_times(getattr(trial, name))} ms" for name in phases)
    return f"{shown}, {trial.more_mib:.0f} MiB more"


def _line(trial: AttackTrial) -> str:
    attack, result = trial.attack, "passed" if trial.passed else "; ".join(trial.wrong)
    times = " | ".join(map(_times, (trial.before, trial.during, trial.after)))
    return (
        f"| {attack.name} | {attack.needs} | {trial.engine} | {times} | {trial.more_mib:.0f} | "
        f"{result} |\n"
    )


def _times(phase: Phase) -> str:
    return f"{phase.percentile(50) * 1000:.0f} / {phase.percentile(99) * 1000:.0f}"
