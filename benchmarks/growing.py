"""Measure what an event costs in a large ledger on SQLite, with ordered and with random ids."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import process_time

from benchmarks.databases import SqliteFiles
from benchmarks.events import METERS, ledger_rows
from benchmarks.ingest import Target
from benchmarks.tables import table
from tollbook.store.staging import Staged

_PER_TRANSACTION = 10_000
_WINDOW = 2
"""Costs are those of the last events before a size, half as many as the smallest ledger has."""
ORDERED, RANDOM = "ordered by time", "random"
_TEXT = f"""\
## Events of a growing ledger

The engine records events without HTTP, {_PER_TRANSACTION:,} in a transaction, while a ledger
grows. *CPU µs* and *bytes written*, which include the log and checkpoints, are for an event of the
last ones before each size, *bytes stored* is the size of the files by the number of events.
*Times* are ratios to the smaller ledger. Ids that increase with time should not cost more in a
larger ledger; completely random ones (UUID version 4) change other pages of the index each time.
"""


@dataclass(frozen=True)
class GrowingFigure:
    """The costs of an event before a ledger has a number of events."""

    engine: str
    ids: str
    events: int
    cpu_seconds: float
    bytes_stored: float
    bytes_written: float


def growing(databases: SqliteFiles, sizes: Sequence[int]) -> list[GrowingFigure]:
    """Measure a ledger at each size, once for each kind of ids."""
    figures: list[GrowingFigure] = []
    for ids in (ORDERED, RANDOM):
        figures += _grow(databases, ids, sizes)
        print(f"  {databases.name}, ids {ids}, {sizes[-1]:,} events", flush=True)
    return figures


def _grow(databases: SqliteFiles, ids: str, sizes: Sequence[int]) -> Iterator[GrowingFigure]:
    target, random = Target(databases), Random(1)
    window, left = sizes[0] // _WINDOW, list(sizes)
    events = measured = wrote = 0
    used = 0.0
    for rows in ledger_rows(target.number, METERS, sizes[-1], _PER_TRANSACTION):
        if ids == RANDOM:
            rows = [it._replace(id=f"{random.getrandbits(128):032x}") for it in rows]
        cost = _record(target, rows)
        events += len(rows)
        if events > left[0] - window:
            measured, used, wrote = measured + len(rows), used + cost[0], wrote + cost[1]
        if events >= left[0]:
            stored = target.database.engine.size_in_bytes() / events
            costs = used / measured, stored, wrote / measured
            yield GrowingFigure(databases.name, ids, left.pop(0), *costs)
            measured, used, wrote = 0, 0.0, 0
    target.verify(sizes[-1])
    target.database.close()
    databases.drop(target.url)


def _record(target: Target, rows: list[Staged]) -> tuple[float, int]:
    """Record rows; return the seconds of processor time and the bytes written."""
    used, wrote = process_time(), _bytes_written()
    target.record(rows, _PER_TRANSACTION)
    return process_time() - used, _bytes_written() - wrote


def _bytes_written() -> int:
    """Return how many bytes this process has passed to the system to write."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(it.split()[1]) for it in lines if it.startswith("wchar:"))


def growing_section(figures: Sequence[GrowingFigure]) -> list[str]:
    """Return the section of the page; nothing when no ledger has grown."""
    first = {it.ids: it for it in reversed(figures)}
    head = (
        *("Storage", "Ids", "Events", "CPU µs", "Bytes stored", "Bytes written"),
        *("Times CPU", "Times stored", "Times written"),
    )
    rows = (
        (
            it.engine,
            it.ids,
            f"{it.events:,}",
            f"{it.cpu_seconds * 1e6:.1f}",
            f"{it.bytes_stored:,.0f}",
            f"{it.bytes_written:,.0f}",
            f"{it.cpu_seconds / first[it.ids].cpu_seconds:.2f}",
            f"{it.bytes_stored / first[it.ids].bytes_stored:.2f}",
            f"{it.bytes_written / first[it.ids].bytes_written:.2f}",
        )
        for it in figures
    )
    return [_TEXT, table(head, rows)] if figures else []
