"""tollbook backup: a checked copy of the database as it is at one moment, while it is in use."""

import argparse
from pathlib import Path

from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, progress_bar
from tollbook.settings import Settings
from tollbook.store.backups import back_up


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    parser = verbs.add_parser("backup", help="copy the database to a file while it is in use")
    parser.add_argument("file", type=Path, help="must not be there yet")
    parser.add_argument(
        "--quick", action="store_true", help="check the file, and do not recompute every sum in it"
    )
    add_json_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with progress_bar(f"backing up to {options.file}") as progress:
        events = back_up(settings.database_url, options.file, progress, quick=options.quick)
    size = options.file.stat().st_size
    if options.json:
        print_json({"file": str(options.file), "bytes": size, "events": events})
    else:
        counted = "" if events is None else f", {events:,} events"
        print_line(f"{options.file}: {size:,} bytes{counted}; checked")
    return 0
