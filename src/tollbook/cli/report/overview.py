"""tollbook report overview: usage and cost of a whole tenant."""

import argparse

from tollbook.analytics.overview import overview, overview_report, overview_table
from tollbook.analytics.scope import in_one_currency
from tollbook.cli.output import Verbs, print_json
from tollbook.cli.report.asked import (
    add_currency_option,
    add_output_options,
    add_period_options,
    period_of,
    scope_of,
)
from tollbook.cli.report.cells import print_csv, print_long
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


def add(questions: Verbs) -> None:
    """Offer the question."""
    parser = questions.add_parser("overview", help="usage and cost of a whole tenant")
    add_period_options(parser)
    add_currency_option(parser)
    add_output_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        scope = in_one_currency(snapshot, scope_of(snapshot, options))
        period = period_of(options, scope)
        found = overview(snapshot, scope, period)
    if options.json:
        print_json(overview_report(scope, period, found))
    elif options.csv:
        print_csv(overview_table(found))
    else:
        title = f"{scope.tenant}, {period.start} to {period.end}, {scope.currency or '-'}"
        print_long(title, overview_table(found))
    return 0
