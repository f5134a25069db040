"""Notify of keys that expire in 30, 7 or 1 days."""

from collections.abc import Iterator
from typing import NamedTuple

from tollbook.alerts.worker import Work
from tollbook.domain.events import instant_text
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.trigger_periods import DAY
from tollbook.store import keys
from tollbook.store.keys import ExpiringKey
from tollbook.store.notifications import add_notifications

EVERY = 60.0
"""The seconds between two looks."""
DAYS_BEFORE = (30, 7, 1)
"""The days before the end of a key when it is notified, if it lives twice as long."""


class _Occasion(NamedTuple):
    key: ExpiringKey
    days: int


class ExpiringKeys:
    """A step of the worker. It remembers what it has notified; the rest is in the database."""

    def __init__(self) -> None:
        self._notified: set[_Occasion] = set()
        self._term = 0

    def __call__(self, work: Work) -> float:
        """Notify of the keys that come to an end; return the seconds until the next look."""
        if work.lease.term != self._term:
            self._notified, self._term = set(), work.lease.term
        now = work.clock()
        with work.database.reading() as snapshot:
            found = keys.expiring(snapshot, now, now + max(DAYS_BEFORE) * DAY)
        due = {it for key in found for it in _occasions(key, now)}
        new = sorted(due - self._notified)
        if new:
            with work.lease.writing() as transaction:
                add_notifications(transaction, [_notification(it, now) for it in new], now)
        self._notified = due
        return EVERY


def _occasions(key: ExpiringKey, now: int) -> Iterator[_Occasion]:
    """Return the nearest day before the end that has come, which is notified once."""
    lives, left = key.expires_at - key.created_at, key.expires_at - now
    due = [it for it in DAYS_BEFORE if left <= it * DAY and lives >= 2 * it * DAY]
    if due:
        yield _Occasion(key, min(due))


def _notification(it: _Occasion, now: int) -> Notification:
    key = it.key
    return Notification(
        tenant=key.tenant,
        type=NotificationType.KEY_EXPIRING,
        occasion=(key.prefix, key.expires_at, it.days),
        at=now,
        data={
            "key_prefix": key.prefix,
            "organization_id": key.organization_id,
            "expires_at": instant_text(key.expires_at),
            "days_left": it.days,
        },
        organization=key.organization,
        to_organization=key.organization is not None,
    )
