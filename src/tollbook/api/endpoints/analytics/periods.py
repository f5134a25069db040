"""Which days a question is about, and which it compares them with."""

from datetime import date
from typing import Protocol

from tollbook.analytics.scope import QuestionScope
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.named_periods import ChosenPeriod, choose
from tollbook.domain.periods import Comparison, Period


class Dated(Protocol):
    """A query that names days."""

    @property
    def start_date(self) -> date | None:
        """Return the first day."""

    @property
    def end_date(self) -> date | None:
        """Return the last day."""

    @property
    def period(self) -> str | None:
        """Return the name of the days."""


def resolve_period(query: Dated, scope: QuestionScope, clock: int) -> ChosenPeriod:
    """Return the days that are asked for, by name or by dates, on the calendar of the scope."""
    return choose(query.start_date, query.end_date, query.period, scope.today(clock))


def compared_period(
    chosen: ChosenPeriod, comparison: Comparison, field: str = "start_date"
) -> Period:
    """Return the days to compare with; `field` is the parameter at fault when there are none."""
    try:
        return chosen.compared(comparison)
    except OverflowError as error:
        sentence = f"{field} must leave room in the calendar for the period before"
        raise InvalidRequest.of([Problem(field, "out_of_range", sentence)]) from error
