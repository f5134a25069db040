"""tollbook report overview: usage and cost of a whole tenant."""

import click

from tollbook.analytics.overview import overview_report, overview_table, read_overview
from tollbook.analytics.scope import in_one_currency
from tollbook.cli.choices import currency_option, period_options, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json
from tollbook.cli.report.asked import (
    period_of,
    scope_of,
)
from tollbook.cli.report.cells import print_csv, print_long
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
@period_options
@currency_option
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost of a whole tenant."""
    with open_migrated(settings).reading() as snapshot:
        scope = in_one_currency(snapshot, scope_of(snapshot, options))
        period = period_of(options, scope)
        found = read_overview(snapshot, scope, period)
    if options.json:
        print_json(overview_report(scope, period, found))
    elif options.csv:
        print_csv(overview_table(found))
    else:
        title = f"{scope.tenant}, {period.start} to {period.end}, {scope.currency or '-'}"
        print_long(title, overview_table(found))
    return 0
