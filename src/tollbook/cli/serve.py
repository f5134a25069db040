"""tollbook serve: answer requests."""

import argparse

from tollbook.cli.output import Verbs
from tollbook.settings import Settings
from tollbook.wiring import serve

_LAST_PORT = 65_535


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    parser = verbs.add_parser("serve", help="answer requests over HTTP")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--port",
        type=_port,
        default=8000,
        help="port to listen on (default: 8000; 0: any free one)",
    )
    parser.set_defaults(run=_run)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 5 or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to {_LAST_PORT}")
    return int(text)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    serve(settings, options.host, options.port)
    return 0
