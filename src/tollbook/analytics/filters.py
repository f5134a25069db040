"""Filter and sort the rows of an answer by user or by organization."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from tollbook.analytics.names import collation_key, searched
from tollbook.analytics.rows import RowLayout
from tollbook.analytics.tables import ColumnKind
from tollbook.domain.catalog import Catalog
from tollbook.domain.meters import BY_TYPE, CATALOG
from tollbook.store.engine import Row

TOTAL_COST = "total_cost"


class Filters(msgspec.Struct, frozen=True):
    """The usage that counts (`meters`, `country`), and the rows to list (the other fields).

    A field left at its default filters nothing. `min_cost` is in nanos.
    """

    meters: tuple[str, ...] = ()
    country: str | None = None
    status: str | None = None
    min_cost: int | None = None
    search: str | None = None
    active: bool | None = None

    @property
    def lists_all(self) -> bool:
        """Return whether every row is listed, whatever usage counts."""
        return (self.status, self.min_cost, self.search, self.active) == (None, None, None, None)


class Sort(msgspec.Struct, frozen=True):
    """The field to sort by, and the order: by default ascending for texts, else descending."""

    field: str = TOTAL_COST
    order: str | None = None


def filter_rows(rows: Iterable[Row], layout: RowLayout, filters: Filters) -> list[Row]:
    """Return the rows that pass all filters."""
    tests = list(_tests(layout, filters))
    return [row for row in rows if all(test(row) for test in tests)]


def sort_rows(rows: list[Row], layout: RowLayout, sort: Sort) -> None:
    """Sort rows in place; ties are in the order of their ids."""
    kind, place = layout.kinds[sort.field], layout.place[sort.field]
    order = sort.order or ("asc" if kind is ColumnKind.TEXT else "desc")
    rows.sort(key=itemgetter(0))
    rows.sort(key=_name_key() if place == 1 else itemgetter(place), reverse=order == "desc")


def _name_key() -> Callable[[Row], bytes]:
    key = collation_key()
    return lambda row: key(row[1])


def _tests(layout: RowLayout, filters: Filters) -> Iterator[Callable[[Row], bool]]:
    total = layout.place[TOTAL_COST]
    if filters.status is not None:
        yield lambda row: bool(row[layout.status] == filters.status)
    if filters.min_cost is not None:
        least = filters.min_cost
        yield lambda row: bool(row[total] >= least)
    if filters.search is not None:
        part = searched(filters.search)
        yield lambda row: part in searched(row[0]) or part in searched(row[1])
    if filters.active is not None:
        yield lambda row: (row[layout.events] > 0) is filters.active


def match_meters(types: Sequence[str], catalog: Catalog) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition on rows of sums that keeps these meters, and its parameters.

    Without types, all meters count, without a condition: PostgreSQL would expect a few rows only.
    Bits are only for built-in meters: shifts by larger codes have other results.
    """
    if not types:
        return "", {}
    if catalog.own and not BY_TYPE.keys() >= set(types):
        return MATCH_CODES, {"codes": [catalog.by_type[it].code for it in types]}
    return MATCH_METERS, {"meters": meter_bits(types)}


def meter_bits(types: Iterable[str]) -> int:
    """Return a number with the bit of each meter's code set; without types, those of all meters."""
    meters = [BY_TYPE[name] for name in types] or CATALOG
    return sum(1 << meter.code for meter in meters)


MATCH_METERS = "\n            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1"
"""SQL appended to the condition on rows of sums: keeps the meters whose bits are set."""
MATCH_CODES = "\n            AND meter IN :codes"
"""The same for codes of any size."""
