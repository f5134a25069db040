"""Read a price book from files: YAML with its decks, or one deck."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tollbook.cli.command import Options
from tollbook.cli.deck_options import NOT_OF_BOOKS, option_name, read_deck_terms
from tollbook.cli.output import progress_label
from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_file import open_deck
from tollbook.rating.books.deck_report import DeckReport
from tollbook.rating.books.deck_terms import BookTerms
from tollbook.rating.books.yaml_book import parse_price_book

Report = Callable[[int], None]
_TEXTS = {".csv", ".tsv", ".txt"}
_DECKS = {*_TEXTS, ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"}


class ReadBook(msgspec.Struct, frozen=True):
    """A price book, and how each of its decks was read."""

    book: PriceBook
    decks: tuple[DeckReport, ...] = ()


def read_book(options: Options, report: Report, catalog: Catalog) -> ReadBook:
    """Read the book that the options name by a catalog, or raise with every error in it."""
    path: Path = options.file
    decks: list[DeckReport] = []
    is_deck = options.meter or options.format or options.columns_from
    if path.suffix.lower() not in _DECKS and not is_deck:
        given = next((name for name in NOT_OF_BOOKS if getattr(options, name)), None)
        if given:
            sentence = f"{option_name(given)} is for decks; a YAML book states it itself"
            raise PriceBookRefused(sentence)
        files = partial(_read_next_to, path)
        book = parse_price_book(_text(path), files, report, catalog=catalog, reports=decks)
        return ReadBook(book, tuple(decks))
    terms = read_deck_terms(options)
    head = BookTerms(
        name=options.name or path.stem,
        currency=options.currency,
        effective_from=options.effective_from.isoformat(),
        source=options.source or path.name,
    )
    book = parse_deck(open_deck(_bytes(path), terms.sheet), terms, head, report, decks, catalog)
    return ReadBook(book, tuple(decks))


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
        return path.read_bytes().count(b"\n") if path.suffix.lower() in _TEXTS else None
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
