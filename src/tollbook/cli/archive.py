"""tollbook archive: move old events from the ledger to Parquet files, and back."""

import click
from rich.console import Console
from rich.progress import Progress

from tollbook.cli.choices import named_organization, shared_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import (
    print_error,
    print_json,
    print_line,
    print_rows,
)
from tollbook.cli.parameters import MONTH, PATH, whole
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number, month_text
from tollbook.lifecycle.archive import Due, NotArchived, archive, before_months, describe
from tollbook.lifecycle.discard import discard, unrecorded
from tollbook.lifecycle.restore import NotRestored, Restored, RestoredPart, restore
from tollbook.settings import Settings
from tollbook.store import archive_files
from tollbook.store.archive_files import Archived
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database, Snapshot
from tollbook.wiring import now, open_migrated


@click.command(cls=Command)
@click.option(
    "--older-than",
    type=whole("number of months", 1, 1200),
    metavar="MONTHS",
    help="How many whole months stay in the ledger, in addition to the current one.",
)
@click.option("--to", type=PATH, metavar="FOLDER", help="The folder to write the files to.")
@click.option("--organization", show_default="all", help="Only events of this organization.")
@click.option(
    "--restore", type=MONTH, metavar="MONTH", help="Move the events of an archived month back."
)
@click.option(
    "--from",
    "source",
    type=PATH,
    metavar="FOLDER",
    show_default="TOLLBOOK_ARCHIVE_FOLDER, or where they were written",
    help="The folder of the archives to restore, if they were moved.",
)
@click.option("--list", is_flag=True, help="List archived files.")
@click.option(
    "--discard", type=PATH, metavar="FILE", help="Remove a file that belongs to no archive."
)
@click.option("--yes", is_flag=True, help="Confirm --discard.")
@shared_options
def verb(options: Options, settings: Settings) -> int:
    """Move old events to Parquet files; sums and identities stay."""
    _require_one_action(options)
    database = open_migrated(settings)
    actor = Actor(options.tenant, COMMAND_LINE, now())
    if options.discard:
        return _discard(database, actor, options)
    with database.reading() as snapshot:
        row = named_organization(snapshot, options)
        number = row.number if row else None
        if options.list:
            return _list(snapshot, options, number)
    if options.restore:
        month = day_number(options.restore) // 100
        wanted = RestoredPart(number, month, options.source or settings.archives)
        return _restore(database, actor, options, wanted)
    return _archive(database, actor, options, number)


def _require_one_action(options: Options) -> None:
    others = [bool(it) for it in (options.restore, options.list, options.discard)]
    if sum(others) > 1 or (any(others) and options.older_than is not None):
        raise click.UsageError("--older-than, --restore, --list and --discard exclude each other")
    if options.source is not None and not options.restore:
        raise click.UsageError("--from needs --restore")
    if not any(others) and (options.older_than is None or options.to is None):
        raise click.UsageError(
            "--older-than MONTHS and --to FOLDER are required, or --restore, --list or --discard"
        )


def _list(snapshot: Snapshot, options: Options, number: int | None) -> int:
    for sentence in unrecorded(snapshot, options.tenant, options.to):
        print_error(f"tollbook: {sentence}")
    _print(archive_files.files(snapshot, options.tenant, number), options)
    return 0


def _archive(database: Database, actor: Actor, options: Options, number: int | None) -> int:
    before = before_months(day_number(instant_of(actor.at)), options.older_than)
    archived: list[Archived] = []
    left: list[NotArchived] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"archiving months before {before}", total=None)
        for result in archive(database, actor, Due(number, before, options.to)):
            if isinstance(result, NotArchived):
                left.append(result)
                continue
            archived.append(result)
            progress.update(task, description=f"{result.file}: {result.events:,} events")
    _print(archived, options)
    for month in left:
        print_error(f"tollbook: {month.name} was not archived: {month.reason}")
    return 1 if left else 0


def _restore(database: Database, actor: Actor, options: Options, wanted: RestoredPart) -> int:
    restored: list[Restored] = []
    left: list[NotRestored] = []
    for result in restore(database, actor, wanted):
        if isinstance(result, NotRestored):
            left.append(result)
        else:
            restored.append(result)
    if options.json:
        print_json([_restored_answer(result) for result in restored])
    else:
        print_rows(
            ("Organization", "Month", "Events", "Files"),
            (
                (
                    it.month.organization_id,
                    month_text(it.month.month),
                    f"{it.events:,}",
                    f"{len(it.files)}",
                )
                for it in restored
            ),
            "nothing was restored",
        )
    for it in left:
        print_error(f"tollbook: {describe(it.month)} was not restored: {it.reason}")
    return 1 if left else 0


def _restored_answer(result: Restored) -> dict[str, object]:
    return {
        "organization_id": result.month.organization_id,
        "month": result.month.month,
        "events": result.events,
        "files": result.files,
    }


def _discard(database: Database, actor: Actor, options: Options) -> int:
    if not options.yes:
        raise InvalidRequest(f"{options.discard} would be removed permanently: add --yes")
    removed = discard(database, actor, options.discard)
    if options.json:
        print_json({"discarded": [str(path) for path in removed]})
    else:
        print_line(f"{options.discard} removed; the ledger was not changed")
    return 0


def _print(files: list[Archived], options: Options) -> None:
    if options.json:
        print_json([_answer(file) for file in files])
    else:
        print_rows(
            ("File", "Events", "Bytes", "Checksum (SHA-256)"),
            ((file.file, f"{file.events:,}", f"{file.bytes:,}", file.checksum) for file in files),
            "nothing is archived" if options.list else "there is nothing to archive",
        )


def _answer(file: Archived) -> dict[str, object]:
    fields = file._asdict()
    del fields["organization_id"]
    return {**fields, "archived_at": instant_of(file.archived_at)}
