"""Write the page on reliability from the results of a run."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from chaos.faults import Fault
from chaos.world import Verdict


class Row(NamedTuple):
    """A line of the page: the latest run of a fault on an engine."""

    name: str
    expected: str
    engine: str
    times: int
    acknowledged: int
    lost: int
    twice: int
    refused: int
    day: str
    result: str


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
    "events like `tollbook verify`, and writes this page. With `args='--only TEXT'` it runs the "
    "faults whose names contain the text, and replaces their rows. The test suite includes a "
    "short run.\n\n"
    "| column | meaning |\n|---|---|\n"
    "| times | how often the fault was produced |\n"
    "| acknowledged | events with a receipt |\n"
    "| lost | acknowledged events that are missing from the ledger or differ from what was sent |\n"
    "| twice | events that are in the ledger more than once |\n"
    "| refused | requests that got no response, 429 or 503 during the fault, and were sent again |"
    "\n| date | day of the run (UTC) |\n\n"
)
_NOT_TESTED = (
    "\nNot tested: an SQLite file that becomes read-only under a running server. A disk cannot "
    "become read-only while a file on it is open for writing.\n"
)


_COLUMNS = (
    *("fault", "expected result", "engine", "times", "acknowledged", "lost", "twice"),
    *("refused", "date", "result"),
)


def row_of(trial: Trial, day: date) -> Row:
    """Return the line of a trial that ran on a day."""
    fault, verdict = trial.fault, trial.verdict
    result = "passed" if verdict.passed else "; ".join(verdict.wrong) or "FAILED"
    return Row(
        name=fault.name,
        expected=fault.expected,
        engine=trial.engine,
        times=trial.times,
        acknowledged=verdict.acknowledged,
        lost=verdict.lost,
        twice=verdict.twice,
        refused=verdict.refused,
        day=day.isoformat(),
        result=" ".join(result.replace("|", "/").split()),
    )


def read_rows(text: str) -> dict[tuple[str, str], Row]:
    """Return the lines of a page."""
    rows = {}
    for line in text.splitlines():
        cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
        if len(cells) == len(_COLUMNS) and cells[0] != _COLUMNS[0]:
            name, expected, engine, *figures, day, result = cells
            times, acknowledged, lost, twice, refused = (int(it.replace(",", "")) for it in figures)
            rows[name, engine] = Row(
                name, expected, engine, times, acknowledged, lost, twice, refused, day, result
            )
    return rows


def page(rows: Iterable[Row]) -> str:
    """Return the text of the page."""
    listed = list(rows)
    lines = [_HEAD, _line(_COLUMNS), f"|{'---|' * len(_COLUMNS)}\n", *map(_line, listed)]
    names = ("times", "acknowledged", "lost", "twice")
    times, acknowledged, lost, twice = (sum(getattr(it, name) for it in listed) for name in names)
    lines.append(
        f"\n{times:,} faults, {acknowledged:,} events acknowledged, {lost:,} lost, "
        f"{twice:,} counted twice.\n"
    )
    lines.append(_NOT_TESTED)
    return "".join(lines)


def _line(cells: Iterable[str | int]) -> str:
    shown = " | ".join(it if isinstance(it, str) else f"{it:,}" for it in cells)
    return f"| {shown} |\n"
