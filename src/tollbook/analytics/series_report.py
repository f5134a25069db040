"""The answer and the table of a trend."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.series import PeriodSeries, SeriesSums, Trend
from tollbook.analytics.series_question import SeriesQuestion, SeriesSplit
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
    """The series of another period. `change` is a fraction of its cost, null when that is 0."""

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
        series=[_series(it) for it in trend.now.lines],
        total_cost=raw_amount(trend.now.cost),
        comparison=_compared(trend.now, trend.before) if trend.before else UNSET,
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


def series_table(question: SeriesQuestion, trend: Trend) -> Table:
    """Return a table with a row for each bucket and series, with quantities if split by meter."""
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
    return Table(columns, _cells(trend.now, bool(quantity)))


def _cells(part: PeriodSeries, quantities: bool) -> Iterator[tuple[Any, ...]]:
    for index, bucket in enumerate(part.buckets.names):
        for line in part.lines:
            sums = line.sums
            quantity = sums.quantities[index] if line.unit is not None else None
            of_meter = (quantity,) if quantities else ()
            figures = (sums.counts[index], *of_meter, sums.costs[index])
            yield (bucket, line.key, line.name, *figures)
