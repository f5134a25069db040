"""What every verb prints: a table for people, JSON for programs."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

Verbs = Any
"""What argparse calls its subparsers; it has no public name."""


_WIDEST = 10_000


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Offer --json."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[str | None]], empty: str) -> None:
    """Print a table, or a sentence when there is nothing in it."""
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(Text(cell or "") for cell in row))
    if table.row_count:
        print_table(table)
    else:
        print(empty)


def print_table(table: Table) -> None:
    """Print a table as wide as it needs to be, so that nothing in it is cut short."""
    needed = Console(width=_WIDEST).measure(table).maximum
    Console(width=max(Console().width, needed)).print(table)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how much of something is done, on standard error, while it is."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
