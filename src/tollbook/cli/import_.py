"""tollbook import: events from a file of JSON lines, through the ordinary ingest.

Importing a file again, or the rest of one after an interruption, is safe: every event is
identified, and what is stored already is a duplicate.
"""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
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
from tollbook.domain.errors import InvalidRequest, RequestError
from tollbook.domain.keys import KeyScope
from tollbook.domain.receipts import Outcome, Receipt
from tollbook.ingest.commit import BatchResult, commit
from tollbook.ingest.decode import NumberedLine, decode_numbered
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.submit import draft_of, submission_of
from tollbook.settings import Settings
from tollbook.store.database import Database
from tollbook.wiring import directory_cache_of, now, open_migrated

UNREADABLE = (OSError, EOFError, zlib.error)
"""How a file ends that cannot be read on."""

_BATCH = 5_000
_MOST_SHOWN = 20


@click.command(cls=Command)
@click.argument("file", type=PATH, help="A file in NDJSON format, possibly packed by gzip.")
@shared_options
def verb(options: Options, settings: Settings) -> int:
    """Import a file of events, one JSON object a line.

    Importing a file again is safe: events that are stored already are duplicates.
    """
    database = open_migrated(settings)
    with database.writing() as transaction:
        ensure_tenant(transaction, command_line(options.tenant))
    importer = Importer(database, directory_cache_of(settings, database), KeyScope(options.tenant))
    try:
        with _opened(options.file) as file:
            size = options.file.stat().st_size
            with Progress(console=Console(stderr=True), transient=True) as progress:
                task = progress.add_task(progress_label(options.file.name), total=size)
                for lines in batches(unpacked(file)):
                    importer.take(lines)
                    progress.update(task, completed=file.tell())
    except UNREADABLE as error:
        raise InvalidRequest(
            f"{options.file} cannot be read on: {error}. What was imported so far is stored; "
            "importing the mended file takes the rest"
        ) from error
    bad = importer.counts[Outcome.CONFLICT] + importer.counts[Outcome.REJECTED]
    counts = {outcome.value: importer.counts[outcome] for outcome in Outcome}
    if options.json:
        print_json({"counts": counts, "refused": importer.refused})
    else:
        for refused in importer.refused[:_MOST_SHOWN]:
            print_line(refused)
        if len(importer.refused) > _MOST_SHOWN:
            print_line(f"and {len(importer.refused) - _MOST_SHOWN} more")
        for quarantined in importer.quarantined:
            print_line(quarantined)
        if counts["quarantined"] > _MOST_SHOWN:
            print_line(f"and {counts['quarantined'] - _MOST_SHOWN} more in quarantine")
        print_line(", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()))
    return 1 if bad else 0


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InvalidRequest(f"there is no file {path}") from error
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}") from error


class Importer:
    """Takes lines a batch at a time, a transaction each, and remembers what was refused.

    Of what went into quarantine it remembers the first: all of it is there, with the reasons.
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

    def take(self, lines: list[NumberedLine]) -> None:
        """Store a batch durably."""
        decoded = decode_numbered(lines)
        draft = draft_of(decoded, self._scope, now())
        terms = self._directory_cache.loaded_terms(
            draft.scope.tenant_id, draft.organizations, now()
        )
        submission = submission_of(draft, terms)
        settled = commit(self._database, self._directory_cache, [submission], now())[0]
        if isinstance(settled, RequestError):
            raise settled
        assert isinstance(settled, BatchResult)  # noqa: S101  it is the only other thing
        self._count(lines, settled.receipts)

    def _count(self, lines: list[NumberedLine], receipts: list[Receipt]) -> None:
        for receipt in receipts:
            self.counts[receipt.status] += 1
            if receipt.status in (Outcome.REJECTED, Outcome.CONFLICT):
                self.refused.append(_line(lines, receipt))
            elif receipt.status is Outcome.QUARANTINED and len(self.quarantined) < _MOST_SHOWN:
                self.quarantined.append(f"{_line(lines, receipt)} (in quarantine)")


def _line(lines: list[NumberedLine], receipt: Receipt) -> str:
    return f"line {lines[receipt.index][0]}: {receipt.id or 'no id'}: {receipt.error}"


def unpacked(file: BinaryIO) -> BinaryIO:
    """Unpack what begins like gzip, whatever its name."""
    magic = file.read(2)
    file.seek(0)
    if magic == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=file), 1024 * 1024)
    return file


def batches(file: BinaryIO) -> Iterator[list[NumberedLine]]:
    """Give the lines that are not blank, so many at a time, each with its number."""
    batch: list[NumberedLine] = []
    for number, line in enumerate(file, start=1):
        if line.strip():
            batch.append((number, line.rstrip(b"\r\n")))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
