"""tollbook report changes: the largest increases, decreases and costs."""

import click

from tollbook.analytics.changes import Changes, read_changes
from tollbook.analytics.changes_report import changes_report, changes_table
from tollbook.analytics.margin import Purchases, added
from tollbook.analytics.scope import QuestionScope, in_its_currency
from tollbook.cli.amounts import WriteAmount, amount_writer, percent_text
from tollbook.cli.choices import (
    currency_option,
    has_margin,
    include_option,
    named_organization,
    period_options,
    report_options,
)
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_line, print_rows
from tollbook.cli.parameters import ROWS
from tollbook.cli.report.arguments import choose_period, compared_period, read_meta
from tollbook.cli.report.cells import print_answer
from tollbook.cli.report.margins import margin_line, margin_text
from tollbook.domain.periods import Comparison, Period
from tollbook.settings import Settings
from tollbook.wiring import open_migrated

_LIMIT = 10
_MARGINS = ("Margin", "Margin before")


@click.command(cls=Command)
@click.argument(
    "organization",
    required=False,
    help="The id of the organization (default: all, by organization).",
)
@period_options
@click.option(
    "--compare",
    type=click.Choice([it.value for it in Comparison]),
    default=Comparison.PREVIOUS_PERIOD.value,
    help="The days to compare with.",
)
@currency_option
@click.option("--limit", type=ROWS, default=_LIMIT, help="The maximum length of each list.")
@include_option("totals", "meta", "margin")
@report_options
def verb(options: Options, settings: Settings) -> int:
    """Show the largest increases, decreases and costs."""
    with open_migrated(settings).reading() as snapshot:
        organization = named_organization(snapshot, options)
        scope = QuestionScope(options.tenant, organization, currency=options.currency)
        scope = in_its_currency(snapshot, scope)
        chosen = choose_period(options, scope)
        period, before = chosen.period, compared_period(chosen, options.compare)
        found = read_changes(snapshot, scope, period, before, with_margin=has_margin(options))
        meta = read_meta(snapshot, options, scope, period)
    with_totals = "totals" in options.include
    return print_answer(
        options,
        report=lambda: changes_report(found, scope, period, before, options.limit),
        table=lambda: changes_table(found, scope, period, before, with_totals=with_totals),
        text=lambda: _print(options, found, scope, period, before),
        extras=meta,
    )


def _print(
    options: Options, found: Changes, scope: QuestionScope, period: Period, before: Period
) -> None:
    """Print the totals in a sentence, then each list."""
    write = amount_writer(options, scope.currency)
    subjects = "users" if scope.organization else "organizations"
    change = found.cost - found.previous_cost
    print_line(
        f"{period.start} to {period.end}: {write(found.cost)} {scope.currency or ''}, "
        f"{_signed(change, write)} against {before.start} to {before.end}; "
        f"{len(found.active)} {subjects} with usage, {len(found.without_usage)} without"
    )
    if found.purchases is not None and found.previous_purchases is not None:
        previous = margin_text(added(found.previous_purchases.values()), write)
        whole = margin_line(added(found.purchases.values()), write)
        print_line(f"{whole}; before: {previous}")
    margins = () if found.purchases is None else _MARGINS
    columns = ("Cost", "Before", "Difference", "Share", *margins)
    for title, rows in (("Grew", found.grew), ("Shrank", found.shrank), ("Top", found.top)):
        print_rows(
            (title, *columns),
            (
                (
                    it.name,
                    write(it.cost),
                    write(it.previous_cost),
                    _signed(it.difference, write),
                    percent_text(it.cost, found.cost, 1),
                    *_margins(found, it.id, write),
                )
                for it in rows[: options.limit]
            ),
            f"{title}: none",
        )


def _margins(found: Changes, identity: str, write: WriteAmount) -> tuple[str, ...]:
    """Return the margins of a row now and before; none unless they are asked for."""
    if found.purchases is None or found.previous_purchases is None:
        return ()
    both = found.purchases, found.previous_purchases
    return tuple(margin_text(usages.get(identity, Purchases()), write) for usages in both)


def _signed(nanos: int, write: WriteAmount) -> str:
    return ("+" if nanos > 0 else "") + write(nanos)
