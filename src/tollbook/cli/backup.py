"""tollbook backup: write a checked copy of the database while it is in use."""

import click

from tollbook.cli.choices import json_option, quick_option
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line, progress_bar
from tollbook.cli.parameters import PATH
from tollbook.settings import Settings
from tollbook.store.backups import back_up


@click.command(cls=Command)
@click.argument("file", type=PATH, help="The file to write; it must not exist yet.")
@click.option(
    "--portable",
    is_flag=True,
    help="Write a file that can be restored into a database of any engine.",
)
@quick_option
@json_option
def verb(options: Options, settings: Settings) -> int:
    """Copy the database to a file while it is in use."""
    with progress_bar(f"backing up to {options.file}") as progress:
        events = back_up(
            settings.database_url,
            options.file,
            progress,
            quick=options.quick,
            portable=options.portable,
        )
    size = options.file.stat().st_size
    if options.json:
        print_json({"file": str(options.file), "bytes": size, "events": events})
    else:
        counted = "" if events is None else f", {events:,} events"
        print_line(f"{options.file}: {size:,} bytes{counted}; checked")
    return 0
