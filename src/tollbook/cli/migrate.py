"""tollbook migrate: bring the database up to date without serving from it."""

import argparse

from tollbook.cli.output import Verbs, print_line
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    parser = verbs.add_parser("migrate", help="bring the database up to date")
    parser.set_defaults(run=_run)


def _run(_options: argparse.Namespace, settings: Settings) -> int:
    open_migrated(settings).close()
    print_line("the database is up to date")
    return 0
