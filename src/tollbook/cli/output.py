"""What every verb prints: a table for people, JSON for programs.

Text for people is escaped here, and only here: foreign text must not act on a terminal. JSON, CSV
and NDJSON stay byte for byte.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from tollbook.api.formats.json import extended_json
from tollbook.domain.keys import without_secrets
from tollbook.domain.visible import visible

_WIDEST = 10_000


def print_json(value: Any, extras: Mapping[str, Any] | None = None) -> None:
    """Print a value as indented JSON, with more fields at the end of an object."""
    print(msgspec.json.format(extended_json(value, extras or {})).decode())


def print_result(value: Any, sentence: str, *, json: bool) -> None:
    """Print a value as JSON, or else a sentence for people."""
    if json:
        print_json(value)
    else:
        print_line(sentence)


def print_line(text: str) -> None:
    """Print one line for people."""
    print(visible(text))


def print_raw(text: bytes) -> None:
    """Print a line of JSON as it is, for programs."""
    print(text.decode())


def print_lines(lines: Iterable[str]) -> None:
    """Print lines for people."""
    for line in lines:
        print_line(line)


def print_error(text: str) -> None:
    """Print one line on standard error."""
    print(escaped(text), file=sys.stderr)


def escaped(text: str) -> str:
    """Return a text as an error shows it: keys by their prefix only, control characters escaped."""
    return visible(without_secrets(text))


def cell(text: str) -> Text:
    """Return a text as a cell or the title of a table for people."""
    return Text(visible(text))


def progress_label(text: str) -> str:
    """Return a text as what a progress bar shows: without markup."""
    return escape(visible(text))


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[str | None]], empty: str) -> None:
    """Print a table, or a sentence when there is nothing in it."""
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(cell(text or "") for text in row))
    if table.row_count:
        print_table(table)
    else:
        print_line(empty)


def print_table(table: Table) -> None:
    """Print a table as wide as it needs to be, so that nothing in it is cut short."""
    needed = Console(width=_WIDEST).measure(table).maximum
    Console(width=max(Console().width, needed)).print(table)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how much of something is done, on standard error, while it is."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(progress_label(what), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
