"""The options of a deck: the terms to read it by, on the command line."""

from pathlib import Path
from typing import Any

import click

from tollbook.cli.choices import combined
from tollbook.cli.command import Options
from tollbook.cli.parameters import CURRENCY, DAY, PAIR, PATH, SELECTION
from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_mapping import (
    Layer,
    format_names,
    join_layers,
    parse_mapping,
    read_format,
)
from tollbook.rating.books.deck_terms import DeckTerms

_TERMS = {
    **{name: name for name in ("meter", "per", "dates", "header", "header_line", "sheet")},
    **{name: name for name in ("increments", "minimum", "grace", "included", "connect_fee")},
    **{name: name for name in ("inbound", "decimal_comma", "ignore", "when", "skip", "only")},
    "column": "columns",
    "hours": "hours",
    "access_code": "access_codes",
}
"""The options of terms, each with the term."""

deck_options = combined(
    click.option("--meter", help="Deck: what it prices, such as voice.call."),
    click.option("--per", help="Deck: the unit of a price, such as minute."),
    click.option("--currency", type=CURRENCY, help="Deck: its currency, such as USD."),
    click.option("--effective-from", type=DAY, help="Deck: the first day in force."),
    click.option("--name", show_default="the name of the file", help="Deck: its name."),
    click.option("--source", show_default="the name of the file", help="Deck: its origin."),
    click.option(
        "--format",
        type=click.Choice(format_names()),
        help="Deck: the platform whose layout it has.",
    ),
    click.option(
        "--columns-from", type=PATH, metavar="FILE", help="Deck: a saved mapping in YAML."
    ),
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
        "--skip",
        type=SELECTION,
        multiple=True,
        metavar="HEADER=VALUE[,…]",
        help="Deck: leave out rows with these values in a column; repeatable.",
    ),
    click.option(
        "--only",
        type=SELECTION,
        multiple=True,
        metavar="HEADER=VALUE[,…]",
        help="Deck: leave out rows with other values in a column; repeatable.",
    ),
    click.option("--header", metavar="NAME,…", help="Deck: the columns of a file without header."),
    click.option("--header-line", metavar="N", help="Deck: the line of the header."),
    click.option("--sheet", metavar="NAME", help="Deck: the sheet of a workbook with several."),
    click.option(
        "--access-code",
        multiple=True,
        metavar="DIGITS",
        help="Deck: digits dialed before prefixes, such as 00; repeatable.",
    ),
    click.option(
        "--hours",
        type=PAIR,
        multiple=True,
        metavar="HEADER=HOURS",
        help="Deck: a column with prices for hours, as Peak='mon-fri 08:00-20:00'; repeatable.",
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
    click.option("--included", metavar="SECONDS", help="Deck: the included seconds, likewise."),
    click.option("--connect-fee", metavar="PRICE", help="Deck: the connect fee, likewise."),
)
"""What the columns of a deck do not state."""

NOT_OF_BOOKS = (*_TERMS, "currency", "effective_from", "name", "source", "format", "columns_from")
"""The options that a YAML book states itself."""


def read_deck_terms(options: Options) -> DeckTerms:
    """Return the terms of a deck: options over a mapping file, and that over a format.

    Raise `PriceBookRefused` when an option is missing or the mapping file is wrong.
    """
    layers: list[Layer] = []
    if options.format:
        layers.append(read_format(options.format))
    if options.columns_from:
        layers.append(parse_mapping(_text(options.columns_from), str(options.columns_from)))
    stated = {term: getattr(options, name) for name, term in _TERMS.items()}
    given: dict[str, Any] = {term: value for term, value in stated.items() if value}
    terms = join_layers([*layers, given])
    missing = [name for name in ("meter", "per") if not getattr(terms, name)]
    missing += [name for name in ("currency", "effective_from") if not getattr(options, name)]
    if missing:
        raise PriceBookRefused(f"a deck needs {', '.join(map(option_name, missing))}")
    return terms


def option_name(name: str) -> str:
    """Return an option as it is written."""
    return f"--{name.replace('_', '-')}"


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise PriceBookRefused(f"there is no file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PriceBookRefused(f"cannot read {path}: {error}") from error
