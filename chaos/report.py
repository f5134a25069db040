"""The page on reliability, as the run itself writes it."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from chaos.faults import Fault
from chaos.world import Verdict


class Tried(NamedTuple):
    """A fault that was tried on an engine, and what came of it."""

    fault: Fault
    engine: str
    times: int
    seconds: float
    verdict: Verdict


_HEAD = (
    "# Reliability\n\n"
    "What a ledger is worth shows on its worst day. `make chaos` produces these faults on a real "
    "server under load and a real database, compares every receipt that its clients got with what "
    "is in the ledger afterwards, recomputes every sum from the events as `tollbook verify` does, "
    "and writes this page. A short form of it is among the tests.\n\n"
    "*Times* is how often the fault was produced. *Acknowledged* counts events with a receipt, "
    "*lost* those of them that are not in the ledger as they were sent, *twice* those that are "
    "there more than once. *Turned away* counts requests that got no answer, 429 or 503 while the "
    "fault lasted, and were sent again.\n\n"
)
_NOT_TRIED = (
    "\nNot tried: an SQLite file that becomes read-only under a running server, because a file "
    "that is open for writing keeps its disk from turning read-only.\n"
)


def page(tried: Sequence[Tried], day: date) -> str:
    """Write the page."""
    lines = [
        _HEAD,
        f"Written on {day.isoformat()}.\n\n",
        "| fault | what must come of it | engine | times | acknowledged | lost | twice | "
        "turned away | |\n|---|---|---|---|---|---|---|---|---|\n",
    ]
    lines += [_line(it) for it in tried]
    acknowledged = sum(it.verdict.acknowledged for it in tried)
    lost, twice = (sum(getattr(it.verdict, name) for it in tried) for name in ("lost", "twice"))
    times = sum(it.times for it in tried)
    lines.append(
        f"\n{times:,} faults, {acknowledged:,} events acknowledged, {lost:,} lost, "
        f"{twice:,} counted twice.\n"
    )
    lines.append(_NOT_TRIED)
    return "".join(lines)


def _line(it: Tried) -> str:
    verdict = it.verdict
    result = "good" if verdict.good else "; ".join(verdict.wrong) or "NOT GOOD"
    figures = (it.times, verdict.acknowledged, verdict.lost, verdict.twice, verdict.turned_away)
    shown = " | ".join(f"{figure:,}" for figure in figures)
    return f"| {it.fault.name} | {it.fault.expected} | {it.engine} | {shown} | {result} |\n"
