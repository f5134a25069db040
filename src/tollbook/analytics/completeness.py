"""What an answer says of itself: as of when it is true, and what is not in it yet."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tollbook.analytics.scope import QuestionScope, other_currencies
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.periods import Period, day_number
from tollbook.store import quarantine
from tollbook.store.database import Snapshot
from tollbook.store.versions import LedgerVersion

_SECOND = 1_000_000
_SHARE_PLACES = 6


class Meta(msgspec.Struct, frozen=True):
    """The answer's own facts. Instants are RFC 3339; what nobody knows yet is null.

    `other_currencies` have costs in the period and are left out of the answer.

    A period is open while its last day has not ended; late events may still come to a closed one.
    `quarantined_events` are those of the period that wait for a price or an owner, and their share
    is of all of its events; a key that sees a part of the organization is not told what would tell
    of the others. `ingest_lag_seconds` is how long the newest event took to arrive: older events
    that come later do not change it.
    """

    as_of: str
    timezone: str
    currency: str | None
    period_state: str
    quarantined_events: int
    quarantined_share: float | None
    newest_event_at: str | None
    last_received_at: str | None
    ingest_lag_seconds: float | None
    other_currencies: list[str] = []


def completeness(
    snapshot: Snapshot,
    scope: QuestionScope,
    period: Period | None,
    version: LedgerVersion,
    now: int,
    clock: int,
) -> Meta:
    """Say how complete an answer for these days is; without a period, one for all time.

    `now` is as of when it is answered, `clock` what days begin by; both in microseconds.
    """
    name = scope.timezone
    waiting = _waiting(snapshot, scope, period)
    counted = _events(snapshot, scope, period)
    return Meta(
        instant_text(now),
        name,
        scope.organization.currency if scope.organization else scope.currency,
        period_state(scope, period, clock),
        waiting,
        round(waiting / (waiting + counted), _SHARE_PLACES) if waiting else 0.0,
        instant_text(version.newest) if version.newest else None,
        instant_text(version.received_at) if version.received_at else None,
        _lag(version),
        other_currencies(snapshot, scope, period),
    )


def _lag(version: LedgerVersion) -> float | None:
    """Return how many seconds the newest event took to arrive; None before there is any."""
    if not version.newest_received_at:
        return None
    return max(0.0, (version.newest_received_at - version.newest) / _SECOND)


def _waiting(snapshot: Snapshot, scope: QuestionScope, period: Period | None) -> int:
    """Count the quarantined events of a period, each organization's on its own calendar."""
    if period is None:
        return quarantine.count(snapshot, scope.tenant, scope.number)
    if scope.organization is None:
        return quarantine.count_by_zone(
            snapshot, scope.tenant, lambda name: instants_of(period, ZoneInfo(name))
        )
    times = instants_of(period, ZoneInfo(scope.timezone))
    return quarantine.count(snapshot, scope.tenant, scope.number, times)


def period_state(scope: QuestionScope, period: Period | None, clock: int) -> str:
    """Say whether the last day of a period has ended: it does so without a change of the ledger."""
    return "open" if period is None or period.end >= scope.today(clock) else "closed"


def of_a_part(meta: Meta) -> Meta:
    """Leave out what would tell of the whole organization to whoever sees a part of it."""
    return msgspec.structs.replace(
        meta,
        quarantined_share=None,
        newest_event_at=None,
        last_received_at=None,
        ingest_lag_seconds=None,
    )


def instant_text(stored: int) -> str:
    """Write an instant, in microseconds, in UTC with milliseconds."""
    return instant_of(stored).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instants_of(period: Period, zone: ZoneInfo) -> tuple[int, int]:
    """Give the first and the last microsecond of a period in a zone."""
    return _midnight(period.start, zone), _midnight_after(period.end, zone) - 1


def _midnight(day: date, zone: ZoneInfo) -> int:
    """Give the start of a day; that of the calendar's first may be before any instant."""
    if day == date.min:
        return -(2**62)
    return microseconds(datetime.combine(day, time(), zone).astimezone(UTC))


def _midnight_after(day: date, zone: ZoneInfo) -> int:
    return 2**62 if day == date.max else _midnight(day + timedelta(days=1), zone)


_ALL = "SELECT CAST(COALESCE(SUM(sums.count), 0) AS BIGINT) FROM organization_daily AS sums "
_OF_ONE = f"""{_ALL}
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first AND :last"""
_OF_TENANT = f"""{_ALL}
JOIN organizations ON organizations.organization_id = sums.organization_id
WHERE organizations.tenant_id = :tenant AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first AND :last"""


def _events(snapshot: Snapshot, scope: QuestionScope, period: Period | None) -> int:
    """Count the events of a period by their sums."""
    first, last = (day_number(it) for it in period_or_all(period))
    days = {
        "first": first,
        "last": last,
        "first_month": first // 100,
        "last_month": last // 100,
    }
    if scope.number is not None:
        row = snapshot.row(_OF_ONE, number=scope.number, **days)
    else:
        row = snapshot.row(_OF_TENANT, tenant=scope.tenant, **days)
    return int(row[0]) if row else 0


def period_or_all(period: Period | None) -> tuple[date, date]:
    """Give first and last day of a period; without one, of all days there are."""
    return (period.start, period.end) if period else (date.min, date.max)
