"""tollbook serve: answer requests over HTTP."""

import click

from tollbook.cli.command import Command, Options
from tollbook.cli.parameters import whole
from tollbook.serving import serve
from tollbook.settings import Settings


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", help="The address to listen on.")
@click.option(
    "--port",
    type=whole("port", 0, 65_535),
    default=8000,
    help="The port to listen on; 0 takes any free port.",
)
@click.option(
    "--workers",
    type=whole("number of workers", 1, 64),
    default=1,
    help="The number of processes on the port; several need PostgreSQL.",
)
def verb(options: Options, settings: Settings) -> int:
    """Answer requests over HTTP."""
    serve(settings, options.host, options.port, options.workers)
    return 0
