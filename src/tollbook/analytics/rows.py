"""Lay out rows of sums and write them as answers, by the table of figures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from tollbook.analytics.figures import AnswerKind, Figure, Measure, Section, figures_of
from tollbook.analytics.period_cover import match_any
from tollbook.analytics.tables import TOTAL_LABEL, Column, ColumnKind, Table
from tollbook.domain.exact import MICROS, AmountJson, raw_amounts, raw_minutes, raw_quantity
from tollbook.store.engine import Row

AnswerType = type[msgspec.Struct]

_READ_ORDER = (
    (Measure.ORGANIZATIONS, Measure.USERS),
    (Measure.EVENTS, Measure.QUANTITY),
    (Measure.COST,),
    (Measure.RESOURCES,),
    (Measure.TOTAL,),
)
"""The order of a row. Costs are adjacent, so that their total is the sum of a Python slice."""

_SUMMED = {Measure.EVENTS: "count", Measure.QUANTITY: "quantity", Measure.COST: "cost"}
_BREAKDOWN = "cost_breakdown"


def sum_sql(figure: Figure, *, own: bool = False) -> str:
    """Return the SQL that adds up a figure over rows of sums, with a tenant's own meters if any."""
    condition, codes = f"meter {match_any(figure.codes)}", figure.own_codes
    if own and codes:
        condition += f" OR meter BETWEEN {codes[0]} AND {codes[-1]}"
    return f"SUM({_SUMMED[figure.measure]}) FILTER (WHERE {condition})"


def scale_of(figure: Figure) -> int:
    """Return the divisor that turns a stored sum into the number shown."""
    is_whole = figure.measure is Measure.QUANTITY and figure.kind is ColumnKind.COUNT
    return MICROS if is_whole else 1


class RowLayout:
    """The places of an answer's figures in a row of sums, after the columns of its identity.

    Rows that are read to be filtered have two more columns, at `events` and `status`.
    """

    def __init__(self, answer: AnswerKind, *identity: str) -> None:
        self.identity = identity
        self.figures = figures_of(answer)
        """In the documented order."""
        self._sections = [
            (section, tuple(figures))
            for section, figures in groupby(self.figures, key=lambda it: it.sections[answer])
        ]
        self.stored = tuple(
            it for measures in _READ_ORDER for it in self.figures if it.measure in measures
        )
        """In the order of a row."""
        names = (*identity, *(it.name for it in self.stored))
        self.place = {name: at for at, name in enumerate(names)}
        self.width = len(names)
        self.amounts = frozenset(self.place[it.name] for it in self.stored if it.is_amount)
        """The places of sums that can pass 64 bits."""
        self.sums = {it.name: sum_sql(it) for it in self.stored if it.measure in _SUMMED}
        """The SQL of every sum of usage, by the name of its figure."""
        self.own_sums = {
            it.name: sum_sql(it, own=True) for it in self.stored if it.measure in _SUMMED
        }
        """The same for a tenant with meters of its own, whose costs are in their categories."""
        self.columns = (
            *(Column(name, ColumnKind.TEXT) for name in identity),
            *(Column(it.name, it.kind) for it in self.figures),
        )
        """The columns of a file: the identity, then the figures as documented."""
        self.kinds = dict(self.columns)
        """The kind of each column, by name."""
        self.events, self.status = self.width, self.width + 1
        scales = (*(1 for _ in identity), *map(scale_of, self.figures))
        self._scaled = [
            (self.place[column.name], scale)
            for column, scale in zip(self.columns, scales, strict=True)
        ]

    @property
    def costs(self) -> slice:
        """Return the places of the costs that add up to the total."""
        places = [self.place[it.name] for it in self.stored if it.measure is Measure.COST]
        return slice(places[0], places[-1] + 1)

    def total(self, rows: Sequence[Row]) -> Row:
        """Return the sums of rows, with the count of events if rows have it; no identity."""
        names = len(self.identity)
        sums = [sum(column) for column in list(zip(*rows, strict=True))[names : self.status]]
        return (*("",) * names, *(sums or (0,) * (self.status - names)))

    def table(self, rows: Iterable[Row], total: Row | None = None) -> Table:
        """Return rows as a table, with a last row for their total."""
        last = total and ("", TOTAL_LABEL, *self._cells(total)[len(self.identity) :])
        return Table(self.columns, map(self._cells, rows), last)

    def _cells(self, row: Row) -> Row:
        return tuple(row[at] if scale == 1 else row[at] // scale for at, scale in self._scaled)

    def breakdown_type(self, name: str, doc: str) -> AnswerType:
        """Return a new type for the cost breakdown of an answer."""
        (figures,) = (it for section, it in self._sections if section is Section.BREAKDOWN)
        return define(name, doc, _fields(figures))

    def fields(self, breakdown: AnswerType | None = None) -> Iterator[tuple[str, Any]]:
        """Return the names and types of an answer's figures; amounts are exact."""
        for section, figures in self._sections:
            if section is Section.BREAKDOWN:
                yield _BREAKDOWN, breakdown
            else:
                yield from _fields(figures)

    def cells(
        self, rows: Sequence[Row], breakdown: AnswerType | None = None
    ) -> list[Iterable[Any]]:
        """Return the columns of an answer: the identity, then one for each of `fields`.

        Each distinct quantity of a column is formatted once, because many repeat.
        """
        columns = list(zip(*rows, strict=True)) or [()] * self.width
        texts = {kind: _Texts(write).__getitem__ for kind, write in _WRITERS.items()}
        written: list[Iterable[Any]] = list(columns[: len(self.identity)])
        for section, figures in self._sections:
            cells = [_write_column(it, columns[self.place[it.name]], texts) for it in figures]
            if section is Section.BREAKDOWN:
                assert breakdown  # noqa: S101  an answer with that section has the type
                written.append(map(breakdown, *cells))
            else:
                written += cells
        return written


def _write_column(
    figure: Figure, values: Sequence[int], texts: Mapping[ColumnKind, Any]
) -> Iterable[Any]:
    if figure.kind is ColumnKind.AMOUNT:
        return raw_amounts(values)
    if figure.kind is not ColumnKind.COUNT:
        return map(texts[figure.kind], values)
    scale = scale_of(figure)
    return values if scale == 1 else [it // scale for it in values]


class _Texts(dict[int, msgspec.Raw]):
    """Numbers as JSON, each formatted on first use."""

    def __init__(self, write: Callable[[int], msgspec.Raw]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, number: int) -> msgspec.Raw:
        text = self[number] = self._write(number)
        return text


_WRITERS: dict[ColumnKind, Callable[[int], msgspec.Raw]] = {
    ColumnKind.QUANTITY: raw_quantity,
    ColumnKind.MINUTES: raw_minutes,
}
_TYPES: dict[ColumnKind, Any] = {ColumnKind.COUNT: int, ColumnKind.AMOUNT: AmountJson}


def define(name: str, doc: str, fields: Iterable[Any]) -> AnswerType:
    """Return a new type for an answer or a part of it.

    `name` and `doc` are also in the OpenAPI document.
    """
    namespace = {"__doc__": doc}
    return msgspec.defstruct(
        name, list(fields), namespace=namespace, module=__name__, frozen=True, gc=False
    )


def _fields(figures: Iterable[Figure]) -> list[tuple[str, Any]]:
    return [(it.name, _TYPES.get(it.kind, msgspec.Raw)) for it in figures]
