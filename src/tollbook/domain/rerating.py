"""Rerating as frozen values: what is asked, a run with its progress, what it cannot price."""

from enum import StrEnum

import msgspec

Costs = dict[str, tuple[int, int]]
"""What events cost before and after, in nanos, by currency: nothing is added across currencies."""


class RunStatus(StrEnum):
    """A stopped run waits for somebody to resume it, in the direction it was going."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    REVERTING = "reverting"
    REVERTED = "reverted"


AT_WORK = (RunStatus.RUNNING, RunStatus.REVERTING)
UNFINISHED = (*AT_WORK, RunStatus.STOPPED)
FINISHED = (RunStatus.DONE, RunStatus.REVERTED)


class RerateRange(msgspec.Struct, frozen=True):
    """Which events are charged again: days as numbers, one organization or all of the tenant.

    `organization` is its number. `version` names the book that stands in for the one of its owner
    on every day; without it the books are those in force.
    """

    first_day: int
    last_day: int
    organization: int | None = None
    version: int | None = None


class Run(msgspec.Struct, frozen=True):
    """One recorded rerating of a tenant.

    `at_organization` and `at_day` are where it stands: everything up to that day of that
    organization is done, and every organization with a smaller number. A run that is going back
    counts `restored` on its way from the start again. `expected` is how many events there were when
    it began. Reversals are events in every count; `changed` and `restored` are of events that got
    another cost. Instants are microseconds since 1970.
    """

    id: int
    span: RerateRange
    organization_id: str | None
    status: RunStatus
    backwards: bool
    at_organization: int
    at_day: int
    expected: int
    events: int
    changed: int
    unpriced: int
    restored: int
    costs: Costs
    created_at: int
    created_by: str
    moved_at: int
    finished_at: int | None
    reason: str | None


class LeftAsItWas(msgspec.Struct, frozen=True):
    """An event that has no price by the books of a run and keeps its charge, with the reason."""

    organization_id: str
    day: int
    id: str
    code: str
    reason: str


def added(costs: Costs, currency: str, old: int, new: int) -> Costs:
    """Add what events of a currency cost before and after."""
    before, after = costs.get(currency, (0, 0))
    return {**costs, currency: (before + old, after + new)}
