"""tollbook report users: usage and cost by user."""

from typing import Any

import click
from rich import box
from rich.table import Table

from tollbook.analytics.figures import Figure
from tollbook.analytics.filtered_users import read_organization_level
from tollbook.analytics.filters import Filters
from tollbook.analytics.rows import scale_of
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import ColumnKind
from tollbook.analytics.users import USER_ROW, read_rows, users_report
from tollbook.cli.choices import organization_of, period_options, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import cell, print_json, print_line, print_table
from tollbook.cli.report.asked import period_of
from tollbook.cli.report.cells import print_csv
from tollbook.domain.exact import MICROS, amount_text
from tollbook.domain.periods import Period
from tollbook.settings import Settings
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row
from tollbook.wiring import open_migrated

COLUMNS = tuple(it for it in USER_ROW.figures if it.label)


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
        rows = read_rows(snapshot, organization.number, period, None)
        own: Any = read_organization_level(snapshot, organization.number, period, Filters())
    if options.csv:
        print_csv(USER_ROW.table(rows))
    else:
        _print_table(organization, period, rows)
        if own.events:
            cost = bytes(own.total_cost).decode()
            print_line(f"Besides, no user's: {own.events:,} events, {cost} {organization.currency}")
    return 0


def _print_table(organization: OrganizationRow, period: Period, rows: list[Row]) -> None:
    title = (
        f"{organization.name} ({organization.id}), {period.start} to {period.end}, "
        f"{organization.timezone}, {organization.currency}"
    )
    table = Table(title=cell(title), title_justify="left", box=box.SIMPLE_HEAD, show_footer=True)
    table.add_column("User", cell("Total"), justify="left", no_wrap=True)
    total = USER_ROW.total(rows)
    for figure in COLUMNS:
        heading = figure.label.replace(" ", "\n")
        table.add_column(heading, cell(_text(figure, total)), justify="right", no_wrap=True)
    for row in rows:
        name = row[USER_ROW.place["user_name"]]
        table.add_row(cell(name), *(cell(_text(figure, row)) for figure in COLUMNS))
    print_table(table)


def _text(figure: Figure, row: Row) -> str:
    """Write a figure for people: counts grouped by thousands, minutes with one decimal."""
    value = row[USER_ROW.place[figure.name]]
    match figure.kind:
        case ColumnKind.AMOUNT:
            return amount_text(value)
        case ColumnKind.COUNT:
            return f"{value // scale_of(figure):,}"
        case _:
            return f"{value / MICROS / 60:,.1f}"
