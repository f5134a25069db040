"""The usage of each row split by meter or by country, as it is answered and as a table."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tollbook.analytics.rows import RowLayout
from tollbook.analytics.tables import TOTAL_LABEL, Column, ColumnKind, Table
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.exact import AmountJson, raw_amount, raw_quantity
from tollbook.store.engine import Row

BY_METER, BY_COUNTRY = "meter", "country"
GROUP_COLUMNS = 5
"""A row of a group: id, meter or country, events, quantity in micros, cost in nanos."""
GROUP_AMOUNTS = (3, 4)
"""The places of quantity and cost in such a row."""


class Group(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A part of a row: the usage of one meter, with its quantity, or of one country."""

    meter: str | msgspec.UnsetType = msgspec.UNSET
    country: str | msgspec.UnsetType = msgspec.UNSET
    events: int
    quantity: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    cost: AmountJson
    buy_cost: AmountJson | msgspec.UnsetType | None = msgspec.UNSET
    margin: AmountJson | msgspec.UnsetType | None = msgspec.UNSET
    buy_known_share: float | msgspec.UnsetType | None = msgspec.UNSET


Groups = dict[str, list[Row]]
"""Rows of groups by the id of their row, without that id."""


def arrange_groups(rows: Iterable[Row]) -> Groups:
    """Arrange rows of groups by their id; groups whose usage was all reversed are left out."""
    groups: Groups = {}
    for identity, *group in rows:
        if any(group[1:]):
            groups.setdefault(identity, []).append(tuple(group))
    for group_rows in groups.values():
        group_rows.sort()
    return groups


def write_groups(
    groups: Iterable[Row],
    group_by: str,
    catalog: Catalog = BUILT_IN,
    details: Callable[[Any], dict[str, Any]] = lambda _: {},
) -> list[Group]:
    """Return the groups of a row as they are answered; `details` returns more fields of a group."""
    if group_by == BY_METER:
        return [
            Group(
                meter=catalog.of_code(code).type,
                events=events,
                quantity=raw_quantity(quantity),
                cost=raw_amount(cost),
                **details(code),
            )
            for code, events, quantity, cost in groups
        ]
    return [
        Group(country=code, events=events, cost=raw_amount(cost), **details(code))
        for code, events, _, cost in groups
    ]


def groups_table(
    rows: Iterable[Row],
    groups: Groups,
    layout: RowLayout,
    group_by: str,
    total: Row | None = None,
    catalog: Catalog = BUILT_IN,
) -> Table:
    """Return a table with a line for each group, which begins with the id and name of its row.

    The last line has the events and the cost of `total`, and no quantity: units of meters differ.
    """
    lines: Iterable[Row] = ((*row[:2], *group) for row in rows for group in groups.get(row[0], ()))
    kind = ColumnKind.METER if group_by == BY_METER else ColumnKind.TEXT
    if kind is ColumnKind.METER and catalog.own:
        kind = ColumnKind.TEXT
        lines = ((*line[:2], catalog.of_code(line[2]).type, *line[3:]) for line in lines)
    columns = (
        *layout.columns[:2],
        Column(group_by, kind),
        Column("events", ColumnKind.COUNT),
        Column("quantity", ColumnKind.QUANTITY),
        Column("cost", ColumnKind.AMOUNT),
    )
    last = total and _total_line(total, layout)
    if group_by == BY_METER:
        return Table(columns, lines, last)
    last = last and _without_quantity(last)
    return Table(_without_quantity(columns), map(_without_quantity, lines), last)


def _total_line(total: Row, layout: RowLayout) -> Row:
    return ("", TOTAL_LABEL, None, total[layout.events], None, total[layout.place["total_cost"]])


def _without_quantity(cells: Row) -> Row:
    return (*cells[:4], cells[5])
