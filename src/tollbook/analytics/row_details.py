"""What rows by user and by organization have beyond the documented figures: margins, and meters.

They are read by statements of their own (`plain_sums.py`), in the snapshot of the rows.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from tollbook.analytics.filters import Filters, Sort
from tollbook.analytics.margin import FIELDS as MARGIN_FIELDS
from tollbook.analytics.margin import SORT_FIELDS, margin_columns, margin_json, margin_of
from tollbook.analytics.plain_sums import PlainSums, SumsQuestion, added_sums, read_sums
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.exact import AmountJson, raw_amount, raw_quantity
from tollbook.domain.meters import Meter
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

NO_ID = ""
"""The id of usage that is not attributed to a user."""
ByMeterCode = Mapping[Any, PlainSums]
"""The sums of a row by the code of the meter; under None where only the whole was read."""


class MeterUsage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The usage of one meter. Amounts are exact JSON numbers."""

    meter: str
    unit: str
    category: str
    count: int
    quantity: msgspec.Raw
    billed_quantity: msgspec.Raw
    cost: AmountJson
    buy_cost: AmountJson | msgspec.UnsetType | None = UNSET
    margin: AmountJson | msgspec.UnsetType | None = UNSET
    buy_known_share: float | msgspec.UnsetType | None = UNSET


DETAIL_FIELDS: list[tuple[str, Any, Any]] = [
    *MARGIN_FIELDS,
    ("meters", list[MeterUsage] | msgspec.UnsetType, UNSET),
]
"""The fields of a row after all others; each is there only if it is asked for."""


class Wanted(NamedTuple):
    """What is asked for in addition to the documented figures."""

    margin: bool = False
    meters: bool = False

    @classmethod
    def of(cls, include: Collection[str]) -> "Wanted":
        """Return what the parameter `include` asks for."""
        return cls("margin" in include, "meters" in include)


NOTHING_MORE = Wanted()


class RowDetails(NamedTuple):
    """The sums of rows by their id, of groups by the id of their row, and of all rows together.

    `shown` are the meters of `include=meters`.
    """

    wanted: Wanted
    rows: Mapping[Any, ByMeterCode]
    groups: Mapping[Any, ByMeterCode]
    total: ByMeterCode
    shown: tuple[Meter, ...]
    catalog: Catalog = BUILT_IN

    def fields(self, identity: str) -> dict[str, Any]:
        """Return the fields of a row in JSON."""
        return self._written(self.rows.get(identity, {}))

    @property
    def total_fields(self) -> dict[str, Any]:
        """Return the fields of the totals in JSON."""
        return self._written(self.total)

    def group_fields(self, identity: str, group: Any) -> dict[str, Any]:
        """Return the fields of a group in JSON."""
        if not self.wanted.margin:
            return {}
        return margin_json(self.groups.get(identity, {}).get(group, PlainSums()).purchases)

    def _written(self, by_meter: ByMeterCode) -> dict[str, Any]:
        found = margin_json(added_sums(by_meter.values()).purchases) if self.wanted.margin else {}
        if self.wanted.meters:
            found["meters"] = [
                self._usage(meter, by_meter.get(meter.code, PlainSums())) for meter in self.shown
            ]
        return found

    def _usage(self, meter: Meter, sums: PlainSums) -> MeterUsage:
        return MeterUsage(
            meter=meter.type,
            unit=meter.unit,
            category=meter.category.value,
            count=sums.events,
            quantity=raw_quantity(sums.quantity),
            billed_quantity=raw_quantity(sums.billed),
            cost=raw_amount(sums.cost),
            **(margin_json(sums.purchases) if self.wanted.margin else {}),
        )

    def columns(self) -> Iterator[Column]:
        """Return the last columns of a file of rows."""
        if self.wanted.margin:
            yield from margin_columns()
        if self.wanted.meters:
            for meter in self.shown:
                for name, kind in _METER_COLUMNS.items():
                    yield Column(f"{meter.type}.{name}", kind)
                if self.wanted.margin:
                    yield from margin_columns(f"{meter.type}.")

    def cells(self, by_meter: ByMeterCode) -> Row:
        """Return the last cells of a row, one for each of `columns`."""
        found: list[Any] = []
        if self.wanted.margin:
            found += margin_of(added_sums(by_meter.values()).purchases)
        if self.wanted.meters:
            for meter in self.shown:
                sums = by_meter.get(meter.code, PlainSums())
                found += (sums.events, sums.quantity, sums.billed, sums.cost)
                found += margin_of(sums.purchases) if self.wanted.margin else ()
        return tuple(found)


_METER_COLUMNS = {
    "count": ColumnKind.COUNT,
    "quantity": ColumnKind.QUANTITY,
    "billed_quantity": ColumnKind.QUANTITY,
    "cost": ColumnKind.AMOUNT,
}


