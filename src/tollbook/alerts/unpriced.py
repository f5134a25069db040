"""Notify of events without a price: of the first one of each kind."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tollbook.alerts.worker import Work
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.quarantine import ways_out
from tollbook.store import meters, unpriced_groups
from tollbook.store.database import Snapshot
from tollbook.store.ledger import hold_ledgers
from tollbook.store.notifications import add_notifications
from tollbook.store.unpriced_groups import GroupStatus, UnpricedGroup

EVERY = 0.5
"""The seconds between two looks at new groups."""
EMPTY_EVERY = 60.0
"""The seconds between two looks at groups that may be empty."""
MOST_GROUPS = 1_000
"""The most groups of an organization that are notified alone; the rest are notified once."""
_AT_ONCE = 500
_Judged = tuple[UnpricedGroup, GroupStatus]


class UnpricedGroups:
    """A step of the worker. It remembers nothing: what was notified is in the database."""

    def __call__(self, work: Work) -> float:
        """Notify of new groups; return the seconds until the next look."""
        with work.database.reading() as snapshot:
            found = unpriced_groups.new_groups(snapshot, _AT_ONCE)
            judged = list(_judge(snapshot, found))
            names = {it: meters.read_catalog(snapshot, it) for it in {it.tenant for it in found}}
        if not judged:
            return EVERY
        types = {it: names[it.tenant].of_code(it.meter).type for it in found}
        with work.lease.writing() as transaction:
            notifications = list(_notifications(transaction, judged, types))
            add_notifications(transaction, notifications, work.clock())
            unpriced_groups.set_status(transaction, judged)
        return 0.0 if len(found) == _AT_ONCE else EVERY


def _judge(snapshot: Snapshot, found: Sequence[UnpricedGroup]) -> Iterator[_Judged]:
    """Return each group with whether it is notified alone."""
    by_number: defaultdict[int, list[UnpricedGroup]] = defaultdict(list)
    for it in found:
        by_number[it.number].append(it)
    for number, groups in by_number.items():
        alone = MOST_GROUPS - unpriced_groups.count_groups(snapshot, number, GroupStatus.ALONE)
        for place, group in enumerate(groups):
            yield group, GroupStatus.ALONE if place < alone else GroupStatus.AMONG_REST


def _notifications(
    snapshot: Snapshot, judged: Sequence[_Judged], types: dict[UnpricedGroup, str]
) -> Iterator[Notification]:
    """Return what is notified: each group alone, and the first one of the rest."""
    with_rest: set[int] = set()
    for group, status in judged:
        if status is GroupStatus.ALONE:
            yield _notification(group, types[group])
        elif group.number not in with_rest:
            with_rest.add(group.number)
            if not unpriced_groups.count_groups(snapshot, group.number, status):
                yield _notification(group, None)


def _notification(it: UnpricedGroup, meter: str | None) -> Notification:
    """Return the notification of a group or, without a meter, of the rest."""
    is_rest = meter is None
    return Notification(
        tenant=it.tenant,
        type=NotificationType.EVENT_UNPRICED,
        occasion=(it.organization_id, it.meter, it.country, it.code, it.since),
        at=it.since,
        data={
            "organization_id": it.organization_id,
            "meter": meter,
            "country": None if is_rest else it.country or None,
            "code": None if is_rest else it.code,
            "event_id": it.event_id,
            "ways_out": list(ways_out(it.code)),
        },
        organization=it.number,
    )


class EmptyGroups:
    """A step of the worker that deletes groups whose events have all left the quarantine."""

    def __call__(self, work: Work) -> float:
        """Delete empty groups, so that the next such event is notified again."""
        with work.database.reading() as snapshot:
            numbers = unpriced_groups.with_left_events(snapshot)
        for number in numbers:
            with work.lease.writing() as transaction:
                hold_ledgers(transaction, [number])
                empty = unpriced_groups.empty_groups(transaction, number)
                unpriced_groups.remove_groups(transaction, number, empty)
        return EMPTY_EVERY
