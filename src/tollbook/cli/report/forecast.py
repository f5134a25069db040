"""tollbook report forecast: the expected cost of a month."""

import click

from tollbook.analytics.forecast import (
    DESCRIPTIONS,
    forecast_report,
    forecast_table,
    month_outlook,
)
from tollbook.analytics.outlook import Outlook, month_of
from tollbook.analytics.scope import QuestionScope, in_its_currency
from tollbook.cli.amounts import WriteAmount, amount_writer
from tollbook.cli.choices import (
    currency_option,
    include_option,
    named_organization,
    named_user,
    report_options,
)
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_lines
from tollbook.cli.parameters import MONTH
from tollbook.cli.report.arguments import read_meta
from tollbook.cli.report.cells import print_answer
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.periods import Period
from tollbook.settings import Settings
from tollbook.wiring import now, open_migrated


@click.command(cls=Command)
@click.argument(
    "organization", required=False, help="The organization (default: the whole tenant)."
)
@click.option("--user", help="Only this user of the organization.")
@click.option(
    "--month", type=MONTH, show_default="the current month", help="A month such as 2024-01."
)
@currency_option
@include_option("meta")
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show what a month is expected to cost by its end."""
    instant = now()
    with open_migrated(settings).reading() as snapshot:
        organization = named_organization(snapshot, options)
        user = named_user(snapshot, organization, options.user)
        scope = QuestionScope(options.tenant, organization, options.user, options.currency)
        scope = in_its_currency(snapshot, scope)
        today = scope.today(instant)
        first = options.month or today.replace(day=1)
        if first > today:
            raise InvalidRequest("--month must not be in the future")
        found = month_outlook(snapshot, scope, first, today)
        past = Period(first, min(today, month_of(first).end))
        meta = read_meta(snapshot, options, scope, past)
    write = amount_writer(options, scope.currency)
    described = found, scope, user.name if user else "", first, instant
    sentence = f"{first:%Y-%m}: {_sentence(found, scope.currency or '', write)}"
    return print_answer(
        options,
        report=lambda: forecast_report(*described),
        table=lambda: forecast_table(*described),
        text=lambda: print_lines((sentence, f"{found.method}: {DESCRIPTIONS[found.method]}")),
        extras=meta,
    )


def _sentence(found: Outlook, currency: str, write: WriteAmount) -> str:
    spent = f"{write(found.spent)} {currency} spent"
    if not found.days_left and found.forecast == found.spent:
        return spent
    expected = f"{write(found.forecast)} expected by the end"
    if found.low is None or found.high is None:
        return f"{spent}, {expected}"
    return f"{spent}, {expected} ({write(found.low)} to {write(found.high)})"
