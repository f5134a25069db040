"""What a meter has done, and what waits."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Stats:
    """The counters of this process, and the state of the spool, which processes share.

    `clock_offset` is the seconds that this machine is ahead of the server; None before the first
    answer. `blocked_reason` says why sending pauses; None while it does not.
    """

    recorded: int
    dropped: int
    sent: int
    accepted: int
    duplicate: int
    quarantined: int
    conflict: int
    rejected: int
    retries: int
    spooled: int
    spooled_bytes: int
    oldest_age_seconds: float
    problems: int
    clock_offset: float | None
    blocked_reason: str | None
    last_success_at: datetime | None


@dataclass
class Counters:
    """What this process counts."""

    recorded: int = 0
    dropped: int = 0
    retries: int = 0
    by_status: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("accepted", "duplicate", "quarantined", "conflict", "rejected"), 0
        )
    )
    clock_offset: float | None = None
    blocked_reason: str | None = None
    last_success_at: datetime | None = None

    def count(self, status: str) -> None:
        """Count a receipt."""
        self.by_status[status] += 1
