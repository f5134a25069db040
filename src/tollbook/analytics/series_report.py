"""The answer and the table of a trend."""

from collections.abc import Iterable, Iterator
from itertools import cycle, zip_longest
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.margin import margin_columns, margin_json, margin_of
from tollbook.analytics.scope import subject_columns
from tollbook.analytics.series import PeriodSeries, SeriesSums, Trend
from tollbook.analytics.series_question import SeriesQuestion, SeriesSplit
from tollbook.analytics.tables import (
    TOTAL_LABEL,
    Column,
    ColumnKind,
    Constant,
    Table,
    period_columns,
    text_columns,
)
from tollbook.domain.exact import AmountJson, fraction, raw_amount, raw_quantity
from tollbook.store.engine import Row

_CHANGE_PLACES = 4


class Series(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The figures of one key, one for each bucket. Amounts are exact JSON numbers.

    Only the sum of the series beyond the first has `rest`; a user may have the same key.
    """

    key: str
    name: str
    unit: str | UnsetType = UNSET
    events: list[int]
    quantities: list[msgspec.Raw] | UnsetType = UNSET
    costs: list[AmountJson]
    total_events: int
    total_quantity: msgspec.Raw | UnsetType = UNSET
    total_cost: AmountJson
    rest: Literal[True] | UnsetType = UNSET
    buy_costs: list[AmountJson | None] | UnsetType = UNSET
    margins: list[AmountJson | None] | UnsetType = UNSET
    buy_known_shares: list[float | None] | UnsetType = UNSET
    total_buy_cost: AmountJson | UnsetType | None = UNSET
    total_margin: AmountJson | UnsetType | None = UNSET
    total_buy_known_share: float | UnsetType | None = UNSET


class ComparedSeries(msgspec.Struct, frozen=True):
    """The series of another period. `change` is a fraction of its cost, if that is above 0."""

    period: dict[str, str]
    buckets: list[str]
    series: list[Series]
    total_cost: AmountJson
    change: float | None
    total_buy_cost: AmountJson | UnsetType | None = UNSET
    total_margin: AmountJson | UnsetType | None = UNSET
    total_buy_known_share: float | UnsetType | None = UNSET


class SeriesReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, in the documented field order."""

    success: bool
    tenant_id: str
    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    period: dict[str, str]
    bucket: str
    timezone: str
    currency: str | None
    buckets: list[str]
    series: list[Series]
    total_cost: AmountJson
    comparison: ComparedSeries | UnsetType = UNSET
    total_buy_cost: AmountJson | UnsetType | None = UNSET
    total_margin: AmountJson | UnsetType | None = UNSET
    total_buy_known_share: float | UnsetType | None = UNSET


def series_report(question: SeriesQuestion, trend: Trend) -> SeriesReport:
    """Return the answer with a trend."""
    organization, user_id = trend.scope.organization, trend.scope.user_id
    return SeriesReport(
        success=True,
        tenant_id=trend.scope.tenant,
        organization_id=organization.id if organization else UNSET,
        organization_name=organization.name if organization else UNSET,
        user_id=UNSET if user_id is None else user_id,
        user_name=UNSET if trend.user_name is None else trend.user_name,
        period=question.period.to_json(),
        bucket=question.bucket.value,
        timezone=trend.timezone,
        currency=trend.scope.currency,
        buckets=trend.now.buckets.names,
        series=[_series(it, margin=question.with_margin) for it in trend.now.lines],
        total_cost=raw_amount(trend.now.cost),
        comparison=_compared(question, trend.now, trend.before) if trend.before else UNSET,
        **_total_margin(question, trend.now),
    )


def _total_margin(question: SeriesQuestion, series: PeriodSeries) -> dict[str, Any]:
    return margin_json(series.purchases, "total_") if question.with_margin else {}


def _compared(question: SeriesQuestion, now: PeriodSeries, before: PeriodSeries) -> ComparedSeries:
    return ComparedSeries(
        before.buckets.period.to_json(),
        before.buckets.names,
        [_series(it, margin=question.with_margin) for it in before.lines],
        raw_amount(before.cost),
        _change(now.cost, before.cost),
        **_total_margin(question, before),
    )


def _series(line: SeriesSums, *, margin: bool) -> Series:
    sums, unit = line.sums, line.unit
    return Series(
        key=line.key,
        name=line.name,
        unit=UNSET if unit is None else unit,
        events=sums.counts,
        quantities=UNSET if unit is None else [raw_quantity(it) for it in sums.quantities],
        costs=[raw_amount(it) for it in sums.costs],
        total_events=sum(sums.counts),
        total_quantity=UNSET if unit is None else raw_quantity(sum(sums.quantities)),
        total_cost=raw_amount(sum(sums.costs)),
        rest=True if line.is_rest else UNSET,
        **(_margins(line) if margin else {}),
    )


def _margins(line: SeriesSums) -> dict[str, Any]:
    """Return the margin of each bucket, and that of the whole series."""
    sums = line.sums
    found = [margin_of(sums.purchases(bucket)) for bucket in range(len(sums.counts))]
    return {
        "buy_costs": [_amount(it.buy_cost) for it in found],
        "margins": [_amount(it.margin) for it in found],
        "buy_known_shares": [it.buy_known_share for it in found],
        **margin_json(sums.all_purchases, "total_"),
    }


def _amount(nanos: int | None) -> msgspec.Raw | None:
    return None if nanos is None else raw_amount(nanos)


def series_table(question: SeriesQuestion, trend: Trend, *, with_totals: bool) -> Table:
    """Return a table with a row for each bucket and series, next to those compared with.

    It has quantities if split by meter. The first bucket corresponds to the first of the other
    period; where one period has more buckets, the cells of the other are empty.
    """
    by_meter = question.split_by is SeriesSplit.METER
    columns = [
        Column("bucket", ColumnKind.TEXT),
        Column("key", ColumnKind.TEXT),
        Column("name", ColumnKind.TEXT),
        *_figure_columns("", by_meter=by_meter),
    ]
    if by_meter:
        columns.append(Column("unit", ColumnKind.TEXT))
    if trend.before:
        columns += [
            Column("previous_bucket", ColumnKind.TEXT),
            *_figure_columns("previous_", by_meter=by_meter),
            Column("change", ColumnKind.SHARE),
        ]
    totals = _total_cells(trend, by_meter=by_meter) if with_totals else None
    rows = _rows(trend, by_meter=by_meter)
    marks: tuple[Column, ...] = ()
    if question.split_by is not None:
        marks = (Column("rest", ColumnKind.FLAG),)
        rows = _marked(rows, trend)
        totals = (*totals, None) if totals else None
    if question.with_margin:
        marks += margin_columns()
        rows = _with_margins(rows, trend)
        totals = (*totals, *margin_of(trend.now.purchases)) if totals else None
        if trend.before:
            marks += margin_columns("previous_")
            totals = (*totals, *margin_of(trend.before.purchases)) if totals else None
    return Table(tuple(columns), rows, totals, constants=_constants(question, trend), marks=marks)


def _marked(rows: Iterable[Row], trend: Trend) -> Iterator[Row]:
    """Add the last cell of each row: whether its series is the rest. Each bucket has all series."""
    marks = cycle([True if line.is_rest else None for line in trend.now.lines])
    return ((*row, mark) for row, mark in zip(rows, marks, strict=False))


def _with_margins(rows: Iterable[Row], trend: Trend) -> Iterator[Row]:
    """Add the last cells of each row: the margins of its bucket, in both periods."""
    rows = iter(rows)
    for bucket in range(max(map(_length, _periods(trend)))):
        for line in range(len(trend.now.lines)):
            cells = [_margin_cells(it.lines[line], bucket) for it in _periods(trend)]
            yield (*next(rows), *(cell for margin in cells for cell in margin))


def _periods(trend: Trend) -> list[PeriodSeries]:
    return [trend.now, trend.before] if trend.before else [trend.now]


def _length(series: PeriodSeries) -> int:
    return len(series.buckets.names)


def _margin_cells(line: SeriesSums, bucket: int) -> Row:
    if bucket >= len(line.sums.counts):
        return (None, None, None)
    return tuple(margin_of(line.sums.purchases(bucket)))


def _constants(question: SeriesQuestion, trend: Trend) -> tuple[Constant, ...]:
    return (
        *subject_columns(trend.scope, trend.user_name),
        *period_columns(question.period),
        *(period_columns(question.compared, "previous_") if question.compared else ()),
        *text_columns(timezone=trend.timezone, currency=trend.scope.currency),
    )


def _figure_columns(prefix: str, *, by_meter: bool) -> Iterator[Column]:
    yield Column(f"{prefix}events", ColumnKind.COUNT)
    if by_meter:
        yield Column(f"{prefix}quantity", ColumnKind.QUANTITY)
    yield Column(f"{prefix}cost", ColumnKind.AMOUNT)


def _rows(trend: Trend, *, by_meter: bool) -> Iterator[Row]:
    names = trend.now.buckets.names
    if trend.before is None:
        for index, bucket in enumerate(names):
            for line in trend.now.lines:
                yield (bucket, *_cells(line, index, by_meter=by_meter))
        return
    for index, (bucket, earlier) in enumerate(zip_longest(names, trend.before.buckets.names)):
        for line, before in zip(trend.now.lines, trend.before.lines, strict=True):
            cells = _cells(line, index, by_meter=by_meter)
            previous = _figures(before, index, by_meter=by_meter)
            costs = _cost(line, index), _cost(before, index)
            yield (bucket, *cells, earlier, *previous, _change(*costs))


def _cells(line: SeriesSums, index: int, *, by_meter: bool) -> Row:
    unit = (line.unit,) if by_meter else ()
    return (line.key, line.name, *_figures(line, index, by_meter=by_meter), *unit)


def _cost(line: SeriesSums, index: int) -> int | None:
    return line.sums.costs[index] if index < len(line.sums.costs) else None


def _figures(line: SeriesSums, index: int, *, by_meter: bool) -> Row:
    """Return the figures of a bucket, None for each if the period has no such bucket."""
    sums = line.sums
    if index >= len(sums.counts):
        return (None,) * (3 if by_meter else 2)
    if not by_meter:
        return (sums.counts[index], sums.costs[index])
    quantity = None if line.unit is None else sums.quantities[index]
    return (sums.counts[index], quantity, sums.costs[index])


def _total_cells(trend: Trend, *, by_meter: bool) -> Row:
    """Return the row of totals, without a quantity: units of meters differ."""
    empty = (None,) if by_meter else ()
    cells = (TOTAL_LABEL, None, None, trend.now.events, *empty, trend.now.cost, *empty)
    if trend.before is None:
        return cells
    before = trend.before
    change = _change(trend.now.cost, before.cost)
    return (*cells, None, before.events, *empty, before.cost, change)


def _change(cost: int | None, before: int | None) -> float | None:
    if cost is None or before is None:
        return None
    return fraction(cost - before, before, _CHANGE_PLACES)
