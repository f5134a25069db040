"""tollbook report usage: segments and seconds of an organization or a user."""

import click

from tollbook.analytics.partial_days import Between
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.usage import split_of, usage_report, usage_sums, usage_table
from tollbook.cli.choices import (
    amounts_option,
    include_option,
    named_user,
    organization_of,
    period_option,
    table_options,
)
from tollbook.cli.command import Command, Options
from tollbook.cli.parameters import MOMENT
from tollbook.cli.report.arguments import period_of, read_meta
from tollbook.cli.report.cells import print_answer, print_long
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


def _days(between: Between) -> str:
    bounds = between.text()
    if isinstance(bounds, str):
        return "all time"
    return f"{bounds['start'] or 'the first event'} to {bounds['end'] or 'the last event'}"


@click.command(cls=Command)
@click.argument("organization", help="The id of the organization.")
@click.option("--user", help="Only this user.")
@click.option("--start", type=MOMENT, help="The first day, or the first instant.")
@click.option("--end", type=MOMENT, help="The last day, or the first instant after the period.")
@period_option
@include_option("meta")
@amounts_option
@table_options
def verb(options: Options, settings: Settings) -> int:
    """Show segments and seconds, of all time by default."""
    with open_migrated(settings).reading() as snapshot:
        organization = organization_of(snapshot, options.tenant, options.organization)
        scope = QuestionScope(options.tenant, organization, options.user)
        between = Between(options.start, options.end)
        if options.period is not None:
            days = period_of(options, scope)
            between = Between(days.start, days.end)
        user = named_user(snapshot, organization, options.user)
        split_days = split_of(scope, between)
        sums = usage_sums(snapshot, scope, split_days)
        period = None if between == Between() else split_days.touched
        meta = read_meta(snapshot, options, scope, period)
    title = f"{organization.name} ({organization.id}), {_days(between)}, {organization.timezone}"
    table = usage_table(scope, user, between, sums)
    return print_answer(
        options,
        report=lambda: usage_report(scope, user, between, sums),
        table=lambda: table,
        text=lambda: print_long(title, table),
        extras=meta,
    )
