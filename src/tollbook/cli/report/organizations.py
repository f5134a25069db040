"""tollbook report organizations: usage and cost by organization."""

import click

from tollbook.analytics.organizations import (
    ORGANIZATION_ROW,
    add_currency_column,
    currencies_of,
    organization_rows,
    organizations_report,
)
from tollbook.analytics.scope import summed_scope
from tollbook.cli.choices import currency_option, period_options, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json
from tollbook.cli.report.asked import (
    period_of,
    scope_of,
)
from tollbook.cli.report.cells import print_csv, print_wide
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
@period_options
@currency_option
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost by organization."""
    with open_migrated(settings).reading() as snapshot:
        scope = scope_of(snapshot, options)
        period = period_of(options, scope)
        rows = organization_rows(snapshot, scope, period)
        currencies = currencies_of(snapshot, scope)
        of_totals = summed_scope(snapshot, scope)
        summed = currencies_of(snapshot, of_totals)
    if options.json:
        print_json(organizations_report(scope, period, rows))
    elif options.csv:
        print_csv(add_currency_column(ORGANIZATION_ROW.table(rows), currencies, None))
    else:
        used = sorted(set(currencies.values()))
        title = f"{scope.tenant}, {period.start} to {period.end}, {', '.join(used) or '-'}"
        # Amounts of different currencies have no sum: the last row is of the tenant's.
        counted = [row for row in rows if row[0] in summed]
        currency = of_totals.currency if len(used) > 1 else None
        table = ORGANIZATION_ROW.table(rows, counted if counted or not rows else None)
        print_wide(title, add_currency_column(table, currencies, currency))
    return 0
