"""An answer as columns and rows, for CSV, NDJSON, Parquet and the terminal."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from tollbook.domain.periods import Period, day_number

TOTAL_LABEL = "Total"
ORGANIZATION_LEVEL = "organization level"
"""The name of usage not attributed to a user, whose id is empty."""


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
    """The text of a JSON object or array; empty for an object without fields."""
    FLAG = "flag"
    """True, or None for false."""


class Column(NamedTuple):
    """A column: its name, which is that of the field in JSON, and the kind of its values."""

    name: str
    kind: ColumnKind


Constant = tuple[Column, Any]
"""A column that has the same value in every row: what JSON has once for all rows."""


class Table(NamedTuple):
    """Rows of values in their stored form, None for an empty cell; read once, in order.

    `totals` is the row of their sums, if they were requested. After it comes `organization_level`,
    usage that the sums exclude. `constants` are further columns of files, at the end; people read
    them in the title. After them come the `marks`, whose cells are the last of each row.
    """

    columns: tuple[Column, ...]
    rows: Iterable[tuple[Any, ...]]
    totals: tuple[Any, ...] | None = None
    organization_level: tuple[Any, ...] | None = None
    constants: tuple[Constant, ...] = ()
    marks: tuple[Column, ...] = ()

    @property
    def file_columns(self) -> tuple[Column, ...]:
        """Return the columns of a file."""
        return (*self.columns, *(column for column, _ in self.constants), *self.marks)


def text_columns(**texts: str | None) -> tuple[Constant, ...]:
    """Return texts as columns, by their names."""
    return tuple((Column(name, ColumnKind.TEXT), text) for name, text in texts.items())


def period_columns(period: Period, prefix: str = "") -> tuple[Constant, ...]:
    """Return the first and the last day of a period as columns."""
    days = {"start": period.start, "end": period.end}
    return tuple(
        (Column(f"{prefix}period_{name}", ColumnKind.DAY), day_number(day))
        for name, day in days.items()
    )
