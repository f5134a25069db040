"""tollbook import: events from a file of JSON lines, through the ordinary write path.

Importing a file again, or its rest after an interruption, is safe: stored events are duplicates.
"""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import Progress

from tollbook.administration.tenants import ensure_tenant
from tollbook.cli.choices import command_line, shared_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line, progress_label
from tollbook.cli.parameters import PATH
from tollbook.domain.catalog import HintingCatalog
from tollbook.domain.errors import InvalidRequest, TollbookError
from tollbook.domain.keys import KeyScope
from tollbook.domain.receipts import Outcome, Receipt
from tollbook.ingest.commit import commit
from tollbook.ingest.decode import NumberedLine, decode_numbered
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.submit import draft_of, submission_of
from tollbook.settings import Settings
from tollbook.store.database import Database
from tollbook.wiring import directory_cache_of, now, open_migrated

UNREADABLE = (OSError, EOFError, zlib.error)
"""The errors of a file that is damaged or incomplete."""

_BATCH = 5_000
_MOST_SHOWN = 20


@click.command(cls=Command)
@click.argument("file", type=PATH, help="A file in NDJSON format, optionally compressed by gzip.")
@shared_options
def verb(options: Options, settings: Settings) -> int:
    """Import a file of events, one JSON object a line.

    Importing a file again is safe: stored events are duplicates.
    """
    database = open_migrated(settings)
    with database.writing() as transaction:
        ensure_tenant(transaction, command_line(options.tenant))
    importer = Importer(database, directory_cache_of(settings, database), KeyScope(options.tenant))
    try:
        _import_file(importer, options.file)
    except UNREADABLE as error:
        raise InvalidRequest(
            f"{options.file} cannot be read to its end: {error}. Events up to there are stored; "
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


def _import_file(importer: "Importer", path: Path) -> None:
    """Import a file, and show the progress on standard error."""
    with (
        open_file(path) as file,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task(progress_label(path.name), total=path.stat().st_size)
        for lines in batches(unpack(file)):
            importer.store(lines)
            progress.update(task, completed=file.tell())


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
    for line in lines[:_MOST_SHOWN]:
        print_line(line)
    if count > _MOST_SHOWN:
        print_line(f"and {count - _MOST_SHOWN} {more}")


class Importer:
    """Stores lines in batches, one transaction each, and keeps the reasons of refused lines.

    Of quarantined events it keeps the first reasons only: the quarantine has all of them.
    """

    def __init__(
        self, database: Database, directory_cache: DirectoryCache, scope: KeyScope
    ) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.refused: list[str] = []
        self.quarantined: list[str] = []
        self._database = database
        self._directory_cache = directory_cache
        self._scope = scope

    def store(self, lines: list[NumberedLine]) -> None:
        """Store a batch durably."""
        token, catalog = self._directory_cache.loaded_catalog(self._scope.tenant_id)
        decoded = decode_numbered(lines, HintingCatalog(catalog))
        draft = draft_of(decoded, self._scope, now(), token=None if catalog.is_built_in else token)
        terms = self._directory_cache.loaded_terms(
            draft.scope.tenant_id, draft.organizations, now()
        )
        submission = submission_of(draft, terms)
        (result,) = commit(self._database, self._directory_cache, [submission], now())
        if isinstance(result, TollbookError):
            raise result
        for receipt in result.receipts:
            self._count(lines, receipt)

    def _count(self, lines: list[NumberedLine], receipt: Receipt) -> None:
        self.counts[receipt.status] += 1
        line = f"line {lines[receipt.index][0]}: {receipt.id or 'no id'}: {receipt.error}"
        if receipt.status in (Outcome.REJECTED, Outcome.CONFLICT):
            self.refused.append(line)
        elif receipt.status is Outcome.QUARANTINED and len(self.quarantined) < _MOST_SHOWN:
            ways = ", ".join(receipt.ways_out)
            self.quarantined.append(f"{line}; ways out: {ways} (in quarantine)")


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
