"""Notify of a quarantine that grows: many events wait, and many more than an hour ago."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tollbook.alerts.worker import Work
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.store import quarantine_growth
from tollbook.store.notifications import add_notifications
from tollbook.store.quarantine_growth import Alarm, QuarantineCount

EVERY = 60.0
"""The seconds between two looks."""
FEWEST = 100
"""The fewest events that are notified."""
_HOUR = 3_600_000_000


class _Tenant(NamedTuple):
    """A tenant's quarantine now and before."""

    id: str
    codes: Mapping[str, int]
    samples: Sequence[QuarantineCount]
    alarm: Alarm | None

    @property
    def waiting(self) -> int:
        return sum(self.codes.values())

    def hour_ago(self, now: int) -> int:
        """Return how many events waited an hour ago, as far as a look has seen."""
        return next((it.waiting for it in reversed(self.samples) if it.at <= now - _HOUR), 0)

    @property
    def changed(self) -> bool:
        """Return whether the number is another one than that of the newest sample."""
        return self.waiting != (self.samples[-1].waiting if self.samples else 0)

    def grows(self, now: int) -> bool:
        """Return whether there are half as many again as an hour ago, and this is news."""
        if self.waiting < FEWEST or 2 * self.waiting < 3 * self.hour_ago(now):
            return False
        last = self.alarm
        return last is None or last.fell or self.waiting >= 2 * last.waiting

    def old(self, now: int) -> Sequence[QuarantineCount]:
        """Return the samples that no look needs: all before the newest of an hour ago."""
        older = [it for it in self.samples if it.at <= now - _HOUR]
        return older[:-1] if older and older[-1].waiting else older


class GrowingQuarantine:
    """A step of the worker. It remembers nothing: the last hour is in the database."""

    def __call__(self, work: Work) -> float:
        """Count the quarantine of every tenant; return the seconds until the next look."""
        now = work.clock()
        tenants = _read(work)
        growing = [it for it in tenants if it.grows(now)]
        new = [QuarantineCount(it.id, now, it.waiting) for it in tenants if it.changed]
        old = [sample for it in tenants for sample in it.old(now)]
        alarms = [Alarm(it.id, now, it.waiting) for it in growing]
        alarms += [alarm for it in tenants if it not in growing for alarm in _fallen(it)]
        if new or old or alarms:
            with work.lease.writing() as transaction:
                quarantine_growth.remove_samples(transaction, old)
                quarantine_growth.add_samples(transaction, new)
                quarantine_growth.put_alarms(transaction, alarms)
                add_notifications(transaction, [_notification(it, now) for it in growing], now)
        return EVERY


def _read(work: Work) -> list[_Tenant]:
    with work.database.reading() as snapshot:
        counts = quarantine_growth.counts(snapshot)
        samples = quarantine_growth.samples(snapshot)
        alarms = quarantine_growth.alarms(snapshot)
    return [
        _Tenant(it, counts.get(it, {}), samples.get(it, ()), alarms.get(it))
        for it in sorted({*counts, *samples, *alarms})
    ]


def _fallen(it: _Tenant) -> Sequence[Alarm]:
    """Return the alarm again when the number has fallen to half since."""
    if it.alarm is None or it.alarm.fell or 2 * it.waiting > it.alarm.waiting:
        return ()
    return (it.alarm._replace(fell=True),)


def _notification(it: _Tenant, now: int) -> Notification:
    return Notification(
        tenant=it.id,
        type=NotificationType.QUARANTINE_GROWING,
        occasion=(it.alarm.at if it.alarm else None,),
        at=now,
        data={
            "organization_id": None,
            "waiting": it.waiting,
            "hour_ago": it.hour_ago(now),
            "codes": it.codes,
        },
    )
