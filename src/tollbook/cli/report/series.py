"""tollbook report series: usage and cost over time, with a bar for each bucket."""

import argparse
import csv
import sys
from collections.abc import Sequence
from itertools import zip_longest

from rich import box
from rich.console import Console
from rich.table import Table

from tollbook.analytics.scope import Scope
from tollbook.analytics.series import DEFAULT_TOP, MOST_TOP, Line, Question, Split, Trend, trend
from tollbook.analytics.series_buckets import Bucket
from tollbook.analytics.series_report import series_report, series_table
from tollbook.analytics.tables import Kind
from tollbook.api.formats.csv import no_formula
from tollbook.cli.choices import add_tenant_option, organization_of
from tollbook.cli.output import Verbs, add_json_option, cell, print_json, print_line, print_table
from tollbook.cli.report.asked import add_period_options, chosen_period, compared_of
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.exact import amount_text, fraction, quantity_text
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Comparison
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.wiring import open_migrated

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WIDEST_BAR = 60
_NARROWEST_BAR = 10


def add(questions: Verbs) -> None:
    """Offer the question."""
    parser = questions.add_parser("series", help="usage and cost over time")
    parser.add_argument("organization", nargs="?", help="(default: all of the tenant's)")
    parser.add_argument("--user", help="only this user of the organization")
    add_period_options(parser)
    parser.add_argument("--by", choices=list(Bucket), default=Bucket.DAY, help="(default: day)")
    parser.add_argument("--split", choices=list(Split), help="one series for each of these")
    parser.add_argument("--meter", type=_meters, help="only these, separated by commas")
    parser.add_argument("--country", help="only with this country at the other end, such as US")
    parser.add_argument("--compare", choices=list(Comparison), help="add another period")
    parser.add_argument(
        "--top",
        type=int,
        choices=range(1, MOST_TOP + 1),
        default=DEFAULT_TOP,
        metavar="N",
        help=f"how many series at most (default: {DEFAULT_TOP})",
    )
    parser.add_argument("--currency", help="of a whole tenant: only organizations of this currency")
    parser.add_argument("--csv", action="store_true", help="print CSV instead of a table")
    add_tenant_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=_run)


def _meters(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in BY_TYPE]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no meter {unknown[0]}")
    return tuple(dict.fromkeys(names))


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        question = _question(snapshot, options)
        told = trend(snapshot, question)
    if options.json:
        print_json(series_report(question, told))
    elif options.csv:
        _print_csv(question, told)
    else:
        _print_chart(question, told)
    return 0


def _question(snapshot: Snapshot, options: argparse.Namespace) -> Question:
    scope = _scope(snapshot, options)
    chosen = chosen_period(options, scope)
    return Question(
        scope,
        chosen.period,
        Bucket(options.by),
        Split(options.split) if options.split else None,
        options.meter,
        options.country,
        compared_of(chosen, options.compare) if options.compare else None,
        options.top,
    )


def _scope(snapshot: Snapshot, options: argparse.Namespace) -> Scope:
    if options.organization is None:
        if options.user is not None:
            raise InvalidRequest("--user needs an organization")
        return Scope(options.tenant, currency=options.currency)
    organization = organization_of(snapshot, options.tenant, options.organization)
    user = options.user
    if user is not None and directory.find_user(snapshot, organization.number, user) is None:
        raise NotFound(f"organization {organization.id} has no user {user}")
    return Scope(options.tenant, organization, options.user)


def _print_csv(question: Question, told: Trend) -> None:
    table = series_table(question, told)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    kinds = [column.kind for column in table.columns]
    for row in table.rows:
        writer.writerow([_cell(kind, it) for kind, it in zip(kinds, row, strict=True)])


def _cell(kind: Kind, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return _figure(kind, value)
    return no_formula(str(value))


def _figure(kind: Kind, value: int) -> str:
    if kind is Kind.COUNT:
        return str(value)
    return amount_text(value) if kind is Kind.AMOUNT else quantity_text(value)


def _print_chart(question: Question, told: Trend) -> None:
    print_line(_title(question, told))
    print_table(_buckets(question, told))
    if question.split_by and told.now.lines:
        print_table(_series(told.now.lines))


def _title(question: Question, told: Trend) -> str:
    scope, period = told.scope, question.period
    organization = scope.organization
    whose = f"{organization.name} ({organization.id})" if organization else f"tenant {scope.tenant}"
    user = f", {told.user_name}" if told.user_name is not None else ""
    currency = f", {scope.currency}" if scope.currency else ""
    before = question.compared
    against = f", against {before.start} to {before.end}" if before else ""
    return f"{whose}{user}, {period.start} to {period.end}{against}, {told.timezone}{currency}"


def _buckets(question: Question, told: Trend) -> Table:
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


def _series(lines: list[Line]) -> Table:
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
