"""tollbook report organizations: usage and cost by organization."""

import argparse

from tollbook.analytics.organizations import (
    currencies_of,
    organization_rows,
    organizations_report,
    organizations_table,
    totals_of,
    with_currency,
)
from tollbook.cli.output import Verbs, print_json
from tollbook.cli.report.asked import (
    add_currency_option,
    add_output_options,
    add_period_options,
    period_of,
    scope_of,
)
from tollbook.cli.report.cells import print_csv, print_wide
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


def add(questions: Verbs) -> None:
    """Offer the question."""
    parser = questions.add_parser("organizations", help="usage and cost by organization")
    add_period_options(parser)
    add_currency_option(parser)
    add_output_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        scope = scope_of(snapshot, options)
        period = period_of(options, scope)
        rows = organization_rows(snapshot, scope, period)
        currencies = currencies_of(snapshot, scope)
    if options.json:
        print_json(organizations_report(scope, period, rows))
    elif options.csv:
        print_csv(with_currency(organizations_table(rows), currencies, None))
    else:
        used = sorted(set(currencies.values()))
        title = f"{scope.tenant}, {period.start} to {period.end}, {', '.join(used) or '-'}"
        # Amounts of different currencies have no sum.
        sums = totals_of(rows) if len(used) <= 1 else None
        print_wide(title, with_currency(organizations_table(rows, sums), currencies, None))
    return 0
