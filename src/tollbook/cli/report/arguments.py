"""Read the arguments that the reports share: the tenant and the period."""

from typing import Any

from tollbook.analytics.completeness import completeness, instant_of_answer
from tollbook.analytics.partial_days import local_days
from tollbook.analytics.scope import QuestionScope
from tollbook.cli.command import Options
from tollbook.domain.directory import zone
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.named_periods import ChosenPeriod, Names, choose
from tollbook.domain.periods import Comparison, Period
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.wiring import now

_OPTION_NAMES = Names("--start", "--end", "--period")


def tenant_scope(snapshot: Snapshot, options: Options) -> QuestionScope:
    """Return the scope of a whole tenant, in one currency if the options name it."""
    if directory.find_tenant(snapshot, options.tenant) is None:
        raise NotFound(f"there is no tenant {options.tenant}")
    return QuestionScope(options.tenant, currency=options.currency)


def choose_period(options: Options, scope: QuestionScope) -> ChosenPeriod:
    """Return the period that the options name, which can be compared with another."""
    days = local_days(options.start, options.end, zone(scope.timezone))
    return choose(*days, options.period, scope.today(now()), _OPTION_NAMES)


def period_of(options: Options, scope: QuestionScope) -> Period:
    """Return the days that the options name."""
    return choose_period(options, scope).period


def compared_period(chosen: ChosenPeriod, how: str) -> Period:
    """Return the days that a period is compared with."""
    try:
        return chosen.compared(Comparison(how))
    except OverflowError as error:
        raise InvalidRequest("--start must leave room for the period before it") from error


def read_meta(
    snapshot: Snapshot, options: Options, scope: QuestionScope, period: Period | None
) -> dict[str, Any]:
    """Return how complete an answer is as a field of its JSON, if the options include it."""
    if "meta" not in options.include:
        return {}
    version, clock = scope.ledger_version(snapshot), now()
    instant = instant_of_answer(snapshot, version, clock)
    return {"meta": completeness(snapshot, scope, period, version, instant, clock)}
