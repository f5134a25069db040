"""tollbook report changes: who grew, who shrank, who costs most."""

import argparse

from tollbook.analytics.changes import Changes, changes, changes_report, changes_table
from tollbook.analytics.scope import Scope, in_its_currency
from tollbook.cli.choices import add_tenant_option, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, print_rows
from tollbook.cli.report.asked import add_period_options, chosen_period, compared_of
from tollbook.cli.report.cells import print_csv
from tollbook.domain.exact import amount_text
from tollbook.domain.periods import Comparison, Period
from tollbook.settings import Settings
from tollbook.wiring import open_migrated

_LIMIT = 10


def add(questions: Verbs) -> None:
    """Offer the question."""
    parser = questions.add_parser("changes", help="who grew, who shrank, who costs most")
    parser.add_argument("organization", nargs="?", help="by user (default: by organization)")
    add_period_options(parser)
    parser.add_argument(
        "--compare",
        choices=[it.value for it in Comparison],
        default=Comparison.PREVIOUS_PERIOD.value,
        help="with the days or months before (default), or the same a year before",
    )
    parser.add_argument("--currency", help="only organizations of this currency")
    parser.add_argument("--limit", type=int, default=_LIMIT, help=f"of each (default: {_LIMIT})")
    parser.add_argument("--csv", action="store_true", help="print everybody as CSV")
    add_tenant_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        organization = None
        if options.organization is not None:
            organization = organization_of(snapshot, options.tenant, options.organization)
        scope = Scope(options.tenant, organization, currency=options.currency)
        scope = in_its_currency(snapshot, scope)
        chosen = chosen_period(options, scope)
        period, before = chosen.period, compared_of(chosen, options.compare)
        found = changes(snapshot, scope, period, before)
    if options.json:
        print_json(changes_report(found, scope, period, before, max(0, options.limit)))
    elif options.csv:
        print_csv(changes_table(found, scope))
    else:
        _print(found, scope, period, before, max(0, options.limit))
    return 0


def _print(found: Changes, scope: Scope, period: Period, before: Period, limit: int) -> None:
    """Print the totals in a sentence, and each list that has anything in it."""
    whose = "users" if scope.organization else "organizations"
    change = found.cost - found.previous_cost
    print_line(
        f"{period.start} to {period.end}: {amount_text(found.cost)} {scope.currency or ''}, "
        f"{_signed(change)} against {before.start} to {before.end}; {len(found.active)} {whose} "
        f"with usage, {len(found.without_usage)} without"
    )
    columns = ("", "Cost", "Before", "Difference", "Share")
    for title, rows in (("Grew", found.grew), ("Shrank", found.shrank), ("Top", found.top)):
        print_rows(
            (title, *columns[1:]),
            (
                (
                    it.name,
                    amount_text(it.cost),
                    amount_text(it.previous_cost),
                    _signed(it.difference),
                    f"{it.cost / found.cost:.1%}" if found.cost else None,
                )
                for it in rows[:limit]
            ),
            f"{title}: nobody",
        )


def _signed(nanos: int) -> str:
    return ("+" if nanos > 0 else "") + amount_text(nanos)
