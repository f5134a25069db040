"""A slice of rows by user or organization: which are wanted, in which order, and their totals."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from tollbook.analytics.rows import RowLayout, scale_of
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.exact import raw_amount, raw_quantity
from tollbook.domain.meters import BY_CODE, BY_TYPE, CATALOG
from tollbook.store.engine import Row

BY_METER, BY_COUNTRY = "meter", "country"
GROUP_AMOUNTS = (3, 4)
"""The places of quantity and cost in a row of a group, behind id, group and count."""
_TOTAL = "Total"
TOTAL_COST = "total_cost"


class Slice(msgspec.Struct, frozen=True):
    """What is asked for of all rows; nothing of it asked, every row by its cost.

    `meters` and `country` limit the usage that counts, the rest which rows are listed.
    """

    meters: tuple[str, ...] = ()
    country: str | None = None
    identity: str | None = None
    status: str | None = None
    min_cost: int | None = None
    search: str | None = None
    active: bool = False
    sort: str = TOTAL_COST
    order: str | None = None
    group_by: str | None = None


class Field(NamedTuple):
    """A field of a row: its name in JSON, its place, what it holds, and in how many parts."""

    name: str
    at: int
    kind: ColumnKind
    scale: int = 1


class Shape(NamedTuple):
    """How the rows of a question are laid out: id and name first, then figures.

    `events` and `status` are the places of what is read for slicing alone.
    """

    fields: tuple[Field, ...]
    events: int
    status: int

    def field(self, name: str) -> Field:
        """Find a field by its name in JSON."""
        return next(it for it in self.fields if it.name == name)


def shape_of(layout: RowLayout) -> Shape:
    """Return the shape of rows that are read for slicing: the figures, then events and status."""
    identity = [Field(it, layout.place[it], ColumnKind.TEXT) for it in layout.identity]
    figures = [
        Field(it.name, layout.place[it.name], it.kind, scale_of(it)) for it in layout.figures
    ]
    return Shape((*identity, *figures), events=layout.width, status=layout.width + 1)


class Group(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A part of a row: the usage of one meter, with its quantity, or of one country."""

    meter: str | msgspec.UnsetType = msgspec.UNSET
    country: str | msgspec.UnsetType = msgspec.UNSET
    events: int
    quantity: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    cost: msgspec.Raw


Groups = dict[str, list[Row]]
"""By the id of its row: meter code or country, events, quantity in micros, cost in nanos."""


def chosen(rows: Iterable[Row], shape: Shape, wanted: Slice) -> list[Row]:
    """Give the rows that are wanted, in the order that is wanted; the id settles every tie."""
    tests = list(_tests(shape, wanted))
    found = [row for row in rows if all(test(row) for test in tests)]
    field = shape.field(wanted.sort)
    is_text = field.kind is ColumnKind.TEXT
    order = wanted.order or ("asc" if is_text else "desc")
    found.sort(key=itemgetter(0))
    found.sort(key=_name if field.at == 1 else itemgetter(field.at), reverse=order == "desc")
    return found


def _name(row: Row) -> str:
    """Give a name as people sort them: capital letters are no others."""
    return str(row[1]).casefold()


def _tests(shape: Shape, wanted: Slice) -> Iterator[Callable[[Row], bool]]:
    total = shape.field(TOTAL_COST).at
    if wanted.identity is not None:
        yield lambda row: bool(row[0] == wanted.identity)
    if wanted.status is not None:
        yield lambda row: bool(row[shape.status] == wanted.status)
    if wanted.min_cost is not None:
        least = wanted.min_cost
        yield lambda row: bool(row[total] >= least)
    if wanted.search is not None:
        part = wanted.search.casefold()
        yield lambda row: part in row[0].casefold() or part in row[1].casefold()
    if wanted.active:
        yield lambda row: bool(row[shape.events] > 0)


def totals(rows: Sequence[Row], shape: Shape) -> Row:
    """Add up every figure of rows; id, name and status are left empty."""
    width = max(shape.events, shape.status) + 1
    figures = {it.at for it in shape.fields if it.kind is not ColumnKind.TEXT} | {shape.events}
    return tuple(sum(row[at] for row in rows) if at in figures else "" for at in range(width))


def meter_bits(meters: Iterable[str]) -> int:
    """Name meters by the bits of their codes, as statements want them; without any, all."""
    asked = [BY_TYPE[it] for it in meters] or CATALOG
    return sum(1 << meter.code for meter in asked)


MATCHING = "\n            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1"
"""One more condition on rows of sums: that their meter is one of those asked for."""


def grouped(rows: Iterable[Row]) -> Groups:
    """Arrange groups by the id they begin with; what was all taken back is left out."""
    groups: Groups = {}
    for identity, *group in rows:
        if any(group[1:]):
            groups.setdefault(identity, []).append(tuple(group))
    for of_one in groups.values():
        of_one.sort()
    return groups


def groups_of(groups: Iterable[Row], group_by: str) -> list[Group]:
    """Write the groups of a row: meters in the order of the catalogue, countries by their code."""
    if group_by == BY_METER:
        return [
            Group(
                meter=BY_CODE[code].type,
                events=events,
                quantity=raw_quantity(quantity),
                cost=raw_amount(cost),
            )
            for code, events, quantity, cost in groups
        ]
    return [
        Group(country=code, events=events, cost=raw_amount(cost))
        for code, events, _, cost in groups
    ]


def table_of(rows: Iterable[Row], shape: Shape, sums: Row | None = None) -> Table:
    """Give rows as a table, its columns named as the fields in JSON; `sums` are its last row."""
    columns = tuple(Column(it.name, it.kind) for it in shape.fields)
    last = None if sums is None else ("", _TOTAL, *list(_cells(sums, shape))[2:])
    return Table(columns, (tuple(_cells(row, shape)) for row in rows), last)


def _cells(row: Row, shape: Shape) -> Iterator[Any]:
    for _, at, _, scale in shape.fields:
        yield row[at] if scale == 1 else row[at] // scale


def table_of_groups(
    rows: Iterable[Row], groups: Groups, shape: Shape, group_by: str, sums: Row | None = None
) -> Table:
    """Give the groups of rows as a table: a line for each, with the id and name of its row.

    The last line has the events and the cost of `sums`; quantities of several meters do not add up.
    """
    lines = ((*row[:2], *group) for row in rows for group in groups.get(row[0], ()))
    names = tuple(Column(it.name, it.kind) for it in shape.fields[:2])
    events, cost = Column("events", ColumnKind.COUNT), Column("cost", ColumnKind.AMOUNT)
    total = shape.field(TOTAL_COST).at
    last = None if sums is None else ("", _TOTAL, None, sums[shape.events], None, sums[total])
    if group_by == BY_METER:
        quantity = Column("quantity", ColumnKind.QUANTITY)
        columns = (*names, Column(group_by, ColumnKind.METER), events, quantity, cost)
        return Table(columns, lines, last)
    columns = (*names, Column(group_by, ColumnKind.TEXT), events, cost)
    return Table(columns, map(_without_quantity, lines), last and _without_quantity(last))


def _without_quantity(line: Row) -> Row:
    return (*line[:4], line[5])
