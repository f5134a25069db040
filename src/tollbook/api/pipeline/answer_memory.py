"""The memory for large answers while they are read and written, and its limit."""

from collections.abc import Callable

from tollbook.api.pipeline.shared_budget import Owner, SharedBudget

LARGE = 4 * 1024 * 1024
"""The first bytes of each answer are not counted, so that small answers pass large ones."""


class AnswerMemory:
    """The part of the budget that the answer to one request has."""

    def __init__(self, budget: SharedBudget, find_owner: Callable[[], Owner]) -> None:
        self._budget = budget
        self._find_owner = find_owner
        self._owner = Owner()
        self._expected = 0
        self._reserved = 0

    def reserve(self, size: int) -> None:
        """Reserve what a part of an expected size needs, or raise `TooManyAnswers`."""
        more = max(0, self._expected + size - LARGE) - self._reserved
        if more:
            if not self._reserved:
                self._owner = self._find_owner()
            self._budget.reserve(self._owner, more, self._reserved)
            self._reserved += more
        self._expected += size

    def release(self) -> None:
        """Return what was reserved."""
        if self._reserved:
            self._budget.release(self._owner, self._reserved)
