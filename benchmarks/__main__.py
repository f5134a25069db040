"""Measure everything, print it, and write docs/benchmarks.md."""

import argparse
import gc
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.answers import answers
from benchmarks.bars import bars
from benchmarks.clients import clients
from benchmarks.corrections import corrections
from benchmarks.crowds import crowds
from benchmarks.databases import Databases, PostgresDatabases, SqliteFiles
from benchmarks.deck_ingest import deck_ingest
from benchmarks.decks import decks
from benchmarks.exports import exports
from benchmarks.imports import import_memory, imports
from benchmarks.ingest import ingest
from benchmarks.load import Load
from benchmarks.machine import machine
from benchmarks.measured import Measured
from benchmarks.overview import overview
from benchmarks.page import page
from benchmarks.plan import FULL, QUICK, Plan, growth
from benchmarks.rating import rating
from benchmarks.report import report
from benchmarks.series import series

_POSTGRES = "TOLLBOOK_TEST_POSTGRES"
_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_PARTS = (
    *("ingest", "corrections", "exports", "answers", "crowds", "overview", "series", "rating"),
    *("decks", "imports", "page", "clients"),
)
_ENGINES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Options:
    """The parts to measure."""

    quick: bool
    millions: int | None
    postgres_millions: int | None
    rows: int | None
    folder: Path
    only: str | None
    engine: str | None


def read_options(arguments: list[str]) -> Options:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure less, in a few minutes")
    parser.add_argument(
        "--millions",
        type=int,
        help="size of the SQLite ledger: 1, 10 (default) or 50 million events",
    )
    parser.add_argument(
        "--postgres-millions", type=int, help="the same for PostgreSQL (default 1 million)"
    )
    parser.add_argument("--rows", type=int, help="records to import (default 1 million)")
    parser.add_argument(
        "--folder", type=Path, default=Path("/var/tmp"), help="the folder of SQLite's files"
    )
    parser.add_argument("--only", choices=_PARTS, help="measure one part and write no page")
    parser.add_argument("--engine", choices=_ENGINES, help="measure one engine and write no page")
    return Options(**vars(parser.parse_args(arguments)))


def main(options: Options) -> int:
    """Measure the selected parts; the page reports targets that are not met."""
    admin = os.environ.get(_POSTGRES)
    if not admin:
        print(f"{_POSTGRES} is not set: run `make bench`", file=sys.stderr)
        return 2
    gc.disable()
    plan = QUICK if options.quick else FULL
    if options.rows:
        plan = replace(plan, imported_rows=options.rows)
    measured = Measured()
    if options.only in (None, "rating") and options.engine is None:
        print("rating:", flush=True)
        measured.rated.append(rating(plan.ratings))
    if options.only in (None, "page") and options.engine is None:
        print("page:", flush=True)
        measured.paged += filter(None, [page(plan.pages)])
    with (
        SqliteFiles(options.folder) as sqlite,
        PostgresDatabases(admin) as postgres,
        Load() as load,
    ):
        about = machine(options.folder, postgres.version())
        for databases, name in ((sqlite, "sqlite"), (postgres, "postgresql")):
            if options.engine in (None, name):
                _measure(databases, options, plan, load, measured)
    written = report(about, measured, bars(measured))
    print(written)
    if options.only is None and options.engine is None and not options.quick:
        _PAGE.write_text(written)
    return 0


def _measure(
    databases: Databases, options: Options, plan: Plan, load: Load, measured: Measured
) -> None:
    print(f"{databases.name}:", flush=True)
    if options.only in (None, "decks"):
        measured.loaded.append(decks(databases))
        measured.decked.append(deck_ingest(databases, load, plan))
    if options.only in (None, "ingest"):
        measured.ingested += ingest(databases, load, plan)
    if options.only in (None, "clients") and databases.name == SqliteFiles.name:
        measured.clients.append(clients(databases, load, plan))
    if options.only in (None, "imports"):
        measured.imported += imports(databases, load, plan)
        measured.import_memory.append(import_memory(databases, plan))
    if options.only in (None, "corrections"):
        measured.corrected += corrections(databases, load, plan)
    if options.only in (None, "exports"):
        measured.exported += exports(databases, quick=options.quick)
    if options.only in (None, "answers"):
        measured.answered.append(answers(databases, load, plan, _growth(databases, options)))
    if options.only in (None, "crowds"):
        measured.crowded.append(crowds(databases, plan))
    if options.only in (None, "overview"):
        measured.overviews.append(overview(databases, plan))
    if options.only in (None, "series"):
        measured.trends += series(databases, plan)


def _growth(databases: Databases, options: Options) -> tuple[int, ...]:
    if databases.name == SqliteFiles.name:
        return growth(options.millions or (0 if options.quick else 10))
    return growth(options.postgres_millions or (0 if options.quick else 1))


if __name__ == "__main__":
    sys.exit(main(read_options(sys.argv[1:])))