class DetailsQuestion(NamedTuple):
    """Whose sums to read: `key` is a column, and `ids` has the id of each of its values.

    `parameters` name the period and the users or organizations.
    """

    key: str
    parameters: Mapping[str, Any]
    wanted: Wanted
    filters: Filters
    group_by: str | None
    catalog: Catalog
    one_user: bool = False
    ids: Mapping[Any, str] | None = None


def read_details(snapshot: Snapshot, question: DetailsQuestion) -> RowDetails | None:
    """Read margins and meters, without those of the total; None if neither is asked for."""
    wanted = question.wanted
    if not (wanted.margin or wanted.meters):
        return None
    by_row = _read(snapshot, question, ("meter",) if wanted.meters else ())
    groups = {}
    if wanted.margin and question.group_by is not None:
        groups = _read(snapshot, question, (question.group_by,))
    used = {code for by_meter in by_row.values() for code in by_meter}
    shown = tuple(_shown(question, used)) if wanted.meters else ()
    return RowDetails(wanted, by_row, groups, {}, shown, question.catalog)


def _read(
    snapshot: Snapshot, question: DetailsQuestion, by: tuple[str, ...]
) -> dict[Any, dict[Any, PlainSums]]:
    filters, catalog = question.filters, question.catalog
    bound = dict(question.parameters)
    if filters.meters:
        bound["codes"] = [catalog.by_type[it].code for it in filters.meters]
    if filters.country is not None:
        bound["country"] = filters.country
    asked = SumsQuestion(
        key=question.key,
        by=by,
        in_country=filters.country is not None,
        one_user=question.one_user,
        some_meters=bool(filters.meters),
    )
    found = read_sums(snapshot, asked, bound)
    if question.ids is None:
        return found
    return {question.ids[key]: sums for key, sums in found.items()}


def _shown(question: DetailsQuestion, used: Collection[int]) -> Iterator[Meter]:
    """Return the active meters, and retired ones with usage, of those that are asked for."""
    meters = question.filters.meters
    for meter in question.catalog:
        if meters and meter.type not in meters:
            continue
        if not meter.is_retired or meter.code in used:
            yield meter


def with_total(details: RowDetails | None, ids: Iterable[str]) -> RowDetails | None:
    """Return details with the sums of the rows that the totals are of."""
    if details is None:
        return None
    total: dict[Any, PlainSums] = {}
    for identity in ids:
        for code, sums in details.rows.get(identity, {}).items():
            total[code] = sums.plus(total[code]) if code in total else sums
    return details._replace(total=total)


def is_sorted_by_margin(sort: Sort) -> bool:
    """Return whether rows are sorted by a field that only the margin has."""
    return sort.field in SORT_FIELDS


def sort_by_margin(rows: list[Row], details: RowDetails, sort: Sort) -> None:
    """Sort rows in place, those without a value last, and equal ones by their ids."""
    place = SORT_FIELDS.index(sort.field)
    values = {
        row[0]: margin_of(added_sums(details.rows.get(row[0], {}).values()).purchases)[place]
        for row in rows
    }
    descends = (sort.order or "desc") == "desc"
    rows.sort(key=lambda row: row[0])
    rows.sort(key=lambda row: values[row[0]] or 0, reverse=descends)
    rows.sort(key=lambda row: values[row[0]] is None)


def add_details(table: Table, details: RowDetails | None, group_by: str | None) -> Table:
    """Return a table of rows, or of their groups, with the details as last columns."""
    if details is None:
        return table
    if group_by is not None:
        return _add_to_groups(table, details, group_by) if details.wanted.margin else table
    level = table.organization_level
    return table._replace(
        rows=((*row, *details.cells(details.rows.get(row[0], {}))) for row in table.rows),
        totals=table.totals and (*table.totals, *details.cells(details.total)),
        organization_level=level and (*level, *details.cells(details.rows.get(NO_ID, {}))),
        marks=tuple(details.columns()),
    )


def _add_to_groups(table: Table, details: RowDetails, group_by: str) -> Table:
    code_of = _code_of(details.catalog) if group_by == "meter" else _unchanged

    def cells(by_key: ByMeterCode) -> Row:
        return tuple(margin_of(added_sums(by_key.values()).purchases))

    def of_group(row: Row) -> Row:
        found = details.groups.get(row[0], {}).get(code_of(row[2]), PlainSums())
        return tuple(margin_of(found.purchases))

    level = table.organization_level
    return table._replace(
        rows=((*row, *of_group(row)) for row in table.rows),
        totals=table.totals and (*table.totals, *cells(details.total)),
        organization_level=level and (*level, *cells(details.rows.get(NO_ID, {}))),
        marks=margin_columns(),
    )


def _code_of(catalog: Catalog) -> Callable[[Any], Any]:
    """Return the function that returns the code of a cell: tables with own meters have types."""
    return lambda cell: catalog.by_type[cell].code if isinstance(cell, str) else cell


def _unchanged(cell: Any) -> Any:
    return cell
