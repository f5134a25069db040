"""Rerating: its range, a run with its progress, and events without a price."""

from enum import StrEnum

import msgspec

from tollbook.domain.margin import Purchases
from tollbook.domain.margin import added as added_usage

Costs = dict[str, tuple[int, int]]
"""The cost of events before and after, in nanos, by currency."""


Bought = dict[str, tuple[Purchases, Purchases]]
"""The sums that margins before and after are computed from, by currency."""


class RunStatus(StrEnum):
    """The status of a run; a stopped run is resumed in its previous direction."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    REVERTING = "reverting"
    REVERTED = "reverted"


AT_WORK = (RunStatus.RUNNING, RunStatus.REVERTING)
UNFINISHED = (*AT_WORK, RunStatus.STOPPED)
FINISHED = (RunStatus.DONE, RunStatus.REVERTED)


class RerateRange(msgspec.Struct, frozen=True):
    """The events to charge again: days as numbers, one organization or all of the tenant.

    `organization` is its number. `version` names the book that replaces all books of its owner on
    every day; without it, the books in force apply.
    """

    first_day: int
    last_day: int
    organization: int | None = None
    version: int | None = None


class Run(msgspec.Struct, frozen=True):
    """One recorded rerating of a tenant.

    `at_organization` and `at_day` are its progress: every organization with a smaller number is
    done, and this one up to that day. A reverting run counts `restored` from the start again.
    `expected` is the number of events when the run started. All counts include reversals; `changed`
    and `restored` count events whose cost changed, and `buy_changed` those whose buy price alone
    did. Instants are microseconds since 1970.
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
    buy_changed: int = 0
    purchases: Bought = {}


class LeftAsItWas(msgspec.Struct, frozen=True):
    """An event without a price in the books of a run, which keeps its charge, with the reason."""

    organization_id: str
    day: int
    id: str
    code: str
    reason: str


def added(costs: Costs, currency: str, old: int, new: int) -> Costs:
    """Return the costs with the costs of events of a currency added."""
    before, after = costs.get(currency, (0, 0))
    return {**costs, currency: (before + old, after + new)}


def added_purchases(bought: Bought, currency: str, old: Purchases, new: Purchases) -> Bought:
    """Return sums of purchases with those of events of a currency added."""
    before, after = bought.get(currency, (Purchases(), Purchases()))
    return {**bought, currency: (added_usage((before, old)), added_usage((after, new)))}
