"""What the questions of the terminal have in common: the period, the tenant, the form."""

from tollbook.analytics.scope import QuestionScope
from tollbook.cli.command import Options
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.named_periods import ChosenPeriod, Names, choose
from tollbook.domain.periods import Comparison, Period
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.wiring import now

NAMES_OF_OPTIONS = Names("--start", "--end", "--period")


def scope_of(snapshot: Snapshot, options: Options) -> QuestionScope:
    """Give the whole tenant that was asked for, in a currency when one was named."""
    if directory.find_tenant(snapshot, options.tenant) is None:
        raise NotFound(f"there is no tenant {options.tenant}")
    return QuestionScope(options.tenant, currency=options.currency)


def chosen_period(options: Options, scope: QuestionScope) -> ChosenPeriod:
    """Resolve the period that was asked for."""
    today = scope.today(now())
    return choose(options.start, options.end, options.period, today, NAMES_OF_OPTIONS)


def period_of(options: Options, scope: QuestionScope) -> Period:
    """Return the days that were asked for."""
    return chosen_period(options, scope).period


def compared_of(chosen: ChosenPeriod, how: str) -> Period:
    """Return the days that a period is compared with."""
    try:
        return chosen.compared(Comparison(how))
    except OverflowError as error:
        raise InvalidRequest("--start must leave room for the period before it") from error
