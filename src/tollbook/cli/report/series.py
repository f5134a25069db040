"""tollbook report series: usage and cost over time, with a bar for each bucket."""

from collections.abc import Sequence
from itertools import zip_longest

import click
from rich import box
from rich.console import Console
from rich.table import Table

from tollbook.analytics.margin import margin_of
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series import SeriesSums, Trend, read_trend
from tollbook.analytics.series_buckets import Bucket
from tollbook.analytics.series_question import (
    DEFAULT_TOP,
    MAX_TOP,
    SeriesQuestion,
    SeriesSort,
    SeriesSplit,
)
from tollbook.analytics.series_report import series_report, series_table
from tollbook.cli.amounts import WriteAmount, amount_writer, percent_text
from tollbook.cli.choices import (
    country_option,
    currency_option,
    has_margin,
    include_option,
    known_meters,
    meter_option,
    named_organization,
    named_user,
    period_options,
    report_options,
)
from tollbook.cli.command import Command, Options
from tollbook.cli.output import cell, print_line, print_table
from tollbook.cli.parameters import whole
from tollbook.cli.report.arguments import choose_period, compared_period, read_meta
from tollbook.cli.report.cells import print_answer
from tollbook.cli.report.margins import margin_line
from tollbook.domain.exact import quantity_text
from tollbook.domain.periods import Comparison
from tollbook.settings import Settings
from tollbook.store.database import Snapshot
from tollbook.wiring import open_migrated

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WIDEST_BAR = 60
_NARROWEST_BAR = 10
_REST = "(others)"


