"""tollbook report budgets: how much of each budget is spent."""

import click

from tollbook.analytics.budgets import budgets_report, budgets_table
from tollbook.cli.budgets import organization_filter, print_budgets, standings_of
from tollbook.cli.choices import include_option, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.report.arguments import read_meta
from tollbook.cli.report.cells import print_answer
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
@organization_filter
@include_option("meta")
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show how much of each budget is spent."""
    with open_migrated(settings).reading() as snapshot:
        scope, found = standings_of(snapshot, options)
        meta = read_meta(snapshot, options, scope, None)
    return print_answer(
        options,
        report=lambda: budgets_report(found, scope),
        table=lambda: budgets_table(found, scope),
        text=lambda: print_budgets(options, found),
        extras=meta,
    )
