"""tollbook copy: move everything to another database, of any engine."""

import click

from tollbook.cli.choices import json_option
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line, progress_bar
from tollbook.settings import Settings, variable
from tollbook.store.copying import copy_database


@click.command(cls=Command)
@click.option(
    "--from",
    "source",
    metavar="URL",
    show_default="TOLLBOOK_DATABASE_URL",
    help="The database to copy; it is only read.",
)
@click.option("--to", "target", metavar="URL", required=True, help="An empty database.")
@click.option(
    "--of-moment",
    is_flag=True,
    help="Copy the state of this moment, although the source is in use and changes.",
)
@click.option("--quick", is_flag=True, help="Compare every row, but do not recompute every sum.")
@json_option
def verb(options: Options, settings: Settings) -> int:
    """Move everything to an empty database of any engine, and prove the copy.

    Stop the servers of the source first. A copy that was interrupted goes on when the same command
    is run again. A password belongs in PGPASSWORD or in a password file, where other users of the
    machine cannot read it.
    """
    source = options.source or settings.database_url
    with progress_bar("copying") as progress:
        copied = copy_database(
            source, options.target, progress, of_moment=options.of_moment, quick=options.quick
        )
    if options.json:
        print_json(copied._asdict())
    else:
        print_line(f"{copied.rows:,} rows copied, {copied.events:,} events among them; checked")
        if copied.secret_key_file and not settings.secret_key:
            print_line(
                f"note: the secret key of viewer tokens is in {copied.secret_key_file}, and was "
                f"not copied: set {variable('secret_key')} to it for the servers of the target"
            )
    return 0
