"""Print an answer as JSON, as CSV, or as a table for people."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from rich import box
from rich.table import Table as Shown
from rich.text import Text

from tollbook.analytics.tables import ColumnKind, Table
from tollbook.api.formats.cells import writer_of
from tollbook.api.formats.csv import csv_bytes
from tollbook.api.formats.ndjson import ndjson_bytes
from tollbook.cli.amounts import WriteAmount, amount_writer
from tollbook.cli.command import Options
from tollbook.cli.output import cell, print_json, print_table
from tollbook.domain.exact import amount_text, quantity_text
from tollbook.store.engine import Row


def print_answer(
    options: Options,
    *,
    report: Callable[[], Any],
    table: Callable[[], Table],
    text: Callable[[], None],
    extras: Mapping[str, Any] | None = None,
) -> int:
    """Print an answer in the form that the options name, and return the exit code.

    `report` returns the JSON, to which `extras` are added, `table` the CSV, and `text` prints the
    answer for people.
    """
    if options.json:
        print_json(report(), extras)
    elif options.csv:
        print_csv(options, table())
    else:
        text()
    return 0


def print_csv(options: Options, table: Table) -> None:
    """Print a table as CSV, with exact values and the API's headings."""
    for piece in csv_bytes(table, escape_formulas=options.escape_formulas):
        sys.stdout.write(piece.decode().replace("\r\n", "\n"))


def print_ndjson(table: Table) -> None:
    """Print a table as one JSON object per line."""
    for piece in ndjson_bytes(table):
        sys.stdout.write(piece.decode())


def print_wide(options: Options, title: str, table: Table, currency: str | None = None) -> None:
    """Print a table with one line per row, and its totals below if it has any.

    Amounts are in `currency`, or in that of the row if it has a column for it.
    """
    columns = (*table.columns, *table.marks)
    names = [column.name for column in columns]
    place = names.index("currency") if "currency" in names else None

    def cells(row: Row) -> list[Text]:
        write = amount_writer(options, currency if place is None else row[place])
        values = zip(columns, row, strict=True)
        return [cell(text_of(column.kind, value, write)) for column, value in values]

    shown = new_table(title, footer=table.totals is not None)
    sums = cells(table.totals or ("",) * len(columns))
    for column, total in zip(columns, sums, strict=True):
        shown.add_column(
            _heading(column.name).replace(" ", "\n"),
            total,
            justify="left" if column.kind is ColumnKind.TEXT else "right",
            no_wrap=True,
        )
    for row in table.rows:
        shown.add_row(*cells(row))
    print_table(shown)


def print_long(title: str, table: Table, write_amount: WriteAmount = amount_text) -> None:
    """Print the only row of a table with one line per field."""
    shown = new_table(title, footer=False)
    shown.show_header = False
    shown.add_column(no_wrap=True)
    shown.add_column(justify="right", no_wrap=True)
    for row in table.rows:
        for column, value in zip((*table.columns, *table.marks), row, strict=True):
            text = text_of(column.kind, value, write_amount)
            shown.add_row(_heading(column.name), cell(text))
    print_table(shown)


def new_table(title: str, *, footer: bool) -> Shown:
    """Return an empty table with a title."""
    return Shown(title=cell(title), title_justify="left", box=box.SIMPLE_HEAD, show_footer=footer)


_SHORT = {"sms": "SMS", "mms": "MMS", "api": "API", "kb": "KB", "id": "ID"}


def _heading(name: str) -> str:
    words = name.removeprefix("total_").split("_") if name != "total_cost" else ["cost"]
    return " ".join(_SHORT.get(it, it.capitalize()) for it in words)


def text_of(kind: ColumnKind, value: Any, write_amount: WriteAmount) -> str:
    """Return the text of a cell for people: thousands are grouped, minutes have one decimal."""
    if value is None or value == "":
        return ""
    match kind:
        case ColumnKind.AMOUNT:
            return write_amount(value)
        case ColumnKind.MINUTES:
            return f"{value / 60_000_000:,.1f}"
        case ColumnKind.COUNT:
            return f"{value:,}"
        case ColumnKind.QUANTITY:
            whole, point, rest = quantity_text(value).partition(".")
            return f"{int(whole):,}{point}{rest}"
        case ColumnKind.TEXT:
            return str(value)
        case _:
            return writer_of(kind)(value)
