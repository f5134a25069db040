"""tollbook restore: a backup in the place of the database, whole or not at all."""

import argparse
from pathlib import Path

from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, progress_bar
from tollbook.settings import Settings
from tollbook.store.backups import restore


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    parser = verbs.add_parser("restore", help="put a backup in the place of the database")
    parser.add_argument("file", type=Path, help="what tollbook backup wrote")
    parser.add_argument("--replace", action="store_true", help="although the database is not empty")
    parser.add_argument(
        "--quick", action="store_true", help="check the file, and do not recompute every sum in it"
    )
    add_json_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with progress_bar(f"restoring {options.file}") as progress:
        events = restore(
            settings.database_url,
            options.file,
            progress,
            replace=options.replace,
            quick=options.quick,
        )
    if options.json:
        print_json({"file": str(options.file), "events": events})
    else:
        print_line(f"{options.file} restored: {events:,} events, and up to date")
    return 0
