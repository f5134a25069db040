"""tollbook report usage: segments and seconds of an organization or of one of its users."""

import click

from tollbook.analytics.partial_days import Between
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.usage import split_of, usage_report, usage_sums, usage_table
from tollbook.cli.choices import named_user, organization_of, period_option, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json
from tollbook.cli.parameters import MOMENT
from tollbook.cli.report.asked import period_of
from tollbook.cli.report.cells import print_csv, print_long
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


def _period(between: Between) -> str:
    asked = between.text()
    if isinstance(asked, str):
        return "all time"
    return f"{asked['start'] or 'the first event'} to {asked['end'] or 'the last'}"


@click.command(cls=Command)
@click.argument("organization", help="The id of the organization.")
@click.option("--user", help="Only this user.")
@click.option("--start", type=MOMENT, help="The first day, or the first instant.")
@click.option("--end", type=MOMENT, help="The last day, or the instant before which to end.")
@period_option
@report_options
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
        sums = usage_sums(snapshot, scope, split_of(scope, between))
    if options.json:
        print_json(usage_report(scope, user, between, sums))
    elif options.csv:
        print_csv(usage_table(scope, user, sums))
    else:
        title = (
            f"{organization.name} ({organization.id}), {_period(between)}, {organization.timezone}"
        )
        print_long(title, usage_table(scope, user, sums))
    return 0
