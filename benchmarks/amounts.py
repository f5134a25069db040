"""Check that the amounts of an answer differ, as real ones do: equal ones are written faster."""

from collections.abc import Iterable
from typing import Any

from benchmarks.wire import WrongAnswer

_LEAST_DIFFERENT = 0.99


def check_amounts(users: Iterable[dict[str, Any]]) -> None:
    """Raise `WrongAnswer` unless nearly all amounts of the users' costs and seconds differ."""
    amounts = [it for user in users for it in _amounts(user) if it]
    different = len(set(amounts))
    if different < _LEAST_DIFFERENT * len(amounts):
        raise WrongAnswer(f"only {different:,} of {len(amounts):,} amounts differ")


def _amounts(user: dict[str, Any]) -> list[float]:
    """Return an amount for each cost of a user, the total, and the seconds of calls."""
    costs = [it for name, it in user["cost_breakdown"].items() if name.endswith("_cost")]
    return [*costs, user["total_cost"], user["total_voice_seconds"]]
