"""tollbook report users: usage and cost by user."""

from typing import Literal

import click
from rich import box
from rich.table import Table

from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.slices import Slice, table_of
from tollbook.analytics.users import UserRow, user_rows, users_report
from tollbook.analytics.users_slices import USERS_SHAPE, organization_level
from tollbook.cli.choices import organization_of, period_options, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import cell, print_json, print_line, print_table
from tollbook.cli.report.asked import period_of
from tollbook.cli.report.cells import print_csv
from tollbook.domain.exact import MICROS, amount_text
from tollbook.domain.periods import Period
from tollbook.settings import Settings
from tollbook.store.directory import OrganizationRow
from tollbook.wiring import open_migrated

COLUMNS = (
    "User",
    "SMS Sent",
    "SMS Received",
    "MMS Sent",
    "MMS Received",
    "Voice Calls",
    "Voice Min",
    "API Requests",
    "Storage",
    "Phone Monthly",
    "Phones Purchased",
    "KB Count",
    "KB Min",
    "Cost",
)


@click.command(cls=Command)
@click.argument("organization", help="The id of the organization.")
@period_options
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost by user."""
    with open_migrated(settings).reading() as snapshot:
        organization = organization_of(snapshot, options.tenant, options.organization)
        period = period_of(options, QuestionScope(options.tenant, organization))
        if options.json:
            number, identity, name = organization[:3]
            print_json(users_report(snapshot, number, identity, name, period))
            return 0
        rows = user_rows(snapshot, organization.number, period)
        own = organization_level(snapshot, organization.number, period, Slice())
    if options.csv:
        print_csv(table_of(rows, USERS_SHAPE))
    else:
        _print_table(organization, period, rows)
        if own.events:
            cost = bytes(own.total_cost).decode()
            print_line(f"Besides, no user's: {own.events:,} events, {cost} {organization.currency}")
    return 0


def _total(rows: list[UserRow]) -> UserRow:
    sums = [sum(column) for column in list(zip(*rows, strict=True))[2:]]
    return UserRow("", "Total", *(sums or [0] * (len(UserRow._fields) - 2)))


def _print_table(organization: OrganizationRow, period: Period, rows: list[UserRow]) -> None:
    title = (
        f"{organization.name} ({organization.id}), {period.start} to {period.end}, "
        f"{organization.timezone}, {organization.currency}"
    )
    table = Table(title=cell(title), title_justify="left", box=box.SIMPLE_HEAD, show_footer=True)
    shown = [_cells(row) for row in rows]
    for name, total in zip(COLUMNS, _cells(_total(rows)), strict=True):
        justify: Literal["left", "right"] = "left" if name == "User" else "right"
        table.add_column(name.replace(" ", "\n"), cell(total), justify=justify, no_wrap=True)
    for cells in shown:
        table.add_row(*(cell(text) for text in cells))
    print_table(table)


def _cells(row: UserRow) -> list[str]:
    """Write a row for people: counts grouped by thousands, minutes with one decimal."""
    counts = [row.sms_sent, row.sms_received, row.mms_sent, row.mms_received, row.calls]
    return [
        row.user_name,
        *(f"{count:,}" for count in counts),
        f"{row.seconds / MICROS / 60:,.1f}",
        f"{row.requests // MICROS:,}",
        amount_text(row.storage_cost),
        f"{row.rentals:,}",
        f"{row.purchases // MICROS:,}",
        f"{row.knowledge_bases:,}",
        f"{row.kb_seconds / MICROS / 60:,.1f}",
        amount_text(row.total_cost),
    ]
