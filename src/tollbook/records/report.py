"""What became of the rows of an import, with sums to compare with the switch."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from tollbook.domain.receipts import Outcome, Receipt
from tollbook.records.convert import Converted
from tollbook.records.quantities import ZERO, written_quantity
from tollbook.records.rows import HALF_LINE, RefusedRow
from tollbook.records.times import written_time

CONVERTED = "converted"
"""Counts the events of an import that stores nothing: new and duplicate are not distinguished."""

_STORED = (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.QUARANTINED)


class Report:
    """The counts and sums of one file, or of a whole import.

    Every row is counted once: rows = events + merged + identical + skipped + refused. `seconds`
    and `segments` are over events, duplicates included.
    """

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.merged = 0
        self.identical: int | None = 0
        self.skipped: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.half_line = 0
        self.seconds = self.skipped_seconds = self.refused_seconds = ZERO
        self.segments = 0
        self.first_time: datetime | None = None
        self.last_time: datetime | None = None
        self.repeated_hour = 0
        self.rounded = 0

    @property
    def rows(self) -> int:
        """Return the number of rows that were read."""
        counts = (self.events, self.skipped, self.refused)
        return sum(it.total() for it in counts) + self.merged + (self.identical or 0)

    @property
    def new(self) -> int:
        """Return the number of events that were not stored before."""
        return self.events[Outcome.ACCEPTED] + self.events[Outcome.QUARANTINED]

    def add_half_line(self) -> None:
        """Count a row that is left for the next import."""
        self.half_line += 1
        self.skipped[HALF_LINE] += 1

    def add_skipped(self, reason: str, seconds: Decimal) -> None:
        """Count a skipped row."""
        self.skipped[reason] += 1
        self.skipped_seconds += seconds

    def add_refused(self, code: str, seconds: Decimal) -> None:
        """Count a refused row, or one whose event was rejected or is in conflict."""
        self.refused[code] += 1
        self.refused_seconds += seconds

    def add_event(self, converted: Converted, outcome: str) -> None:
        """Count the event of a row."""
        self.events[outcome] += 1
        self.seconds += converted.seconds
        self.segments += converted.segments
        self.repeated_hour += converted.is_repeated
        self.rounded += converted.is_rounded
        time = converted.time
        if self.first_time is None or time < self.first_time:
            self.first_time = time
        if self.last_time is None or time > self.last_time:
            self.last_time = time

    def add(self, other: "Report") -> None:
        """Add the counts and sums of a file to those of the import."""
        self.events.update(other.events)
        self.skipped.update(other.skipped)
        self.refused.update(other.refused)
        self.merged += other.merged
        if self.identical is not None:
            self.identical = None if other.identical is None else self.identical + other.identical
        self.half_line += other.half_line
        self.seconds += other.seconds
        self.skipped_seconds += other.skipped_seconds
        self.refused_seconds += other.refused_seconds
        self.segments += other.segments
        self.repeated_hour += other.repeated_hour
        self.rounded += other.rounded
        times = [it for it in (self.first_time, other.first_time) if it]
        self.first_time = min(times, default=None)
        self.last_time = max((it for it in (self.last_time, other.last_time) if it), default=None)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON, except what only the whole import has."""
        events = {it.value: self.events[it.value] for it in _STORED}
        if self.events[CONVERTED]:
            events = {CONVERTED: self.events[CONVERTED]}
        return {
            "rows": self.rows,
            "events": events,
            "merged": self.merged,
            "identical": self.identical,
            "skipped": dict(self.skipped),
            "refused": dict(self.refused),
            "half_line": self.half_line,
            "seconds": _number(self.seconds),
            "skipped_seconds": _number(self.skipped_seconds),
            "refused_seconds": _number(self.refused_seconds),
            "segments": self.segments,
            "first_time": self.first_time and written_time(self.first_time.astimezone(UTC)),
            "last_time": self.last_time and written_time(self.last_time.astimezone(UTC)),
            "repeated_hour": self.repeated_hour,
            "rounded": self.rounded,
        }

    def sentence(self) -> str:
        """Return the counts in one line for people."""
        events = self.events
        if events[CONVERTED]:
            parts = [f"{events[CONVERTED]:,} events, nothing stored"]
        else:
            parts = [
                f"{self.new:,} new",
                f"{events[Outcome.DUPLICATE]:,} duplicate",
                f"{events[Outcome.QUARANTINED]:,} of the new ones in quarantine",
            ]
        parts += [f"{self.merged:,} merged"] * bool(self.merged)
        if self.identical is None:
            parts.append("identical rows unknown")
        elif self.identical:
            parts.append(f"{self.identical:,} identical")
        skipped = ", ".join(f"{n:,} {reason}" for reason, n in self.skipped.items())
        parts.append(f"{self.skipped.total():,} skipped" + (f" ({skipped})" if skipped else ""))
        refused = ", ".join(f"{n:,} {code}" for code, n in self.refused.items())
        parts.append(f"{self.refused.total():,} refused" + (f" ({refused})" if refused else ""))
        parts.append(f"{bytes(_number(self.seconds)).decode()} seconds")
        parts += [f"{self.segments:,} segments"] * bool(self.segments)
        return f"{self.rows:,} rows: {', '.join(parts)}"


def refusal_of(receipt: Receipt) -> RefusedRow | None:
    """Return why the ledger did not take an event, None when it did."""
    if receipt.status in _STORED:
        return None
    return RefusedRow(receipt.field or "", receipt.code or "", receipt.error or "")


def _number(amount: Decimal) -> msgspec.Raw:
    return msgspec.Raw(written_quantity(amount))