@click.command(cls=Command)
@click.argument("organization", required=False, help="The id of the organization (default: all).")
@click.option("--user", help="Only this user of the organization.")
@period_options
@click.option(
    "--by",
    type=click.Choice(list(map(str, Bucket))),
    default=Bucket.DAY.value,
    help="The length of a bucket.",
)
@click.option(
    "--split",
    type=click.Choice(list(map(str, SeriesSplit))),
    help="Show one series for each value.",
)
@meter_option("Only this meter, such as voice.call")
@country_option
@click.option(
    "--compare", type=click.Choice(list(map(str, Comparison))), help="Compare with another period."
)
@click.option(
    "--top",
    type=whole("number of series", 1, MAX_TOP),
    default=DEFAULT_TOP,
    help="The maximum number of series.",
)
@currency_option
@click.option(
    "--sort",
    type=click.Choice(list(map(str, SeriesSort))),
    default=SeriesSort.COST.value,
    help="What the first series have: the highest cost, or with --margin the lowest margin.",
)
@include_option("totals", "meta", "margin")
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost over time."""
    with open_migrated(settings).reading() as snapshot:
        question = _question(snapshot, options)
        trend = read_trend(snapshot, question)
        meta = read_meta(snapshot, options, trend.scope, question.period)
    with_totals = "totals" in options.include
    return print_answer(
        options,
        report=lambda: series_report(question, trend),
        table=lambda: series_table(question, trend, with_totals=with_totals),
        text=lambda: _print_chart(options, question, trend),
        extras=meta,
    )


def _question(snapshot: Snapshot, options: Options) -> SeriesQuestion:
    if options.sort == SeriesSort.MARGIN and not has_margin(options):
        raise click.UsageError("--sort margin requires --margin")
    scope = _scope(snapshot, options)
    chosen = choose_period(options, scope)
    return SeriesQuestion(
        scope=scope,
        period=chosen.period,
        bucket=Bucket(options.by),
        split_by=SeriesSplit(options.split) if options.split else None,
        meters=known_meters(snapshot, options) or None,
        country=options.country,
        compared=compared_period(chosen, options.compare) if options.compare else None,
        top=options.top,
        with_margin=has_margin(options),
        sort=SeriesSort(options.sort),
    )


def _scope(snapshot: Snapshot, options: Options) -> QuestionScope:
    organization = named_organization(snapshot, options)
    named_user(snapshot, organization, options.user)
    currency = None if organization else options.currency
    return QuestionScope(options.tenant, organization, options.user, currency)


def _print_chart(options: Options, question: SeriesQuestion, trend: Trend) -> None:
    write = amount_writer(options, trend.scope.currency)
    print_line(_title(question, trend))
    print_table(_bucket_table(question, trend, write))
    if question.split_by and trend.now.lines:
        print_table(_series_table(trend.now.lines, write))
    if question.with_margin:
        print_line(_margin_line(trend, write))


def _margin_line(trend: Trend, write: WriteAmount) -> str:
    """Return the margin of the whole, and the series with a loss."""
    line = margin_line(trend.now.purchases, write)
    if margin_of(trend.now.purchases).margin is None:
        return line
    found = [(it, margin_of(it.sums.all_purchases).margin) for it in trend.now.lines]
    losses = [
        f"{it.name} {write(margin)}" for it, margin in found if margin is not None and margin < 0
    ]
    return f"{line}; below: {', '.join(losses)}" if losses else line


def _title(question: SeriesQuestion, trend: Trend) -> str:
    scope, period = trend.scope, question.period
    organization = scope.organization
    subject = (
        f"{organization.name} ({organization.id})" if organization else f"tenant {scope.tenant}"
    )
    user = f", {trend.user_name}" if trend.user_name is not None else ""
    currency = f", {scope.currency}" if scope.currency else ""
    before = question.compared
    against = f", against {before.start} to {before.end}" if before else ""
    return f"{subject}{user}, {period.start} to {period.end}{against}, {trend.timezone}{currency}"


def _bucket_table(question: SeriesQuestion, trend: Trend, write: WriteAmount) -> Table:
    """Return a table with the sums of each bucket, next to those of the period compared with."""
    counts = _add_up([line.sums.counts for line in trend.now.lines], trend.now.buckets.names)
    costs = _add_up([line.sums.costs for line in trend.now.lines], trend.now.buckets.names)
    cells = [
        [name, f"{count:,}", write(cost)]
        for name, count, cost in zip(trend.now.buckets.names, counts, costs, strict=True)
    ]
    headings = [question.bucket.value.capitalize(), "Events", "Cost"]
    totals = ["Total", f"{sum(counts):,}", write(sum(costs))]
    most = max(costs, default=0)
    if trend.before:
        before = _add_up(
            [line.sums.costs for line in trend.before.lines], trend.before.buckets.names
        )
        headings.append("Before")
        totals.append(f"{write(sum(before))} {_change(sum(costs), sum(before))}".strip())
        most = max(most, *before, 0)
        cells = [
            [*(row or ["", "", ""]), "" if cost is None else write(cost)]
            for row, cost in zip_longest(cells, before)
        ]
    bars = _bars(costs, most, [headings, totals, *cells])
    return _table(headings, totals, cells, bars)


def _change(cost: int, before: int) -> str:
    percent = percent_text(cost - before, before, 1, signed=True)
    return f"({percent})" if percent else ""


def _add_up(figures: Sequence[Sequence[int]], names: Sequence[str]) -> list[int]:
    return [sum(it[n] for it in figures) for n in range(len(names))]


def _series_table(lines: list[SeriesSums], write: WriteAmount) -> Table:
    headings = ["Series", "Events", "Quantity", "Cost"]
    cells = [
        [
            _REST if line.is_rest else line.name,
            f"{sum(line.sums.counts):,}",
            f"{quantity_text(sum(line.sums.quantities))} {line.unit}s" if line.unit else "",
            write(sum(line.sums.costs)),
        ]
        for line in lines
    ]
    if not any(line.unit for line in lines):
        headings.remove("Quantity")
        cells = [[*row[:2], row[3]] for row in cells]
    costs = [sum(line.sums.costs) for line in lines]
    bars = _bars(costs, max(costs, default=0), [headings, *cells])
    return _table(headings, [""] * len(headings), cells, bars)


def _bars(values: list[int], most: int, rows: list[list[str]]) -> list[str]:
    """Return a bar for each value, as wide as the terminal leaves room for."""
    columns = zip_longest(*rows, fillvalue="")
    width = sum(max(map(len, column)) + 2 for column in columns)
    room = max(_NARROWEST_BAR, min(_WIDEST_BAR, Console().width - width - 8))
    return [_bar(value, most, room) for value in values]


def _bar(value: int, most: int, room: int) -> str:
    """Return one bar, in eighths of a character; a value above zero is always visible."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, value * room * 8 // most)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _table(
    headings: list[str], totals: list[str], cells: list[list[str]], bars: list[str]
) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.show_footer = any(totals)
    for heading, total in zip(headings, totals, strict=True):
        left = heading == headings[0]
        table.add_column(heading, cell(total), justify="left" if left else "right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row, bar in zip_longest(cells, bars, fillvalue=""):
        table.add_row(*(cell(text) for text in row), cell(bar))
    return table
