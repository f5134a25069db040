"""The time of an event: when a call was answered, or a message was sent."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tollbook.records.columns import ColumnReader
from tollbook.records.mapping import TimeRule
from tollbook.records.quantities import ZERO, parse_quantity
from tollbook.records.rows import RefusedRow
from tollbook.records.times import (
    FIELD,
    Clock,
    Hints,
    Resolved,
    TimezoneRequired,
    later,
    plain_time,
    resolve,
)

_EPOCH = Clock(("epoch",))


class TimeReader:
    """Reads the time of a row by the rule of a mapping."""

    def __init__(self, rule: TimeRule, columns: ColumnReader) -> None:
        if rule.requires_timezone and rule.timezone is None:
            raise TimezoneRequired(
                "the times of this format have no offset: name their time zone with --timezone, "
                "such as --timezone Europe/London"
            )
        zone = ZoneInfo(rule.timezone) if rule.timezone else None
        self._clock = Clock(rule.formats, zone)
        self._plain_zone = None if rule.formats or rule.plus else zone
        self._columns = rule.columns
        self._start_columns = rule.start
        self._time = columns.getter(rule.columns)
        self._start = columns.getter(rule.start)
        self._end = columns.getter(rule.end)
        self._near = columns.getter(rule.near)
        self._plus = columns.getter(rule.plus)

    def read(self, values: Any, seconds: Decimal, *, is_unanswered: bool) -> Resolved:
        """Return the time of a row; of a call without an answer, its start."""
        get, columns = self._time, self._columns
        if is_unanswered and self._start is not None:
            get, columns = self._start, self._start_columns
        text = get(values) if get else ""
        if not text:
            sentence = f"{' or '.join(columns)} is empty"
            raise RefusedRow(FIELD, "missing_field", sentence)
        if self._plain_zone is not None and (found := plain_time(text, self._plain_zone)):
            return found
        written = self._clock.parse(columns[0], text)
        more = self._plus(values) if self._plus else ""
        setup = parse_quantity("setup time", more) if more else ZERO
        found = resolve(
            columns[0], written, self._clock, lambda: self._hints(values, setup + seconds)
        )
        if not setup:
            return found
        zone = None if written.tzinfo else self._clock.zone
        return found._replace(time=later(found.time, setup, zone))

    def _hints(self, values: Any, seconds: Decimal) -> Hints:
        end = self._end(values) if self._end else ""
        near = self._near(values) if self._near else ""
        return Hints(
            self._clock.parse("the end", end) if end else None,
            seconds,
            _EPOCH.parse("the epoch", near).astimezone(UTC) if near else None,
        )

    def misses_end(self, values: Any, time: datetime, seconds: Decimal, within: Decimal) -> bool:
        """Return whether the end of a call is not so near to its time plus its seconds."""
        text = self._end(values) if self._end else ""
        if not text:
            return False
        # Of an end that occurs twice, the one that fits best counts.
        end = resolve(
            "the end",
            self._clock.parse("the end", text),
            self._clock,
            lambda: Hints(near=later(time, seconds, UTC)),
        ).time
        apart = (end - time.astimezone(UTC)).total_seconds() - float(seconds)
        return abs(apart) > float(within)
