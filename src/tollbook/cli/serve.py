"""tollbook serve: answer requests."""

import argparse

from tollbook.cli.output import Verbs
from tollbook.settings import Settings
from tollbook.wiring import serve


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    parser = verbs.add_parser("serve", help="answer requests over HTTP")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    serve(settings, options.host, options.port)
    return 0
