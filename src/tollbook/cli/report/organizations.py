"""tollbook report organizations: usage and cost by organization."""

from typing import Any

import click

from tollbook.analytics.filtered_organizations import BY_ORGANIZATION
from tollbook.analytics.organizations import ORGANIZATION_ROW, name_currencies
from tollbook.analytics.result_set import ReportedRows, ResultSet, RowsQuestion
from tollbook.analytics.scope import require_one_currency
from tollbook.cli.choices import currency_option, include_option, report_options
from tollbook.cli.command import Command, Options
from tollbook.cli.report.arguments import period_of, read_meta, tenant_scope
from tollbook.cli.report.cells import print_answer, print_wide
from tollbook.cli.report.rows import rows_options, rows_question, selection_of
from tollbook.settings import Settings
from tollbook.wiring import open_migrated


@click.command(cls=Command)
@rows_options(ORGANIZATION_ROW)
@currency_option
@include_option("totals", "meta", "currency", "margin", "meters")
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show usage and cost by organization."""
    with open_migrated(settings).reading() as snapshot:
        scope = tenant_scope(snapshot, options)
        if options.min_cost is not None:
            require_one_currency(snapshot, scope, "--min-cost")
        period = period_of(options, scope)
        question = rows_question(snapshot, options, scope, period)
        result = BY_ORGANIZATION.read(snapshot, question)
        meta = read_meta(snapshot, options, scope, period)
    selection = selection_of(options, result)
    totals = BY_ORGANIZATION.totals(result) if selection.with_totals else {}

    def report() -> Any:
        answer = BY_ORGANIZATION.report(question, result, selection.rows)
        named = "currency" in options.include
        return name_currencies(answer, result.currencies) if named else answer

    return print_answer(
        options,
        report=report,
        table=lambda: BY_ORGANIZATION.table(question, result, selection),
        text=lambda: _print_text(options, question, result, selection),
        extras={**totals, **meta},
    )


def _print_text(
    options: Options, question: RowsQuestion, result: ResultSet, selection: ReportedRows
) -> None:
    period, used = question.period, sorted(set(result.currencies.values()))
    currencies = ", ".join(used) or "-"
    title = f"{question.scope.tenant}, {period.start} to {period.end}, {currencies}"
    # Amounts in several currencies have no sum: the last row sums those in the tenant's.
    listed = {result.currencies[row[0]] for row in result.rows}
    with_totals = result.summed_currency is None or not listed or result.summed_currency in listed
    shown = ReportedRows(selection.rows, with_totals)
    print_wide(options, title, BY_ORGANIZATION.table(question, result, shown))
