"""Read a price book from files: YAML with its decks, or one deck."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tollbook.cli.choices import combined
from tollbook.cli.command import Options
from tollbook.cli.output import progress_label
from tollbook.cli.parameters import CURRENCY, DAY, PAIR
from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_csv import decode_deck
from tollbook.rating.books.deck_terms import FLAGS, TEXTS, BookTerms, DeckTerms
from tollbook.rating.books.yaml_book import parse_price_book

Report = Callable[[int], None]
_DECKS = {".csv", ".tsv", ".txt"}
_NEEDED = ("meter", "per", "currency", "effective_from")
_DECK_OPTIONS = (*TEXTS, *_NEEDED, "name", "source", "column", "ignore", "when", *FLAGS)


deck_options = combined(
    click.option("--meter", help="Deck: what it prices, such as voice.call."),
    click.option("--per", help="Deck: the unit of a price, such as minute."),
    click.option("--currency", type=CURRENCY, help="Deck: its currency, such as USD."),
    click.option("--effective-from", type=DAY, help="Deck: the first day in force."),
    click.option("--name", show_default="the name of the file", help="Deck: its name."),
    click.option("--source", show_default="the name of the file", help="Deck: its origin."),
    click.option(
        "--column",
        type=PAIR,
        multiple=True,
        metavar="FIELD=HEADER",
        help="Deck: the header of a field, such as price='Rate USD'; repeatable.",
    ),
    click.option(
        "--ignore", multiple=True, metavar="HEADER", help="Deck: a column to ignore; repeatable."
    ),
    click.option(
        "--when",
        type=PAIR,
        multiple=True,
        metavar="NAME=VALUE",
        help="Deck: a condition of every rate; repeatable.",
    ),
    click.option("--inbound", is_flag=True, help="Deck: prefixes are of the calling number."),
    click.option(
        "--dates", type=click.Choice(["dmy", "mdy"]), help="Deck: how dates with slashes are read."
    ),
    click.option("--decimal-comma", is_flag=True, help="Deck: prices are written 0,012."),
    click.option("--increments", metavar="60/6", help="Deck: increments of rows without a column."),
    click.option("--minimum", metavar="SECONDS", help="Deck: the minimum, likewise."),
    click.option("--grace", metavar="SECONDS", help="Deck: the grace period, likewise."),
    click.option("--connect-fee", metavar="PRICE", help="Deck: the connect fee, likewise."),
)
"""What the columns of a deck do not state."""


def read_book(options: Options, report: Report, catalog: Catalog) -> PriceBook:
    """Read the book that the options name by a catalog, or raise with every error in it."""
    path: Path = options.file
    if path.suffix.lower() not in _DECKS and not options.meter:
        given = next((name for name in _DECK_OPTIONS if getattr(options, name)), None)
        if given:
            raise PriceBookRefused(f"{_option(given)} is for decks; a YAML book states it itself")
        return parse_price_book(
            _text(path), lambda name: _read_next_to(path, name), report, catalog=catalog
        )
    missing = [name for name in _NEEDED if not getattr(options, name)]
    if missing:
        raise PriceBookRefused(f"a deck needs {', '.join(map(_option, missing))}")
    book = BookTerms(
        name=options.name or path.stem,
        currency=options.currency,
        effective_from=options.effective_from.isoformat(),
        source=options.source or path.name,
    )
    terms: dict[str, Any] = {name: getattr(options, name) or "" for name in TEXTS}
    terms |= {name: getattr(options, name) for name in FLAGS}
    deck = DeckTerms(
        **terms,
        columns=options.column,
        ignore=options.ignore,
        when=options.when,
    )
    return parse_deck(decode_deck(_bytes(path)), deck, book, report, catalog)


@contextmanager
def progress() -> Iterator[Callable[[str, int | None], Report]]:
    """Show how far a long load is, on a terminal and nowhere else."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())
    with bar:

        def step(what: str, total: int | None) -> Report:
            task = bar.add_task(progress_label(what), total=total)
            return lambda count: bar.advance(task, count)

        yield step


def rows_of(path: Path) -> int | None:
    """Count the rows of a deck, for a bar; None when the file has to be read for that."""
    try:
        return path.read_bytes().count(b"\n") if path.suffix.lower() in _DECKS else None
    except OSError:
        return None


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError as error:
        raise PriceBookRefused(f"cannot read {path}: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PriceBookRefused(f"there is no file {path}") from error
    except OSError as error:
        raise PriceBookRefused(f"cannot read {path}: {error.strerror}") from error


def _read_next_to(path: Path, name: str) -> bytes:
    try:
        return (path.parent / name).read_bytes()
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {error}") from error


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
