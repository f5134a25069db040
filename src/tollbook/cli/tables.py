"""An answer's table as CSV in the terminal."""

import csv
import sys
from collections.abc import Callable
from typing import Any

from tollbook.analytics.tables import Kind, Table
from tollbook.domain.exact import amount_text, minutes_text, quantity_text
from tollbook.domain.periods import day_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet."""


def print_csv(table: Table) -> None:
    """Print a table as CSV; what is not there is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(column.name for column in table.columns)
    kinds = [column.kind for column in table.columns]
    for row in table.rows:
        writer.writerow(
            "" if value is None else _WRITERS[kind](value)
            for kind, value in zip(kinds, row, strict=True)
        )


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


_WRITERS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: _text,
    Kind.COUNT: str,
    Kind.AMOUNT: amount_text,
    Kind.QUANTITY: quantity_text,
    Kind.MINUTES: minutes_text,
    Kind.SHARE: str,
    Kind.DAY: lambda number: day_of(number).isoformat(),
    Kind.INSTANT: str,
}
