"""tollbook archive: events older than so many months go to Parquet files and out of the ledger."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tollbook.cli.choices import add_tenant_option, organization_of
from tollbook.cli.output import (
    Verbs,
    add_json_option,
    print_error,
    print_json,
    print_line,
    print_rows,
)
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number
from tollbook.lifecycle.archive import Due, NotArchived, archive, before_months
from tollbook.lifecycle.discard import discard, unrecorded
from tollbook.settings import Settings
from tollbook.store import archives
from tollbook.store.archives import Archived
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database
from tollbook.wiring import now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    parser = verbs.add_parser(
        "archive", help="move old events to Parquet files; sums and identities stay"
    )
    parser.add_argument(
        "--older-than",
        type=_months,
        metavar="MONTHS",
        help="whole months that stay in the ledger, beside the one that has begun",
    )
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where the files are written")
    parser.add_argument("--organization", help="only of this one (default: of all)")
    parser.add_argument("--list", action="store_true", help="list what is archived")
    parser.add_argument(
        "--discard", type=Path, metavar="FILE", help="remove a file that no archive is made of"
    )
    parser.add_argument("--yes", action="store_true", help="with --discard: really remove it")
    add_tenant_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=_run, refuse=parser.error)


def _months(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 1200:
        raise argparse.ArgumentTypeError(f"{text} is not a number of months from 1 on")
    return int(text)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    acts = not (options.list or options.discard)
    if acts and (options.older_than is None or options.to is None):
        options.refuse("--older-than MONTHS and --to FOLDER are required, or --list or --discard")
    database = open_migrated(settings)
    actor = Actor(options.tenant, COMMAND_LINE, now())
    if options.discard:
        return _discard(database, actor, options)
    number = None
    with database.reading() as snapshot:
        if options.organization is not None:
            number = organization_of(snapshot, options.tenant, options.organization).number
        if options.list:
            files = archives.files(snapshot, options.tenant, number)
            for sentence in unrecorded(snapshot, options.tenant, options.to):
                print_error(f"tollbook: {sentence}")
            return _print(files, options)
    before = before_months(day_number(instant_of(actor.at)), options.older_than)
    done: list[Archived] = []
    left: list[NotArchived] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"archiving months before {before}", total=None)
        for result in archive(database, actor, Due(number, before, options.to)):
            if isinstance(result, NotArchived):
                left.append(result)
                continue
            done.append(result)
            progress.update(task, description=f"{result.file}: {result.events:,} events")
    _print(done, options)
    for it in left:
        print_error(f"tollbook: {it.name} was not archived: {it.reason}")
    return 1 if left else 0


def _discard(database: Database, actor: Actor, options: argparse.Namespace) -> int:
    if not options.yes:
        raise InvalidRequest(f"{options.discard} would be removed for good: add --yes")
    removed = discard(database, actor, options.discard)
    if options.json:
        print_json({"discarded": [str(it) for it in removed]})
    else:
        print_line(f"{options.discard} removed; the ledger is as it was")
    return 0


def _print(files: list[Archived], options: argparse.Namespace) -> int:
    if options.json:
        print_json([_shown(it) for it in files])
    else:
        print_rows(
            ("File", "Events", "Bytes", "Checksum (SHA-256)"),
            ((it.file, f"{it.events:,}", f"{it.bytes:,}", it.checksum) for it in files),
            "nothing is archived" if options.list else "there is nothing to archive",
        )
    return 0


def _shown(file: Archived) -> dict[str, object]:
    shown = file._asdict()
    del shown["organization_id"]
    return {**shown, "archived_at": instant_of(file.archived_at)}
