"""Reading a price book from files: YAML with the decks beside it, or a deck alone."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tollbook.cli.output import progress_label
from tollbook.domain.errors import InvalidRequest, PriceBookRefused, Problem
from tollbook.domain.prices import PriceBook
from tollbook.rating.book_yaml import parse_price_book
from tollbook.rating.deck_book import parse_deck
from tollbook.rating.deck_csv import text_of
from tollbook.rating.deck_terms import BookTerms, DeckTerms

Report = Callable[[int], None]
_DECKS = {".csv", ".tsv", ".txt"}
_NEEDED = ("meter", "per", "currency", "effective_from")
_TEXTS = ("meter", "per", "dates", "increments", "minimum", "grace", "connect_fee")


def add_deck_options(parser: argparse.ArgumentParser) -> None:
    """Offer what a deck does not say of itself."""
    deck = parser.add_argument_group("a deck (CSV)", "what its columns do not say")
    deck.add_argument("--meter", help="what it prices, such as voice.call")
    deck.add_argument("--per", help="what a price is for, such as minute")
    deck.add_argument("--currency", help="such as USD")
    deck.add_argument("--effective-from", metavar="DATE", help="the first day it is in force")
    deck.add_argument("--name", help="default: the file's name")
    deck.add_argument("--source", help="where the prices are from (default: the file's name)")
    deck.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=HEADER",
        help="the header of a field, such as price='Rate USD'; may be repeated",
    )
    deck.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="HEADER",
        help="a column that means nothing; may be repeated",
    )
    deck.add_argument(
        "--when",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a condition of every rate; may be repeated",
    )
    deck.add_argument("--inbound", action="store_true", help="the prefixes are of `from`")
    deck.add_argument("--dates", choices=("dmy", "mdy"), help="how dates with slashes are meant")
    deck.add_argument("--decimal-comma", action="store_true", help="prices are written 0,012")
    deck.add_argument("--increments", metavar="60/6", help="of all rows, where no column has them")
    deck.add_argument("--minimum", metavar="SECONDS", help="the same of the minimum")
    deck.add_argument("--grace", metavar="SECONDS", help="the same of the grace period")
    deck.add_argument("--connect-fee", metavar="PRICE", help="the same of the connect fee")


def read_book(options: argparse.Namespace, report: Report) -> PriceBook:
    """Read the book that the options name, or raise `PriceBookRefused` with every error."""
    path: Path = options.file
    given = [name for name in (*_TEXTS, *_NEEDED, "name", "source") if getattr(options, name)]
    listed = [name for name in ("column", "ignore", "when") if getattr(options, name)]
    flags = [name for name in ("inbound", "decimal_comma") if getattr(options, name)]
    if path.suffix.lower() not in _DECKS and not options.meter:
        if given or listed or flags:
            option = _option([*given, *listed, *flags][0])
            raise PriceBookRefused(f"{option} is for decks; a YAML book says it itself")
        return parse_price_book(_text(path), lambda name: _beside(path, name), report)
    missing = [name for name in _NEEDED if not getattr(options, name)]
    if missing:
        raise PriceBookRefused(f"a deck needs {', '.join(map(_option, missing))}")
    book = BookTerms(
        options.name or path.stem,
        options.currency,
        options.effective_from,
        options.source or path.name,
    )
    deck = DeckTerms(
        **{name: getattr(options, name) or "" for name in _TEXTS},
        columns=_pairs("column", options.column),
        ignore=tuple(options.ignore),
        when=_pairs("when", options.when),
        inbound=options.inbound,
        decimal_comma=options.decimal_comma,
    )
    return parse_deck(text_of(_bytes(path)), deck, book, report)


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
    shown = Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())
    with shown:

        def step(what: str, total: int | None) -> Report:
            task = shown.add_task(progress_label(what), total=total)
            return lambda count: shown.advance(task, count)

        yield step


def rows_of(path: Path) -> int | None:
    """Count the rows of a deck, for a bar; None when that cannot be told beforehand."""
    try:
        return path.read_bytes().count(b"\n") if path.suffix.lower() in _DECKS else None
    except OSError:
        return None


def _pairs(option: str, given: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            sentence = f"--{option} must be like NAME=VALUE, not {text!r}"
            raise InvalidRequest.of([Problem(option, f"invalid_{option}", sentence)])
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


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


def _beside(path: Path, name: str) -> bytes:
    try:
        return (path.parent / name).read_bytes()
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {error}") from error


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
