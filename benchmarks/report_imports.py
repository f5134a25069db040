"""Write the figures of imports of records."""

from collections.abc import Sequence

from benchmarks.imports import ImportFigure, ImportMemoryFigure
from benchmarks.tables import table

_IMPORTS = """\
## Importing records

`tollbook import --format asterisk` reads a `Master.csv`, and the same calls are sent in batches of
1,000 over one connection to a server with a database of its own, alternately. *Ratio* is the median
of the rounds, *CPU* the same with the CPU seconds of the two processes. *Numbers* counts the
different called numbers, each of which the import has to read. *Memory* is the peak of the import.
"""
_MEMORY = "The peak of memory of one import of all rows, and of one of a tenth of them:\n"


def imported(figures: Sequence[ImportFigure], memory: Sequence[ImportMemoryFigure]) -> list[str]:
    """Return the section; nothing when imports were not measured."""
    if not figures:
        return []
    head = (
        "Storage",
        "Rows",
        "Numbers",
        "Rows/s",
        "Events/s in batches",
        "Ratio",
        "CPU",
        "Memory MiB",
    )
    rows = (
        (
            it.engine,
            f"{it.rows:,}",
            f"{it.numbers:,}",
            f"{it.rows_per_second:,.0f}",
            f"{it.events_per_second:,.0f}",
            f"{it.ratio:.2f}",
            f"{it.cpu_ratio:.2f}",
            f"{it.peak_mib:.0f}",
        )
        for it in figures
    )
    return [_IMPORTS, table(head, rows), *_memory(memory)]


def _memory(figures: Sequence[ImportMemoryFigure]) -> list[str]:
    head = ("Storage", "Rows", "MiB", "MiB with a tenth")
    rows = (
        (it.engine, f"{it.rows:,}", f"{it.peak_mib:.0f}", f"{it.peak_mib_of_tenth:.0f}")
        for it in figures
    )
    return [_MEMORY, table(head, rows)] if figures else []
