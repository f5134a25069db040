"""Write the page on reliability from the results of a run."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from chaos.faults import Fault
from chaos.world import Verdict


class Trial(NamedTuple):
    """A fault that was tested on an engine, with its result."""

    fault: Fault
    engine: str
    times: int
    seconds: float
    verdict: Verdict


_HEAD = (
    "# Reliability\n\n"
    "`make chaos` produces these faults on a real server under load with a real database. It "
    "then compares every receipt of its clients with the ledger, recomputes every sum from the "
    "events like `tollbook verify`, and writes this page. The test suite includes a short run."
    "\n\n"
    "| column | meaning |\n|---|---|\n"
    "| times | how often the fault was produced |\n"
    "| acknowledged | events with a receipt |\n"
    "| lost | acknowledged events that are missing from the ledger or differ from what was sent |\n"
    "| twice | events that are in the ledger more than once |\n"
    "| refused | requests that got no response, 429 or 503 during the fault, and were sent again |"
    "\n\n"
)
_NOT_TESTED = (
    "\nNot tested: an SQLite file that becomes read-only under a running server. A disk cannot "
    "become read-only while a file on it is open for writing.\n"
)


def page(trials: Sequence[Trial], day: date) -> str:
    """Return the text of the page."""
    lines = [
        _HEAD,
        f"Written on {day.isoformat()}.\n\n",
        "| fault | expected result | engine | times | acknowledged | lost | twice | "
        "refused | result |\n|---|---|---|---|---|---|---|---|---|\n",
    ]
    lines += [_line(it) for it in trials]
    acknowledged = sum(it.verdict.acknowledged for it in trials)
    lost, twice = (sum(getattr(it.verdict, name) for it in trials) for name in ("lost", "twice"))
    times = sum(it.times for it in trials)
    lines.append(
        f"\n{times:,} faults, {acknowledged:,} events acknowledged, {lost:,} lost, "
        f"{twice:,} counted twice.\n"
    )
    lines.append(_NOT_TESTED)
    return "".join(lines)


def _line(trial: Trial) -> str:
    verdict = trial.verdict
    result = "passed" if verdict.passed else "; ".join(verdict.wrong) or "FAILED"
    figures = (trial.times, verdict.acknowledged, verdict.lost, verdict.twice, verdict.refused)
    shown = " | ".join(f"{figure:,}" for figure in figures)
    name, expected = trial.fault.name, trial.fault.expected
    return f"| {name} | {expected} | {trial.engine} | {shown} | {result} |\n"
