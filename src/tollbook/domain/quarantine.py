"""Quarantine runs: which events are replayed or discarded, and how far a run is."""

from enum import StrEnum

import msgspec

PENDING = "cost_pending"
"""The reason of events whose carrier states the price later."""
CODES = (
    *("unknown_organization", "no_price_book", "no_price", "currency_mismatch"),
    *("cost_out_of_range", "media_bytes_missing", "invalid_days", "number_unreadable"),
    *("number_hidden", "ends_in_future", "implausibly_long", "invalid_event", "cost_pending"),
)
"""The reasons for quarantine."""


class QuarantineAction(StrEnum):
    """What a run does with events: charge those that can be charged now, or discard them."""

    REPLAY = "replay"
    DISCARD = "discard"


class QuarantineRunStatus(StrEnum):
    """The status of a run."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Selection(msgspec.Struct, frozen=True):
    """Which quarantined events of a tenant to take; a field left at its default takes all.

    `organization` is a number and `meter` a code. `start` and `end` are instants of the events in
    microseconds: from `start` on, before `end`.
    """

    organization: int | None = None
    code: str | None = None
    meter: int | None = None
    start: int | None = None
    end: int | None = None


EVERYTHING = Selection()


class QuarantineRun(msgspec.Struct, frozen=True):
    """One recorded replay or discard of a tenant.

    `at_organization` and `at_id` are its progress: the last event that it has looked at, in the
    order of the quarantine. `expected` is the number of events when the run started, `events` how
    many it has looked at, `released` how many of them were charged, and `discarded` how many were
    discarded; the others stay in quarantine. Instants are microseconds since 1970.
    """

    id: int
    action: QuarantineAction
    selection: Selection
    organization_id: str | None
    status: QuarantineRunStatus
    at_organization: int
    at_id: str
    expected: int
    events: int
    released: int
    discarded: int
    created_at: int
    created_by: str
    moved_at: int
    finished_at: int | None
    reason: str | None

    @property
    def remaining(self) -> int:
        """Return how many of the events that it has looked at stay in quarantine."""
        return self.events - self.released - self.discarded
