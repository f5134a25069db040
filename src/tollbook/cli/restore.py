"""tollbook restore: replace the database with a backup, completely or not at all."""

import click

from tollbook.cli.choices import json_option, quick_option
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line, progress_bar
from tollbook.cli.parameters import PATH
from tollbook.settings import Settings
from tollbook.store.backups import restore


@click.command(cls=Command)
@click.argument("file", type=PATH, help="A file that tollbook backup wrote.")
@click.option("--replace", is_flag=True, help="Replace a database that is not empty.")
@quick_option
@json_option
def verb(options: Options, settings: Settings) -> int:
    """Replace the database with a backup, completely or not at all."""
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
        print_line(f"{options.file} restored: {events:,} events; the schema is up to date")
    return 0
