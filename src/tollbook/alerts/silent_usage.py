"""Notify of silence: no events for longer than usual, and of the first events after it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tollbook.alerts.missed_hours import HOUR, KEPT_DAYS, MOST_WEEKS, WEEK, History
from tollbook.alerts.worker import Work
from tollbook.domain.events import instant_text
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.trigger_periods import DAY
from tollbook.store import silences
from tollbook.store.database import Snapshot
from tollbook.store.notifications import add_notifications
from tollbook.store.silences import WHOLE_TENANT, LastReceipts, SendingKey, SilenceSubject

EVERY = 60.0
"""The seconds between two looks."""
FIRES_AT_OF_ORGANIZATION, FIRES_AT_OF_TENANT = 3, 1
"""The sum of usual hours without events that is notified."""
_LONGEST = MOST_WEEKS * WEEK
"""Hours after which no more are added up: nothing is usual any more."""
_AT_ONCE = 500
_STORED_LATE = 120_000_000
"""How much later the last use of a key may be stored than its events, in microseconds."""


class _Progress(NamedTuple):
    """The sum of usual hours that a silence has missed since `received_at`, in microseconds.

    It includes the hours before `end`, counted since 1970.
    """

    received_at: int
    history: History
    end: int
    missed: float


class _Found(NamedTuple):
    """A silence that begins or ends: its start in microseconds, and the usual hours it missed."""

    receipts: LastReceipts
    since: int
    missed: float
    type: NotificationType


class SilentUsage:
    """A step of the worker. It remembers hours that are stored, and how long silences are."""

    def __init__(self) -> None:
        self._term = 0
        self._forget()

    def _forget(self) -> None:
        self._stored: dict[SilenceSubject, int] = {}
        self._progress: dict[SilenceSubject, _Progress] = {}
        self._removed_before = 0

    def __call__(self, work: Work) -> float:
        """Store the hours of new events, and notify; return the seconds until the next look."""
        if work.lease.term != self._term:
            self._term = work.lease.term
            self._forget()
        now = work.clock()
        with work.database.reading() as snapshot:
            receipts = silences.last_receipts(snapshot)
            notified = silences.silences(snapshot)
        self._store_hours(work, receipts, now)
        with work.database.reading() as snapshot:
            found = self._ended(snapshot, receipts, notified)
            found += self._begun(snapshot, receipts, notified, now)
            context = _Context(snapshot, receipts, found, now)
        for at in range(0, len(found), _AT_ONCE):
            _write(work, found[at : at + _AT_ONCE], context, now)
        return EVERY

    def _store_hours(self, work: Work, receipts: Sequence[LastReceipts], now: int) -> None:
        """Store in which hour the last events were received; older hours are stored already."""
        hours = {it.subject: it.received_at // HOUR for it in receipts}
        recent = (now - 2 * DAY) // HOUR
        new = [
            (subject, hour)
            for subject, hour in hours.items()
            if hour > self._stored.get(subject, recent)
        ]
        for at in range(0, len(new), _AT_ONCE):
            with work.lease.writing() as transaction:
                silences.add_hours(transaction, new[at : at + _AT_ONCE])
        self._stored = hours
        before = now // DAY - KEPT_DAYS
        if before != self._removed_before:
            with work.lease.writing() as transaction:
                silences.remove_hours_before(transaction, before)
            self._removed_before = before

    def _ended(
        self,
        snapshot: Snapshot,
        receipts: Sequence[LastReceipts],
        notified: Mapping[SilenceSubject, int],
    ) -> list[_Found]:
        ended = [it for it in receipts if it.received_at > notified.get(it.subject, it.received_at)]
        histories = _histories(snapshot, [it.subject for it in ended])
        found = []
        for it in ended:
            since = notified[it.subject]
            end = min(it.received_at // HOUR, since // HOUR + _LONGEST)
            missed = histories[it.subject].missed(since // HOUR + 1, end)
            found.append(_Found(it, since, missed, NotificationType.USAGE_RESUMED))
        return found

    def _begun(
        self,
        snapshot: Snapshot,
        receipts: Sequence[LastReceipts],
        notified: Mapping[SilenceSubject, int],
        now: int,
    ) -> list[_Found]:
        """Return the silences that are long enough to be notified."""
        silent = [
            it
            for it in receipts
            if it.subject not in notified and 2 <= now // HOUR - it.received_at // HOUR < _LONGEST
        ]
        known = self._progress
        new = [it.subject for it in silent if not _is_known(known, it)]
        histories = _histories(snapshot, new)
        self._progress = {it.subject: _advanced(known, it, histories, now // HOUR) for it in silent}
        return [
            _Found(it, it.received_at, missed, NotificationType.USAGE_SILENT)
            for it in silent
            if _fires(it.subject, missed := self._progress[it.subject].missed)
        ]


def _is_known(known: Mapping[SilenceSubject, _Progress], it: LastReceipts) -> bool:
    return it.subject in known and known[it.subject].received_at == it.received_at


def _advanced(
    known: Mapping[SilenceSubject, _Progress],
    it: LastReceipts,
    histories: Mapping[SilenceSubject, History],
    end: int,
) -> _Progress:
    if _is_known(known, it):
        before = known[it.subject]
    else:
        before = _Progress(it.received_at, histories[it.subject], it.received_at // HOUR + 1, 0.0)
    more = before.history.missed(before.end, end)
    return before._replace(end=max(end, before.end), missed=before.missed + more)


def _fires(subject: SilenceSubject, missed: float) -> bool:
    of_tenant = subject.number == WHOLE_TENANT
    fires_at = FIRES_AT_OF_TENANT if of_tenant else FIRES_AT_OF_ORGANIZATION
    return round(missed, 6) >= fires_at


def _histories(
    snapshot: Snapshot, subjects: Iterable[SilenceSubject]
) -> dict[SilenceSubject, History]:
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for tenant, number in subjects:
        numbers[tenant].append(number)
    found: dict[SilenceSubject, History] = {}
    for tenant, of_tenant in numbers.items():
        for at in range(0, len(of_tenant), _AT_ONCE):
            chunk = of_tenant[at : at + _AT_ONCE]
            days = silences.hours_of(snapshot, tenant, chunk)
            found |= {SilenceSubject(tenant, it): History(days.get(it, ())) for it in chunk}
    return found


class _Context:
    """Other events and uses of keys, by which broken metering differs from a lack of usage."""

    def __init__(
        self,
        snapshot: Snapshot,
        receipts: Sequence[LastReceipts],
        found: Sequence[_Found],
        now: int,
    ) -> None:
        tenants = {it.receipts.subject.tenant for it in found}
        self.received = {
            it.subject.tenant: it.received_at
            for it in receipts
            if it.subject.number == WHOLE_TENANT and it.subject.tenant in tenants
        }
        self._senders = {it: silences.senders(snapshot, it, now) for it in tenants}

    def last_use(self, subject: SilenceSubject, *, only_own: bool = False) -> int:
        """Return the last use of a key that sends for a subject, in microseconds; 0 without any."""
        used = (it.last_used_at for it in self._of(subject, only_own=only_own))
        return max(used, default=0)

    def looks_like(self, subject: SilenceSubject, since: int) -> str:
        """Return what a silence since an instant in microseconds looks like."""
        after = since + _STORED_LATE
        if self.last_use(subject, only_own=True) > after:
            return "nothing_accepted"
        is_used = self.last_use(subject) > after
        if self.received[subject.tenant] > since:
            has_own = bool(self._of(subject, only_own=True))
            return "sender_stopped" if has_own and not is_used else "no_usage"
        return "nothing_accepted" if is_used else "sender_stopped"

    def _of(self, subject: SilenceSubject, *, only_own: bool) -> list[SendingKey]:
        """Return the keys that may send for a subject, or those that are bound to it."""
        found = self._senders[subject.tenant]
        if subject.number == WHOLE_TENANT:
            return found
        owners = {subject.number} if only_own else {subject.number, None}
        return [it for it in found if it.organization in owners]


def _write(work: Work, found: Sequence[_Found], context: _Context, now: int) -> None:
    begun = [it.receipts for it in found if it.type is NotificationType.USAGE_SILENT]
    ended = [it.receipts.subject for it in found if it.type is NotificationType.USAGE_RESUMED]
    with work.lease.writing() as transaction:
        silences.remove_silences(transaction, ended)
        silences.add_silences(transaction, begun)
        notifications = [_notification(it, context, now) for it in found]
        add_notifications(transaction, notifications, now)


def _notification(it: _Found, context: _Context, now: int) -> Notification:
    subject, identity, received_at = it.receipts
    is_silent = it.type is NotificationType.USAGE_SILENT
    data: dict[str, Any] = {
        "organization_id": identity,
        "last_event_received_at": instant_text(received_at),
        "hours_missed": round(it.missed, 1),
        "sender_last_used_at": _text(context.last_use(subject)),
        "tenant_last_event_received_at": _text(context.received[subject.tenant]),
        "looks_like": context.looks_like(subject, it.since) if is_silent else None,
    }
    is_organization = subject.number != WHOLE_TENANT
    return Notification(
        tenant=subject.tenant,
        type=it.type,
        occasion=(identity, it.since),
        at=now if is_silent else received_at,
        data=data,
        organization=subject.number if is_organization else None,
        to_organization=is_organization,
    )


def _text(instant: int) -> str | None:
    return instant_text(instant) if instant else None
