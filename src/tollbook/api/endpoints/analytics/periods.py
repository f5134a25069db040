"""Which days a question is about, and which it compares them with."""

from datetime import date

from tollbook.analytics.scope import QuestionScope
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.named_periods import ChosenPeriod, choose
from tollbook.domain.periods import Comparison, Period


def resolve_period(
    start: date | None, end: date | None, name: str | None, scope: QuestionScope, clock: int
) -> ChosenPeriod:
    """Return the days that are asked for, by name or by dates, on the calendar of the scope."""
    return choose(start, end, name, scope.today(clock))


def compared_period(
    chosen: ChosenPeriod, comparison: Comparison, field: str = "start_date"
) -> Period:
    """Return the days to compare with; `field` is the parameter at fault when there are none."""
    try:
        return chosen.compared(comparison)
    except OverflowError as error:
        sentence = f"{field} must leave room in the calendar for the period before"
        raise InvalidRequest.of([Problem(field, "out_of_range", sentence)]) from error
