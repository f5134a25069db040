"""tollbook report events: the events behind a figure."""

from collections.abc import Iterable, Iterator

import click

from tollbook.analytics.events import (
    EventsQuestion,
    events_table,
    read_page,
    table_of,
)
from tollbook.analytics.events_report import events_report
from tollbook.analytics.scope import QuestionScope
from tollbook.api.formats.cells import writer_of
from tollbook.cli.choices import (
    amounts_option,
    country_option,
    has_margin,
    include_option,
    known_meters,
    meter_option,
    organization_of,
    period_option,
    table_options,
)
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line, print_rows
from tollbook.cli.parameters import EVENTS, MOMENT
from tollbook.cli.report.arguments import period_of
from tollbook.cli.report.cells import print_csv
from tollbook.settings import Settings
from tollbook.store.database import Snapshot
from tollbook.store.meters import read_catalog
from tollbook.wiring import open_migrated

_DEFAULT_LIMIT = 100
_SHOWN = ("time", "id", "type", "user_id", "quantity", "billed_quantity", "unit", "country", "cost")


@click.command(cls=Command)
@click.argument("organization", help="The id of the organization.")
@click.option("--user", help="Only events in the figures of this user.")
@click.option("--organization-level", is_flag=True, help="Only events without a user.")
@meter_option("Only events of this meter, such as voice.call")
@country_option
@click.option("--resource", help="Only events of this resource, such as a phone number.")
@click.option(
    "--start",
    type=MOMENT,
    show_default="30 days before the end",
    help="The first day, or the first instant.",
)
@click.option(
    "--end",
    type=MOMENT,
    show_default="today",
    help="The last day, or the first instant after the period.",
)
@period_option
@click.option(
    "--limit",
    type=EVENTS,
    show_default=f"{_DEFAULT_LIMIT}; no limit with --csv",
    help="The maximum number of events.",
)
@include_option("margin")
@amounts_option
@table_options
def verb(options: Options, settings: Settings) -> int:
    """Show the events behind a figure, newest first."""
    with open_migrated(settings).streaming() as snapshot:
        question = _question(options, snapshot)
        if options.csv and options.limit is None:
            print_csv(options, events_table(snapshot, question, settings.archives))
            return 0
        limit = options.limit or _DEFAULT_LIMIT
        page = read_page(snapshot, question, limit, None, settings.archives)
    if options.csv:
        print_csv(options, table_of(question, page.rows))
    elif options.json:
        print_json(events_report(question, page, None))
    else:
        print_rows(_shown(question), _cells(question, page.rows), "no events")
        if page.end:
            print_line(f"More than {len(page.rows):,} events match; use --limit to show more.")
    return 0


def _question(options: Options, snapshot: Snapshot) -> EventsQuestion:
    if options.organization_level and options.user is not None:
        raise click.UsageError("--organization-level excludes --user")
    organization = organization_of(snapshot, options.tenant, options.organization)
    start, end = options.start, options.end
    return EventsQuestion(
        organization=organization,
        period=period_of(options, QuestionScope(options.tenant, organization)),
        as_of=2**62,
        user_id=options.user,
        nobody=options.organization_level,
        meters=known_meters(snapshot, options),
        country=options.country,
        resource_id=options.resource,
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        with_margin=has_margin(options),
        catalog=read_catalog(snapshot, options.tenant),
    )


def _shown(question: EventsQuestion) -> tuple[str, ...]:
    return (*_SHOWN, "buy_cost", "margin") if question.with_margin else _SHOWN


def _cells(question: EventsQuestion, rows: Iterable[tuple[object, ...]]) -> Iterator[list[str]]:
    table = table_of(question, rows)
    places = {column.name: place for place, column in enumerate(table.columns)}
    shown = [
        (places[name], writer_of(table.columns[places[name]].kind)) for name in _shown(question)
    ]
    for row in table.rows:
        yield ["" if row[place] is None else write(row[place]) for place, write in shown]
