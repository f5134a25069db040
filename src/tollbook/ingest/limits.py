"""The limits that an operator sets on what is stored of events."""

from typing import NamedTuple


class IngestLimits(NamedTuple):
    """The longest call that is charged, and how much a tenant may leave for later.

    A longer call is probably a metering error. `max_unknown_organizations` limits the organizations
    that only events name, `max_quarantined_events` the events in quarantine, and
    `max_pending_events` those that wait for their carrier's price, which the former excludes.
    """

    longest_call_seconds: int = 86_400
    max_unknown_organizations: int = 10_000
    max_quarantined_events: int = 10_000_000
    max_pending_events: int = 10_000_000


DEFAULT_LIMITS = IngestLimits()
