"""A trend as it is answered, and as a table."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.series import PeriodSeries, SeriesQuestion, SeriesSplit, SeriesSums, Trend
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.exact import fraction, raw_amount, raw_quantity

_CHANGE_PLACES = 4


class Series(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The figures of one key, one for each bucket. Amounts are exact JSON numbers."""

    key: str
    name: str
    unit: str | UnsetType = UNSET
    events: list[int]
    quantities: list[msgspec.Raw] | UnsetType = UNSET
    costs: list[msgspec.Raw]
    total_events: int
    total_quantity: msgspec.Raw | UnsetType = UNSET
    total_cost: msgspec.Raw


class ComparedSeries(msgspec.Struct, frozen=True):
    """The same of another period. `change` is a fraction of its cost, null when that is 0."""

    period: dict[str, str]
    buckets: list[str]
    series: list[Series]
    total_cost: msgspec.Raw
    change: float | None


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
    total_cost: msgspec.Raw
    comparison: ComparedSeries | UnsetType = UNSET


def series_report(question: SeriesQuestion, told: Trend) -> SeriesReport:
    """Write a trend as it is answered."""
    organization, user_id = told.scope.organization, told.scope.user_id
    return SeriesReport(
        success=True,
        tenant_id=told.scope.tenant,
        organization_id=organization.id if organization else UNSET,
        organization_name=organization.name if organization else UNSET,
        user_id=UNSET if user_id is None else user_id,
        user_name=UNSET if told.user_name is None else told.user_name,
        period=question.period.to_json(),
        bucket=question.bucket.value,
        timezone=told.timezone,
        currency=told.scope.currency,
        buckets=told.now.buckets.names,
        series=[_series(it) for it in told.now.lines],
        total_cost=raw_amount(told.now.cost),
        comparison=_compared(told.now, told.before) if told.before else UNSET,
    )


def _compared(now: PeriodSeries, before: PeriodSeries) -> ComparedSeries:
    return ComparedSeries(
        before.buckets.period.to_json(),
        before.buckets.names,
        [_series(it) for it in before.lines],
        raw_amount(before.cost),
        fraction(now.cost - before.cost, before.cost, _CHANGE_PLACES),
    )


def _series(line: SeriesSums) -> Series:
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
    )


def series_table(question: SeriesQuestion, told: Trend) -> Table:
    """Give a row for each bucket and series; quantities only where they are of one unit."""
    quantity = (
        [Column("quantity", ColumnKind.QUANTITY)] if question.split_by is SeriesSplit.METER else []
    )
    columns = (
        Column("bucket", ColumnKind.TEXT),
        Column("key", ColumnKind.TEXT),
        Column("name", ColumnKind.TEXT),
        Column("events", ColumnKind.COUNT),
        *quantity,
        Column("cost", ColumnKind.AMOUNT),
    )
    return Table(columns, _cells(told.now, bool(quantity)))


def _cells(part: PeriodSeries, quantities: bool) -> Iterator[tuple[Any, ...]]:
    for index, bucket in enumerate(part.buckets.names):
        for line in part.lines:
            sums = line.sums
            quantity = sums.quantities[index] if line.unit is not None else None
            of_meter = (quantity,) if quantities else ()
            figures = (sums.counts[index], *of_meter, sums.costs[index])
            yield (bucket, line.key, line.name, *figures)
