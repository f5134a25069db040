"""Budgets of organizations and users, for each day, week or month."""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction

import msgspec

from tollbook.domain.errors import Problem
from tollbook.domain.exact import MOST_BUDGET, nanos_of

DEFAULT_ALERTS = (0.5, 0.8, 1.0)
MOST_ALERTS = 10
HIGHEST_ALERT = 10
ALERT_PLACES = 4
WHOLE_ORGANIZATION = ""
"""The user id of a budget for the whole organization."""


class BudgetState(StrEnum):
    """The state of a budget; `near` when the last alert below 100 % has been reached."""

    WITHIN = "within"
    NEAR = "near"
    OVER = "over"


class BudgetPeriod(StrEnum):
    """The period that a budget is for; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def adverb(self) -> str:
        """Return the field of the amount in requests and answers: daily, weekly or monthly."""
        return _ADVERBS[self]


_ADVERBS = {
    BudgetPeriod.DAY: "daily",
    BudgetPeriod.WEEK: "weekly",
    BudgetPeriod.MONTH: "monthly",
}


class Budget(msgspec.Struct, frozen=True):
    """An amount in nanos for each period, and the fractions of it at which to alert.

    Without a user, it applies to the whole organization. Instants are in microseconds.
    """

    user_id: str
    amount: int
    alert_at: tuple[float, ...]
    created_at: int
    changed_at: int
    period: BudgetPeriod = BudgetPeriod.MONTH

    def state(self, spent: int) -> BudgetState:
        """Return the state of the budget; spending exactly all of it is not `over`."""
        if spent > self.amount:
            return BudgetState.OVER
        near = max((it for it in self.alert_at if it < 1), default=1.0)
        return BudgetState.NEAR if self._reached(spent, near) else BudgetState.WITHIN

    def reached(self, spent: int) -> float | None:
        """Return the highest alert that has been reached."""
        return max((it for it in self.alert_at if self._reached(spent, it)), default=None)

    def _reached(self, spent: int, alert: float) -> bool:
        return spent >= Fraction(str(alert)) * self.amount


def budget_amount_of(text: bytes) -> int:
    """Parse the amount of a budget, a JSON number or text, as nanos; ValueError if invalid."""
    nanos = nanos_of(text, MOST_BUDGET)
    if nanos == 0:
        raise ValueError("a budget of 0")
    return nanos


def budget_amount_problem(field: str) -> Problem:
    """Return the problem of an invalid amount."""
    sentence = f"{field} must be an amount above 0 and up to {MOST_BUDGET}, with at most 9 decimals"
    return Problem(field, "invalid_amount", sentence)


def alert_problems(alerts: Sequence[float]) -> list[Problem]:
    """Return the problems with the alerts of a budget."""
    fits = all(0 < it <= HIGHEST_ALERT and round(it, ALERT_PLACES) == it for it in alerts)
    if fits and len(set(alerts)) == len(alerts) <= MOST_ALERTS:
        return []
    sentence = (
        f"alert_at must be up to {MOST_ALERTS} different fractions of the budget, above 0 and up "
        f"to {HIGHEST_ALERT}, with at most {ALERT_PLACES} decimals"
    )
    return [Problem("alert_at", "invalid_alerts", sentence)]
