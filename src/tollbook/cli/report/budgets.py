"""tollbook report budgets: how much of each budget is spent."""

import click

from tollbook.analytics.budgets import budgets_table
from tollbook.cli.budgets import list_budgets, organization_filter, standings_of
from tollbook.cli.choices import report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.report.cells import print_csv
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
@organization_filter
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show how much of each budget is spent."""
    if not options.csv or options.json:
        return list_budgets(options, settings)
    with open_migrated(settings).reading() as snapshot:
        _, found = standings_of(snapshot, options)
    print_csv(budgets_table(found))
    return 0
