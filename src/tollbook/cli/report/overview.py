"""tollbook report overview: usage and cost of a whole tenant."""

import click

from tollbook.analytics.overview import overview_report, overview_table, read_overview
from tollbook.analytics.scope import in_one_currency
from tollbook.cli.amounts import amount_writer
from tollbook.cli.choices import (
    currency_option,
    include_option,
    period_options,
    report_options,
    wanted_of,
)
from tollbook.cli.command import Command, Options
from tollbook.cli.report.arguments import period_of, read_meta, tenant_scope
from tollbook.cli.report.cells import print_answer, print_long
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
@period_options
@currency_option
@include_option("meta", "margin", "meters")
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost of a whole tenant."""
    with open_migrated(settings).reading() as snapshot:
        scope = in_one_currency(snapshot, tenant_scope(snapshot, options))
        period = period_of(options, scope)
        found = read_overview(snapshot, scope, period, wanted_of(options))
        meta = read_meta(snapshot, options, scope, period)
    title = f"{scope.tenant}, {period.start} to {period.end}, {scope.currency or '-'}"
    table = overview_table(scope, period, found)
    return print_answer(
        options,
        report=lambda: overview_report(scope, period, found),
        table=lambda: table,
        text=lambda: print_long(title, table, amount_writer(options, scope.currency)),
        extras=meta,
    )
