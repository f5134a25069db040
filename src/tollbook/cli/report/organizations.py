"""tollbook report organizations: usage and cost by organization."""

import argparse

from tollbook.analytics.organizations import (
    organization_rows,
    organizations_report,
    organizations_table,
    totals_of,
)
from tollbook.analytics.scope import in_one_currency
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
        if not options.json:  # which answers as the API does without totals
            scope = in_one_currency(snapshot, scope)
        period = period_of(options, scope)
        rows = organization_rows(snapshot, scope, period)
    if options.json:
        print_json(organizations_report(scope, period, rows))
    elif options.csv:
        print_csv(organizations_table(rows))
    else:
        title = f"{scope.tenant}, {period.start} to {period.end}, {scope.currency or '-'}"
        print_wide(title, organizations_table(rows, totals_of(rows)))
    return 0
