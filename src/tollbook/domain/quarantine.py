"""The reasons for quarantine with the ways out, and runs that replay or discard events."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

PENDING = "cost_pending"
"""The reason of events whose carrier states the price later."""


class WayOut(StrEnum):
    """What can help a quarantined event.

    `replay`: process it again once the organization is created, a price is loaded or a setting is
    changed. `correct`: replace it by another event. `discard`: delete it, never charged. `wait`:
    the reason passes with time; a replay then charges it.
    """

    REPLAY = "replay"
    CORRECT = "correct"
    DISCARD = "discard"
    WAIT = "wait"


_FIXED_OUTSIDE = (WayOut.REPLAY, WayOut.DISCARD)
_FIXED_EITHER_WAY = (WayOut.REPLAY, WayOut.CORRECT, WayOut.DISCARD)
_FIXED_IN_THE_EVENT = (WayOut.CORRECT, WayOut.DISCARD)

WAYS_OUT: Mapping[str, tuple[WayOut, ...]] = {
    # A correction cannot change the organization of an event.
    "unknown_organization": _FIXED_OUTSIDE,
    "no_price_book": _FIXED_EITHER_WAY,
    "no_price": _FIXED_EITHER_WAY,
    "currency_mismatch": _FIXED_EITHER_WAY,
    "cost_out_of_range": _FIXED_EITHER_WAY,
    PENDING: _FIXED_IN_THE_EVENT,
    "media_bytes_missing": _FIXED_IN_THE_EVENT,
    "invalid_days": _FIXED_IN_THE_EVENT,
    "number_unreadable": _FIXED_EITHER_WAY,
    "number_hidden": _FIXED_EITHER_WAY,
    "ends_in_future": (*_FIXED_EITHER_WAY, WayOut.WAIT),
    "implausibly_long": _FIXED_EITHER_WAY,
    "invalid_event": _FIXED_IN_THE_EVENT,
    "sum_out_of_range": _FIXED_EITHER_WAY,
}
"""The reasons for quarantine, and the ways out of each."""

CODES = tuple(WAYS_OUT)
UNPRICED = ("no_price_book", "no_price", "currency_mismatch", "number_unreadable")
"""The reasons that loading a price or changing a setting removes, and that are notified."""


def ways_out(code: str) -> tuple[WayOut, ...]:
    """Return the ways out for the code of a reason; an event of any reason can be discarded."""
    return WAYS_OUT.get(code, (WayOut.DISCARD,))


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

    `organization` is a number and `meter` a code. `codes` are reasons, and `ids` are those of
    events of the organization. `start` and `end` are instants of the events in microseconds: from
    `start` on, before `end`.
    """

    organization: int | None = None
    codes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    meter: int | None = None
    start: int | None = None
    end: int | None = None


EVERYTHING = Selection()
MOST_IDS = 1_000
"""The most events that a selection may name."""


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
