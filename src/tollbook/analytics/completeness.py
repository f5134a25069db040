"""How complete an answer is: its instant, and events that are missing from it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tollbook.analytics.scope import QuestionScope, other_currencies
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.periods import Period, day_number
from tollbook.store import pending_events, quarantine
from tollbook.store.database import Snapshot
from tollbook.store.pending_events import PendingEvents
from tollbook.store.quarantine import EVERYTHING, Part
from tollbook.store.versions import LedgerVersion

_SECOND = 1_000_000
_MILLISECOND = 1_000
_MILLISECOND_PLACES = 3
_SHARE_PLACES = 6


class AnswerPart(msgspec.Struct, frozen=True):
    """How current the part of an answer from one node of a cluster is.

    `node` stays the same when another server takes the place of the node. `milliseconds_later` is
    the time between the oldest part and this one.
    """

    node: str
    as_of: str
    milliseconds_later: float


class Meta(msgspec.Struct, frozen=True):
    """How complete an answer is. Instants are RFC 3339; unknown values are null.

    `other_currencies` have costs in the period but are not in the answer.

    A period is open until its last day ends; late events may still arrive for a closed one.
    `quarantined_events` counts events of the period that wait for a price or an organization, and
    `quarantined_share` is their share of all its events. Keys that see a part of an organization
    get null for fields that would reveal the rest. `ingest_lag_seconds` is how long the newest
    event took to arrive; older events that arrive later do not change it. `pending_events` counts
    the events of any time that wait for their carrier's price. `replica_lag_seconds` is how many
    seconds of commits the answer may lack because a replica has answered; null from the primary.
    `parts` has each node of a cluster in an answer about a whole tenant, of which `as_of` is the
    oldest; null in others, which come from one snapshot.
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
    pending_events: PendingEvents | None = None
    replica_lag_seconds: float | None = None
    parts: list[AnswerPart] | None = None


def completeness(
    snapshot: Snapshot,
    scope: QuestionScope,
    period: Period | None,
    version: LedgerVersion,
    now: int,
    clock: int,
    part: Part = EVERYTHING,
) -> Meta:
    """Return how complete an answer for a period, or for all time, is.

    `now` is the instant of the answer, `clock` the one that determines today; in microseconds. Of
    quarantined events, those of the `part` are counted.
    """
    waiting = _count_quarantined(snapshot, scope, period, part)
    counted = _count_events(snapshot, scope, period)
    return Meta(
        as_of=as_of_text(now),
        timezone=scope.timezone,
        currency=scope.organization.currency if scope.organization else scope.currency,
        period_state=period_state(scope, period, clock),
        quarantined_events=waiting,
        quarantined_share=round(waiting / (waiting + counted), _SHARE_PLACES) if waiting else 0.0,
        newest_event_at=instant_text(version.newest) if version.newest else None,
        last_received_at=instant_text(version.received_at) if version.received_at else None,
        ingest_lag_seconds=_lag(version),
        other_currencies=other_currencies(snapshot, scope, period),
        pending_events=pending_events.count(snapshot, scope.tenant, scope.number, clock),
        parts=parts_of(version, now),
    )


def parts_of(version: LedgerVersion, as_of: int) -> list[AnswerPart] | None:
    """Return how current each node of a cluster is in an answer as of an instant, else None.

    A node is true of that instant, which is before its snapshot, or of its newest change if that
    is later.
    """
    if not version.nodes:
        return None
    return [
        AnswerPart(
            it.name, as_of_text(as_of + later), round(later / _MILLISECOND, _MILLISECOND_PLACES)
        )
        for it in version.nodes
        for later in (max(0, it.newest_change - as_of),)
    ]


def instant_of_answer(snapshot: Snapshot, version: LedgerVersion, clock: int) -> int:
    """Return the instant that an answer from a snapshot is true of, in microseconds.

    It is not before the newest commit, whose server's clock may be ahead; on a standby it is not
    after the last commit that has arrived. On a cluster it is that of the oldest part.
    """
    known_until = clock if snapshot.replayed_at is None else min(clock, snapshot.replayed_at)
    return max(known_until, version.oldest_newest_change)


def _lag(version: LedgerVersion) -> float | None:
    """Return how many seconds the newest event took to arrive; None if there are no events."""
    if not version.newest_received_at:
        return None
    return max(0.0, (version.newest_received_at - version.newest) / _SECOND)


def _count_quarantined(
    snapshot: Snapshot, scope: QuestionScope, period: Period | None, part: Part
) -> int:
    """Return the count of quarantined events of a period, on each organization's calendar."""
    if period is None:
        return quarantine.count(snapshot, scope.tenant, scope.number, part=part)
    if scope.organization is None:
        return quarantine.count_by_zone(
            snapshot, scope.tenant, lambda name: instants_of(period, ZoneInfo(name)), part
        )
    times = instants_of(period, ZoneInfo(scope.timezone))
    return quarantine.count(snapshot, scope.tenant, scope.number, times, part)


def period_state(scope: QuestionScope, period: Period | None, clock: int) -> str:
    """Return `closed` if the last day of a period has ended, else `open`."""
    return "open" if period is None or period.end >= scope.today(clock) else "closed"


def of_a_part(meta: Meta) -> Meta:
    """Return the fields that a key may see that sees a part of the organization."""
    return msgspec.structs.replace(
        meta,
        quarantined_share=None,
        newest_event_at=None,
        last_received_at=None,
        ingest_lag_seconds=None,
        pending_events=None,
    )


def instant_text(stored: int) -> str:
    """Return an instant, in microseconds, as RFC 3339 in UTC with milliseconds."""
    return instant_of(stored).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_of_text(stored: int) -> str:
    """Return the instant of an answer as RFC 3339 in UTC with microseconds, as receipts have it.

    Cut off to milliseconds it would be before a `min_as_of` that the answer fulfills.
    """
    return instant_of(stored).isoformat(timespec="microseconds").replace("+00:00", "Z")


def instants_of(period: Period, zone: ZoneInfo) -> tuple[int, int]:
    """Return the first and the last microsecond of a period in a zone."""
    return _midnight(period.start, zone), _midnight_after(period.end, zone) - 1


def _midnight(day: date, zone: ZoneInfo) -> int:
    """Return the start of a day; the calendar's first day may start before any instant."""
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


def _count_events(snapshot: Snapshot, scope: QuestionScope, period: Period | None) -> int:
    """Return the count of events of a period, from sums."""
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
    """Return the first and last day of a period; without one, of the calendar."""
    return (period.start, period.end) if period else (date.min, date.max)
