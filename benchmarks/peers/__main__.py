"""Compare Tollbook with what a user would build or pick instead, and write the page."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import Databases, PostgresDatabases, SqliteFiles
from benchmarks.load import Load
from benchmarks.machine import machine
from benchmarks.peers.asking import QuestionFigure, questions
from benchmarks.peers.ingest import FULL, QUICK, IngestFigure, ingest
from benchmarks.peers.page import page
from benchmarks.peers.processes import is_installed

_POSTGRES = "TOLLBOOK_TEST_POSTGRES"
_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks-peers.md"
_MILLION = 1_000_000
_SMALLEST = 252_000
"""One event for every user, meter and day."""
_QUICK_EVENTS = 25_200
_GROWTH = (1, 10)


@dataclass(frozen=True)
class Options:
    """The parts to measure."""

    quick: bool
    millions: int
    postgres_millions: int
    folder: Path
    only: str | None


def read_options(arguments: list[str]) -> Options:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure few events, write no page")
    parser.add_argument(
        "--millions", type=int, default=10, help="the largest size: 0, 1 or 10 (default) million"
    )
    parser.add_argument(
        "--postgres-millions", type=int, default=1, help="the same for Tollbook on PostgreSQL (1)"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("/var/tmp"), help="the folder of SQLite's files"
    )
    parser.add_argument("--only", choices=("question", "ingest"), help="measure one part")
    return Options(**vars(parser.parse_args(arguments)))


def sizes(options: Options) -> tuple[int, ...]:
    """Return the numbers of events to measure."""
    if options.quick:
        return (_QUICK_EVENTS,)
    return (_SMALLEST, *(it * _MILLION for it in _GROWTH if it <= options.millions))


def main(options: Options) -> int:
    """Measure, print the page, and write it after a full run."""
    admin = os.environ.get(_POSTGRES)
    if not admin or not is_installed():
        print(f"{_POSTGRES} is not set, or packages are missing: run `make bench-peers`")
        return 2
    gc.disable()
    with (
        SqliteFiles(options.folder) as sqlite,
        PostgresDatabases(admin) as postgres,
        Load() as load,
    ):
        about = machine(options.folder, postgres.version())
        asked = [] if options.only == "ingest" else _ask(options, sqlite, postgres)
        ingested = [] if options.only == "question" else _send(options, (sqlite, postgres), load)
    written = page(about, asked, ingested)
    print(written)
    if options.only is None and not options.quick:
        _PAGE.write_text(written)
    return 0


def _ask(
    options: Options, sqlite: SqliteFiles, postgres: PostgresDatabases
) -> list[QuestionFigure]:
    print("question:", flush=True)
    wanted = sizes(options)
    most = max(_SMALLEST, options.postgres_millions * _MILLION)
    rounds = 3 if options.quick else 15
    engines: list[tuple[Databases, int]] = [(sqlite, wanted[-1]), (postgres, most)]
    return questions(engines, postgres, wanted, rounds, options.folder)


def _send(options: Options, engines: Sequence[Databases], load: Load) -> list[IngestFigure]:
    print("ingest:", flush=True)
    ways, rounds = (QUICK, 2) if options.quick else (FULL, 3)
    return [figure for engine in engines for figure in ingest(engine, load, ways, rounds)]


if __name__ == "__main__":
    sys.exit(main(read_options(sys.argv[1:])))
