"""tollbook report usage: segments and seconds of an organization or of one of its users."""

import argparse
from datetime import date

from tollbook.analytics.between import Between
from tollbook.analytics.scope import Scope
from tollbook.analytics.usage import split_of, usage_report, usage_sums, usage_table
from tollbook.cli.choices import organization_of
from tollbook.cli.output import Verbs, print_json
from tollbook.cli.report.asked import add_output_options, add_period_option, period_of
from tollbook.cli.report.cells import print_csv, print_long
from tollbook.domain.errors import NotFound
from tollbook.domain.events import microseconds
from tollbook.domain.instants import InvalidInstant, parsed_instant
from tollbook.domain.periods import parsed_day
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.wiring import open_migrated


def add(questions: Verbs) -> None:
    """Offer the question."""
    parser = questions.add_parser("usage", help="segments and seconds, of all time by default")
    parser.add_argument("organization")
    parser.add_argument("--user", help="one of the organization's users")
    parser.add_argument("--start", type=_moment, help="from this day or instant on")
    parser.add_argument("--end", type=_moment, help="up to an instant, or to the end of a day")
    add_period_option(parser)
    add_output_options(parser)
    parser.set_defaults(run=_run)


def _moment(text: str) -> date | int:
    try:
        return parsed_day(text)
    except ValueError:
        pass
    try:
        return microseconds(parsed_instant(text))
    except InvalidInstant as error:
        sentence = f"{text} is neither a day such as 2024-01-31 nor a time: it {error}"
        raise argparse.ArgumentTypeError(sentence) from error


def _period(between: Between) -> str:
    asked = between.text()
    if isinstance(asked, str):
        return "all time"
    return f"{asked['start'] or 'the first event'} to {asked['end'] or 'the last'}"


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        organization = organization_of(snapshot, options.tenant, options.organization)
        scope = Scope(options.tenant, organization, options.user)
        between = Between(options.start, options.end)
        if options.period is not None:
            days = period_of(options, scope)
            between = Between(days.start, days.end)
        user = None
        if options.user is not None:
            user = directory.find_user(snapshot, organization.number, options.user)
            if user is None:
                raise NotFound(f"organization {organization.id} has no user {options.user}")
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
