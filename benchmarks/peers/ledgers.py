"""The same events in ledgers of Tollbook and in a file of raw events, of any size."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import Databases
from benchmarks.events import METERS, ledger_rows
from benchmarks.ledgers import Ledger, empty_ledger, fill_ledger
from tollbook.domain.meters import BY_CODE
from tollbook.domain.periods import day_of
from tollbook.store.staging import Staged

LEAST_DAYS = 36
"""The days with events: those of the default period, and some before it."""
_PER_TRANSACTION = 30_000


@dataclass(frozen=True)
class SameEvents:
    """A file of raw events, and a ledger of each engine with the same ones."""

    events: int
    raw: Path
    ledgers: tuple[tuple[str, Ledger], ...]


def growing(
    databases: Sequence[tuple[Databases, int]], raw: Path, sizes: Sequence[int]
) -> Iterator[SameEvents]:
    """Yield each size, which adds events to the last one.

    Each engine comes with its largest size: beyond it, it has no ledger. The first one must have
    all sizes, because the file is written while its ledger is filled.
    """
    ledgers = {it.name: empty_ledger(it) for it, _ in databases}
    before = 0
    for events in sizes:
        grown = [it for it, most in databases if events <= most]
        for number, engine in enumerate(grown):
            url, ledger = ledgers[engine.name]
            rows = ledger_rows(ledger.number, METERS, events - before, _PER_TRANSACTION, LEAST_DAYS)
            listed = rows if number else _written(raw, rows)
            ledgers[engine.name] = url, fill_ledger(engine, url, ledger, listed, events)
        before = events
        yield SameEvents(events, raw, tuple((it.name, ledgers[it.name][1]) for it in grown))


def _written(raw: Path, listed: Iterable[list[Staged]]) -> Iterator[list[Staged]]:
    """Append the rows to the file, in lines separated by tabs, and yield them."""
    with raw.open("a") as file:
        for rows in listed:
            file.writelines(map(_line, rows))
            yield rows


def _line(row: Staged) -> str:
    meter = BY_CODE[row.meter].type
    return f"1\t{day_of(row.day)}\t{row.user_id}\t{meter}\t{row.quantity}\t{row.cost}\n"
