"""tollbook report series: usage and cost over time, with a bar for each bucket."""

from collections.abc import Sequence
from itertools import zip_longest

import click
from rich import box
from rich.console import Console
from rich.table import Table

from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series import SeriesSums, Trend, read_trend
from tollbook.analytics.series_buckets import Bucket
from tollbook.analytics.series_question import DEFAULT_TOP, MAX_TOP, SeriesQuestion, SeriesSplit
from tollbook.analytics.series_report import series_report, series_table
from tollbook.cli.choices import (
    currency_option,
    meter_option,
    named_organization,
    named_user,
    period_options,
    report_options,
)
from tollbook.cli.command import Command, Options
from tollbook.cli.output import cell, print_json, print_line, print_table
from tollbook.cli.parameters import whole
from tollbook.cli.report.asked import chosen_period, compared_of
from tollbook.cli.report.cells import print_csv
from tollbook.domain.exact import amount_text, fraction, quantity_text
from tollbook.domain.periods import Comparison
from tollbook.settings import Settings
from tollbook.store.database import Snapshot
from tollbook.wiring import open_migrated

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WIDEST_BAR = 60
_NARROWEST_BAR = 10


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
    help="Show a series for each of these.",
)
@meter_option("Only this meter, such as voice.call")
@click.option("--country", help="Only usage to or from this country, such as US.")
@click.option(
    "--compare", type=click.Choice(list(map(str, Comparison))), help="Show another period too."
)
@click.option(
    "--top",
    type=whole("number of series", 1, MAX_TOP),
    default=DEFAULT_TOP,
    help="The most series.",
)
@currency_option
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost over time."""
    with open_migrated(settings).reading() as snapshot:
        question = _question(snapshot, options)
        told = read_trend(snapshot, question)
    if options.json:
        print_json(series_report(question, told))
    elif options.csv:
        print_csv(series_table(question, told))
    else:
        _print_chart(question, told)
    return 0


def _question(snapshot: Snapshot, options: Options) -> SeriesQuestion:
    scope = _scope(snapshot, options)
    chosen = chosen_period(options, scope)
    return SeriesQuestion(
        scope,
        chosen.period,
        Bucket(options.by),
        SeriesSplit(options.split) if options.split else None,
        tuple(dict.fromkeys(options.meter)) or None,
        options.country,
        compared_of(chosen, options.compare) if options.compare else None,
        options.top,
    )


def _scope(snapshot: Snapshot, options: Options) -> QuestionScope:
    organization = named_organization(snapshot, options)
    named_user(snapshot, organization, options.user)
    currency = None if organization else options.currency
    return QuestionScope(options.tenant, organization, options.user, currency)


def _print_chart(question: SeriesQuestion, told: Trend) -> None:
    print_line(_title(question, told))
    print_table(_buckets(question, told))
    if question.split_by and told.now.lines:
        print_table(_series(told.now.lines))


def _title(question: SeriesQuestion, told: Trend) -> str:
    scope, period = told.scope, question.period
    organization = scope.organization
    whose = f"{organization.name} ({organization.id})" if organization else f"tenant {scope.tenant}"
    user = f", {told.user_name}" if told.user_name is not None else ""
    currency = f", {scope.currency}" if scope.currency else ""
    before = question.compared
    against = f", against {before.start} to {before.end}" if before else ""
    return f"{whose}{user}, {period.start} to {period.end}{against}, {told.timezone}{currency}"


def _buckets(question: SeriesQuestion, told: Trend) -> Table:
    """Show a line for each bucket: all series together, and what it is compared with beside it."""
    counts = _together([line.sums.counts for line in told.now.lines], told.now.buckets.names)
    costs = _together([line.sums.costs for line in told.now.lines], told.now.buckets.names)
    cells = [
        [name, f"{count:,}", amount_text(cost)]
        for name, count, cost in zip(told.now.buckets.names, counts, costs, strict=True)
    ]
    heads = [question.bucket.value.capitalize(), "Events", "Cost"]
    totals = ["Total", f"{sum(counts):,}", amount_text(sum(costs))]
    most = max(costs, default=0)
    if told.before:
        before = _together(
            [line.sums.costs for line in told.before.lines], told.before.buckets.names
        )
        heads.append("Before")
        totals.append(f"{amount_text(sum(before))} {_change(sum(costs), sum(before))}".strip())
        most = max(most, *before, 0)
        cells = [
            [*(row or ["", "", ""]), "" if cost is None else amount_text(cost)]
            for row, cost in zip_longest(cells, before)
        ]
    bars = _bars(costs, most, [heads, totals, *cells])
    return _table(heads, totals, cells, bars)


def _change(cost: int, before: int) -> str:
    share = fraction(cost - before, before, 4)
    return "" if share is None else f"({share:+.1%})"


def _together(figures: Sequence[Sequence[int]], names: Sequence[str]) -> list[int]:
    return [sum(it[n] for it in figures) for n in range(len(names))]


def _series(lines: list[SeriesSums]) -> Table:
    heads = ["Series", "Events", "Quantity", "Cost"]
    cells = [
        [
            line.name,
            f"{sum(line.sums.counts):,}",
            f"{quantity_text(sum(line.sums.quantities))} {line.unit}s" if line.unit else "",
            amount_text(sum(line.sums.costs)),
        ]
        for line in lines
    ]
    if not any(line.unit for line in lines):
        heads.remove("Quantity")
        cells = [[*row[:2], row[3]] for row in cells]
    costs = [sum(line.sums.costs) for line in lines]
    bars = _bars(costs, max(costs, default=0), [heads, *cells])
    return _table(heads, [""] * len(heads), cells, bars)


def _bars(values: list[int], most: int, rows: list[list[str]]) -> list[str]:
    """Draw a bar from zero for each value, as wide as the terminal leaves room for."""
    columns = zip_longest(*rows, fillvalue="")
    taken = sum(max(map(len, column)) + 2 for column in columns)
    room = max(_NARROWEST_BAR, min(_WIDEST_BAR, Console().width - taken - 8))
    return [_bar(value, most, room) for value in values]


def _bar(value: int, most: int, room: int) -> str:
    """Draw one bar in eighths of a character; what is above zero is never invisible."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, value * room * 8 // most)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _table(heads: list[str], totals: list[str], cells: list[list[str]], bars: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.show_footer = any(totals)
    for head, total in zip(heads, totals, strict=True):
        left = head == heads[0]
        table.add_column(head, cell(total), justify="left" if left else "right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row, bar in zip_longest(cells, bars, fillvalue=""):
        table.add_row(*(cell(text) for text in row), cell(bar))
    return table
