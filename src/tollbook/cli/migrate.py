"""tollbook migrate: bring the database up to date without a server."""

import click

from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_line, progress_bar
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
def verb(_options: Options, settings: Settings) -> int:
    """Bring the database up to date."""
    with progress_bar("dividing the tables of a cluster") as progress:
        open_migrated(settings, progress).close()
    print_line("the database is up to date")
    return 0
