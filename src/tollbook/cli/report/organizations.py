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
from tollbook.cli.report.arguments import (
    period_of,
    tenant_scope,
)
from tollbook.cli.report.cells import print_answer, print_wide
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
@period_options
@currency_option
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost by organization."""
    with open_migrated(settings).reading() as snapshot:
        scope = tenant_scope(snapshot, options)
        period = period_of(options, scope)
        rows = organization_rows(snapshot, scope, period)
        currencies = currencies_of(snapshot, scope)
        of_totals = summed_scope(snapshot, scope)
        summed = currencies_of(snapshot, of_totals)
    used = sorted(set(currencies.values()))
    title = f"{scope.tenant}, {period.start} to {period.end}, {', '.join(used) or '-'}"

    def print_text() -> None:
        # Amounts in several currencies have no sum: the last row sums those in the tenant's.
        counted = [row for row in rows if row[0] in summed]
        currency = of_totals.currency if len(used) > 1 else None
        total = ORGANIZATION_ROW.total(counted) if counted or not rows else None
        table = ORGANIZATION_ROW.table(rows, total)
        print_wide(title, add_currency_column(table, currencies, currency))

    return print_answer(
        options,
        report=lambda: organizations_report(scope, period, rows),
        table=lambda: add_currency_column(ORGANIZATION_ROW.table(rows), currencies, None),
        text=print_text,
    )
