"""What `report users` and `report organizations` share: the options that select their rows."""

from collections.abc import Callable

import click

from tollbook.analytics.filters import TOTAL_COST, Filters, Sort
from tollbook.analytics.groups import BY_COUNTRY, BY_METER
from tollbook.analytics.margin import SORT_FIELDS
from tollbook.analytics.result_set import ReportedRows, ResultSet, RowsQuestion
from tollbook.analytics.rows import RowLayout
from tollbook.analytics.scope import QuestionScope
from tollbook.cli.choices import (
    Body,
    combined,
    country_option,
    has_margin,
    known_meters,
    meter_option,
    period_options,
    wanted_of,
)
from tollbook.cli.command import Options
from tollbook.cli.parameters import COST, whole
from tollbook.domain.directory import Status
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot


def rows_options(layout: RowLayout) -> Callable[[Body], Body]:
    """Return the options that select, order and group the rows of a layout."""
    return combined(
        period_options,
        meter_option("Only usage of this meter, such as voice.call"),
        country_option,
        click.option(
            "--status",
            type=click.Choice([it.value for it in Status]),
            help="Only those that have this status now.",
        ),
        click.option(
            "--min-cost", type=COST, help="Only those whose total cost is at least this amount."
        ),
        click.option("--search", help="Only those with this text in their name or id."),
        click.option(
            "--active/--inactive",
            default=None,
            help="Only those with usage in the period, or only those without.",
        ),
        click.option(
            "--sort",
            type=click.Choice([*(column.name for column in layout.columns), *SORT_FIELDS]),
            metavar="FIELD",
            default=TOTAL_COST,
            help="The field to sort by, by its name in JSON.",
        ),
        click.option(
            "--order",
            type=click.Choice(("asc", "desc")),
            show_default="desc for numbers, asc for texts",
            help="The order of the rows.",
        ),
        click.option(
            "--group-by",
            type=click.Choice((BY_METER, BY_COUNTRY)),
            help="Show a line for each meter or country of a row.",
        ),
        click.option(
            "--limit",
            type=whole("number of rows", 1),
            show_default="all",
            help="The maximum number of rows.",
        ),
    )


def rows_question(
    snapshot: Snapshot, options: Options, scope: QuestionScope, period: Period
) -> RowsQuestion:
    """Return which rows the options name."""
    if options.sort in SORT_FIELDS and not has_margin(options):
        raise click.UsageError(f"--sort {options.sort} requires --margin")
    return RowsQuestion(
        scope=scope,
        period=period,
        filters=Filters(
            meters=known_meters(snapshot, options),
            country=options.country,
            status=options.status,
            min_cost=options.min_cost,
            search=options.search,
            active=options.active,
        ),
        sort=Sort(options.sort, options.order),
        group_by=options.group_by,
        wanted=wanted_of(options),
    )


def selection_of(options: Options, result: ResultSet) -> ReportedRows:
    """Return the rows to report, with totals if the options include them."""
    limit = options.limit
    return ReportedRows(result.rows[:limit], "totals" in options.include, limit is not None)
