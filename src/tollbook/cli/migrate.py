"""tollbook migrate: bring the database up to date without a server."""

import click

from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_line
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
def verb(_options: Options, settings: Settings) -> int:
    """Bring the database up to date."""
    open_migrated(settings).close()
    print_line("the database is up to date")
    return 0
