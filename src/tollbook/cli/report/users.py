"""tollbook report users: usage and cost by user."""

import click

from tollbook.analytics.figures import Figure
from tollbook.analytics.filtered_users import BY_USER
from tollbook.analytics.result_set import ReportedRows, ResultSet, RowsQuestion, rows_table
from tollbook.analytics.rows import scale_of
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import ColumnKind
from tollbook.analytics.users import USER_ROW
from tollbook.cli.amounts import WriteAmount, amount_writer
from tollbook.cli.choices import include_option, named_user, organization_of, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import cell, print_line, print_table
from tollbook.cli.report.arguments import period_of, read_meta
from tollbook.cli.report.cells import new_table, print_answer, print_wide, text_of
from tollbook.cli.report.rows import rows_options, rows_question, selection_of
from tollbook.settings import Settings
from tollbook.store.engine import Row
from tollbook.wiring import open_migrated

COLUMNS = tuple(it for it in USER_ROW.figures if it.label)


@click.command(cls=Command)
@click.argument("organization", help="The id of the organization.")
@click.option("--user", help="Only this user.")
@rows_options(USER_ROW)
@include_option("totals", "meta", "margin", "meters")
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost by user."""
    with open_migrated(settings).reading() as snapshot:
        organization = organization_of(snapshot, options.tenant, options.organization)
        named_user(snapshot, organization, options.user)
        scope = QuestionScope(options.tenant, organization, options.user)
        period = period_of(options, scope)
        question = rows_question(snapshot, options, scope, period)
        result = BY_USER.read(snapshot, question)
        meta = read_meta(snapshot, options, scope, period)
    selection = selection_of(options, result)
    totals = BY_USER.totals(result) if selection.with_totals else {}
    return print_answer(
        options,
        report=lambda: BY_USER.report(question, result, selection.rows),
        table=lambda: BY_USER.table(question, result, selection),
        text=lambda: _print_text(options, question, result, selection),
        extras={**totals, **meta},
    )


def _print_text(
    options: Options, question: RowsQuestion, result: ResultSet, selection: ReportedRows
) -> None:
    organization, period = question.scope.organization, question.period
    assert organization  # noqa: S101  the scope names it
    title = (
        f"{organization.name} ({organization.id}), {period.start} to {period.end}, "
        f"{organization.timezone}, {organization.currency}"
    )
    write = amount_writer(options, organization.currency)
    if question.group_by is None and result.details is not None:
        shown = ReportedRows(selection.rows, with_totals=True)
        print_wide(options, title, BY_USER.table(question, result, shown), organization.currency)
    elif question.group_by is None:
        assert result.total  # noqa: S101  it was read
        _print_users(title, selection.rows, result.total, write)
    else:
        shown = ReportedRows(selection.rows, with_totals=True)
        table = rows_table(USER_ROW, question, result, shown)
        print_wide(options, title, table, organization.currency)
    if result.organization_level and any(result.organization_level):
        events, *_, cost = result.organization_level
        amount = f"{write(cost)} {organization.currency}"
        print_line(f"Not attributed to a user: {events:,} events, {amount}")


def _print_users(title: str, rows: list[Row], total: Row, write: WriteAmount) -> None:
    table = new_table(title, footer=True)
    table.add_column("User", cell("Total"), justify="left", no_wrap=True)
    for figure in COLUMNS:
        heading = figure.label.replace(" ", "\n")
        sums = cell(_text(figure, total, write))
        table.add_column(heading, sums, justify="right", no_wrap=True)
    for row in rows:
        name = row[USER_ROW.place["user_name"]]
        table.add_row(cell(name), *(cell(_text(figure, row, write)) for figure in COLUMNS))
    print_table(table)


def _text(figure: Figure, row: Row, write: WriteAmount) -> str:
    """Return the text of a figure; the only quantities are seconds, which are shown as minutes."""
    value = row[USER_ROW.place[figure.name]] // scale_of(figure)
    kind = ColumnKind.MINUTES if figure.kind is ColumnKind.QUANTITY else figure.kind
    return text_of(kind, value, write)
