"""tollbook report users: usage and cost by user."""

from typing import Any

import click

from tollbook.analytics.figures import Figure
from tollbook.analytics.filtered_users import read_organization_level, read_user_total
from tollbook.analytics.filters import Filters
from tollbook.analytics.rows import scale_of
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import ColumnKind
from tollbook.analytics.users import USER_ROW, read_rows, write_users, write_users_report
from tollbook.cli.choices import organization_of, period_options, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import cell, print_line, print_table
from tollbook.cli.report.arguments import period_of
from tollbook.cli.report.cells import new_table, print_answer, text_of
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
        number, identity, name = organization[:3]
        period = period_of(options, QuestionScope(options.tenant, organization))
        rows = read_rows(snapshot, number, period, None)
        total = read_user_total(snapshot, number, period, Filters(), rows)
        unattributed = read_organization_level(snapshot, number, period, Filters())
    return print_answer(
        options,
        report=lambda: write_users_report(identity, name, period, write_users(rows)),
        table=lambda: USER_ROW.table(rows),
        text=lambda: _print_text(organization, period, rows, total, unattributed),
    )


def _print_text(
    organization: OrganizationRow, period: Period, rows: list[Row], total: Row, unattributed: Any
) -> None:
    title = (
        f"{organization.name} ({organization.id}), {period.start} to {period.end}, "
        f"{organization.timezone}, {organization.currency}"
    )
    table = new_table(title, footer=True)
    table.add_column("User", cell("Total"), justify="left", no_wrap=True)
    for figure in COLUMNS:
        heading = figure.label.replace(" ", "\n")
        table.add_column(heading, cell(_text(figure, total)), justify="right", no_wrap=True)
    for row in rows:
        name = row[USER_ROW.place["user_name"]]
        table.add_row(cell(name), *(cell(_text(figure, row)) for figure in COLUMNS))
    print_table(table)
    if unattributed.events:
        cost = f"{bytes(unattributed.total_cost).decode()} {organization.currency}"
        print_line(f"Not attributed to a user: {unattributed.events:,} events, {cost}")


def _text(figure: Figure, row: Row) -> str:
    """Return the text of a figure; the only quantities are seconds, which are shown as minutes."""
    value = row[USER_ROW.place[figure.name]] // scale_of(figure)
    kind = ColumnKind.MINUTES if figure.kind is ColumnKind.QUANTITY else figure.kind
    return text_of(kind, value)
