"""tollbook import: events from a file of JSON lines, through the ordinary write path.

Importing a file again, or its rest after an interruption, is safe: stored events are duplicates.
"""

import glob
import gzip
import io
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import click
from rich.console import Console
from rich.progress import Progress

from tollbook.administration.tenants import ensure_tenant
from tollbook.cli.choices import command_line, shared_options
from tollbook.cli.command import Command, Options
from tollbook.cli.import_options import record_options, refuse_record_options
from tollbook.cli.import_records import import_records
from tollbook.cli.importer import MOST_SHOWN, Importer
from tollbook.cli.output import print_json, print_line, progress_label
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.keys import KeyScope
from tollbook.domain.receipts import Outcome
from tollbook.ingest.decode import NumberedLine
from tollbook.settings import Settings
from tollbook.wiring import collect_rarely, directory_cache_of, open_migrated

UNREADABLE = (OSError, EOFError, zlib.error)
"""The errors of a file that is damaged or incomplete."""

_BATCH = 5_000
_STANDARD_INPUT = Path("-")


@click.command(cls=Command)
@click.argument(
    "file",
    nargs=-1,
    type=click.Path(),
    metavar="FILES",
    help="Files, patterns or - for standard input; plain or compressed by gzip.",
)
@record_options
@shared_options
def verb(options: Options, settings: Settings) -> int:
    """Import events, or call and message records.

    Events are JSON objects, one a line; records have a --format. Importing a file again is safe:
    stored events are duplicates.
    """
    collect_rarely()
    if options.format is not None or options.mapping is not None:
        return import_records(options, settings)
    return _import_events(options, settings)


def _import_events(options: Options, settings: Settings) -> int:
    """Import files of events."""
    if not options.file:
        raise click.UsageError("name the files to import")
    refuse_record_options()
    database = open_migrated(settings)
    with database.writing() as transaction:
        ensure_tenant(transaction, command_line(options.tenant))
    importer = Importer(database, directory_cache_of(settings, database), KeyScope(options.tenant))
    paths = _paths(options.file)
    for path in paths:
        importer.name = f"{path} " if len(paths) > 1 else ""
        try:
            _import_file(importer, path)
        except UNREADABLE as error:
            raise InvalidRequest(
                f"{path} cannot be read to its end: {error}. Events up to there are stored; "
                "import the repaired file to store the rest"
            ) from error
    counts = {outcome.value: importer.counts[outcome] for outcome in Outcome}
    if options.json:
        print_json({"counts": counts, "refused": importer.refused})
    else:
        _print_lines(importer.refused, len(importer.refused), "more")
        _print_lines(importer.quarantined, counts["quarantined"], "more in quarantine")
        print_line(", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()))
    return 1 if importer.refused else 0


def _import_file(importer: Importer, path: Path) -> None:
    """Import a file, and show the progress on standard error."""
    with (
        _standard_input() if path == _STANDARD_INPUT else open_file(path) as file,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        size = os.fstat(file.fileno()).st_size
        task = progress.add_task(progress_label(path.name), total=size)
        for lines in batches(unpack(file)):
            importer.store(lines)
            progress.update(task, completed=file.tell())


def _paths(names: Sequence[str]) -> list[Path]:
    """Return the files of names and patterns, in order."""
    found: list[Path] = []
    for name in names:
        if not glob.has_magic(name) or Path(name).exists():
            found.append(Path(name))
            continue
        matches = sorted(glob.glob(name))  # noqa: PTH207  patterns may be absolute
        if not matches:
            raise InvalidRequest(f"no file matches {name}")
        found += map(Path, matches)
    return found


def _standard_input() -> BinaryIO:
    """Copy standard input to a temporary file, in which its first bytes can be read twice."""
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  it is read later
    shutil.copyfileobj(sys.stdin.buffer, file)
    file.seek(0)
    return file


def open_file(path: Path) -> BinaryIO:
    """Open a file; raise `InvalidRequest` when it cannot be read."""
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InvalidRequest(f"there is no file {path}") from error
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}") from error


def _print_lines(lines: Sequence[str], count: int, more: str) -> None:
    """Print the first lines, and how many of `count` are left out."""
    for line in lines[:MOST_SHOWN]:
        print_line(line)
    if count > MOST_SHOWN:
        print_line(f"and {count - MOST_SHOWN} {more}")


def unpack(file: BinaryIO) -> BinaryIO:
    """Return a file without its gzip compression, which its first bytes show."""
    magic = file.read(2)
    file.seek(0)
    if magic == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=file), 1024 * 1024)
    return file


def batches(file: BinaryIO) -> Iterator[list[NumberedLine]]:
    """Yield batches of the lines that are not blank, each line with its number."""
    numbered = enumerate(file, start=1)
    lines = ((number, line.rstrip(b"\r\n")) for number, line in numbered if line.strip())
    while batch := list(islice(lines, _BATCH)):
        yield batch
