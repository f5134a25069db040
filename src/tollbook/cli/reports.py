"""tollbook reports: mail figures of usage every day, week or month."""

import click

from tollbook.administration.reports import NewReport, add_report, remove_report
from tollbook.api.endpoints.reports import shown_reports
from tollbook.cli.choices import command_line, named_organization, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.cli.parameters import whole
from tollbook.domain.errors import NotFound
from tollbook.domain.reports import LAST_HOUR, USUAL_HOUR, ReportSchedule
from tollbook.settings import Settings
from tollbook.store import directory, reports
from tollbook.store.database import Snapshot
from tollbook.wiring import open_migrated

verb = VerbGroup()


@verb.command("add")
@click.argument("endpoint", help="The id of the endpoint of the kind mail.")
@click.option(
    "--schedule",
    type=click.Choice([it.value for it in ReportSchedule]),
    required=True,
    help="How often it is sent: after each day, week or month.",
)
@click.option(
    "--hour",
    type=whole("hour", 0, LAST_HOUR),
    default=USUAL_HOUR,
    help="The hour after which it is sent, in the time zone of its subject.",
)
@click.option("--organization", help="An organization, instead of the whole tenant.")
@click.option("--user", help="A user of the organization.")
@shared_options
def _add(options: Options, settings: Settings) -> int:
    """Add a report."""
    with open_migrated(settings).writing() as transaction:
        row = named_organization(transaction, options)
        number = None if row is None else row.number
        _require_user(transaction, number, options)
        new = NewReport(
            schedule=ReportSchedule(options.schedule),
            endpoint_id=options.endpoint,
            hour=options.hour,
            organization_id=options.organization,
            user_id=options.user,
        )
        added = add_report(transaction, command_line(options.tenant), new, number)
        (shown,) = shown_reports(transaction, [added])
    print_result(shown, f"report {added.id} added", json=options.json)
    return 0


def _require_user(snapshot: Snapshot, number: int | None, options: Options) -> None:
    if number is None or options.user is None:
        return
    if directory.find_user(snapshot, number, options.user) is None:
        raise NotFound(f"{options.organization} has no user {options.user}")


@verb.command("remove")
@click.argument("id", help="The id, such as rep_0123456789abcdef0123456789.")
@shared_options
def _remove(options: Options, settings: Settings) -> int:
    """Remove a report."""
    with open_migrated(settings).writing() as transaction:
        listed = reports.list_reports(transaction, options.tenant)
        found = next((it for it in listed if it.id == options.id), None)
        if found is None:
            raise NotFound(f"tenant {options.tenant} has no report {options.id}")
        (shown,) = shown_reports(transaction, [found])
        remove_report(transaction, command_line(options.tenant), found)
    print_result(shown, f"report {found.id} removed", json=options.json)
    return 0


@verb.command("list")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List the reports."""
    with open_migrated(settings).reading() as snapshot:
        shown = shown_reports(snapshot, reports.list_reports(snapshot, options.tenant))
    if options.json:
        print_json(shown)
    else:
        rows = (
            (
                it.id,
                " ".join(filter(None, (it.organization_id, it.user_id))) or None,
                it.schedule.value,
                f"{it.hour:02}:00",
                it.endpoint_id,
                it.last_period,
            )
            for it in shown
        )
        columns = ("Report", "Subject", "Schedule", "From", "Endpoint", "Last period")
        print_rows(columns, rows, "there are no reports yet")
    return 0
