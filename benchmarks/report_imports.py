"""Write the figures of imports of records."""

from collections.abc import Sequence

from benchmarks.imports import ImportFigure
from benchmarks.tables import table

_IMPORTS = """\
## Importing records

`tollbook import --format asterisk` reads a `Master.csv`, and the same calls are sent in batches of
1,000 over one connection to a server with a database of its own, alternately. *Ratio* is the median
of the rounds, *CPU* the same with the CPU seconds of the two processes. The calls go to 10,000
numbers, of which the import has to read each once. *Memory* is the peak of the
import.
"""


def imported(figures: Sequence[ImportFigure]) -> list[str]:
    """Return the section; nothing when imports were not measured."""
    if not figures:
        return []
    head = ("Storage", "Rows", "Rows/s", "Events/s in batches", "Ratio", "CPU", "Memory MiB")
    rows = (
        (
            it.engine,
            f"{it.rows:,}",
            f"{it.rows_per_second:,.0f}",
            f"{it.events_per_second:,.0f}",
            f"{it.ratio:.2f}",
            f"{it.cpu_ratio:.2f}",
            f"{it.peak_mib:.0f}",
        )
        for it in figures
    )
    return [_IMPORTS, table(head, rows)]
