"""tollbook report forecast and tollbook report budgets: how the month will end."""

import argparse

from tollbook.analytics.budgets import budgets_table
from tollbook.analytics.forecast import (
    DESCRIPTIONS,
    forecast_report,
    forecast_table,
    month_outlook,
)
from tollbook.analytics.outlook import Outlook
from tollbook.analytics.scope import Scope, in_its_currency
from tollbook.cli.budgets import list_budgets, standings_of
from tollbook.cli.choices import add_tenant_option, month, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line
from tollbook.cli.report.cells import print_csv
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.exact import amount_text
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.wiring import now, open_migrated


def add(questions: Verbs) -> None:
    """Offer the questions."""
    forecast = questions.add_parser("forecast", help="what a month will cost by its end")
    forecast.add_argument("organization", nargs="?", help="default: the whole tenant")
    forecast.add_argument("--user", help="one user of the organization")
    forecast.add_argument("--month", type=month, help="YYYY-MM (default: the current one)")
    forecast.add_argument("--currency", help="only organizations of this currency")
    budgets = questions.add_parser("budgets", help="how far budgets are used")
    budgets.add_argument("organization", nargs="?", help="only this organization's")
    for parser, run in ((forecast, _forecast), (budgets, _budgets)):
        parser.add_argument("--csv", action="store_true", help="print CSV")
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)


def _forecast(options: argparse.Namespace, settings: Settings) -> int:
    if options.user is not None and options.organization is None:
        raise InvalidRequest("--user needs an organization")
    asked_at = now()
    with open_migrated(settings).reading() as snapshot:
        organization = user = None
        if options.organization is not None:
            organization = organization_of(snapshot, options.tenant, options.organization)
        if organization is not None and options.user is not None:
            user = directory.find_user(snapshot, organization.number, options.user)
            if user is None:
                raise NotFound(f"organization {organization.id} has no user {options.user}")
        scope = Scope(options.tenant, organization, options.user, options.currency)
        scope = in_its_currency(snapshot, scope)
        today = scope.today(asked_at)
        first = options.month or today.replace(day=1)
        if first > today:
            raise InvalidRequest("--month must not lie in the future")
        found = month_outlook(snapshot, scope, first, today)
    if options.json:
        print_json(forecast_report(found, scope, user.name if user else "", first, asked_at))
    elif options.csv:
        print_csv(forecast_table(found, first))
    else:
        print_line(f"{first:%Y-%m}: {_sentence(found, scope.currency or '')}")
        print_line(f"{found.method}: {DESCRIPTIONS[found.method]}")
    return 0


def _sentence(found: Outlook, currency: str) -> str:
    spent = f"{amount_text(found.spent)} {currency} spent"
    if not found.days_left and found.forecast == found.spent:
        return spent
    expected = f"{amount_text(found.forecast)} expected by the end"
    if found.low is None or found.high is None:
        return f"{spent}, {expected}"
    return f"{spent}, {expected} ({amount_text(found.low)} to {amount_text(found.high)})"


def _budgets(options: argparse.Namespace, settings: Settings) -> int:
    if not options.csv or options.json:
        return list_budgets(options, settings)
    with open_migrated(settings).reading() as snapshot:
        _, found = standings_of(snapshot, options)
    print_csv(budgets_table(found))
    return 0
