"""What the questions of the terminal have in common: the period, the tenant, the form."""

import argparse

from tollbook.analytics.scope import Scope
from tollbook.cli.choices import add_tenant_option, day
from tollbook.cli.output import add_json_option
from tollbook.domain.directory import currency_problem
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.named_periods import NAMES, ChosenPeriod, Names, choose, is_period_name
from tollbook.domain.periods import Comparison, Period
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.wiring import now

NAMES_OF_OPTIONS = Names("--start", "--end", "--period")


def add_period_options(parser: argparse.ArgumentParser) -> None:
    """Offer --start and --end, or --period."""
    parser.add_argument("--start", type=day, help="first day (default: 30 days before the end)")
    parser.add_argument("--end", type=day, help="last day (default: today)")
    add_period_option(parser)


def add_period_option(parser: argparse.ArgumentParser) -> None:
    """Offer --period."""
    parser.add_argument(
        "--period",
        type=_period,
        help=f"the days by name instead: {', '.join(NAMES)}, or a month such as 2024-01",
    )


def _period(text: str) -> str:
    if not is_period_name(text):
        raise argparse.ArgumentTypeError(f"{text} is not one of {', '.join(NAMES)}, nor a month")
    return text


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Offer --csv, --json and --tenant."""
    parser.add_argument("--csv", action="store_true", help="print CSV instead of a table")
    add_tenant_option(parser)
    add_json_option(parser)


def add_currency_option(parser: argparse.ArgumentParser) -> None:
    """Offer --currency."""
    parser.add_argument("--currency", help="only organizations of this currency, such as USD")


def scope_of(snapshot: Snapshot, options: argparse.Namespace) -> Scope:
    """Give the whole tenant that was asked for, in a currency when one was named."""
    if directory.find_tenant(snapshot, options.tenant) is None:
        raise NotFound(f"there is no tenant {options.tenant}")
    problem = currency_problem(options.currency) if options.currency is not None else None
    if problem:
        raise InvalidRequest.of([problem])
    return Scope(options.tenant, currency=options.currency)


def chosen_period(options: argparse.Namespace, scope: Scope) -> ChosenPeriod:
    """Resolve the period that was asked for."""
    today = scope.today(now())
    return choose(options.start, options.end, options.period, today, NAMES_OF_OPTIONS)


def period_of(options: argparse.Namespace, scope: Scope) -> Period:
    """Return the days that were asked for."""
    return chosen_period(options, scope).period


def compared_of(chosen: ChosenPeriod, how: str) -> Period:
    """Return the days that a period is compared with."""
    try:
        return chosen.compared(Comparison(how))
    except OverflowError as error:
        raise InvalidRequest("--start must leave room for the period before it") from error
