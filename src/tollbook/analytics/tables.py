"""An answer as columns and rows: what CSV, NDJSON, Parquet and the terminal are written from."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple


class ColumnKind(StrEnum):
    """What a column holds, in which stored form."""

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
    """A column: its name, as the JSON names the field, and what it holds."""

    name: str
    kind: ColumnKind


class Table(NamedTuple):
    """Rows of stored forms, None where there is nothing; read once, in order.

    `totals` is one more row, for whoever asked for it.
    """

    columns: tuple[Column, ...]
    rows: Iterable[tuple[Any, ...]]
    totals: tuple[Any, ...] | None = None
