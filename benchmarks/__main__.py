"""Measure everything, print it, and write docs/benchmarks.md."""

import argparse
import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.answers import answers
from benchmarks.bars import bars
from benchmarks.before import measure_before, version_of, with_before
from benchmarks.clients import clients
from benchmarks.corrections import corrections
from benchmarks.crowds import crowds
from benchmarks.databases import Databases, PostgresDatabases, SqliteFiles
from benchmarks.deck_ingest import deck_ingest
from benchmarks.decks import decks
from benchmarks.exports import exports
from benchmarks.growing import growing
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
from benchmarks.singles import singles

_POSTGRES = "TOLLBOOK_TEST_POSTGRES"
_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_PARTS = (
    *("ingest", "corrections", "exports", "answers", "crowds", "overview", "series", "rating"),
    *("decks", "imports", "page", "clients", "singles", "growing"),
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
    before: Path | None

    def selects(self, part: str, engine: str | None = None) -> bool:
        """Return whether to measure a part, of an engine if it has one."""
        return self.only in (None, part) and self.engine in (None, engine)

    def alone(self, part: str, engine: str | None = None) -> list[str]:
        """Return the arguments to measure a part as here, without an earlier version."""
        sizes = {
            "--millions": self.millions,
            "--postgres-millions": self.postgres_millions,
            "--rows": self.rows,
            "--engine": engine,
        }
        given = [str(text) for it in sizes.items() if it[1] is not None for text in it]
        given += ["--only", part, "--folder", str(self.folder)]
        return [*given, "--quick"] if self.quick else given


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
    parser.add_argument(
        "--before",
        type=Path,
        help="a checkout of an earlier version, which measures each part first",
    )
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
    before: list[str] = []

    def measuring(part: str, *engine: str) -> bool:
        """Return whether to measure a part; the earlier version is measured right before."""
        selected = options.selects(part, *engine)
        if selected and options.before:
            print(f"  {part} of the earlier version", flush=True)
            before.append(measure_before(options.before, options.alone(part, *engine)))
        return selected

    if measuring("rating"):
        print("rating:", flush=True)
        measured.rated.append(rating(plan.ratings))
    if measuring("page"):
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
                print(f"{databases.name}:", flush=True)
                for measure in (_measure_writing, _measure_reading):
                    measure(databases, options, plan, load, measured, measuring)
    if options.before:
        about["In parentheses"] = f"version {version_of(options.before)}, measured before each part"
    written = with_before(report(about, measured, bars(measured)), before)
    print(written)
    if options.only is None and options.engine is None and not options.quick:
        _PAGE.write_text(written)
    return 0


def _measure_writing(
    databases: Databases,
    options: Options,
    plan: Plan,
    load: Load,
    measured: Measured,
    measuring: Callable[[str, str], bool],
) -> None:
    engine = databases.name.lower()
    if measuring("decks", engine):
        measured.loaded.append(decks(databases))
        measured.decked.append(deck_ingest(databases, load, plan))
    if measuring("ingest", engine):
        measured.ingested += ingest(databases, load, plan)
    if options.selects("singles", engine):  # which measures the earlier version itself
        measured.compared += singles(databases, load, plan, options.before)
    if databases.name == SqliteFiles.name and measuring("clients", engine):
        measured.clients.append(clients(databases, load, plan))
    if isinstance(databases, SqliteFiles) and measuring("growing", engine):
        measured.grown += growing(databases, plan.grown)
    if measuring("imports", engine):
        measured.imported += imports(databases, load, plan)
        measured.import_memory.append(import_memory(databases, plan))
    if measuring("corrections", engine):
        measured.corrected += corrections(databases, load, plan)


def _measure_reading(
    databases: Databases,
    options: Options,
    plan: Plan,
    load: Load,
    measured: Measured,
    measuring: Callable[[str, str], bool],
) -> None:
    engine = databases.name.lower()
    if measuring("exports", engine):
        measured.exported += exports(databases, quick=options.quick)
    if measuring("answers", engine):
        measured.answered.append(answers(databases, load, plan, _growth(databases, options)))
    if measuring("crowds", engine):
        measured.crowded.append(crowds(databases, plan))
    if measuring("overview", engine):
        measured.overviews.append(overview(databases, plan))
    if measuring("series", engine):
        measured.trends += series(databases, plan)


def _growth(databases: Databases, options: Options) -> tuple[int, ...]:
    if databases.name == SqliteFiles.name:
        return growth(options.millions or (0 if options.quick else 10))
    return growth(options.postgres_millions or (0 if options.quick else 1))


if __name__ == "__main__":
    sys.exit(main(read_options(sys.argv[1:])))
