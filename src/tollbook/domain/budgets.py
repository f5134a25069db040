"""Monthly budgets of organizations and users."""

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


class Budget(msgspec.Struct, frozen=True):
    """A monthly amount in nanos, and the fractions of it at which to alert.

    Without a user, it applies to the whole organization. Instants are in microseconds.
    """

    user_id: str
    monthly: int
    alert_at: tuple[float, ...]
    created_at: int
    changed_at: int

    def state(self, spent: int) -> BudgetState:
        """Return the state of the budget; spending exactly all of it is not `over`."""
        if spent > self.monthly:
            return BudgetState.OVER
        near = max((it for it in self.alert_at if it < 1), default=1.0)
        return BudgetState.NEAR if self._reached(spent, near) else BudgetState.WITHIN

    def reached(self, spent: int) -> float | None:
        """Return the highest alert that has been reached."""
        return max((it for it in self.alert_at if self._reached(spent, it)), default=None)

    def _reached(self, spent: int, alert: float) -> bool:
        return spent >= Fraction(str(alert)) * self.monthly


def monthly_of(text: bytes) -> int:
    """Parse the amount of a budget, a JSON number or text, as nanos; ValueError if invalid."""
    nanos = nanos_of(text, MOST_BUDGET)
    if nanos == 0:
        raise ValueError("a budget of 0")
    return nanos


def monthly_problem() -> Problem:
    """Return the problem of an invalid amount."""
    sentence = f"monthly must be an amount above 0 and up to {MOST_BUDGET}, with at most 9 decimals"
    return Problem("monthly", "invalid_amount", sentence)


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
