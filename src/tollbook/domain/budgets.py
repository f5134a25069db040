"""Budgets: what an organization or a user may cost in a month, and how far that is used."""

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
"""Stands for the user of a budget that is the organization's."""


class BudgetState(StrEnum):
    """How a budget stands: `near` when the last alert before all of it has been reached."""

    WITHIN = "within"
    NEAR = "near"
    OVER = "over"


class Budget(msgspec.Struct, frozen=True):
    """What may be spent in a month, in nanos, and at which fractions of it to tell.

    Without a user it is the organization's. Instants are in microseconds.
    """

    user_id: str
    monthly: int
    alert_at: tuple[float, ...]
    created_at: int
    changed_at: int

    def state(self, spent: int) -> BudgetState:
        """Tell how the budget stands: all of it may be spent, and no more."""
        if spent > self.monthly:
            return BudgetState.OVER
        near = max((it for it in self.alert_at if it < 1), default=1.0)
        return BudgetState.NEAR if self._reached(spent, near) else BudgetState.WITHIN

    def reached(self, spent: int) -> float | None:
        """Give the highest alert that has been reached."""
        return max((it for it in self.alert_at if self._reached(spent, it)), default=None)

    def _reached(self, spent: int, alert: float) -> bool:
        return spent >= Fraction(str(alert)) * self.monthly


def monthly_of(text: bytes) -> int:
    """Read the amount of a budget, a JSON number or text, as nanos; ValueError when it is none."""
    nanos = nanos_of(text, MOST_BUDGET)
    if nanos == 0:
        raise ValueError("a budget of nothing")
    return nanos


def monthly_problem() -> Problem:
    """Say what the amount of a budget must be."""
    sentence = f"monthly must be an amount above 0 and up to {MOST_BUDGET}, with at most 9 decimals"
    return Problem("monthly", "invalid_amount", sentence)


def alert_problems(alerts: Sequence[float]) -> list[Problem]:
    """List what is wrong with the alerts of a budget."""
    fits = all(0 < it <= HIGHEST_ALERT and round(it, ALERT_PLACES) == it for it in alerts)
    if fits and len(set(alerts)) == len(alerts) <= MOST_ALERTS:
        return []
    sentence = (
        f"alert_at must be up to {MOST_ALERTS} different fractions of the budget, above 0 and up "
        f"to {HIGHEST_ALERT}, with at most {ALERT_PLACES} decimals"
    )
    return [Problem("alert_at", "invalid_alerts", sentence)]
