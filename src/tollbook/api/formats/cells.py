"""Stored forms as texts, a column at a time: values repeat, and each is written once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, TypeVar

from tollbook.analytics.tables import ColumnKind, Table
from tollbook.domain.exact import amount_text, minutes_text, quantity_text
from tollbook.domain.meters import BY_CODE
from tollbook.domain.periods import day_of

ROWS_AT_ONCE = 1_000
_MOST_KEPT = 65_536

T = TypeVar("T")
Write = Callable[[Any], str]


class TextCache(dict[Any, T]):
    """Values as they are written, each made when it is first met; nothing is written as `absent`.

    Forgotten from time to time, so that a stream of any length takes no more memory.
    """

    def __init__(self, write: Callable[[Any], T], absent: T) -> None:
        super().__init__()
        self._write = write
        self._absent = absent

    def __missing__(self, value: Any) -> T:
        made = self[value] = self._absent if value is None else self._write(value)
        return made

    def column(self, values: Sequence[Any]) -> list[T]:
        """Write the values of a column."""
        if len(self) > _MOST_KEPT:
            self.clear()
        return list(map(self.__getitem__, values))


def chunks(table: Table) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield the columns of some rows at a time; the totals and the organization level are last."""
    last = (it for it in (table.totals, table.organization_level) if it is not None)
    rows = chain(table.rows, last)
    while some := list(islice(rows, ROWS_AT_ONCE)):
        cells = list(zip(*some, strict=True))
        constants = ((value,) * len(some) for _, value in table.constants)
        yield [*cells[: len(table.columns)], *constants, *cells[len(table.columns) :]]


def _share(value: float) -> str:
    return repr(float(value))


def _day(number: int) -> str:
    return day_of(number).isoformat()


class _Minutes(dict[int, str]):
    """The beginnings of texts, as far as the minute: many instants lie in the same one."""

    def __missing__(self, minute: int) -> str:
        if len(self) > _MOST_KEPT:
            self.clear()
        whole = datetime.fromtimestamp(minute * 60, UTC).isoformat()
        text = self[minute] = whole.removesuffix("00+00:00")
        return text


def instant_writer() -> Write:
    """Return the function that writes an instant in UTC with all of its digits."""
    known = _Minutes()

    def write(stored: int) -> str:
        minute, rest = divmod(stored, 60_000_000)
        millis, micros = divmod(rest, 1_000)
        if rest % 1_000_000:
            return f"{known[minute]}{_MILLIS[millis]}{_THREE[micros]}Z"
        return f"{known[minute]}{_MILLIS[millis][:2]}Z"

    return write


_THREE = [f"{number:03d}" for number in range(1_000)]
_MILLIS = [f"{number // 1_000:02d}.{number % 1_000:03d}" for number in range(60_000)]
"""Looked up, because to format a number costs more than all the rest."""


def writer_of(kind: ColumnKind) -> Write:
    """Return the function that writes the values of a kind of column as text."""
    return instant_writer() if kind is ColumnKind.INSTANT else _WRITERS[kind]


_WRITERS: dict[ColumnKind, Write] = {
    ColumnKind.TEXT: str,
    ColumnKind.COUNT: str,
    ColumnKind.AMOUNT: amount_text,
    ColumnKind.QUANTITY: quantity_text,
    ColumnKind.MINUTES: minutes_text,
    ColumnKind.SHARE: _share,
    ColumnKind.DAY: _day,
    ColumnKind.METER: lambda code: BY_CODE[code].type,
    ColumnKind.UNIT: lambda code: BY_CODE[code].unit,
    ColumnKind.OBJECT: str,
    ColumnKind.FLAG: lambda value: str(value).lower(),
}
