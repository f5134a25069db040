"""An answer as columns and rows, for CSV, NDJSON, Parquet and the terminal."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

TOTAL_LABEL = "Total"


class ColumnKind(StrEnum):
    """The kind of values in a column, and their stored form."""

    TEXT = "text"
    COUNT = "count"
    AMOUNT = "amount"
    """Nanos of the currency."""
    QUANTITY = "quantity"
    """Micros of the unit."""
    MINUTES = "minutes"
    """Micros of seconds, shown as minutes."""
    SHARE = "share"
    """A fraction, as a float."""
    DAY = "day"
    """A day number such as 20240131."""
    INSTANT = "instant"
    """Microseconds since 1970 in UTC."""
    METER = "meter"
    """A meter's code, shown as its type."""
    UNIT = "unit"
    """A meter's code, shown as its unit."""
    OBJECT = "object"
    """The text of a JSON object; empty for one without fields."""


class Column(NamedTuple):
    """A column: its name, which is that of the field in JSON, and the kind of its values."""

    name: str
    kind: ColumnKind


class Table(NamedTuple):
    """Rows of values in their stored form, None for an empty cell; read once, in order.

    `totals` is a last row of sums, if they were requested.
    """

    columns: tuple[Column, ...]
    rows: Iterable[tuple[Any, ...]]
    totals: tuple[Any, ...] | None = None
